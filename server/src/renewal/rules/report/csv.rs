//! Tables of reports for a spreadsheet: Japanese headers, each amount in a cell of its own, and below the table what it
//! rests on with the hash of the report.

use std::collections::BTreeMap;

use super::{
    Sealed,
    changes::ChangeReport,
    costs::{CostLine, CostReport},
    plan::PlanReport,
    scenarios::ScenarioReport,
};
use crate::{
    access::rules::days::date_text,
    clock::Timestamp,
    devices::rules::import::export::line,
    renewal::rules::{Payer, known::as_of_text, rule_sets::RuleNote},
    schools::rules::SchoolId,
};

/// Names of schools as they are now; they are no part of what is hashed.
pub type SchoolNames = BTreeMap<SchoolId, String>;

fn row<S: AsRef<str>>(text: &mut String, cells: &[S]) {
    text.push_str(&line(cells.iter().map(AsRef::as_ref)));
}

/// What stands below a table.
fn foot<R>(text: &mut String, sealed: &Sealed<R>, as_of: Timestamp, rules: &[RuleNote]) {
    text.push_str("\r\n");
    row(text, &["時点", &as_of_text(as_of)]);
    for rule in rules {
        row(text, &["根拠", &rule.label().ja]);
    }
    row(text, &["SHA-256", &sealed.sha256]);
}

/// The plan in its form, with its footnotes.
pub fn plan(sealed: &Sealed<PlanReport>) -> String {
    let PlanReport { plan, owners, left_out, disposal, network, problems, .. } = &sealed.report;
    let mut text = String::new();
    let years = plan.years.iter().map(|year| year.japanese());
    row(&mut text, &[vec![String::from("設置者"), String::from("項目"), String::new()], years.collect()].concat());
    let owner = owners.join(" ");
    for one in &plan.rows {
        let head = vec![owner.clone(), one.number.to_string(), one.label.to_owned()];
        row(&mut text, &[head, one.cells.iter().map(ToString::to_string).collect()].concat());
    }
    for note in &plan.footnotes {
        row(&mut text, &["注", &note.ja]);
    }
    if let Some(block) = disposal {
        row(&mut text, &["処分対象台数", &block.devices.to_string()]);
        for (route, count) in block.by_route {
            row(&mut text, &[route.label().ja.as_ref(), &count.to_string()]);
        }
        for eraser in &block.erasers {
            row(&mut text, &["データの消去", eraser.label().ja.as_ref()]);
        }
        for (time, what) in &block.schedule {
            row(&mut text, &["スケジュール", time.as_str(), what.as_str()]);
        }
    }
    if let Some((year, network)) = network {
        let share = network.share().map(|share| share.to_string()).unwrap_or_default();
        let counts = [network.reached, network.schools].map(|count| count.to_string());
        let head = "必要なネットワーク速度が確保できている学校数";
        row(&mut text, &[head, counts[0].as_str(), "総学校数", counts[1].as_str(), "割合", &share, &year.japanese()]);
    }
    for problem in problems {
        row(&mut text, &["未整備の情報", &problem.label().ja]);
    }
    for (code, why) in left_out {
        row(&mut text, &["計画に含まれない設置者", code.as_str(), &why.ja]);
    }
    foot(&mut text, sealed, sealed.report.as_of, &sealed.report.rules);
    text
}

/// Costs, one line each.
pub fn costs(sealed: &Sealed<CostReport>, schools: &SchoolNames) -> String {
    let mut text = String::new();
    row(&mut text, &["設置者", "年度", "区分", "負担者", "費用の種類", "学校", "機種", "金額(円)"]);
    for CostLine { owner, key, basis, amount } in &sealed.report.lines {
        let school = key.school.map(|school| schools.get(&school).cloned().unwrap_or_else(|| school.to_string()));
        row(
            &mut text,
            &[
                owner.clone(),
                key.year.japanese(),
                basis.label().ja.into_owned(),
                key.payer.label().ja.into_owned(),
                key.kind.label().ja.into_owned(),
                school.unwrap_or_default(),
                key.model.clone(),
                amount.to_number().to_string(),
            ],
        );
    }
    foot(&mut text, sealed, sealed.report.as_of, &sealed.report.rules);
    text
}

/// Scenarios, one line for each year and payer.
pub fn scenarios(sealed: &Sealed<ScenarioReport>) -> String {
    let report = &sealed.report;
    let mut text = String::new();
    let names = report.scenarios.iter().map(|scenario| scenario.name.ja.clone().into_owned());
    row(&mut text, &[vec![String::from("年度"), String::from("負担者")], names.collect()].concat());
    for year in &report.years {
        for payer in Payer::ALL {
            let amounts: Vec<_> = report
                .scenarios
                .iter()
                .map(|scenario| scenario.amounts.get(&(*year, *payer)).copied().unwrap_or_default())
                .collect();
            if amounts.iter().any(|amount| amount.to_number() != 0) {
                let head = vec![year.japanese(), payer.label().ja.into_owned()];
                let amounts = amounts.iter().map(|amount| amount.to_number().to_string()).collect();
                row(&mut text, &[head, amounts].concat());
            }
        }
    }
    let totals = report.scenarios.iter().map(|scenario| scenario.total.to_number().to_string());
    row(&mut text, &[vec![String::from("合計"), String::new()], totals.collect()].concat());
    let sources = report.scenarios.iter().map(|scenario| scenario.origin.source.clone());
    row(&mut text, &[vec![String::from("出典"), String::new()], sources.collect()].concat());
    foot(&mut text, sealed, report.as_of, &report.rules);
    text
}

/// What changed.
pub fn changes(sealed: &Sealed<ChangeReport>) -> String {
    let report = &sealed.report;
    let mut text = String::new();
    row(&mut text, &["変更", "対象", "年度・日付", "変更前", "変更後"]);
    for (what, entries) in [("追加", &report.added), ("取り消し", &report.reversed)] {
        for entry in entries {
            let body = &entry.stated.body;
            let total = body.total().map(|total| total.to_number().to_string()).unwrap_or_default();
            let subject = format!("{} {}", body.kind().label().ja, entry.id);
            let (before, after) = if what == "追加" { ("", total.as_str()) } else { (total.as_str(), "") };
            row(&mut text, &[what, &subject, &date_text(body.valid().from), before, after]);
        }
    }
    let (count, total) = report.tickets;
    row(&mut text, &["問い合わせの費用", &count.to_string(), "", "", &total.to_number().to_string()]);
    for kind in &report.rules {
        row(&mut text, &["条件の変更", &kind.label().ja, "", "", ""]);
    }
    for cell in &report.figures.cells {
        row(&mut text, &["計画の項目", &cell.row.to_string(), &cell.year.japanese(), &cell.before, &cell.after]);
    }
    for one in &report.figures.amounts {
        let subject = format!("{} {}", one.payer.label().ja, one.basis.label().ja);
        let (before, after) = (one.before.to_number().to_string(), one.after.to_number().to_string());
        row(&mut text, &["金額", &subject, &one.year.japanese(), &before, &after]);
    }
    text.push_str("\r\n");
    row(&mut text, &["期間", &as_of_text(report.since), &as_of_text(report.until)]);
    row(&mut text, &["SHA-256", &sealed.sha256]);
    text
}
