//! The pages of renewal in the list of pages.

use super::{
    pages::{Page, Step, Who},
    town::Town,
};

fn open(path: impl Into<String>) -> Step {
    Step::Open(path.into())
}

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
}
