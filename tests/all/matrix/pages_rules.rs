//! Pages of the rules of renewal, of what changed, and of owners beside each other.

use super::{
    pages::{NO_OWNER, Page, get, post, shown},
    renewal_pages::{LEDGER, LEDGER_ALL, REPORT, REPORT_ALL},
    roles::{
        Right::*,
        Step::{self, *},
    },
};

/// Assumptions that are right, and their hash: what was seen is set.
const RULES: &str = r#"{ "source": "市", "allocation_tax": { "value": "RECEIVES", "source": "市", "date": "2026-11-27", "verified": true }, "renew_after_years": { "value": 5, "source": "市", "date": "2026-11-27", "verified": true } }"#;
const SEEN: &str = "6b9afb8dee2fe2299d169f11cde401a201cd6f388a217ecd4a7d6c59adc8fc29";

/// Rules are read by who sees renewal and said by who keeps the ledger; what changed names entries.
pub(super) fn rules() -> Vec<Page> {
    const WRITE: &[Step] = &[SeesOwner(ViewFigures, NO_OWNER), OverOwner(EditLedger)];
    const WRITE_ALL: &[Step] = &[Everywhere(EditLedger)];
    const EXPORT: &[Step] =
        &[SeesOwner(ViewFigures, NO_OWNER), OverOwner(ViewRenewal), OverOwner(Export), OverOwner(ViewLedger)];
    let kind = "/renewal/rules/{kind}";
    let assumptions = "/renewal/rules/assumptions";
    let seen = &[("municipality_id", "{municipality}"), ("act", "preview"), ("rules", RULES)];
    let put_in = &[
        ("municipality_id", "{municipality}"),
        ("act", "put_in"),
        ("rules", RULES),
        ("renew_years", "6"),
        ("origin", "市"),
        ("origin_date", "2026-11-27"),
    ];
    let set = &[("municipality_id", "{municipality}"), ("act", "set"), ("rules", RULES), ("seen", SEEN)];
    let given_up = &[("municipality_id", "{municipality}"), ("act", "give_up")];
    vec![
        get("/renewal/rules", "/renewal/rules", REPORT_ALL),
        get("/renewal/rules", "/renewal/rules?municipality_id={municipality}", REPORT),
        get(kind, assumptions, WRITE_ALL),
        get(kind, "/renewal/rules/programmes?municipality_id={municipality}", WRITE),
        shown(post(kind, assumptions, WRITE, seen)),
        shown(post(kind, assumptions, WRITE, put_in)),
        shown(post(kind, assumptions, WRITE_ALL, &[("act", "preview_give_up")])),
        post(kind, assumptions, WRITE, set),
        post(kind, assumptions, WRITE, given_up),
        post(kind, assumptions, WRITE_ALL, &[("act", "set"), ("rules", RULES), ("seen", SEEN)]),
        post(kind, assumptions, WRITE_ALL, &[("act", "give_up")]),
        get("/renewal/changes", "/renewal/changes", LEDGER_ALL),
        get("/renewal/changes", "/renewal/changes?municipality_id={municipality}&since=2026-01-01", LEDGER),
        get("/renewal/export", "/renewal/export?report=changes&municipality_id={municipality}", EXPORT),
        get("/renewal/prefecture", "/renewal/prefecture", REPORT_ALL),
        get("/renewal/prefecture", "/renewal/prefecture?sort=-due&q=%E5%B8%82", REPORT_ALL),
    ]
}
