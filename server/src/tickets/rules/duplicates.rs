//! Which tickets are of the same thing as one that somebody writes, and why. Pure: the same in, the same out.

use std::collections::BTreeSet;

use super::Category;
use crate::{
    error::{Both, says::causes as say},
    tickets::search::rules::fold,
};

/// Most that are suggested.
pub const MOST_SHOWN: usize = 5;
/// Reports so many minutes apart at one school may be of one trouble.
pub const WINDOW_MINUTES: i64 = 60;
/// Days back in which a ticket may be of the same thing; of what is done, of what ended within so many.
pub const DAYS_BACK: i64 = 30;
/// Days for which a ticket that is done may be of the same thing: the trouble came back.
pub const DONE_DAYS: i64 = 7;
/// Characters of a text that are compared.
pub const CHARACTERS: usize = 600;

const MINUTE_US: i64 = 60_000_000;
const DAY_US: i64 = 24 * 60 * MINUTE_US;
/// Points from which on a ticket is suggested.
const LEAST_POINTS: u32 = 35;
/// Share of common pairs of characters, in percent, below which words say nothing.
const LEAST_SIMILAR: u32 = 25;

/// Pairs of neighbouring characters of a text, as the search index knows them; none across a space.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Grams(BTreeSet<(char, char)>);

impl Grams {
    /// Of a text as written.
    pub fn of(text: &str) -> Self {
        Self::of_folded(&fold(&text.chars().take(CHARACTERS).collect::<String>()))
    }

    /// Of a text that is folded already.
    pub fn of_folded(folded: &str) -> Self {
        let pairs = folded.chars().zip(folded.chars().skip(1)).take(CHARACTERS);
        Self(pairs.filter(|(first, second)| *first != ' ' && *second != ' ').collect())
    }

    /// How much of the smaller of the two stands in the other, in percent. Of less than three pairs nothing is said.
    pub fn similarity(&self, other: &Self) -> u32 {
        let least = self.0.len().min(other.0.len());
        if least < 3 {
            return 0;
        }
        let common = self.0.intersection(&other.0).count();
        u32::try_from(common * 100 / least).unwrap_or(100)
    }
}

/// What somebody writes.
#[derive(Debug, Clone, Default)]
pub struct Written {
    /// Number of the category; none if it is not chosen yet.
    pub category: Option<i16>,
    /// The device.
    pub device: Option<uuid::Uuid>,
    /// The school.
    pub school: Option<uuid::Uuid>,
    /// The room, folded; empty if it is not said.
    pub room: String,
    /// Incidents that hurt the school now, or the one that the ticket belongs to.
    pub incidents: Vec<uuid::Uuid>,
    /// Subject and text.
    pub grams: Grams,
    /// When it is reported.
    pub at: i64,
}

/// A ticket that may be of the same thing.
#[derive(Debug, Clone, Default)]
pub struct Candidate {
    /// Its number.
    pub number: i64,
    /// Number of its category.
    pub category: i16,
    /// Its device.
    pub device: Option<uuid::Uuid>,
    /// Its school.
    pub school: Option<uuid::Uuid>,
    /// Its room as written.
    pub room: String,
    /// Its incident.
    pub incident: Option<uuid::Uuid>,
    /// What the caller may read of it.
    pub grams: Grams,
    /// When it came in.
    pub created_at: i64,
    /// When it was done; none while it is open.
    pub done_at: Option<i64>,
}

/// A ticket that is suggested.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Likeness {
    /// Its number.
    pub number: i64,
    /// The more, the likelier: 35 to some 200.
    pub points: u32,
    /// Why, one sentence each.
    pub reasons: Vec<Both>,
}

impl Written {
    /// What speaks for a ticket being of the same thing; none where too little does.
    pub fn compare(&self, other: &Candidate) -> Option<Likeness> {
        let too_old = other.created_at < self.at.saturating_sub(DAYS_BACK * DAY_US);
        let long_done = other.done_at.is_some_and(|done| done < self.at.saturating_sub(DONE_DAYS * DAY_US));
        if too_old || long_done {
            return None;
        }
        let mut points = 0;
        let mut reasons = Vec::new();
        let mut take = |is_so: bool, more: u32, reason: Both| {
            if is_so {
                points += more;
                reasons.push(reason);
            }
        };
        let at_school = self.school.is_some() && self.school == other.school;
        let apart = self.at.abs_diff(other.created_at) / MINUTE_US.unsigned_abs();
        let similar = self.grams.similarity(&other.grams);
        let same_category = self.category == Some(other.category);
        take(self.device.is_some() && self.device == other.device, 60, say::same_device());
        take(other.incident.is_some_and(|incident| self.incidents.contains(&incident)), 45, say::same_incident());
        let same_room = at_school && !self.room.is_empty() && self.room == fold(&other.room);
        take(same_room, 25, say::same_room(&other.room));
        take(similar >= LEAST_SIMILAR, similar * 2 / 5, say::similar_words(similar));
        let window = WINDOW_MINUTES.unsigned_abs();
        take(at_school && apart <= window, 15, say::same_window(WINDOW_MINUTES));
        let category = Category::from_number(other.category).filter(|_| same_category);
        if let Some(category) = category {
            let label = category.label();
            take(true, 10, Both::of(say::same_category(&label.ja), say::same_category(&label.en)));
        }
        (points >= LEAST_POINTS).then_some(Likeness { number: other.number, points, reasons })
    }

    /// The likeliest first, the newest among equals, at most [`MOST_SHOWN`].
    pub fn likest(&self, others: &[Candidate]) -> Vec<Likeness> {
        let mut found: Vec<_> = others.iter().filter_map(|other| self.compare(other)).collect();
        found.sort_by(|a, b| b.points.cmp(&a.points).then_with(|| b.number.cmp(&a.number)));
        found.dedup_by_key(|one| one.number);
        found.truncate(MOST_SHOWN);
        found
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    fn written() -> Written {
        Written {
            category: Some(Category::Wifi.to_number()),
            school: Some(Uuid::from_u128(1)),
            room: fold("３年２組"),
            grams: Grams::of("Wi-Fiにつながらない"),
            at: 100 * DAY_US,
            ..Written::default()
        }
    }

    fn candidate(number: i64, text: &str) -> Candidate {
        Candidate {
            number,
            category: Category::Screen.to_number(),
            school: Some(Uuid::from_u128(1)),
            grams: Grams::of(text),
            created_at: 100 * DAY_US - 10 * MINUTE_US,
            ..Candidate::default()
        }
    }

    #[test]
    fn what_speaks_for_it_is_said() {
        let mine = written();
        let alike = Candidate {
            room: String::from("3年2組"),
            category: Category::Wifi.to_number(),
            ..candidate(7, "ｗｉ－ｆｉにツナガラナイ")
        };
        let found = mine.compare(&alike).unwrap();
        let reasons: Vec<_> = found.reasons.iter().map(|reason| reason.en.as_ref()).collect();
        assert_eq!(
            reasons,
            [
                "it is of the same room (3年2組)",
                "100 % of the words are the same",
                "it came in at the same school within 60 minutes",
                "it is of the same category (Wi-Fi)",
            ]
        );
        assert_eq!(found.points, 25 + 40 + 15 + 10);
        assert_eq!(mine.compare(&candidate(8, "画面が割れた")), None, "the same hour alone is no duplicate");
        let elsewhere = Candidate { school: Some(Uuid::from_u128(2)), ..alike };
        assert_eq!(mine.compare(&elsewhere).unwrap().points, 50, "a room of another school is another room");
    }

    #[test]
    fn what_is_long_done_is_no_duplicate() {
        let mine = Written { device: Some(Uuid::from_u128(9)), ..written() };
        let open = Candidate { device: Some(Uuid::from_u128(9)), created_at: 71 * DAY_US, ..candidate(1, "画面") };
        assert_eq!(mine.compare(&open).unwrap().reasons, [say::same_device()]);
        let done = Candidate { done_at: Some(92 * DAY_US), ..open.clone() };
        assert_eq!(mine.compare(&done), None);
        assert!(mine.compare(&Candidate { done_at: Some(94 * DAY_US), ..open.clone() }).is_some());
        assert_eq!(mine.compare(&Candidate { created_at: 69 * DAY_US, ..open }), None);
    }

    #[test]
    fn few_characters_say_nothing() {
        assert_eq!(Grams::of("遅い").similarity(&Grams::of("遅い")), 0);
        assert_eq!(Grams::of("a b c d e").similarity(&Grams::of("a b c d e")), 0);
        assert_eq!(Grams::of("とても遅い").similarity(&Grams::of("トテモ遅イ")), 100);
    }

    proptest! {
        #[test]
        fn order_does_not_depend_on_the_order_of_what_is_read(texts in prop::collection::vec("[あ-おア-オ画面遅い ]{0,30}", 0..12), turn in 0_usize..12) {
            let mut others: Vec<_> = (1..).zip(&texts).map(|(number, text)| candidate(number, text)).collect();
            let mine = Written { grams: Grams::of("画面が遅い"), ..written() };
            let found = mine.likest(&others);
            let turn = turn.min(others.len());
            others.rotate_left(turn);
            others.reverse();
            prop_assert_eq!(&found, &mine.likest(&others));
            prop_assert!(found.len() <= MOST_SHOWN);
            prop_assert!(found.is_sorted_by(|a, b| a.points >= b.points));
            prop_assert!(found.iter().all(|one| one.points >= LEAST_POINTS && !one.reasons.is_empty()));
        }
    }
}
