//! Methods of renewal.

use serde_json::{Value, json};
use tonic::Code;

use super::{
    super::roles::{
        Right::*,
        Step::{self, *},
    },
    NO_DEVICE, NO_OWNER, NO_SCHOOL, Rpc, staff,
};

pub(super) fn renewal() -> Vec<Rpc> {
    const NO_ENTRY: &str = "ENTRY_NOT_FOUND";
    const REPORT: &[Step] = &[SeesOwner(ViewFigures, NO_OWNER), OverOwner(ViewRenewal)];
    const REPORT_ALL: &[Step] = &[Anywhere(ViewRenewal)];
    const LOOK: &[Step] = &[SeesOwner(ViewFigures, NO_OWNER), OverOwner(ViewLedger)];
    const LOOK_AT: &[Step] =
        &[SeesOwner(ViewFigures, NO_OWNER), OverOwner(ViewLedger), OverOwnerOr(ViewLedger, NO_ENTRY)];
    const LOOK_AT_DEVICE: &[Step] =
        &[SeesOwner(ViewFigures, NO_OWNER), OverOwner(ViewLedger), OverOwnerOr(ViewLedger, NO_DEVICE)];
    const WRITE: &[Step] = &[SeesOwner(ViewFigures, NO_OWNER), OverOwner(EditLedger)];
    const WRITE_AT_SCHOOL: &[Step] =
        &[SeesOwner(ViewFigures, NO_OWNER), OverOwner(EditLedger), OverOwnerOr(EditLedger, NO_SCHOOL)];
    const CHANGE: &[Step] =
        &[SeesOwner(ViewFigures, NO_OWNER), OverOwner(EditLedger), OverOwnerOr(EditLedger, NO_ENTRY)];
    const EXPORT: &[Step] = &[SeesOwner(ViewFigures, NO_OWNER), OverOwner(ViewRenewal), OverOwner(Export)];
    let of_owner = json!({ "municipality_id": "{municipality}" });
    let of_entry = json!({ "municipality_id": "{municipality}", "entry_id": "{entry}" });
    let cost = || {
        json!({
            "kind": "COST_KIND_INSURANCE", "amount_yen": "5,000円", "from": "R8.4.1",
            "funding": [{ "payer": "PAYER_OWN", "amount_yen": "5000" }],
        })
    };
    let at_owner = json!({ "entry": { "municipality_id": "{municipality}", "cost": cost() } });
    let at_school =
        json!({ "entry": { "municipality_id": "{municipality}", "school_id": "{school}", "cost": cost() } });
    let correction = json!({
        "entry": { "municipality_id": "{municipality}", "cost": cost() }, "corrects_entry_id": "{new_entry}", "reason": "誤り",
    });
    let back = json!({ "municipality_id": "{municipality}", "entry_id": "{new_entry}", "reason": "二重記録" });
    // 年度,児童生徒数 and a year with its pupils.
    let file = json!({
        "municipality_id": "{municipality}", "kind": "RENEWAL_ENTRY_KIND_PUPILS", "dry_run": true,
        "content": "5bm05bqmLOWFkOerpeeUn+W+kuaVsApSNywxMDAK",
    });
    let reset = |more: Value| {
        let mut request = json!({ "kind": "RENEWAL_RULES_KIND_SCENARIOS", "reset": true });
        for (name, value) in more.as_object().expect("fields") {
            request[name] = value.clone();
        }
        request
    };
    let advice = json!({
        "municipality_id": "{municipality}", "device_id": "{device}", "repair_yen": "20,000円", "device_yen": "55000",
    });
    let by_school = json!({ "municipality_id": "{municipality}", "by_school": true });
    let tried =
        json!({ "municipality_id": "{municipality}", "price_percent": 10, "later_years": 1, "is_covered": true });
    let changes = json!({ "municipality_id": "{municipality}", "since_time": "2026-01-01T00:00:00Z" });
    vec![
        staff("RenewalService/RecordRenewalEntry", WRITE, at_owner),
        staff("RenewalService/RecordRenewalEntry", WRITE_AT_SCHOOL, at_school),
        staff("RenewalService/RecordRenewalEntry", CHANGE, correction),
        staff("RenewalService/ReverseRenewalEntry", CHANGE, back),
        staff("RenewalService/GetRenewalEntry", LOOK_AT, of_entry.clone()),
        staff("RenewalService/ListRenewalEntries", LOOK, of_owner.clone()),
        staff("RenewalService/ListRenewalParts", LOOK, of_owner.clone()),
        staff("RenewalService/ListRenewalDevices", LOOK_AT, of_entry),
        staff("RenewalService/ImportRenewalEntries", WRITE, file),
        staff(
            "RenewalService/GetRenewalRules",
            REPORT,
            json!({ "municipality_id": "{municipality}", "kind": "RENEWAL_RULES_KIND_PROGRAMMES" }),
        ),
        staff("RenewalService/GetRenewalRules", REPORT_ALL, json!({ "kind": "RENEWAL_RULES_KIND_PROGRAMMES" })),
        staff("RenewalService/SetRenewalRules", WRITE, reset(of_owner.clone())),
        staff("RenewalService/SetRenewalRules", &[Everywhere(EditLedger)], reset(json!({}))),
        staff("RenewalService/PreviewRenewalRules", REPORT, reset(of_owner.clone())),
        staff("RenewalService/GetRenewalPlan", REPORT, of_owner.clone()),
        staff("RenewalService/GetRenewalPlan", REPORT_ALL, json!({})),
        staff("RenewalService/GetRenewalCosts", REPORT, of_owner.clone()),
        staff("RenewalService/GetRenewalCosts", REPORT_ALL, json!({})),
        staff("RenewalService/GetRenewalScenarios", REPORT, of_owner.clone()),
        staff("RenewalService/GetRenewalScenarios", REPORT_ALL, json!({})),
        staff("RenewalService/GetDeviceLives", REPORT, of_owner.clone()),
        staff("RenewalService/GetDeviceLives", REPORT_ALL, json!({})),
        // It is of a single device.
        staff("RenewalService/GetRepairAdvice", LOOK_AT_DEVICE, advice),
        staff("RenewalService/GetSpares", REPORT, of_owner.clone()),
        staff("RenewalService/GetSpares", REPORT, by_school),
        staff("RenewalService/GetSpares", REPORT_ALL, json!({})),
        staff("RenewalService/TryRenewalScenario", REPORT, tried),
        staff("RenewalService/TryRenewalScenario", REPORT_ALL, json!({ "price_percent": -5 })),
        // It names entries.
        staff("RenewalService/GetRenewalChanges", LOOK, changes),
        staff("RenewalService/ExportRenewalReport", EXPORT, json!({ "plan": of_owner })),
        // What is no content of a report tells nobody anything; who gets one is seen in `a_report_is_verified`.
        staff(
            "RenewalService/VerifyRenewalReport",
            &[Anywhere(ViewRenewal), Always(Code::InvalidArgument, "FIELD_INVALID")],
            json!({ "content": "{ }" }),
        ),
    ]
}
