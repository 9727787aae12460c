//! How bodies of entries hold words and days: numbers of the contract, days as 2026-04-01. What is stored once must be
//! read for ever, so what does not fit is a fault, not a slip of a person.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use super::{
    CostKind, Payer,
    lots::TaxBasis,
    money::Yen,
    plan::disposal::{DisposalRoute, Eraser},
};
use crate::schools::rules::fiscal::FiscalYear;

/// A day.
pub mod day {
    use time::Date;

    use super::{Deserialize as _, Deserializer, Serializer};
    use crate::access::rules::days::{date_text, parse_date};

    pub(super) fn read<E: serde::de::Error>(text: &str) -> Result<Date, E> {
        parse_date("day", text).map_err(|wrong| E::custom(wrong.message))
    }

    pub(in crate::renewal) fn serialize<S: Serializer>(day: &Date, output: S) -> Result<S::Ok, S::Error> {
        output.serialize_str(&date_text(*day))
    }

    pub(in crate::renewal) fn deserialize<'d, D: Deserializer<'d>>(input: D) -> Result<Date, D::Error> {
        read(&String::deserialize(input)?)
    }
}

/// A day, or none.
pub mod optional_day {
    use time::Date;

    use super::{Deserialize as _, Deserializer, Serialize as _, Serializer};
    use crate::access::rules::days::date_text;

    pub(in crate::renewal) fn serialize<S: Serializer>(day: &Option<Date>, output: S) -> Result<S::Ok, S::Error> {
        day.map(date_text).serialize(output)
    }

    pub(in crate::renewal) fn deserialize<'d, D: Deserializer<'d>>(input: D) -> Result<Option<Date>, D::Error> {
        Option::<String>::deserialize(input)?.map(|text| super::day::read(&text)).transpose()
    }
}

/// Declares how one kind of word is stored: by its number.
macro_rules! by_number {
    ($($name:ident: $of:ty;)*) => {$(
        /// A word, by its number.
        pub mod $name {
            use super::*;

            pub(in crate::renewal) fn serialize<S: Serializer>(word: &$of, output: S) -> Result<S::Ok, S::Error> {
                output.serialize_i16(word.to_number())
            }

            pub(in crate::renewal) fn deserialize<'d, D: Deserializer<'d>>(input: D) -> Result<$of, D::Error> {
                let number = i16::deserialize(input)?;
                <$of>::from_number(number).ok_or_else(|| D::Error::custom("a number that no word has"))
            }
        }
    )*};
}

by_number! {
    cost_kind: CostKind;
    tax_basis: TaxBasis;
    route: DisposalRoute;
    eraser: Eraser;
}

/// Who pays how much: numbers of payers with yen.
pub mod funding {
    use super::*;

    pub(in crate::renewal) fn serialize<S: Serializer>(funding: &[(Payer, Yen)], output: S) -> Result<S::Ok, S::Error> {
        output.collect_seq(funding.iter().map(|(payer, amount)| (payer.to_number(), *amount)))
    }

    pub(in crate::renewal) fn deserialize<'d, D: Deserializer<'d>>(input: D) -> Result<Vec<(Payer, Yen)>, D::Error> {
        let payer = |number| Payer::from_number(number).ok_or_else(|| D::Error::custom("a number that no payer has"));
        let funding = Vec::<(i16, Yen)>::deserialize(input)?;
        funding.into_iter().map(|(number, amount)| Ok((payer(number)?, amount))).collect()
    }
}

/// A fiscal year: the calendar year in which it begins.
pub mod year {
    use super::*;

    pub(in crate::renewal) fn serialize<S: Serializer>(year: &FiscalYear, output: S) -> Result<S::Ok, S::Error> {
        output.serialize_i32(year.year())
    }

    pub(in crate::renewal) fn deserialize<'d, D: Deserializer<'d>>(input: D) -> Result<FiscalYear, D::Error> {
        let year = i32::deserialize(input)?;
        FiscalYear::starting_in(year).ok_or_else(|| D::Error::custom("a year that is not kept"))
    }
}

/// Who erases devices: their numbers.
pub mod erasers {
    use super::*;

    pub(in crate::renewal) fn serialize<S: Serializer>(erasers: &[Eraser], output: S) -> Result<S::Ok, S::Error> {
        output.collect_seq(erasers.iter().map(|eraser| eraser.to_number()))
    }

    pub(in crate::renewal) fn deserialize<'d, D: Deserializer<'d>>(input: D) -> Result<Vec<Eraser>, D::Error> {
        let eraser = |number| Eraser::from_number(number).ok_or_else(|| D::Error::custom("a number that nobody has"));
        Vec::<i16>::deserialize(input)?.into_iter().map(eraser).collect()
    }
}
