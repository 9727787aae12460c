//! When somebody works, and who is proposed for a ticket. Pure.

use std::cmp::Reverse;

use serde::{Deserialize, Serialize};
use time::Date;
use uuid::Uuid;

use crate::{
    access::rules::{
        StaffId,
        days::{date_text, day_in_japan, minute_in_japan, parse_date},
    },
    clock::Timestamp,
    error::{Both, FieldViolation, says::team as say},
    tickets::rules::Category,
};

/// Areas of one person, at most.
pub const MOST_AREAS: usize = 100;
/// Periods in which one person is away, at most.
pub const MOST_ABSENCES: usize = 20;
/// A period is at most so long, in days.
const LONGEST_ABSENCE: i64 = 730;
/// Minutes of a day.
const DAY: u16 = 1_440;

/// A period in which somebody is away: both days belong to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Absence {
    /// For example 2026-12-01.
    pub first_date: String,
    /// For example 2026-12-04.
    pub last_date: String,
}

/// A school at which somebody is stationed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Station {
    /// Its owner.
    pub owner: Uuid,
    /// Its id.
    pub school: Uuid,
}

/// When and where somebody works, and what they are good at. The default is ours (custom): 8:30 to 17:00, Monday to Friday, everywhere
/// that the person may, good at everything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Profile {
    /// Numbers of the categories that the person is good at; none for all alike.
    pub skills: Vec<i16>,
    /// Owners that the person looks after first; none for all alike.
    pub areas: Vec<Uuid>,
    /// Working days: 1 Monday, 2 Tuesday, 4 Wednesday … 64 Sunday, added up.
    pub weekdays: u8,
    /// Minute of the day at which work begins, in Japan.
    pub begin_minute: u16,
    /// And ends.
    pub end_minute: u16,
    /// Where the person is stationed.
    pub station: Option<Station>,
    /// When the person is away.
    pub absences: Vec<Absence>,
}

impl Default for Profile {
    fn default() -> Self {
        Self {
            skills: Vec::new(),
            areas: Vec::new(),
            weekdays: 0b001_1111,
            begin_minute: 510,
            end_minute: 1_020,
            station: None,
            absences: Vec::new(),
        }
    }
}

/// Whether somebody works at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Presence {
    /// The person works.
    AtWork,
    /// Not at this time of the day or on this day of the week.
    OffHours,
    /// Away up to this day.
    Away(Date),
}

impl Presence {
    /// For people.
    pub fn label(self) -> Both {
        match self {
            Self::AtWork => say::at_work(),
            Self::OffHours => say::off_hours(),
            Self::Away(until) => say::away(date_text(until)),
        }
    }
}

impl Profile {
    /// The profile, or all that is wrong with it.
    pub fn check(mut self) -> Result<Self, Vec<FieldViolation>> {
        let mut wrong = Vec::new();
        self.skills.sort_unstable();
        self.skills.dedup();
        if self.skills.iter().any(|skill| Category::from_number(*skill).is_none()) {
            wrong.push(FieldViolation::new("skills", say::skill_unknown()));
        }
        self.areas.sort_unstable();
        self.areas.dedup();
        if self.areas.len() > MOST_AREAS {
            wrong.push(FieldViolation::new("areas", say::areas_many(MOST_AREAS)));
        }
        if self.weekdays > 0b111_1111 {
            wrong.push(FieldViolation::new("weekdays", say::weekdays_wrong()));
        }
        if self.begin_minute >= self.end_minute || self.end_minute > DAY {
            wrong.push(FieldViolation::new("end_minute", say::hours_wrong()));
        }
        if self.absences.len() > MOST_ABSENCES {
            wrong.push(FieldViolation::new("absences", say::absences_many(MOST_ABSENCES)));
        }
        for absence in &mut self.absences {
            match (parse_date("absences", &absence.first_date), parse_date("absences", &absence.last_date)) {
                (Ok(first), Ok(last)) if first <= last && (last - first).whole_days() <= LONGEST_ABSENCE => {
                    *absence = Absence { first_date: date_text(first), last_date: date_text(last) };
                }
                (Ok(_), Ok(_)) => wrong.push(FieldViolation::new("absences", say::absence_backwards(LONGEST_ABSENCE))),
                (first, last) => wrong.extend(first.err().or(last.err())),
            }
        }
        self.absences.sort_by(|a, b| (&a.first_date, &a.last_date).cmp(&(&b.first_date, &b.last_date)));
        if wrong.is_empty() { Ok(self) } else { Err(wrong) }
    }

    /// Whether the person works at a moment.
    pub fn presence(&self, at: Timestamp) -> Presence {
        let day = day_in_japan(at.0);
        let text = date_text(day);
        let away = self.absences.iter().filter(|one| one.first_date <= text && text <= one.last_date);
        let until = away.filter_map(|one| parse_date("absences", &one.last_date).ok()).max();
        if let Some(until) = until {
            return Presence::Away(until);
        }
        let works_today = self.weekdays & (1 << day.weekday().number_days_from_monday()) != 0;
        let minute = minute_in_japan(at);
        match works_today && (i64::from(self.begin_minute)..i64::from(self.end_minute)).contains(&minute) {
            true => Presence::AtWork,
            false => Presence::OffHours,
        }
    }
}

/// Somebody who may work on a ticket.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// Who.
    pub id: StaffId,
    /// What the person is called.
    pub name: String,
    /// When and where the person works.
    pub profile: Profile,
    /// Open tickets that the person works on.
    pub load: usize,
}

/// What of a ticket matters.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    /// What it is about.
    pub category: Category,
    /// Its owner.
    pub owner: Uuid,
    /// Its school.
    pub school: Option<Uuid>,
}

/// Somebody who is proposed, with the reason.
#[derive(Debug, Clone)]
pub struct Proposal {
    /// Who.
    pub id: StaffId,
    /// What the person is called.
    pub name: String,
    /// Why they stand here.
    pub why: Both,
    /// Whether they work now.
    pub presence: Presence,
}

/// What orders candidates: whether they work now, are stationed there, look after the owner, after others only, are good at it, at other
/// things only.
type Rank = (Presence, bool, bool, bool, bool, bool);

/// Who should work on a ticket: first who works now, then who is stationed at the school, who looks after the owner, who is good at it, who
/// has least to do; by name where all is alike.
pub fn propose(candidates: Vec<Candidate>, wanted: Wanted, now: Timestamp) -> Vec<Proposal> {
    let rank = |candidate: &Candidate| {
        let Profile { skills, areas, station, .. } = &candidate.profile;
        let stationed = wanted.school.is_some() && station.map(|station| station.school) == wanted.school;
        let near = areas.contains(&wanted.owner);
        let far = !areas.is_empty() && !near;
        let skilled = skills.contains(&wanted.category.to_number());
        let unskilled = !skills.is_empty() && !skilled;
        (candidate.profile.presence(now), stationed, near, far, skilled, unskilled)
    };
    let mut ranked: Vec<_> = candidates.into_iter().map(|candidate| (rank(&candidate), candidate)).collect();
    ranked.sort_by_key(|((presence, stationed, near, far, skilled, unskilled), candidate)| {
        let (place, skill) = ((Reverse(*stationed), Reverse(*near), *far), (*unskilled, Reverse(*skilled)));
        (*presence, place, skill, candidate.load, candidate.name.clone(), candidate.id)
    });
    let proposal = |((presence, stationed, near, _, skilled, _), candidate): (Rank, Candidate)| {
        let mut reasons: Vec<Both> = Vec::new();
        if presence != Presence::AtWork {
            reasons.push(presence.label());
        }
        for (holds, reason) in [(stationed, say::stationed()), (near, say::in_area()), (skilled, say::skilled())] {
            if holds {
                reasons.push(reason);
            }
        }
        reasons.push(say::load(candidate.load));
        Proposal { id: candidate.id, name: candidate.name, why: joined(&reasons), presence }
    };
    ranked.into_iter().map(proposal).collect()
}

fn joined(reasons: &[Both]) -> Both {
    let ja: Vec<_> = reasons.iter().map(|reason| reason.ja.as_ref()).collect();
    let en: Vec<_> = reasons.iter().map(|reason| reason.en.as_ref()).collect();
    Both { ja: ja.join("・").into(), en: en.join(", ").into() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Thursday, 26 November 2026, 10:00 in Japan.
    const NOW: Timestamp = Timestamp(1_795_654_800_000_000);
    const HOUR_US: i64 = 3_600_000_000;

    fn candidate(number: u128, profile: Profile, load: usize) -> Candidate {
        Candidate { id: StaffId(Uuid::from_u128(number)), name: format!("人{number}"), profile, load }
    }

    fn wanted(owner: u128, school: u128) -> Wanted {
        let (owner, school) = (Uuid::from_u128(owner), Some(Uuid::from_u128(school)));
        Wanted { category: Category::Screen, owner, school }
    }

    fn away(first: &str, last: &str) -> Absence {
        Absence { first_date: first.to_owned(), last_date: last.to_owned() }
    }

    #[test]
    fn somebody_works_on_their_days_at_their_hours_unless_away() {
        let usual = Profile::default();
        assert_eq!(usual.presence(NOW), Presence::AtWork);
        assert_eq!(usual.presence(Timestamp(NOW.0 + 7 * HOUR_US)), Presence::OffHours, "17:00 is over");
        assert_eq!(usual.presence(Timestamp(NOW.0 - 2 * HOUR_US)), Presence::OffHours);
        assert_eq!(usual.presence(Timestamp(NOW.0 + 48 * HOUR_US)), Presence::OffHours, "Saturday");
        let absences = vec![away("2026-11-20", "2026-11-26"), away("2026-11-26", "2026-11-30")];
        let away = Profile { absences, ..Profile::default() }.check().expect("a profile");
        let Presence::Away(until) = away.presence(NOW) else { panic!("away") };
        assert_eq!(date_text(until), "2026-11-30");
    }

    #[test]
    fn who_works_now_is_near_and_good_at_it_comes_first_and_the_reason_is_said() {
        let near = Profile { areas: vec![Uuid::from_u128(1)], ..Profile::default() };
        let station = Some(Station { owner: Uuid::from_u128(1), school: Uuid::from_u128(2) });
        let proposals = propose(
            vec![
                candidate(1, Profile { absences: vec![away("2026-11-26", "2026-11-26")], station, ..near.clone() }, 0),
                candidate(2, Profile { areas: vec![Uuid::from_u128(9)], ..Profile::default() }, 0),
                candidate(3, Profile { skills: vec![Category::Wifi.to_number()], ..Profile::default() }, 0),
                candidate(4, Profile::default(), 3),
                candidate(5, Profile::default(), 2),
                candidate(6, Profile { skills: vec![Category::Screen.to_number()], ..Profile::default() }, 9),
                candidate(7, near, 9),
                candidate(8, Profile { station, ..Profile::default() }, 9),
            ],
            wanted(1, 2),
            NOW,
        );
        let order: Vec<_> = proposals.iter().map(|one| one.id.0.as_u128()).collect();
        assert_eq!(order, [8, 7, 6, 5, 4, 3, 2, 1]);
        assert_eq!(proposals[0].why.ja, "この学校に常駐・いま 9 件を担当");
        assert_eq!(proposals[2].why.en, "good at it, works on 9");
        assert!(proposals[7].why.ja.starts_with("2026-11-26 まで不在"), "{}", proposals[7].why.ja);
    }

    #[test]
    fn wrong_profile_is_refused_by_field() {
        let wrong = Profile {
            skills: vec![99],
            areas: (0..101).map(Uuid::from_u128).collect(),
            weekdays: 128,
            begin_minute: 1_020,
            end_minute: 1_020,
            station: None,
            absences: vec![away("2026-12-04", "2026-12-01"), away("2026-02-30", "2026-03-01"), away("あす", "")],
        };
        let fields: Vec<_> = wrong.check().expect_err("nothing is right").into_iter().map(|one| one.field).collect();
        assert_eq!(fields, ["skills", "areas", "weekdays", "end_minute", "absences", "absences", "absences"]);
        let many = Profile { absences: vec![away("2026-12-01", "2026-12-01"); 21], ..Profile::default() };
        assert_eq!(many.check().expect_err("too many").len(), 1);
    }

    proptest! {
        #[test]
        fn everybody_is_proposed_once_and_who_works_first(
            people in proptest::collection::vec((0_u8..=127, 0_u16..1_440, 0_usize..5, any::<bool>()), 0..12),
        ) {
            let people: Vec<_> = people
                .into_iter()
                .enumerate()
                .map(|(number, (weekdays, begin, load, near))| {
                    let areas = if near { vec![Uuid::from_u128(1)] } else { Vec::new() };
                    let end = (begin + 300).min(DAY);
                    let profile = Profile { weekdays, begin_minute: begin, end_minute: end, areas, ..Profile::default() };
                    candidate(number as u128, profile, load)
                })
                .collect();
            let count = people.len();
            let proposals = propose(people, wanted(1, 2), NOW);
            prop_assert_eq!(proposals.len(), count);
            let works: Vec<_> = proposals.iter().map(|one| one.presence).collect();
            prop_assert!(works.is_sorted());
        }
    }
}
