//! The pages of renewal in the table of pages.

use super::{
    pages::{NO_OWNER, Page, Way, get, post},
    roles::{
        Right::*,
        Step::{self, *},
    },
};

/// What a page with sums of one owner needs.
pub(super) const REPORT: &[Step] = &[SeesOwner(ViewFigures, NO_OWNER), OverOwner(ViewRenewal)];
/// The same where no owner is named.
pub(super) const REPORT_ALL: &[Step] = &[Anywhere(ViewRenewal)];
/// What a page with single entries of one owner needs.
pub(super) const LEDGER: &[Step] = &[SeesOwner(ViewFigures, NO_OWNER), OverOwner(ViewLedger)];
/// The same where no owner is named.
pub(super) const LEDGER_ALL: &[Step] = &[Anywhere(ViewLedger)];

/// Sums are for who sees renewal, single entries and what an amount is of for who sees the ledger of a whole owner.
pub fn renewal() -> Vec<Page> {
    const ENTRY: &[Step] =
        &[SeesOwner(ViewFigures, NO_OWNER), OverOwner(ViewLedger), OverOwnerOr(ViewLedger, "ENTRY_NOT_FOUND")];
    const EXPORT: &[Step] = &[SeesOwner(ViewFigures, NO_OWNER), OverOwner(ViewRenewal), OverOwner(Export)];
    const EDIT: &[Step] = &[SeesOwner(ViewFigures, NO_OWNER), OverOwner(EditLedger)];
    const EDIT_ANY: &[Step] = &[Anywhere(EditLedger)];
    const EDIT_ENTRY: &[Step] =
        &[SeesOwner(ViewFigures, NO_OWNER), OverOwner(EditLedger), OverOwnerOr(EditLedger, "ENTRY_NOT_FOUND")];
    let export = "/renewal/export";
    let correct = "/renewal/costs/{municipality}/{entry}/correct";
    let form = "/renewal/record/{kind}";
    vec![
        get("/renewal", "/renewal", REPORT_ALL),
        get("/renewal", "/renewal?municipality_id={municipality}", REPORT),
        get("/renewal/plan", "/renewal/plan", REPORT_ALL),
        get("/renewal/plan", "/renewal/plan?municipality_id={municipality}&spare_share=2&cap_after=2", REPORT),
        get("/renewal/scenarios", "/renewal/scenarios", REPORT_ALL),
        get("/renewal/scenarios", "/renewal/scenarios?municipality_id={municipality}", REPORT),
        get("/renewal/scenarios", "/renewal/scenarios?municipality_id={municipality}&price_percent=10", REPORT),
        get(export, "/renewal/export?report=plan&municipality_id={municipality}", EXPORT),
        get(export, "/renewal/export?report=costs&municipality_id={municipality}&form=xlsx", EXPORT),
        get(export, "/renewal/export?report=scenarios&municipality_id={municipality}&scenario=today&form=pdf", EXPORT),
        get("/renewal/costs", "/renewal/costs", LEDGER_ALL),
        get("/renewal/costs", "/renewal/costs?municipality_id={municipality}&kind=10", LEDGER),
        get("/renewal/costs/{municipality}/{entry}", "/renewal/costs/{municipality}/{entry}", ENTRY),
        get("/renewal/disposals", "/renewal/disposals", LEDGER_ALL),
        get("/renewal/disposals", "/renewal/disposals?municipality_id={municipality}", LEDGER),
        get("/renewal/entries", "/renewal/entries", LEDGER_ALL),
        get("/renewal/entries", "/renewal/entries?municipality_id={municipality}&kind=2&shown=all", LEDGER),
        get("/renewal/record", "/renewal/record", EDIT_ANY),
        get("/renewal/record", "/renewal/record?municipality_id={municipality}", EDIT),
        get(form, "/renewal/record/lot?municipality_id={municipality}", EDIT),
        post(
            form,
            "/renewal/record/pupils",
            EDIT,
            &[("municipality_id", "{municipality}"), ("fiscal_year", "{new_year}"), ("pupils", "120")],
        ),
        get(correct, correct, EDIT_ENTRY),
        post(
            correct,
            "/renewal/costs/{municipality}/{new_entry}/correct",
            EDIT_ENTRY,
            &[
                ("kind", "10"),
                ("amount_yen", "4,000円"),
                ("paid_own", "4000"),
                ("from", "R8.4.1"),
                ("reason", "金額の誤り"),
            ],
        ),
        post(
            "/renewal/costs/{municipality}/{entry}/reverse",
            "/renewal/costs/{municipality}/{new_entry}/reverse",
            EDIT_ENTRY,
            &[("reason", "二重の記録")],
        ),
        get("/renewal/import", "/renewal/import", EDIT_ANY),
        get("/renewal/import", "/renewal/import?municipality_id={municipality}", EDIT),
        // The ledger of devices is no file of pupils; the page says what is wrong with it.
        Page {
            good: 422,
            way: Way::Upload,
            ..post(
                "/renewal/import",
                "/renewal/import",
                EDIT,
                &[("municipality_id", "{municipality}"), ("kind", "4"), ("act", "record")],
            )
        },
    ]
}
