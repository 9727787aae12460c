//! Pages of how long devices last, and of repair or replace.

use super::{
    super::roles::{
        Right::*,
        Step::{self, *},
    },
    NO_DEVICE, NO_OWNER, Page, get,
};

/// Lives are sums, for who sees renewal; an advice is of a single device and its money, for who sees the ledger.
pub(super) fn lives() -> Vec<Page> {
    const REPORT: &[Step] = &[SeesOwner(ViewFigures, NO_OWNER), OverOwner(ViewRenewal)];
    const DEVICE: &[Step] =
        &[SeesOwner(ViewFigures, NO_OWNER), OverOwner(ViewLedger), OverOwnerOr(ViewLedger, NO_DEVICE)];
    let advice = "/renewal/advice?municipality_id={municipality}&device_id={device}&repair_yen=20000&device_yen=55000";
    vec![
        get("/renewal/lives", "/renewal/lives", &[Anywhere(ViewRenewal)]),
        get("/renewal/lives", "/renewal/lives?municipality_id={municipality}&kind=2", REPORT),
        get("/renewal/advice", "/renewal/advice", &[Anywhere(ViewLedger)]),
        get("/renewal/advice", advice, DEVICE),
    ]
}
