//! Methods of tickets.

use serde_json::{Value, json};
use tonic::Code;

use super::{
    super::roles::{
        Right::*,
        Step::{self, *},
    },
    NO_OWNER, NO_SCHOOL, Rpc, staff,
};

pub(super) fn tickets() -> Vec<Rpc> {
    const NO_TICKET: &str = "TICKET_NOT_FOUND";
    const REPORT: &[Step] =
        &[SeesOwner(ViewFigures, NO_OWNER), InOwner(ReportTickets), Sees(ViewFigures, NO_SCHOOL), May(ReportTickets)];
    const SEE: &[Step] = &[Anywhere(ViewTickets), Sees(ViewTickets, NO_TICKET)];
    const WORK: &[Step] = &[Anywhere(ViewTickets), Sees(ViewTickets, NO_TICKET), May(WorkTickets)];
    const ANSWER: &[Step] = &[Anywhere(ViewTickets), Sees(ViewTickets, NO_TICKET), May(ReportTickets)];
    const LIST: &[Step] = &[Anywhere(ViewTickets), SeesOwner(ViewTickets, NO_OWNER)];
    const LIST_OF_SCHOOL: &[Step] =
        &[Anywhere(ViewTickets), SeesOwner(ViewTickets, NO_OWNER), Sees(ViewFigures, NO_SCHOOL)];
    const DESK: &[Step] = &[Anywhere(WorkTickets), SeesOwner(ViewFigures, NO_OWNER), InOwner(WorkTickets)];
    const TAKE_ALONG: &[Step] =
        &[Anywhere(ViewFigures), SeesOwner(ViewFigures, NO_OWNER), Anywhere(Export), InOwner(Export)];
    const PROMISE: &[Step] = &[SeesOwner(ViewFigures, NO_OWNER), InOwner(EditSchools), OverOwner(EditSchools)];
    let of_owner = json!({ "municipality_id": "{municipality}" });
    let of_school = json!({ "municipality_id": "{municipality}", "school_id": "{school}" });
    let report = json!({
        "municipality_id": "{municipality}", "school_id": "{school}", "subject": "遅い", "category": "TICKET_CATEGORY_SLOW",
    });
    let change = |verb: &str, what: Value| {
        let mut request = json!({ "municipality_id": "{municipality}", "ticket_id": "{new_ticket}", "version": 2 });
        request[verb] = what;
        request
    };
    let text = || json!({ "text": "確認しました" });
    // Of what an incident of the school explains, background work would take it in while others are refused.
    let judged = json!({
        "category": "TICKET_CATEGORY_SCREEN", "impact": "TICKET_IMPACT_ONE_CLASS", "urgency": "TICKET_URGENCY_TODAY",
    });
    let many = json!({
        "request_id": "01999999-0000-7000-8000-000000000001", "reply": text(),
        "tickets": [{ "municipality_id": "{municipality}", "ticket_id": "{new_ticket}", "version": 2 }],
    });
    let promise = json!({
        "source": "契約書 第5条", "begin_minute": 510, "end_minute": 1020, "answer_minutes": [15, 60, 240, 510],
        "restore_days": [0, 1, 3, 5], "warn_percent": 75,
        "priorities": [3, 3, 4, 4, 1, 2, 3, 4, 1, 2, 3, 4, 1, 1, 2, 3, 1, 1, 2, 3],
    });
    let promise =
        json!({ "municipality_id": "{municipality}", "valid_from_date": "{new_year}-04-01", "promise": promise });
    let said = json!({ "ja": "電池", "en": "battery" });
    let rule = json!({
        "rule_id": "worn", "name": said, "cause": said, "steps": [said], "source": "市の基準", "date": "2026-11-26",
        "when": { "categories": ["TICKET_CATEGORY_BATTERY"], "battery_health_percent_below": 60 },
    });
    let rules = json!({ "source": "市の基準", "rules": [rule] });
    let leg = |thing: &str, version: u32, more: Value| {
        let mut request = json!({
            "municipality_id": "{municipality}", "ticket_id": format!("{{new_{thing}}}"), "version": version,
        });
        for (name, value) in more.as_object().expect("fields") {
            request[name] = value.clone();
        }
        request
    };
    let of_ticket = |thing: &str| json!({ "municipality_id": "{municipality}", "ticket_id": format!("{{{thing}}}") });
    let swap = json!({ "spare_id": "{new_broken.spare}", "becomes": "SWAPPED_DEVICE_LOST" });
    let terms = json!({ "terms": { "vendor": "修理の店", "quote_yen": 12_000 } });
    let changed = json!({ "repair_id": "{new_mended.leg}", "terms": { "cost_yen": 9_000, "payer": "PAYER_OWN" } });
    let ended = json!({ "repair_id": "{new_mended.leg}", "end": "REPAIR_END_SPARE" });
    let noticed = json!({ "terms": { "notice_date": "2026-11-01" } });
    let found = json!({ "loss_id": "{new_missing.leg}", "end": "LOSS_END_FOUND" });
    let cost = json!({ "kind": "TICKET_COST_KIND_BATTERY", "payer": "PAYER_OWN", "amount_yen": 3_000 });
    let attach = |is_internal: bool| {
        let new = json!({
            "municipality_id": "{municipality}", "ticket_id": "{new_ticket}", "name": "端末.log", "is_internal": is_internal,
        });
        json!([{ "attachment": new }, { "content": "44Ot44Kw" }])
    };
    let attachment = |ticket: &str| {
        json!({
            "municipality_id": "{municipality}",
            "ticket_id": format!("{{{ticket}}}"),
            "attachment_id": format!("{{{ticket}.attachment}}"),
        })
    };
    vec![
        staff("TicketService/ListSpares", WORK, of_ticket("broken")),
        staff("TicketService/SwapWithSpare", WORK, leg("broken", 1, swap)),
        staff("TicketService/GetTicketLegs", SEE, of_ticket("mended")),
        staff("TicketService/StartRepair", WORK, leg("broken", 1, terms)),
        staff("TicketService/ChangeRepair", WORK, leg("mended", 2, changed)),
        staff("TicketService/EndRepair", WORK, leg("mended", 2, ended)),
        staff("TicketService/RecordLoss", WORK, leg("broken", 1, noticed)),
        staff("TicketService/EndLoss", WORK, leg("missing", 2, found)),
        staff("TicketService/RecordTicketCost", WORK, leg("ticket", 2, cost)),
        staff("TicketService/ListTicketCosts", LIST, of_owner.clone()),
        staff("TicketService/CreateTicket", REPORT, report),
        staff("TicketService/GetTicket", SEE, json!({ "municipality_id": "{municipality}", "ticket_id": "{ticket}" })),
        staff("TicketService/ListTickets", LIST, of_owner.clone()),
        staff("TicketService/ListTickets", LIST_OF_SCHOOL, of_school),
        staff("TicketService/ChangeTicket", WORK, change("triage", judged)),
        staff("TicketService/ChangeTicket", WORK, change("reply", text())),
        staff("TicketService/ChangeTicket", WORK, change("note", text())),
        staff("TicketService/ChangeTicket", WORK, change("resolve", text())),
        staff("TicketService/ChangeTicket", ANSWER, change("answer", text())),
        // What is not seen or not allowed is told ticket by ticket: see `bulk_tells_each`.
        staff("TicketService/ChangeTickets", &[Anywhere(WorkTickets)], many),
        staff(
            "TicketService/SearchTickets",
            LIST,
            json!({ "municipality_id": "{municipality}", "text": "画面 問い合わせ" }),
        ),
        staff("TicketService/ListTicketViews", &[Anywhere(ViewTickets)], json!({})),
        // Whose name is empty nobody keeps; who keeps one is seen in `views_are_kept_and_counted_on_every_server`.
        staff(
            "TicketService/KeepTicketView",
            &[Anywhere(ViewTickets), Always(Code::InvalidArgument, "FIELD_INVALID")],
            json!({ "name": "" }),
        ),
        staff(
            "TicketService/DeleteTicketView",
            &[Anywhere(ViewTickets), NobodyElses("VIEW_NOT_FOUND")],
            json!({ "view_id": "01999999-0000-7000-8000-000000000001" }),
        ),
        staff("TicketService/ListPreparedReplies", &[Anywhere(WorkTickets)], json!({})),
        staff("TicketService/ListPreparedReplies", DESK, of_owner.clone()),
        staff(
            "TicketService/KeepPreparedReply",
            &[SeesOwner(ViewFigures, NO_OWNER), InOwner(WorkTickets), OverOwner(WorkTickets)],
            json!({ "reply": { "municipality_id": "{municipality}", "name": "{unique}", "text": "再起動してください" } }),
        ),
        staff(
            "TicketService/DeletePreparedReply",
            &[Anywhere(WorkTickets), NobodyElses("REPLY_NOT_FOUND")],
            json!({ "reply_id": "01999999-0000-7000-8000-000000000001" }),
        ),
        staff("TicketService/FollowTicket", SEE, of_ticket("ticket")),
        staff("TicketService/ListFollowedTickets", &[Anywhere(ViewTickets)], json!({})),
        staff("TicketService/LookAtTicket", WORK, of_ticket("ticket")),
        staff("TicketService/ListTeam", &[Anywhere(WorkTickets)], json!({})),
        staff("TicketService/ListTeam", DESK, of_owner.clone()),
        staff(
            "TicketService/SetTeamProfile",
            &[Anywhere(WorkTickets)],
            json!({ "profile": { "weekdays": 31, "begin_minute": 510, "end_minute": 1020 } }),
        ),
        staff("TicketService/ProposeAssignees", WORK, of_ticket("ticket")),
        staff("TicketService/GetDeviceHealthPolicy", LIST, json!({ "municipality_id": "{municipality}" })),
        staff(
            "TicketService/SetDeviceHealthPolicy",
            PROMISE,
            json!({ "municipality_id": "{municipality}", "policy": { "source": "市の基準", "not_seen_school_days": 20 } }),
        ),
        staff("TicketService/TryDeviceHealthPolicy", LIST, json!({ "municipality_id": "{municipality}" })),
        staff(
            "TicketService/TryDeviceHealthPolicy",
            LIST,
            json!({ "municipality_id": "{municipality}", "policy": { "source": "市の基準", "not_seen_school_days": 20 } }),
        ),
        staff(
            "TicketService/GetTicketFigures",
            &[Anywhere(ViewFigures), SeesOwner(ViewFigures, NO_OWNER)],
            json!({ "municipality_id": "{municipality}", "first_date": "2026-04-01", "last_date": "2027-03-31" }),
        ),
        staff(
            "TicketService/GetTicketFigures",
            TAKE_ALONG,
            json!({
                "municipality_id": "{municipality}", "first_date": "2026-04-01", "last_date": "2027-03-31", "as_file": true,
            }),
        ),
        staff("TicketService/GetTicketSuggestions", WORK, of_ticket("ticket")),
        staff("TicketService/GetCauseRules", LIST, of_owner.clone()),
        staff("TicketService/GetCauseRules", &[Anywhere(ViewTickets)], json!({})),
        staff(
            "TicketService/SetCauseRules",
            PROMISE,
            json!({ "municipality_id": "{municipality}", "rules": rules.clone() }),
        ),
        staff(
            "TicketService/TryCauseRules",
            LIST,
            json!({
                "municipality_id": "{municipality}", "rules": rules, "first_date": "2026-04-01", "last_date": "2027-03-31",
            }),
        ),
        staff("TicketService/SuggestDuplicates", SEE, of_ticket("ticket")),
        staff(
            "TicketService/SuggestDuplicates",
            LIST_OF_SCHOOL,
            json!({ "municipality_id": "{municipality}", "school_id": "{school}", "subject": "画面が割れた" }),
        ),
        staff(
            "TicketService/GetFailureRates",
            &[Anywhere(ViewFigures), SeesOwner(ViewFigures, NO_OWNER)],
            json!({ "municipality_id": "{municipality}", "first_date": "2026-04-01", "last_date": "2027-03-31" }),
        ),
        staff(
            "TicketService/GetFailureRates",
            TAKE_ALONG,
            json!({
                "municipality_id": "{municipality}", "first_date": "2026-04-01", "last_date": "2027-03-31", "as_file": true,
            }),
        ),
        staff("TicketService/GetTicketPromise", LIST, of_owner),
        staff("TicketService/SetTicketPromise", PROMISE, promise),
        staff("TicketService/AddTicketAttachment", ANSWER, attach(false)),
        staff("TicketService/AddTicketAttachment", WORK, attach(true)),
        staff("TicketService/GetTicketAttachment", SEE, attachment("ticket")),
        staff("TicketService/RemoveTicketAttachment", WORK, attachment("new_ticket")),
    ]
}
