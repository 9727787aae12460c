//! What is assumed of the years to come where the ledger can not know it: whether an owner gets the local allocation tax,
//! after how many years devices are renewed again, and what they will cost. Data, each with its source and date.

use super::{
    AllocationTax,
    money::Yen,
    programmes::{Figure, SOURCE_MOST, figure},
    reading::{Reader, json},
};
use crate::error::{FieldViolation, says::renewal as say};

/// Most years after which devices are renewed again.
const YEARS_MOST: i64 = 15;

impl AllocationTax {
    /// Its name in files of data.
    pub fn code(self) -> &'static str {
        match self {
            Self::Receives => "RECEIVES",
            Self::ReceivesNone => "RECEIVES_NONE",
        }
    }
}

/// What is assumed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assumptions {
    /// Where it comes from.
    pub source: String,
    /// Whether the owner gets the local allocation tax (地方交付税).
    pub tax: Figure<AllocationTax>,
    /// After how many years what was renewed is renewed again.
    pub renew_after_years: Figure<u8>,
    /// What a device will cost, with tax; without it what those of its lot cost.
    pub device_price: Option<Figure<Yen>>,
    /// The same of a spare.
    pub spare_price: Option<Figure<Yen>>,
}

impl Assumptions {
    /// Reads assumptions and checks them.
    pub fn read(text: &str) -> Result<Self, Vec<FieldViolation>> {
        let value = json(text)?;
        let mut refused = Vec::new();
        let mut reader = Reader::new("", &value, &mut refused);
        let source = reader.text("source", SOURCE_MOST);
        let tax = figure(&mut reader, "allocation_tax", |reader| {
            reader.word("value", AllocationTax::ALL, AllocationTax::code)
        });
        let years = figure(&mut reader, "renew_after_years", |reader| {
            reader.number("value", 1..=YEARS_MOST).and_then(|years| u8::try_from(years).ok())
        });
        let device_price = read_price(&mut reader, "device_price_yen");
        let spare_price = read_price(&mut reader, "spare_price_yen");
        reader.end();
        match (source, tax, years) {
            (Some(source), Some(tax), Some(renew_after_years)) if refused.is_empty() => {
                Ok(Self { source, tax, renew_after_years, device_price, spare_price })
            }
            _ => Err(refused),
        }
    }
}

fn read_price(reader: &mut Reader<'_, '_>, name: &'static str) -> Option<Figure<Yen>> {
    reader.optional(name)?;
    let price = figure(reader, name, |reader| reader.yen("value"))?;
    if price.value == Yen::ZERO {
        reader.refuse(name, say::cost_zero());
    }
    Some(price)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::renewal::rules::rule_sets::{RulesKind, product};

    #[test]
    fn what_is_shipped_is_read_and_what_is_wrong_is_named() {
        let shipped = Assumptions::read(product(RulesKind::Assumptions)).unwrap();
        assert_eq!((shipped.tax.value, shipped.renew_after_years.value), (AllocationTax::Receives, 5));
        assert!(!shipped.tax.origin.verified && shipped.device_price.is_none());
        let said = r#"{"source": "市", "allocation_tax": {"value": "NO", "source": "x", "date": "2026-11-27", "verified": true},
            "renew_after_years": {"value": 0, "source": "x", "date": "2026-11-27", "verified": true},
            "device_price_yen": {"value": "55,000円", "source": "x", "date": "2026-11-27", "verified": true},
            "spare_price_yen": {"value": 0, "source": "x", "date": "2026-11-27", "verified": true}}"#;
        let wrong = Assumptions::read(said).unwrap_err();
        let fields: Vec<_> = wrong.iter().map(|wrong| wrong.field.as_ref()).collect();
        assert_eq!(fields, ["allocation_tax.value", "renew_after_years.value", "spare_price_yen"]);
    }
}
