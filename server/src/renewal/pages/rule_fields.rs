//! The forms of common changes of rules: what they offer, and what was typed into them.

use time::Date;

use super::said;
use crate::{
    access::rules::days::parse_date,
    console::{Fields, Shell, words::devices::value_text},
    devices::rules::fields::OsKind,
    error::{FieldViolation, collect, says::fields as say_field},
    renewal::rules::{
        AllocationTax,
        edits::{AssumptionEdit, Edit, EndEdit, PriceEdit, ProgrammeEdit},
        ends::{EndMeaning, SupportEnd, SupportEnds},
        fraction::Fraction,
        money::Yen,
        programmes::{Origin, Programme, Programmes},
        rule_sets::RulesKind,
        scenario::{Scenario, Scenarios},
    },
    schools::rules::fiscal::FiscalYear,
};

/// Fields of the form of a common change, which are empty again when it is made.
pub(super) const FIELDS: &[&str] = &[
    "programme",
    "copy_id",
    "copy_name",
    "first_year",
    "last_year",
    "standard_yen",
    "rate",
    "cap",
    "line",
    "os",
    "models",
    "versions",
    "last_date",
    "means",
    "scenario",
    "scenario_name",
    "percent",
    "tax",
    "renew_years",
    "device_price",
    "spare_price",
];

/// Values and texts of a choice.
type Choices = Vec<(String, String)>;

/// What the forms offer, out of the rules that stand in the field of JSON.
#[derive(Debug, Default)]
pub(super) struct Offers {
    pub(super) programmes: Choices,
    pub(super) lines: Choices,
    pub(super) systems: Choices,
    pub(super) meanings: Choices,
    pub(super) scenarios: Choices,
    pub(super) taxes: Choices,
}

impl Offers {
    /// What there is to choose for rules of a kind; nothing of rules that can not be read.
    pub(super) fn of(shell: &Shell, kind: RulesKind, text: &str) -> Self {
        let (w, language) = (&shell.w.rules, shell.language);
        let first = |text: &str| (String::new(), text.to_owned());
        match kind {
            RulesKind::Programmes => {
                let all = Programmes::read(text).map(|all| all.programmes).unwrap_or_default();
                let choice = |one: &Programme| (one.id.clone(), format!("{} ({})", said(language, &one.name), one.id));
                Self { programmes: all.iter().map(choice).collect(), ..Self::default() }
            }
            RulesKind::Ends => {
                let all = SupportEnds::read(text).map(|all| all.ends).unwrap_or_default();
                let line = |(number, one): (usize, &SupportEnd)| {
                    let of = one.models.iter().chain(&one.versions).next().map(ToString::to_string);
                    let (system, of) = (value_text(language, one.os.name()), of.unwrap_or_default());
                    (number.to_string(), format!("{number}: {system} {of}"))
                };
                let lines = std::iter::once(first(w.new_line)).chain((1..).zip(&all).map(line)).collect();
                let known = OsKind::ALL.iter().filter(|os| **os != OsKind::Unknown);
                let system = |os: &OsKind| (os.name().to_owned(), value_text(language, os.name()));
                let meaning = |one: &EndMeaning| (one.code().to_owned(), said(language, &one.label()));
                let meanings = EndMeaning::ALL.iter().map(meaning).collect();
                Self { lines, systems: known.map(system).collect(), meanings, ..Self::default() }
            }
            RulesKind::Scenarios => {
                let all = Scenarios::read(text).map(|all| all.scenarios).unwrap_or_default();
                let choice = |one: &Scenario| (one.id.clone(), said(language, &one.name));
                let scenarios = std::iter::once(first(w.new_line)).chain(all.iter().map(choice)).collect();
                Self { scenarios, ..Self::default() }
            }
            RulesKind::Assumptions => {
                let choice = |tax: &AllocationTax| (tax.code().to_owned(), said(language, &tax.label()));
                let taxes = std::iter::once(first(w.unchanged)).chain(AllocationTax::ALL.iter().map(choice)).collect();
                Self { taxes, ..Self::default() }
            }
        }
    }
}

/// Fields as they are read, with all that is wrong.
struct Reading<'f> {
    fields: &'f Fields,
    wrong: Vec<FieldViolation>,
}

impl Reading<'_> {
    /// What a field says, or nothing.
    fn optional<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&'static str, &str) -> Result<T, FieldViolation>,
    ) -> Option<T> {
        let text = self.fields.some(name)?;
        collect(read(name, text), &mut self.wrong)
    }

    /// What a field must say.
    fn needed<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&'static str, &str) -> Result<T, FieldViolation>,
    ) -> Option<T> {
        if self.fields.some(name).is_none() {
            self.wrong.push(FieldViolation::new(name, say_field::empty()));
            return None;
        }
        self.optional(name, read)
    }

    fn text(&self, name: &str) -> Option<String> {
        self.fields.some(name).map(str::to_owned)
    }

    /// Names with commas or lines between them.
    fn names(&self, name: &str) -> Vec<String> {
        let names = self.fields.get(name).split(['、', ',', '，', '\n', '\r']).map(str::trim);
        names.filter(|name| !name.is_empty()).map(str::to_owned).collect()
    }

    fn origin(&mut self) -> Option<Origin> {
        let source = self.needed("origin", |_, text| Ok(text.to_owned()));
        let date: Option<Date> = self.needed("origin_date", parse_date);
        Some(Origin { source: source?, date: date?, verified: self.fields.has("verified") })
    }
}

/// One of several by its name.
fn word<T: Copy + 'static>(
    all: &'static [T],
    code: fn(T) -> &'static str,
) -> impl FnOnce(&'static str, &str) -> Result<T, FieldViolation> {
    move |name: &'static str, text: &str| {
        let found = all.iter().copied().find(|one| code(*one) == text);
        found.ok_or_else(|| FieldViolation::new(name, say_field::unknown_value()))
    }
}

/// A whole number of a range.
fn number(least: i16, most: i16) -> impl FnOnce(&'static str, &str) -> Result<i16, FieldViolation> {
    move |name: &'static str, text: &str| {
        let number = text.trim_end_matches(['%', '％']).parse::<i16>().ok();
        let number = number.filter(|number| (least..=most).contains(number));
        number.ok_or_else(|| FieldViolation::new(name, say_field::whole_number(least, most)))
    }
}

/// The common change that was typed, of rules of a kind. Refused: all fields that can not be read.
pub(super) fn edit(kind: RulesKind, fields: &Fields) -> Result<Edit, Vec<FieldViolation>> {
    let mut reading = Reading { fields, wrong: Vec::new() };
    let edit = match kind {
        RulesKind::Programmes => programme(&mut reading).map(Edit::Programme),
        RulesKind::Ends => end(&mut reading).map(Edit::End),
        RulesKind::Scenarios => price(&mut reading).map(Edit::Price),
        RulesKind::Assumptions => assumption(&mut reading).map(Edit::Assumption),
    };
    match edit {
        Some(edit) if reading.wrong.is_empty() => Ok(edit),
        _ => Err(reading.wrong),
    }
}

fn programme(reading: &mut Reading<'_>) -> Option<ProgrammeEdit> {
    let (first, last) =
        (reading.optional("first_year", FiscalYear::parse), reading.optional("last_year", FiscalYear::parse));
    let standard = reading.optional("standard_yen", Yen::parse);
    let (rate, cap) = (reading.optional("rate", Fraction::parse), reading.optional("cap", Fraction::parse));
    let origin = reading.origin();
    Some(ProgrammeEdit {
        of: reading.text("programme").unwrap_or_default(),
        copy: reading.text("copy_id"),
        name: reading.text("copy_name"),
        first,
        last,
        standard,
        rate,
        cap,
        origin: origin?,
    })
}

fn end(reading: &mut Reading<'_>) -> Option<EndEdit> {
    let os = reading.needed("os", word(OsKind::ALL, OsKind::name));
    let last_day = reading.needed("last_date", parse_date);
    let meaning = reading.needed("means", word(EndMeaning::ALL, EndMeaning::code));
    let origin = reading.origin();
    Some(EndEdit {
        line: reading.text("line").and_then(|line| line.parse().ok()),
        os: os?,
        models: reading.names("models"),
        versions: reading.names("versions"),
        last_day: last_day?,
        meaning: meaning?,
        origin: origin?,
    })
}

fn price(reading: &mut Reading<'_>) -> Option<PriceEdit> {
    let percent = reading.needed("percent", number(-90, 300));
    let origin = reading.origin();
    let (of, name) = (reading.text("scenario"), reading.text("scenario_name"));
    Some(PriceEdit { of, name, percent: percent?, origin: origin? })
}

fn assumption(reading: &mut Reading<'_>) -> Option<AssumptionEdit> {
    let tax = reading.optional("tax", word(AllocationTax::ALL, AllocationTax::code));
    let years = reading.optional("renew_years", number(1, 15)).and_then(|years| u8::try_from(years).ok());
    let device_price = reading.optional("device_price", Yen::parse);
    let spare_price = reading.optional("spare_price", Yen::parse);
    let origin = reading.origin();
    Some(AssumptionEdit { tax, years, device_price, spare_price, origin: origin? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(kind: RulesKind, query: &str) -> Result<Edit, Vec<String>> {
        edit(kind, &Fields::parse(query.as_bytes()))
            .map_err(|wrong| wrong.into_iter().map(|wrong| wrong.field.into_owned()).collect())
    }

    #[test]
    fn all_that_can_not_be_read_is_named() {
        let query = "programme=a&first_year=7&standard_yen=-1&rate=x&cap=1/0&origin=&origin_date=";
        let wrong = read(RulesKind::Programmes, query);
        let all = ["first_year", "standard_yen", "rate", "cap", "origin", "origin_date"];
        assert_eq!(wrong.unwrap_err(), all);
        let wrong = read(RulesKind::Ends, "os=beos&last_date=x&means=NEVER&origin=a&origin_date=R8.11.27");
        assert_eq!(wrong.unwrap_err(), ["os", "last_date", "means"]);
        assert_eq!(read(RulesKind::Scenarios, "percent=301&origin=a&origin_date=R8.1.1").unwrap_err(), ["percent"]);
        let wrong = read(RulesKind::Assumptions, "renew_years=0&tax=X&device_price=1.5&origin=a&origin_date=R8.1.1");
        assert_eq!(wrong.unwrap_err(), ["tax", "renew_years", "device_price"]);
    }

    #[test]
    fn names_stand_between_commas_and_lines() {
        let query = "os=ipados&models=iPad*%E3%80%81K-1%0D%0AK-2&last_date=2031-06-30&means=LAST_CORRECTION\
            &origin=a&origin_date=2026-11-27&verified=1";
        let Ok(Edit::End(end)) = read(RulesKind::Ends, query) else { panic!("it can be read") };
        assert_eq!(end.models, ["iPad*", "K-1", "K-2"]);
        assert!(end.versions.is_empty() && end.origin.verified && end.line.is_none());
    }
}
