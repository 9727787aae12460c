//! Pages of how long devices last, and of repair or replace.

use super::{
    super::{
        renewal_pages::{LEDGER_ALL, REPORT, REPORT_ALL},
        roles::{
            Right::*,
            Step::{self, *},
        },
    },
    NO_DEVICE, NO_OWNER, Page, get,
};

/// Lives are sums, for who sees renewal; an advice is of a single device and its money, for who sees the ledger.
pub(super) fn lives() -> Vec<Page> {
    const DEVICE: &[Step] =
        &[SeesOwner(ViewFigures, NO_OWNER), OverOwner(ViewLedger), OverOwnerOr(ViewLedger, NO_DEVICE)];
    let advice = "/renewal/advice?municipality_id={municipality}&device_id={device}&repair_yen=20000&device_yen=55000";
    vec![
        get("/renewal/lives", "/renewal/lives", REPORT_ALL),
        get("/renewal/lives", "/renewal/lives?municipality_id={municipality}&kind=2", REPORT),
        get("/renewal/advice", "/renewal/advice", LEDGER_ALL),
        get("/renewal/advice", advice, DEVICE),
    ]
}
