//! When two records are one device, when a person must say, and when they have nothing to do with each other. Pure.
//!
//! | case | evidence | what happens | records |
//! |---|---|---|---|
//! | ledger row meets its agent | one ledger record has the serial number | they become one | 1 |
//! | the same by label | one ledger record has the label, serial numbers do not contradict | they become one | 1 |
//! | two ledger rows | several ledger records, or one while the device has a row already | review LEDGER_AMBIGUOUS | all stay |
//! | re-image | an enrolled device has the serial number and the board | review REIMAGED | 2, a person merges |
//! | board swap | an enrolled device has the serial number and another board | review BOARD_SWAPPED | 2 |
//! | same serial twice | an enrolled device has the serial number, a board is not known | review SERIAL_SHARED | 2 |
//! | board of another device | an enrolled device has the board and another serial number | review BOARD_SHARED | 2 |
//! | clone | two run under one identity | told by their sequence numbers: review FORKED | 2 |
//! | junk serial numbers | "To be filled by O.E.M.", "0", zeros | never match | all stay |
//!
//! Where one device says other hardware than before under the same identity: a new board under the same serial number is
//! BOARD_SWAPPED, another serial number is HARDWARE_CHANGED.

use gigafleet_proto::v1::{self, ReviewReason};

use super::{
    DeviceId,
    fields::named,
    fold::{board_key, fold_key, serial_key},
};

/// By what a device can be told from others, folded; what says nothing is absent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Evidence {
    /// Serial number.
    pub serial: Option<String>,
    /// UUID of the board.
    pub board: Option<String>,
    /// Label.
    pub label: Option<String>,
}

impl Evidence {
    /// Folds what is known.
    pub fn new(serial: Option<&str>, board: Option<&str>, label: Option<&str>) -> Self {
        Self { serial: serial.and_then(serial_key), board: board.and_then(board_key), label: label.and_then(fold_key) }
    }

    /// What an agent says.
    pub fn of_facts(facts: &v1::Facts) -> Self {
        Self::new(facts.serial_number.as_deref(), facts.board_uuid.as_deref(), None)
    }
}

/// Another record of the same owner that shares some evidence.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// The record.
    pub device: DeviceId,
    /// An agent enrolled for it; otherwise only a ledger, a vendor's console or a person knows it.
    pub enrolled: bool,
    /// What is known of it.
    pub evidence: Evidence,
}

named! {
    /// What was decided on two records; the numbers are those of the contract.
    DecisionKind {
        /// A person said that they are one device.
        Merged = 1, "merged";
        /// A person said that they are two, or that the evidence is harmless.
        KeptApart = 2, "kept_apart";
        /// The server joined a ledger's record with its device.
        Joined = 3, "joined";
    }
}

/// By what two records became one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JoinedBy {
    /// Serial number.
    Serial,
    /// Label.
    Label,
}

impl JoinedBy {
    /// For events.
    pub fn name(self) -> &'static str {
        match self {
            Self::Serial => "serial_number",
            Self::Label => "label",
        }
    }
}

/// What follows from meeting the other records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meeting {
    /// Nothing.
    Alone,
    /// The ledger's record is the same device.
    Joins(DeviceId, JoinedBy),
    /// A person must look.
    Review(ReviewReason, DeviceId),
}

/// What follows from what an enrolled device says of itself, among the records that share some of it. `in_ledger` says
/// that it has met its ledger row already.
pub fn meet(own: &Evidence, in_ledger: bool, candidates: &[Candidate]) -> Meeting {
    let same = |a: &Option<String>, b: &Option<String>| a.is_some() && a == b;
    let differ = |a: &Option<String>, b: &Option<String>| a.is_some() && b.is_some() && a != b;
    let enrolled = || candidates.iter().filter(|other| other.enrolled);
    let ledger = || candidates.iter().filter(|other| !other.enrolled);

    if let Some(twin) = enrolled().find(|other| same(&own.serial, &other.evidence.serial)) {
        let reason = if same(&own.board, &twin.evidence.board) {
            ReviewReason::Reimaged
        } else if differ(&own.board, &twin.evidence.board) {
            ReviewReason::BoardSwapped
        } else {
            ReviewReason::SerialShared
        };
        return Meeting::Review(reason, twin.device);
    }
    if let Some(twin) = enrolled().find(|other| same(&own.board, &other.evidence.board)) {
        let differ = differ(&own.serial, &twin.evidence.serial);
        return Meeting::Review(if differ { ReviewReason::BoardShared } else { ReviewReason::Reimaged }, twin.device);
    }
    let by_serial: Vec<_> = ledger().filter(|other| same(&own.serial, &other.evidence.serial)).collect();
    let by_label: Vec<_> = ledger().filter(|other| same(&own.label, &other.evidence.label)).collect();
    match (by_serial.as_slice(), by_label.as_slice()) {
        ([], []) => Meeting::Alone,
        ([one], _) if !in_ledger => Meeting::Joins(one.device, JoinedBy::Serial),
        ([], [one]) if !in_ledger && !differ(&own.serial, &one.evidence.serial) => {
            Meeting::Joins(one.device, JoinedBy::Label)
        }
        ([one, ..], _) | ([], [one, ..]) => Meeting::Review(ReviewReason::LedgerAmbiguous, one.device),
    }
}

/// Whether one device says other hardware than before under the same identity.
pub fn hardware_change(before: &Evidence, now: &Evidence) -> Option<ReviewReason> {
    let differ = |a: &Option<String>, b: &Option<String>| a.is_some() && b.is_some() && a != b;
    match (differ(&before.serial, &now.serial), differ(&before.board, &now.board)) {
        (true, _) => Some(ReviewReason::HardwareChanged),
        (false, true) => Some(ReviewReason::BoardSwapped),
        (false, false) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOARD: &str = "4c4c4544-0042-3510-8052-b4c04f4e5931";
    const OTHER_BOARD: &str = "5d5d4544-0042-3510-8052-b4c04f4e5932";

    fn other(n: u128, enrolled: bool, serial: &str, board: &str, label: &str) -> Candidate {
        Candidate {
            device: DeviceId(uuid::Uuid::from_u128(n)),
            enrolled,
            evidence: Evidence::new(Some(serial), Some(board), Some(label)),
        }
    }

    /// Case, own serial, board and label, whether in the ledger, the others, what follows, records that remain when it
    /// has been done as told (reviews merge nothing).
    #[test]
    fn table_of_expected_results() {
        let id = |n| DeviceId(uuid::Uuid::from_u128(n));
        let enrolled = |serial, board| other(1, true, serial, board, "");
        let ledger = |n, serial, label| other(n, false, serial, "", label);
        let review = |reason| Meeting::Review(reason, id(1));
        let cases = [
            ("nobody else", ("5CD1", BOARD, ""), false, vec![], Meeting::Alone, 1),
            ("re-image", ("5CD1", BOARD, ""), false, vec![enrolled("5cd-1", BOARD)], review(ReviewReason::Reimaged), 2),
            (
                "re-image, no serial",
                ("", BOARD, ""),
                false,
                vec![enrolled("", BOARD)],
                review(ReviewReason::Reimaged),
                2,
            ),
            (
                "board swap",
                ("5CD1", BOARD, ""),
                false,
                vec![enrolled("5CD1", OTHER_BOARD)],
                review(ReviewReason::BoardSwapped),
                2,
            ),
            (
                "serial twice",
                ("5CD1", "", ""),
                false,
                vec![enrolled("5CD1", BOARD)],
                review(ReviewReason::SerialShared),
                2,
            ),
            (
                "board moved",
                ("5CD2", BOARD, ""),
                false,
                vec![enrolled("5CD1", BOARD)],
                review(ReviewReason::BoardShared),
                2,
            ),
            (
                "ledger by serial",
                ("5CD1", BOARD, ""),
                false,
                vec![ledger(2, "５ｃｄ－１", "A1")],
                Meeting::Joins(id(2), JoinedBy::Serial),
                1,
            ),
            (
                "ledger by label",
                ("", "", "a-1"),
                false,
                vec![ledger(2, "5CD9", "A1")],
                Meeting::Joins(id(2), JoinedBy::Label),
                1,
            ),
            (
                "label, but another serial",
                ("5CD1", "", "A1"),
                false,
                vec![ledger(1, "5CD9", "A1")],
                review(ReviewReason::LedgerAmbiguous),
                2,
            ),
            (
                "two ledger rows",
                ("5CD1", "", ""),
                false,
                vec![ledger(1, "5CD1", "A1"), ledger(2, "5CD1", "A2")],
                review(ReviewReason::LedgerAmbiguous),
                3,
            ),
            (
                "second ledger row",
                ("5CD1", "", ""),
                true,
                vec![ledger(1, "5CD1", "A1")],
                review(ReviewReason::LedgerAmbiguous),
                2,
            ),
            (
                "junk: oem",
                ("To be filled by O.E.M.", "", ""),
                false,
                vec![enrolled("To be filled by O.E.M.", "")],
                Meeting::Alone,
                2,
            ),
            ("junk: 0", ("0", "", ""), false, vec![ledger(2, "0", "A1")], Meeting::Alone, 2),
            (
                "junk: default",
                ("Default string", "", ""),
                false,
                vec![ledger(2, "Default string", "")],
                Meeting::Alone,
                2,
            ),
            ("junk: zeros", ("0000000", "", ""), false, vec![enrolled("0000000", OTHER_BOARD)], Meeting::Alone, 2),
            (
                "enrolled before ledger",
                ("5CD1", "", ""),
                false,
                vec![ledger(2, "5CD1", "A1"), enrolled("5CD1", "")],
                review(ReviewReason::SerialShared),
                3,
            ),
        ];
        for (case, (serial, board, label), in_ledger, others, expected, records) in cases {
            let own = Evidence::new(Some(serial), Some(board), Some(label));
            let got = meet(&own, in_ledger, &others);
            assert_eq!(got, expected, "{case}");
            let joined = usize::from(matches!(got, Meeting::Joins(..)));
            assert_eq!(1 + others.len() - joined, records, "{case}");
        }
    }

    #[test]
    fn other_hardware_under_one_identity_is_told() {
        let evidence = |serial, board| Evidence::new(Some(serial), Some(board), None);
        let before = evidence("5CD1", BOARD);
        assert_eq!(hardware_change(&before, &before), None);
        assert_eq!(hardware_change(&before, &evidence("5CD1", OTHER_BOARD)), Some(ReviewReason::BoardSwapped));
        assert_eq!(hardware_change(&before, &evidence("5CD2", BOARD)), Some(ReviewReason::HardwareChanged));
        assert_eq!(hardware_change(&before, &evidence("5CD2", OTHER_BOARD)), Some(ReviewReason::HardwareChanged));
        assert_eq!(hardware_change(&before, &evidence("Default string", "")), None, "nothing is no other hardware");
        assert_eq!(hardware_change(&Evidence::default(), &before), None);
    }
}
