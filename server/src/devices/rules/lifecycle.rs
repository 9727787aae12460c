//! Verbs that move a device through its life, and which of them are allowed when, pure.

use std::time::Duration;

use super::fields::{Lifecycle, named};
use crate::clock::Timestamp;

named! {
    /// What a person does with a device.
    Verb {
        /// It is used from now on.
        PutInUse = 1, "put_in_use";
        /// It waits as a spare.
        MakeSpare = 2, "make_spare";
        /// It goes to repair.
        SendToRepair = 3, "send_to_repair";
        /// It is missing.
        ReportLost = 4, "report_lost";
        /// It turned up again and waits as a spare.
        Found = 5, "found";
        /// It is not used any more.
        Retire = 6, "retire";
        /// It has left the house.
        Dispose = 7, "dispose";
        /// The disposal was a mistake; within a day.
        UndoDisposal = 8, "undo_disposal";
    }
}

/// How long a disposal can be undone.
pub const UNDO_DISPOSAL: Duration = Duration::from_secs(86_400);

impl Verb {
    /// Where the verb leads.
    pub fn leads_to(self) -> Lifecycle {
        match self {
            Self::PutInUse => Lifecycle::InUse,
            Self::MakeSpare | Self::Found => Lifecycle::Spare,
            Self::SendToRepair => Lifecycle::InRepair,
            Self::ReportLost => Lifecycle::Lost,
            Self::Retire | Self::UndoDisposal => Lifecycle::Retired,
            Self::Dispose => Lifecycle::Disposed,
        }
    }

    /// From where the verb is allowed.
    ///
    /// | verb | from | to |
    /// |---|---|---|
    /// | put in use | unknown, spare, in repair, retired | in use |
    /// | make spare | unknown, in use, in repair, retired | spare |
    /// | send to repair | unknown, in use, spare | in repair |
    /// | report lost | unknown, in use, spare, in repair | lost |
    /// | found | lost | spare |
    /// | retire | unknown, in use, spare, in repair, lost | retired |
    /// | dispose | retired | disposed |
    /// | undo disposal | disposed, for a day | retired |
    pub fn allowed_from(self) -> &'static [Lifecycle] {
        use Lifecycle::{Disposed, InRepair, InUse, Lost, Retired, Spare, Unknown};
        match self {
            Self::PutInUse => &[Unknown, Spare, InRepair, Retired],
            Self::MakeSpare => &[Unknown, InUse, InRepair, Retired],
            Self::SendToRepair => &[Unknown, InUse, Spare],
            Self::ReportLost => &[Unknown, InUse, Spare, InRepair],
            Self::Found => &[Lost],
            Self::Retire => &[Unknown, InUse, Spare, InRepair, Lost],
            Self::Dispose => &[Retired],
            Self::UndoDisposal => &[Disposed],
        }
    }
}

/// Why a verb is not allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotAllowed {
    /// It does not lead on from where the device stands.
    From(Lifecycle),
    /// The disposal is older than a day.
    TooLate,
}

/// Where a verb leads from a lifecycle in which the device is since a time; the same again leads nowhere.
pub fn moved(
    from: Lifecycle,
    since: Option<Timestamp>,
    verb: Verb,
    now: Timestamp,
) -> Result<Option<Lifecycle>, NotAllowed> {
    if from == verb.leads_to() && verb != Verb::UndoDisposal {
        return Ok(None);
    }
    if !verb.allowed_from().contains(&from) {
        return Err(NotAllowed::From(from));
    }
    if verb == Verb::UndoDisposal && since.is_none_or(|since| now.since(since) > UNDO_DISPOSAL) {
        return Err(NotAllowed::TooLate);
    }
    Ok(Some(verb.leads_to()))
}

/// The verbs that a person can choose from now.
pub fn open_verbs(from: Lifecycle, since: Option<Timestamp>, now: Timestamp) -> Vec<Verb> {
    let leads_on = |verb: &&Verb| matches!(moved(from, since, **verb, now), Ok(Some(_)));
    Verb::ALL.iter().filter(leads_on).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_000_000_000_000);

    #[test]
    fn only_retired_devices_are_disposed_and_disposal_is_final_after_a_day() {
        for from in Lifecycle::ALL {
            let allowed = moved(*from, None, Verb::Dispose, NOW).is_ok_and(|to| to.is_some());
            assert_eq!(allowed, *from == Lifecycle::Retired, "{}", from.name());
        }
        let yesterday = Timestamp(NOW.0 - 86_400_000_001);
        assert_eq!(open_verbs(Lifecycle::Disposed, Some(yesterday), NOW), []);
        assert_eq!(open_verbs(Lifecycle::Disposed, Some(NOW), NOW), [Verb::UndoDisposal]);
        assert_eq!(moved(Lifecycle::Disposed, None, Verb::UndoDisposal, NOW), Err(NotAllowed::TooLate));
    }

    #[test]
    fn every_state_is_reached_and_all_but_disposed_are_left() {
        for state in Lifecycle::ALL {
            let reached = Verb::ALL.iter().any(|verb| verb.leads_to() == *state);
            assert_eq!(reached, *state != Lifecycle::Unknown, "{}", state.name());
            assert_eq!(open_verbs(*state, None, NOW).is_empty(), *state == Lifecycle::Disposed, "{}", state.name());
        }
    }

    #[test]
    fn same_verb_again_changes_nothing_and_lost_devices_must_be_found_first() {
        assert_eq!(moved(Lifecycle::Lost, None, Verb::ReportLost, NOW), Ok(None));
        assert_eq!(moved(Lifecycle::Lost, None, Verb::PutInUse, NOW), Err(NotAllowed::From(Lifecycle::Lost)));
        assert_eq!(open_verbs(Lifecycle::Lost, None, NOW), [Verb::Found, Verb::Retire]);
    }
}
