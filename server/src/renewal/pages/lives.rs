//! How long devices of each model last: curves of those with most devices, a table of all, and what is to come.

use askama::Template;
use axum::extract::{RawQuery, State as Pages};

use super::{Opened, RenewalPages, Tab, invalid, number_word, said, tabs, year_text};
use crate::{
    access::{pages::SignedIn, rules::Right},
    console::{
        Fields, FormState, PageResult, Shell,
        charts::{Fall, falls},
        page,
        words::renewal as words,
    },
    error::Result,
    renewal::{
        rules::{
            lives::{Estimate, Forecast, KindLives, LifeKind, ModelLives},
            survival::Basis,
        },
        service::LivesReport,
    },
};

/// Models whose curve is drawn.
const CURVES: usize = 12;
/// Steps of a curve that are drawn.
const STEPS: usize = 200;
/// Fewest days of the width of a curve.
const WIDTH_LEAST: u32 = 5 * 365 + 2;
/// Days of a year.
const YEAR: f64 = 365.25;

#[derive(Template)]
#[template(path = "renewal/lives.html")]
struct LivesPage {
    shell: Shell,
    form: FormState,
    tabs: Vec<Tab>,
    owners: Vec<(String, String)>,
    kinds: Vec<(String, String)>,
    name: String,
    report: Option<Shown>,
}

/// What the page shows of a report.
struct Shown {
    moment: String,
    heads: Vec<String>,
    /// Years, each with a number and its interval.
    whole: Vec<(String, String, String)>,
    cards: Vec<Card>,
    lines: Vec<Line>,
    methods: Vec<String>,
}

/// A model with its curve.
struct Card {
    model: String,
    sentence: String,
    chart: String,
}

/// A model in the table: heads with what stands below them, a number and its interval.
struct Line {
    model: String,
    tone: &'static str,
    basis: &'static str,
    cells: Vec<(String, String, String)>,
}

/// A number, and apart from it the interval behind it; empty where there is none.
type Ranged = (String, String);

fn ranged(number: String, interval: Option<String>) -> Ranged {
    (number, interval.map(|interval| format!("({interval})")).unwrap_or_default())
}

fn percent(part: f64) -> String {
    format!("{:.1}%", part * 100.0)
}

fn share_text(share: Option<Estimate>) -> Ranged {
    let Some(share) = share else { return ranged(String::from("–"), None) };
    let interval = share.interval.map(|(low, high)| format!("{:.1}–{:.1}", low * 100.0, high * 100.0));
    ranged(percent(share.value), interval)
}

fn expected_text(failures: Estimate) -> Ranged {
    let interval = failures.interval.map(|(low, high)| format!("{low:.0}–{high:.0}"));
    ranged(format!("{:.0}", failures.value), interval)
}

fn model_text(shell: &Shell, model: &ModelLives) -> String {
    if model.model.is_empty() { shell.w.renewal.model_unknown.to_owned() } else { model.model.clone() }
}

fn median_text(shell: &Shell, one: &KindLives) -> Ranged {
    let years = |days: u32| words::years_of_days(shell.language, days);
    let Some(days) = one.median.days else { return ranged(shell.w.renewal.not_reached.to_owned(), None) };
    let interval = one.median.days_low.zip(one.median.days_high);
    ranged(years(days), interval.map(|(low, high)| format!("{}–{}", years(low), years(high))))
}

/// The curve of what was counted; none for a default.
fn card(shell: &Shell, model: &ModelLives, one: &KindLives) -> Option<Card> {
    let (first, last) = one.curve.observed.filter(|_| one.basis == Basis::Measured)?;
    let width = f64::from(last.max(WIDTH_LEAST));
    let fall = |step: crate::renewal::rules::survival::Step| Fall {
        at: f64::from(step.days) / width,
        value: step.survival,
        low: step.low,
        high: step.high,
    };
    let steps: Vec<_> = one.curve.thinned(STEPS).into_iter().map(fall).collect();
    let marks: Vec<_> = (0_u8..).map(|years| f64::from(years) * YEAR / width).take_while(|mark| *mark <= 1.0).collect();
    let name = model_text(shell, model);
    let shares: Vec<_> = one.shares.iter().map(|(years, share)| (*years, share_text(*share))).collect();
    let text = words::curve_text(shell.language, &name, &shares);
    let (lives, failures) = (one.curve.lives, one.curve.failures);
    Some(Card {
        sentence: words::lives_sentence(shell.language, lives, failures, Some((first, last))),
        chart: falls(&text, &marks, &steps, (f64::from(first) / width, f64::from(last) / width)),
        model: name,
    })
}

/// Heads of the table behind the model and what it rests on.
fn heads(shell: &Shell, forecasts: &[Forecast]) -> Vec<String> {
    let (w, language) = (&shell.w.renewal, shell.language);
    let mut heads =
        vec![w.devices_now.to_owned(), w.life_count.to_owned(), w.failure_count.to_owned(), w.median.to_owned()];
    heads.extend(crate::renewal::rules::lives::SHARE_YEARS.map(|years| words::within_years(language, years)));
    heads.extend(forecasts.iter().map(|one| words::failures_in(language, &year_text(language, one.year))));
    heads
}

fn line(shell: &Shell, model: &ModelLives, one: &KindLives, heads: &[String]) -> Line {
    let mut cells = vec![
        ranged(shell.number(model.devices), None),
        ranged(shell.number(one.curve.lives), None),
        ranged(shell.number(one.curve.failures), None),
        median_text(shell, one),
    ];
    cells.extend(one.shares.iter().map(|(_, share)| share_text(*share)));
    cells.extend(one.forecasts.iter().map(|forecast| expected_text(forecast.failures)));
    let (tone, basis) = match one.basis {
        Basis::Measured => ("good", shell.w.renewal.counted),
        Basis::Assumed => ("quiet", shell.w.renewal.assumed),
    };
    let cell = |(head, (number, interval)): (&String, Ranged)| (head.clone(), number, interval);
    Line { model: model_text(shell, model), tone, basis, cells: heads.iter().zip(cells).map(cell).collect() }
}

fn shown(shell: &Shell, report: &LivesReport, kind: LifeKind) -> Shown {
    let language = shell.language;
    let of_kind: Vec<_> = report.models.iter().filter_map(|model| Some((model, model.kind(kind)?))).collect();
    let whole = report.whole.iter().find(|whole| whole.kind == kind);
    let forecasts = whole.map(|whole| whole.forecasts.as_slice()).unwrap_or_default();
    let heads = heads(shell, forecasts);
    let year = |one: &Forecast| {
        let (number, interval) = expected_text(one.failures);
        (year_text(language, one.year), number, interval)
    };
    let mut methods: Vec<_> = of_kind.iter().map(|(_, one)| one.method).collect();
    methods.sort_unstable();
    methods.dedup();
    Shown {
        moment: shell.moment_with_seconds(report.as_of),
        whole: forecasts.iter().map(year).collect(),
        cards: of_kind.iter().filter_map(|(model, one)| card(shell, model, one)).take(CURVES).collect(),
        lines: of_kind.iter().map(|(model, one)| line(shell, model, one, &heads)).collect(),
        methods: methods.into_iter().map(|method| said(language, &method.label())).collect(),
        heads,
    }
}

/// Which lives are asked for. Reason: FIELD_INVALID.
fn kind(fields: &Fields) -> Result<LifeKind> {
    let kind = number_word("kind", fields.get("kind"), LifeKind::from_number).map_err(invalid)?;
    Ok(kind.unwrap_or(LifeKind::Failure))
}

pub(super) async fn lives(person: SignedIn, Pages(pages): Pages<RenewalPages>, RawQuery(raw): RawQuery) -> PageResult {
    let (staff, shell) = (&person.staff, person.shell);
    let Opened { fields, owners, asked } = Opened::read(&pages, (staff, Right::ViewRenewal), raw, shell.now).await?;
    let asked = asked.and_then(|asked| Ok((asked.owner, kind(&fields)?)));
    let made = match asked {
        Ok((owner, kind)) => match pages.renewal.lives(staff, owner).await {
            Ok(report) => Ok((shown(&shell, &report, kind), owner)),
            Err(error) => Err(error),
        },
        Err(error) => Err(error),
    };
    let tabs = tabs(&shell, staff, &fields, "/renewal/lives");
    let choices = owners.choices(shell.w.renewal.all_owners);
    let kinds = LifeKind::ALL.iter().map(|kind| (kind.to_number().to_string(), said(shell.language, &kind.label())));
    let kinds = kinds.collect();
    let (form, report, name) = match made {
        Ok((report, owner)) => (FormState::filled(fields), Some(report), owners.name(owner)),
        Err(error) => (FormState::refused(fields, error)?, None, String::new()),
    };
    page(form.status(), &LivesPage { shell, form, tabs, owners: choices, kinds, name, report })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_say_how_far_they_are_known() {
        let of = |number: &str, interval: &str| (number.to_owned(), interval.to_owned());
        let share = |interval| share_text(Some(Estimate { value: 0.12, interval }));
        assert_eq!([share(None), share(Some((0.08, 0.175)))], [of("12.0%", ""), of("12.0%", "(8.0–17.5)")]);
        assert_eq!(share_text(None), of("–", ""));
        assert_eq!(ranged(String::from("12"), Some(String::from("7–20"))), of("12", "(7–20)"));
        assert_eq!(ranged(String::from("–"), None), of("–", ""));
        let expected = expected_text(Estimate { value: 12.4, interval: Some((7.0, 19.6)) });
        assert_eq!(expected, of("12", "(7–20)"));
    }

    #[test]
    fn any_failure_is_meant_where_nothing_is_said() {
        let read = |query: &str| kind(&Fields::parse(query.as_bytes()));
        assert_eq!((read("").unwrap(), read("kind=2").unwrap()), (LifeKind::Failure, LifeKind::Battery));
        assert_eq!(read("kind=9").unwrap_err().fields[0].field, "kind");
    }
}
