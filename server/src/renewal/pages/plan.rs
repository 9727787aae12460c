//! The published plan as it will be printed: in its form, with the definitions that are chosen, and what is refused row by row.

use askama::Template;
use axum::extract::{RawQuery, State as Pages};

use super::{AS_OF, Asked, Foot, Opened, RenewalPages, Tab, address, may_export, said, tabs};
use crate::{
    access::{pages::SignedIn, rules::Right},
    console::{Fields, FormState, Language, PageResult, Shell, page},
    error::{Both, FieldViolation, says::renewal as say},
    renewal::rules::{
        plan::{CapAfterRenewal, Definitions, SpareShare, disposal::DisposalBlock},
        report::{
            Sealed,
            plan::{PlanOrder, PlanReport},
        },
    },
    schools::rules::fiscal::FiscalYear,
};

/// Fields of the form.
const CAP_AFTER: &str = "cap_after";
const SPARE_SHARE: &str = "spare_share";
/// Fields of a year as refusals name them, with their rows in the form.
const ROWS: [(&str, u8); 5] =
    [("pupils", 1), ("installed", 3), ("installed_by_fund", 4), ("spares", 6), ("spares_by_fund", 7)];

#[derive(Template)]
#[template(path = "renewal/plan.html")]
struct PlanPage {
    shell: Shell,
    form: FormState,
    tabs: Vec<Tab>,
    owners: Vec<(String, String)>,
    caps: Vec<(String, String)>,
    shares: Vec<(String, String)>,
    name: String,
    refused: Option<(String, Vec<RefusedRow>)>,
    sheet: Option<Sheet>,
}

/// Why a row can not stand in the form.
pub(super) struct RefusedRow {
    year: String,
    row: String,
    why: String,
}

impl RefusedRow {
    /// On one line.
    pub(super) fn text(&self) -> String {
        format!("{} {}: {}", self.year, self.row, self.why)
    }
}

/// The sheet as it is printed.
struct Sheet {
    is_empty: bool,
    programme: String,
    source: String,
    years: Vec<String>,
    rows: Vec<SheetRow>,
    notes: Vec<String>,
    disposal: Option<Block>,
    network: Option<Network>,
    problems: Vec<String>,
    left_out: Vec<(String, String)>,
    foot: Foot,
    exports: Option<[String; 4]>,
}

/// ① to ⑧ with its cells, each with the year for a phone.
struct SheetRow {
    number: char,
    label: &'static str,
    cells: Vec<(String, String)>,
}

struct Block {
    devices: u32,
    routes: Vec<(String, u32)>,
    erasers: Vec<String>,
    schedule: Vec<(String, String)>,
}

struct Network {
    year: String,
    reached: u32,
    schools: u32,
    unknown: u32,
    share: String,
}

/// ① for 1.
pub(super) fn circled(number: u8) -> char {
    char::from_u32(0x245f + u32::from(number)).unwrap_or('?')
}

/// What is chosen; the usual where nothing is.
pub(super) fn order(fields: &Fields) -> PlanOrder {
    let usual = PlanOrder::default().definitions;
    let number = |name: &str| super::number_of::<i16>(fields, name);
    let definitions = Definitions {
        cap_after: number(CAP_AFTER).and_then(CapAfterRenewal::from_number).unwrap_or(usual.cap_after),
        spare_share: number(SPARE_SHARE).and_then(SpareShare::from_number).unwrap_or(usual.spare_share),
    };
    PlanOrder { definitions, programme: fields.some("programme").map(str::to_owned) }
}

/// A refusal of a year as a row of the form: `years.R7.spares` is ⑥ of 令和7年度.
pub(super) fn refused_row(language: Language, wrong: &FieldViolation) -> RefusedRow {
    let mut path = wrong.field.split('.').skip(1);
    let (letter, field) = (path.next().unwrap_or_default(), path.next().unwrap_or_default());
    let year = FiscalYear::parse("year", letter).map(|year| super::year_text(language, year));
    let row = ROWS.iter().find(|(name, _)| *name == field).map(|(_, number)| circled(*number).to_string());
    RefusedRow {
        year: year.unwrap_or_else(|_| letter.to_owned()),
        row: row.unwrap_or_else(|| field.to_owned()),
        why: said(language, &wrong.message),
    }
}

fn block(language: Language, block: &DisposalBlock) -> Block {
    Block {
        devices: block.devices,
        routes: block.by_route.iter().map(|(route, count)| (said(language, &route.label()), *count)).collect(),
        erasers: block.erasers.iter().map(|eraser| said(language, &eraser.label())).collect(),
        schedule: block.schedule.clone(),
    }
}

fn sheet(shell: &Shell, sealed: &Sealed<PlanReport>, exports: Option<[String; 4]>) -> Sheet {
    let (language, report) = (shell.language, &sealed.report);
    // The form is Japanese in both languages.
    let years: Vec<_> = report.plan.years.iter().map(|year| year.japanese()).collect();
    let row = |row: &crate::renewal::rules::plan::Row| SheetRow {
        number: circled(row.number),
        label: row.label,
        cells: years.iter().cloned().zip(row.cells.iter().map(ToString::to_string)).collect(),
    };
    let rows: Vec<_> = report.plan.rows.iter().map(row).collect();
    let is_blank = rows.iter().all(|row| row.cells.iter().all(|(_, cell)| cell.is_empty()));
    let texts = |all: &[Both]| all.iter().map(|one| said(language, one)).collect::<Vec<_>>();
    Sheet {
        is_empty: is_blank && report.disposal.is_none() && report.network.is_none(),
        programme: said(language, &report.programme.name),
        source: report.programme.origin.source.clone(),
        years,
        rows,
        notes: texts(&report.plan.footnotes),
        disposal: report.disposal.as_ref().map(|one| block(language, one)),
        network: report.network.map(|(year, network)| Network {
            year: super::year_text(language, year),
            reached: network.reached,
            schools: network.schools,
            unknown: network.unknown,
            share: network.share().map(|share| share.to_string()).unwrap_or_default(),
        }),
        problems: report.problems.iter().map(|problem| said(language, &problem.label())).collect(),
        left_out: report.left_out.iter().map(|(code, why)| (code.clone(), said(language, why))).collect(),
        foot: Foot::of(shell, sealed, report.as_of, &report.rules),
        exports,
    }
}

pub(super) async fn plan(person: SignedIn, Pages(pages): Pages<RenewalPages>, RawQuery(raw): RawQuery) -> PageResult {
    let (staff, shell) = (&person.staff, person.shell);
    let Opened { mut fields, owners, asked } =
        Opened::read(&pages, (staff, Right::ViewRenewal), raw, shell.now).await?;
    let order = order(&fields);
    fields.set(CAP_AFTER, order.definitions.cap_after.to_number().to_string());
    fields.set(SPARE_SHARE, order.definitions.spare_share.to_number().to_string());
    let owner = asked.as_ref().ok().and_then(|asked: &Asked| asked.owner);
    let made = match asked {
        Ok(asked) => pages.renewal.plan(staff, asked.owner, asked.as_of, &order).await,
        Err(error) => Err(error),
    };
    let tabs = tabs(&shell, staff, &fields, "/renewal/plan");
    let (form, sheet, refused) = match made {
        Ok(sealed) => {
            let as_of = crate::renewal::rules::known::as_of_text(sealed.report.as_of);
            let export = |form: &str| {
                let address = address("/renewal/export", &fields).with("report", "plan").with(AS_OF, &as_of);
                let address = address.with(CAP_AFTER, fields.get(CAP_AFTER)).with(SPARE_SHARE, fields.get(SPARE_SHARE));
                address.with("form", form).text()
            };
            let exports = may_export(staff, &owners, owner).then(|| super::forms(export));
            let sheet = sheet(&shell, &sealed, exports);
            (FormState::filled(fields), Some(sheet), None)
        }
        // What is recorded is wrong, not what was asked for.
        Err(error) if error.reason == "PLAN_REFUSED" => {
            let rows = error.fields.iter().map(|wrong| refused_row(shell.language, wrong)).collect();
            let refused = (shell.w.renewal.refused.to_owned(), rows);
            (FormState::filled(fields), None, Some(refused))
        }
        Err(error) if error.reason == "PROGRAMME_NOT_FOUND" => {
            let why = said(shell.language, &say::no_programme());
            let row = RefusedRow { year: String::new(), row: shell.w.renewal.programme.to_owned(), why };
            (FormState::filled(fields), None, Some((shell.w.renewal.plan_none.to_owned(), vec![row])))
        }
        Err(error) => (FormState::refused(fields, error)?, None, None),
    };
    let choices = |all: Vec<(i16, Both)>| {
        all.into_iter().map(|(number, label)| (number.to_string(), said(shell.language, &label))).collect::<Vec<_>>()
    };
    let caps = choices(CapAfterRenewal::ALL.iter().map(|one| (one.to_number(), one.label())).collect());
    let shares = choices(SpareShare::ALL.iter().map(|one| (one.to_number(), one.label())).collect());
    let (name, owners) = (owners.name(owner), owners.choices(shell.w.renewal.all_owners));
    page(form.status(), &PlanPage { shell, form, tabs, owners, caps, shares, name, refused, sheet })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_name_the_row_of_the_form() {
        let wrong = FieldViolation::new("years.R7.spares", say::spares_above(1_171, 1_170));
        let row = refused_row(Language::Ja, &wrong);
        assert_eq!((row.year.as_str(), row.row.as_str()), ("令和7年度", "⑥"));
        assert_eq!((circled(1), circled(8)), ('①', '⑧'));
    }

    #[test]
    fn unknown_choices_are_the_usual_ones() {
        let order = order(&Fields::parse(b"cap_after=9&spare_share=2"));
        assert_eq!(order.definitions.cap_after, CapAfterRenewal::Zero);
        assert_eq!(order.definitions.spare_share, SpareShare::OfAllowed);
    }
}
