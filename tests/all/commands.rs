//! Commands about tickets, as somebody with a token of their own types them: kept lists, the team, files, a policy that is tried.

use std::{path::Path, time::Duration};

use gigafleet_proto::v1::{
    CreateTicketRequest, StaffPlace, StaffRole, TicketCategory, ticket_service_client::TicketServiceClient,
};
use gigafleet_tests::{
    Engine, ServerOptions, Visitor,
    process::{Ran, gigafleet},
};
use serde_json::{Value, json};

on_both_engines!(what_the_console_does_with_tickets_commands_do_too);

/// Somebody at a terminal.
struct Terminal<'a> {
    credentials: &'a Path,
}

impl Terminal<'_> {
    fn run(&self, words: &[&str]) -> Ran {
        let credentials = self.credentials.to_str().expect("UTF-8");
        gigafleet(&[&["tickets"][..], words, &["--credentials", credentials]].concat())
    }

    /// What a command prints; it must succeed.
    #[track_caller]
    fn says(&self, words: &[&str]) -> String {
        let ran = self.run(words);
        assert!(ran.is_good(), "{words:?}: {}", ran.remarks);
        ran.out
    }

    #[track_caller]
    fn json(&self, words: &[&str]) -> Value {
        serde_json::from_str(&self.says(&[words, &["--json"]].concat())).expect("JSON")
    }
}

async fn what_the_console_does_with_tickets_commands_do_too(engine: Engine) {
    let server = ServerOptions::on(engine).await.start().await;
    let staff = server.staff();
    let municipality = staff.add_municipality("若葉野市").await;
    let (owner, code) = (municipality.municipality_id, municipality.code);
    let school = staff.add_school(&owner, "=HYPERLINK(\"x\")").await.school_id;
    let place = StaffPlace { municipality_id: owner.clone(), ..StaffPlace::default() };
    let (sato, link) = staff.invite("sato", StaffRole::Engineer, place, Duration::from_secs(86_400)).await;
    let mut engineer = Visitor::new(server.console_address());
    engineer.accept_link(&link, &[("password", "correct horse battery staple 7")]).await;
    let (role, place_value) = (String::from("2"), format!("municipality:{owner}"));
    let fields = [
        ("token_name", "terminal"),
        ("role", role.as_str()),
        ("place", place_value.as_str()),
        ("school", ""),
        ("days", "30"),
    ];
    let page = engineer.post("/account/tokens", &fields).await;
    let token = page.between("gfs_", "<").unwrap_or_else(|| panic!("no token: {}", page.text));
    let folder = tempfile::tempdir().expect("a folder");
    let credentials = folder.path().join("sato.json");
    let own = server.credentials();
    let own = json!({ "server": own.server, "ca_pem": own.ca_pem, "token": format!("gfs_{token}") });
    std::fs::write(&credentials, own.to_string()).expect("it can be written");
    let sato_types = Terminal { credentials: &credentials };
    for (category, subject) in [(TicketCategory::Screen, "割れた"), (TicketCategory::Wifi, "つながらない")] {
        let request = CreateTicketRequest {
            municipality_id: owner.clone(),
            school_id: school.clone(),
            subject: subject.to_owned(),
            category: category.into(),
            ..CreateTicketRequest::default()
        };
        TicketServiceClient::new(staff.connection().await).create_ticket(request).await.expect("a ticket");
    }

    // A view is a filter with a name, and its count is of now.
    let kept = sato_types.json(&["views", "keep", "画面", "--category", "screen", "--municipality", &code]);
    assert_eq!(kept["views"][0]["filter"]["categories"], json!(["TICKET_CATEGORY_SCREEN"]));
    let views = sato_types.json(&["views", "list"]);
    assert_eq!((&views["views"][0]["name"], &views["views"][0]["count"]), (&json!("画面"), &json!(1)));
    assert!(sato_types.says(&["views", "list"]).contains("yours"));
    assert!(!sato_types.run(&["views", "delete", "ほか"]).is_good());
    sato_types.says(&["views", "delete", "画面"]);
    assert_eq!(sato_types.json(&["views", "list"])["views"], json!([]));

    // What is not named stays as it was said.
    sato_types.says(&["team", "set", "--skill", "wifi", "--away", "2026-12-01..2026-12-04"]);
    let team = sato_types.json(&["team", "set", "--hours", "09:00-16:30", "--days", "1,2,3"]);
    let profile = &team["members"][0]["profile"];
    assert_eq!((&profile["begin_minute"], &profile["end_minute"]), (&json!(540), &json!(990)));
    assert_eq!((&profile["weekdays"], &profile["skills"]), (&json!(7), &json!(["TICKET_CATEGORY_WIFI"])));
    assert_eq!(profile["absences"][0]["last_date"], "2026-12-04");
    assert!(sato_types.says(&["team", "list"]).contains("1,2,3 09:00-16:30"));
    let proposed = sato_types.json(&["team", "propose", "2", "--municipality", &code]);
    assert_eq!(proposed["proposals"][0]["staff_id"], json!(sato));
    assert!(!sato_types.run(&["team", "set", "--staff", "nobody", "--no-skills"]).is_good());

    // A file is what the console gives, guarded, and stands in the audit log.
    let (from, to) = (["--from", "2026-04-01"], ["--to", "2027-03-31"]);
    let asked = [&["figures"][..], &from, &to, &["--municipality", &code, "--by", "school"]].concat();
    let file = sato_types.says(&[&asked[..], &["--csv"]].concat());
    let lines: Vec<_> = file.trim_start_matches('\u{feff}').lines().collect();
    assert!(lines[0].starts_with("区分,受付件数") && file.contains("'=HYPERLINK("), "{file}");
    assert!(lines.last().is_some_and(|line| line.starts_with("合計,2,")), "{file}");
    let out = folder.path().join("figures.csv");
    let out_text = out.to_str().expect("UTF-8");
    sato_types.says(&[&asked[..], &["--csv", "--encoding", "cp932", "--out", out_text]].concat());
    let written = std::fs::read(&out).expect("it was written");
    let (text, _, broken) = encoding_rs::SHIFT_JIS.decode(&written);
    assert!(!broken && text.starts_with("区分,受付件数"), "{text}");
    let failures = [&["failures"][..], &from, &to, &["--csv"]].concat();
    assert!(sato_types.says(&failures).contains("故障率(100台・年)"));
    assert!(!sato_types.run(&[&asked[..], &["--out", out_text]].concat()).is_good(), "a file is CSV");
    let exports = "SELECT municipality_id, sequence FROM audit_entry WHERE action = 'ticket.export_figures'";
    assert_eq!(server.look().await.numbers(exports).await.len(), 2);

    // A policy that is tried changes nothing.
    let policy = folder.path().join("policy.json");
    let now = sato_types.says(&["health-policy", "show", "--municipality", &code]);
    std::fs::write(&policy, &now).expect("it can be written");
    let policy_text = policy.to_str().expect("UTF-8");
    let tried = sato_types.json(&["health-policy", "try", policy_text, "--municipality", &code]);
    let tried = &tried["municipalities"][0];
    assert_eq!((&tried["code"], tried["rules"].as_array().map(Vec::len)), (&json!(code), Some(5)));
    assert!(sato_types.says(&["health-policy", "try"]).contains("no ticket"));
}
