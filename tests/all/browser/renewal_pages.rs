//! The pages of renewal in the list of pages.

use super::{
    pages::{Page, Step, Who},
    town::Town,
};

fn open(path: impl Into<String>) -> Step {
    Step::Open(path.into())
}

/// Puts a file of pupils into the field, as somebody who chooses it does.
macro_rules! choose_file {
    ($text:literal) => {
        concat!(
            "const chosen = new DataTransfer();
             chosen.items.add(new File(['",
            $text,
            "'], 'pupils.csv'));
             document.querySelector('#field-file').files = chosen.files;"
        )
    };
}

const GOOD_FILE: &str = choose_file!(r"年度,児童生徒数,出典\nR20,620,推計\n");
const BAD_FILE: &str = choose_file!(r"年度,児童生徒数,学校\nR20,六百,\n7,620,どこにもない学校\n");

/// All pages of renewal, for the administrator of everything.
pub fn renewal(town: &Town) -> Vec<Page> {
    let of = |name, way: Vec<Step>| Page { name, who: Who::Administrator, way };
    let Town { municipality, long_municipality, empty_municipality, device, .. } = town;
    let own = |path: &str, rest: &str| open(format!("/renewal{path}?municipality_id={municipality}{rest}"));
    let own_terms = "&scenario=today&scenario=running-costs-covered&price_percent=15&later_years=1&covered=1";
    vec![
        of("renewal", vec![open("/renewal")]),
        of("renewal-town", vec![own("", "")]),
        of("renewal-before", vec![own("", "&as_of_time=R8.4.1")]),
        of("renewal-empty", vec![open(format!("/renewal?municipality_id={empty_municipality}"))]),
        of("renewal-refused", vec![own("", "&as_of_time=いつか")]),
        of("renewal-plan", vec![own("/plan", "")]),
        of("renewal-plan-definitions", vec![own("/plan", "&spare_share=2&cap_after=2")]),
        of("renewal-plan-refused", vec![open(format!("/renewal/plan?municipality_id={long_municipality}"))]),
        of("renewal-plan-empty", vec![open(format!("/renewal/plan?municipality_id={empty_municipality}"))]),
        of("renewal-plan-together", vec![open("/renewal/plan")]),
        of("renewal-scenarios", vec![own("/scenarios", "")]),
        of("renewal-scenarios-own", vec![own("/scenarios", own_terms)]),
        of("renewal-scenarios-refused", vec![own("/scenarios", "&price_percent=1000&later_years=99")]),
        of("renewal-costs-choose", vec![open("/renewal/costs")]),
        of("renewal-costs", vec![own("/costs", "")]),
        of("renewal-costs-year", vec![own("/costs", "&year=R9&payer=5&school=-")]),
        of("renewal-costs-refused", vec![own("/costs", "&year=7")]),
        of("renewal-lot", vec![own("/costs", "&kind=1"), Step::Follow("#parts a[data-row-link]")]),
        of("renewal-cost", vec![own("/costs", "&kind=11"), Step::Follow("#parts a[data-row-link]")]),
        of("renewal-disposals", vec![own("/disposals", "")]),
        of("renewal-disposal", vec![own("/disposals", ""), Step::Follow("#disposals tbody a")]),
        of("renewal-lives", vec![open("/renewal/lives")]),
        of("renewal-lives-battery", vec![own("/lives", "&kind=2")]),
        of("renewal-lives-refused", vec![own("/lives", "&kind=9")]),
        of("renewal-lives-none", vec![open(format!("/renewal/lives?municipality_id={empty_municipality}"))]),
        of("renewal-advice", vec![own("/advice", &format!("&device_id={device}&repair_yen=25000&device_yen=55000"))]),
        of("renewal-advice-begin", vec![own("/advice", &format!("&device_id={device}"))]),
        of("renewal-advice-refused", vec![own("/advice", "&device_id=x&repair_yen=高い&device_yen=")]),
        of("renewal-disposals-none", vec![open(format!("/renewal/disposals?municipality_id={empty_municipality}"))]),
    ]
    .into_iter()
    .chain(rules(town))
    .collect()
}

/// Pages of rules, of what changed, and of owners beside each other.
fn rules(town: &Town) -> Vec<Page> {
    let of = |name, way: Vec<Step>| Page { name, who: Who::Administrator, way };
    let Town { municipality, empty_municipality, .. } = town;
    let own = |path: &str| open(format!("/renewal{path}?municipality_id={municipality}"));
    let put_in = Step::Follow("#common [value=put_in]");
    let figures = vec![
        Step::Fill("#field-standard_yen", "30000"),
        Step::Fill("#field-cap", "20%"),
        Step::Fill("#field-origin", "市の試算"),
        put_in.clone(),
    ];
    let end = vec![own("/rules/ends"), Step::Fill("#field-last_date", "いつか"), put_in.clone()];
    let wrong = vec![own("/rules/scenarios"), Step::Fill("#field-rules", "{}"), Step::Follow("#rules [value=preview]")];
    vec![
        of("renewal-rules", vec![own("/rules")]),
        of("renewal-rules-installation", vec![open("/renewal/rules")]),
        of("renewal-rules-refused", vec![open("/renewal/rules?as_of_time=いつか")]),
        of("renewal-rules-programmes", vec![own("/rules/programmes")]),
        of("renewal-rules-programmes-seen", [vec![own("/rules/programmes")], figures.clone()].concat()),
        of("renewal-rules-installation-seen", [vec![open("/renewal/rules/programmes")], figures].concat()),
        of("renewal-rules-ends", vec![own("/rules/ends")]),
        of("renewal-rules-ends-refused", end),
        of("renewal-rules-scenarios-wrong", wrong),
        of("renewal-rules-assumptions", vec![own("/rules/assumptions")]),
        of("renewal-changes-choose", vec![open("/renewal/changes")]),
        of("renewal-changes", vec![own("/changes")]),
        of("renewal-changes-none", vec![open(format!("/renewal/changes?municipality_id={empty_municipality}"))]),
        of("renewal-changes-refused", vec![open("/renewal/changes?since=いつか")]),
        of("renewal-prefecture", vec![open("/renewal/prefecture")]),
        of("renewal-prefecture-sorted", vec![open("/renewal/prefecture?sort=-cost&q=市")]),
        of("renewal-prefecture-nobody", vec![open("/renewal/prefecture?q=zzzz")]),
        of("renewal-prefecture-refused", vec![open("/renewal/prefecture?as_of_time=いつか")]),
    ]
}

/// The pages on which the ledger is kept. Nothing is recorded on the way: others look at the same ledger.
pub fn ledger(town: &Town) -> Vec<Page> {
    let of = |name, way: Vec<Step>| Page { name, who: Who::Administrator, way };
    let Town { municipality, empty_municipality, .. } = town;
    let own = |path: &str, rest: &str| open(format!("/renewal/{path}?municipality_id={municipality}{rest}"));
    let bare = || Step::Script("document.querySelectorAll('main form').forEach((form) => { form.noValidate = true; })");
    let send = || Step::Follow("#record .primary");
    let first = |kind: &str| vec![own("entries", kind), Step::Follow("#entries a[data-row-link]")];
    let looked_at = |file: &'static str| {
        vec![
            own("import", ""),
            Step::Choose("#field-kind", String::from("4")),
            Step::Script(file),
            Step::Follow("#look .primary"),
        ]
    };
    vec![
        of("ledger-choose", vec![open("/renewal/entries")]),
        of("ledger", vec![own("entries", "")]),
        of("ledger-all", vec![own("entries", "&kind=4&shown=all")]),
        of("ledger-none", vec![open(format!("/renewal/entries?municipality_id={empty_municipality}"))]),
        of("ledger-refused", vec![own("entries", "&kind=99")]),
        of("ledger-record-choose", vec![open("/renewal/record")]),
        of("ledger-record", vec![own("record", "")]),
        of("ledger-record-lot", vec![own("record/lot", "")]),
        of("ledger-record-lot-refused", vec![own("record/lot", ""), bare(), send()]),
        of("ledger-record-cost", vec![own("record/cost", "")]),
        of("ledger-record-disposal-refused", vec![own("record/disposal", ""), bare(), send()]),
        of("ledger-record-pupils", vec![own("record/pupils", "")]),
        of("ledger-record-planned", vec![own("record/planned", "")]),
        of("ledger-record-disposal-plan", vec![own("record/disposal-plan", "")]),
        of("ledger-record-network", vec![own("record/network", "")]),
        of("ledger-correct", [first("&kind=1"), vec![Step::Follow("#correct")]].concat()),
        of("ledger-correct-refused", [first("&kind=6"), vec![Step::Follow("#correct"), bare(), send()]].concat()),
        of(
            "ledger-take-back-refused",
            [first("&kind=2"), vec![Step::Click("#take-back summary"), bare(), Step::Follow("#take-back .danger")]]
                .concat(),
        ),
        of("ledger-import", vec![own("import", "")]),
        of("ledger-import-looked", looked_at(GOOD_FILE)),
        of("ledger-import-faults", looked_at(BAD_FILE)),
    ]
}
