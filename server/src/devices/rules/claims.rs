//! What each source says of a device, and what is shown of it, pure.
//!
//! Invariants: one source says one thing of a field, the newest; saying the same again keeps the time of the first; what is
//! shown is chosen field by field in the order of [`Field::precedence`].

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    fields::{Field, FieldValue, Source},
    fold::{fold_key, serial_key},
};
use crate::clock::Timestamp;

/// One thing that a source said, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// What.
    #[serde(rename = "v")]
    pub value: FieldValue,
    /// When it was said, in microseconds.
    #[serde(rename = "t")]
    at: i64,
}

impl Claim {
    /// When it was said.
    pub fn said_at(&self) -> Timestamp {
        Timestamp(self.at)
    }
}

/// All that one source says of a device. Stored as JSON: `{"label": {"v": "A-1", "t": 1795489200000000}, …}`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Claims(BTreeMap<Field, Claim>);

impl Claims {
    /// Nothing is said.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads what [`Claims::to_json`] wrote; a field of a newer version is left out.
    pub fn from_json(text: &str) -> Result<Self, serde_json::Error> {
        let stored: BTreeMap<String, Claim> = serde_json::from_str(text)?;
        let known = stored.into_iter().filter_map(|(name, claim)| Some((Field::from_name(&name)?, claim)));
        Ok(Self(known.collect()))
    }

    /// As it is stored.
    pub fn to_json(&self) -> String {
        let named: BTreeMap<&str, &Claim> = self.0.iter().map(|(field, claim)| (field.name(), claim)).collect();
        serde_json::to_string(&named).expect("names, numbers and texts are JSON")
    }

    /// What is said of a field.
    pub fn get(&self, field: Field) -> Option<&Claim> {
        self.0.get(&field)
    }

    /// Whether nothing is said.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All that is said, in the order of fields.
    pub fn iter(&self) -> impl Iterator<Item = (Field, &Claim)> {
        self.0.iter().map(|(field, claim)| (*field, claim))
    }

    /// Says something. Gives whether it is news; the same again keeps its first time.
    pub fn say(&mut self, field: Field, value: FieldValue, now: Timestamp) -> bool {
        if self.get(field).is_some_and(|claim| claim.value == value) {
            return false;
        }
        self.0.insert(field, Claim { value, at: now.0 });
        true
    }

    /// Says nothing of a field any more. Gives whether something was said.
    pub fn withdraw(&mut self, field: Field) -> bool {
        self.0.remove(&field).is_some()
    }

    /// Takes over what the same source says of another record of the same device, where it is newer or the only word.
    pub fn take_over(&mut self, other: &Self) {
        for (field, claim) in &other.0 {
            if self.0.get(field).is_none_or(|own| own.at < claim.at) {
                self.0.insert(*field, claim.clone());
            }
        }
    }

    /// Goes back to what was said `before`, where it is still as [`Claims::take_over`] left it from `other`. What was said
    /// or withdrawn since stays.
    pub fn give_back(&mut self, before: &Self, other: &Self) {
        let mut taken = before.clone();
        taken.take_over(other);
        for field in Field::ALL {
            if self.get(*field) != taken.get(*field) {
                continue;
            }
            match before.get(*field) {
                Some(claim) => self.0.insert(*field, claim.clone()),
                None => self.0.remove(field),
            };
        }
    }
}

/// One field as it is shown: what, who said it, when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownField {
    /// What.
    pub value: FieldValue,
    /// Who said it.
    pub source: Source,
    /// When.
    pub said_at: Timestamp,
}

/// All fields of a device as they are shown; what nobody said is absent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shown(BTreeMap<Field, ShownField>);

/// Chooses what is shown among what the sources say.
pub fn shown(sources: &[(Source, Claims)]) -> Shown {
    let choose = |field: Field| {
        field.precedence().into_iter().find_map(|source| {
            let claims = sources.iter().filter(|(said_by, _)| *said_by == source);
            let newest = claims.filter_map(|(_, claims)| claims.get(field)).max_by_key(|claim| claim.at)?;
            Some(ShownField { value: newest.value.clone(), source, said_at: newest.said_at() })
        })
    };
    Shown(Field::ALL.iter().filter_map(|field| Some((*field, choose(*field)?))).collect())
}

impl Shown {
    /// One field.
    pub fn get(&self, field: Field) -> Option<&ShownField> {
        self.0.get(&field)
    }

    /// All that somebody said, in the order of fields.
    pub fn iter(&self) -> impl Iterator<Item = (Field, &ShownField)> {
        self.0.iter().map(|(field, shown)| (*field, shown))
    }

    /// The text of a field; none where there is none.
    pub fn text(&self, field: Field) -> Option<&str> {
        match &self.get(field)?.value {
            FieldValue::Text(text) => Some(text),
            FieldValue::Number(_) | FieldValue::Nothing => None,
        }
    }

    /// The number of a field; none where there is none.
    pub fn number(&self, field: Field) -> Option<i64> {
        match &self.get(field)?.value {
            FieldValue::Number(number) => Some(*number),
            FieldValue::Text(_) | FieldValue::Nothing => None,
        }
    }

    /// The columns of `device`.
    pub fn columns(&self) -> ShownColumns {
        let text = |field| self.text(field).map(str::to_owned);
        ShownColumns {
            school_id: text(Field::School),
            label: text(Field::Label),
            serial_number: text(Field::SerialNumber),
            maker: text(Field::Maker),
            model: text(Field::Model),
            os_kind: self.number(Field::OsKind).unwrap_or(0),
            os_version: text(Field::OsVersion),
            purpose: self.number(Field::Purpose).unwrap_or(0),
            lifecycle: self.number(Field::Lifecycle).unwrap_or(0),
            room: text(Field::Room),
            cart: text(Field::Cart),
            grade: self.number(Field::Grade),
            class_name: text(Field::ClassName),
            seat_number: self.number(Field::SeatNumber),
            holder_id: text(Field::HolderId),
            purchase_reference: text(Field::PurchaseReference),
            acquired_on: text(Field::AcquiredOn),
            warranty_until: text(Field::WarrantyUntil),
            lease_until: text(Field::LeaseUntil),
            price_yen: self.number(Field::PriceYen),
            label_key: self.text(Field::Label).and_then(fold_key),
            serial_key: self.text(Field::SerialNumber).and_then(serial_key),
        }
    }
}

/// What is shown, as the columns of `device` hold it. NULL and 0 where nobody said.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "each is the column of its name, explained at the Field")]
pub struct ShownColumns {
    pub school_id: Option<String>,
    pub label: Option<String>,
    pub serial_number: Option<String>,
    pub maker: Option<String>,
    pub model: Option<String>,
    pub os_kind: i64,
    pub os_version: Option<String>,
    pub purpose: i64,
    pub lifecycle: i64,
    pub room: Option<String>,
    pub cart: Option<String>,
    pub grade: Option<i64>,
    pub class_name: Option<String>,
    pub seat_number: Option<i64>,
    pub holder_id: Option<String>,
    pub purchase_reference: Option<String>,
    pub acquired_on: Option<String>,
    pub warranty_until: Option<String>,
    pub lease_until: Option<String>,
    pub price_yen: Option<i64>,
    pub label_key: Option<String>,
    pub serial_key: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims(at: i64, said: &[(Field, &str)]) -> Claims {
        let mut claims = Claims::new();
        for (field, text) in said {
            claims.say(*field, FieldValue::text(text), Timestamp(at));
        }
        claims
    }

    #[test]
    fn person_wins_and_then_who_knows_best_for_the_field() {
        let both = [(Field::Label, "L"), (Field::Model, "L-model")];
        let ledger = (Source::Ledger, claims(9, &both));
        let agent = (Source::Agent, claims(1, &[(Field::Label, "A"), (Field::Model, "A-model")]));
        let now = shown(&[ledger.clone(), agent.clone()]);
        assert_eq!((now.text(Field::Label), now.text(Field::Model)), (Some("L"), Some("A-model")));
        let person = (Source::Person, claims(5, &[(Field::Model, "P-model")]));
        let now = shown(&[ledger, agent, person]);
        assert_eq!(now.text(Field::Model), Some("P-model"));
        assert_eq!(now.get(Field::Model).unwrap().source, Source::Person);
        assert_eq!(now.get(Field::Room), None, "nobody said");
    }

    #[test]
    fn person_may_say_that_there_is_none() {
        let ledger = (Source::Ledger, claims(1, &[(Field::Room, "理科室")]));
        let person = (Source::Person, claims(2, &[(Field::Room, "")]));
        let now = shown(&[ledger.clone(), person]);
        assert_eq!((now.text(Field::Room), now.get(Field::Room).unwrap().source), (None, Source::Person));
        assert_eq!(shown(&[ledger]).text(Field::Room), Some("理科室"));
    }

    #[test]
    fn newest_wins_within_one_source_and_the_same_again_is_no_news() {
        let mut claims = claims(1, &[(Field::Room, "一")]);
        assert!(!claims.say(Field::Room, FieldValue::text("一"), Timestamp(5)));
        assert_eq!(claims.get(Field::Room).unwrap().said_at(), Timestamp(1));
        assert!(claims.say(Field::Room, FieldValue::text("二"), Timestamp(6)));
        let mut other = Claims::new();
        other.say(Field::Room, FieldValue::text("三"), Timestamp(4));
        other.say(Field::Cart, FieldValue::text("A"), Timestamp(4));
        claims.take_over(&other);
        assert_eq!(claims.get(Field::Room).unwrap().value, FieldValue::text("二"));
        assert_eq!(claims.get(Field::Cart).unwrap().value, FieldValue::text("A"));
    }

    #[test]
    fn claims_come_back_from_json_and_unknown_fields_are_left_out() {
        let mut said = claims(7, &[(Field::Label, "髙-01"), (Field::Room, "")]);
        said.say(Field::PriceYen, FieldValue::Number(55_000), Timestamp(8));
        assert_eq!(Claims::from_json(&said.to_json()).unwrap(), said);
        let newer = r#"{"label":{"v":"A","t":1},"colour":{"v":"red","t":1}}"#;
        assert_eq!(Claims::from_json(newer).unwrap(), claims(1, &[(Field::Label, "A")]));
        assert!(Claims::from_json("[]").is_err());
    }

    #[test]
    fn giving_back_keeps_what_was_said_and_withdrawn_since() {
        let before = claims(1, &[(Field::Label, "A"), (Field::Maker, "M")]);
        let other = claims(3, &[(Field::Label, "B"), (Field::Room, "R")]);
        let mut now = before.clone();
        now.take_over(&other);
        let mut untouched = now.clone();
        untouched.give_back(&before, &other);
        assert_eq!(untouched, before);
        now.say(Field::Cart, FieldValue::text("C"), Timestamp(3));
        now.withdraw(Field::Maker);
        now.give_back(&before, &other);
        assert_eq!(now.get(Field::Cart).unwrap().value, FieldValue::text("C"));
        assert_eq!(now.get(Field::Label).unwrap().value, FieldValue::text("A"));
        assert_eq!((now.get(Field::Room), now.get(Field::Maker)), (None, None));
    }

    #[test]
    fn junk_serial_is_shown_but_has_no_key() {
        let agent = (Source::Agent, claims(1, &[(Field::SerialNumber, "Default string"), (Field::Label, "ａ－1")]));
        let columns = shown(&[agent]).columns();
        assert_eq!(columns.serial_number.as_deref(), Some("Default string"));
        assert_eq!((columns.serial_key, columns.label_key.as_deref()), (None, Some("A1")));
    }
}
