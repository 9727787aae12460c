//! What a form says, and what stands as a form says it; where in a form something is wrong.

use std::collections::BTreeMap;

use crate::{
    access::rules::days::date_text,
    console::Fields,
    error::{Both, Error, FieldViolation, says::renewal as say},
    renewal::{
        rules::{
            Payer,
            board::{SaidDisposalPlan, SaidPlanned, SaidPupils},
            body::{Body, Stated},
            ledger::EntryKind,
            lots::{Acquisition, Lot, SaidLot, SaidShare},
            money::Yen,
            records::{Cost, Disposal, Disposed, SaidCost, SaidDisposal, SaidDisposed},
        },
        service::Said,
    },
};

/// Who pays, each with the field of what they pay.
pub(super) const PAID: [(Payer, &str); 6] = [
    (Payer::StateFund, "paid_state_fund"),
    (Payer::StateOther, "paid_state_other"),
    (Payer::Prefecture, "paid_prefecture"),
    (Payer::LocalAllocation, "paid_local_allocation"),
    (Payer::Own, "paid_own"),
    (Payer::Guardian, "paid_guardian"),
];
/// Fields of a planned disposal: how many go where, (a) to (d).
pub(super) const ROUTES: [&str; 4] = ["reuse_count", "recycler_count", "maker_count", "other_count"];
/// Lines of one field of which it is told what is wrong; the rest is counted.
const LINES_TOLD: usize = 20;
/// Between the parts of a line, in the order in which they are looked for: a blank only where neither other stands.
const SEPARATORS: [&[char]; 3] = [&['\t'], &[',', '、', '，'], &[' ', '\u{3000}']];

fn text(fields: &Fields, name: &str) -> String {
    fields.get(name).to_owned()
}

/// The number of a choice; 0 for none, which is refused where one is needed.
fn word(fields: &Fields, name: &str) -> i32 {
    fields.get(name).parse().unwrap_or(0)
}

/// Lines that say something, with their number from 1.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    (1..).zip(text.lines().map(str::trim)).filter(|(_, line)| !line.is_empty())
}

/// The two parts of a line; the second is empty where there is one only.
fn parts(line: &str) -> (String, String) {
    let split = SEPARATORS.iter().find_map(|separators| line.split_once(*separators));
    let (first, rest) = split.unwrap_or((line, ""));
    (first.trim().to_owned(), rest.trim().to_owned())
}

/// Payers of whom something is said, with their fields.
fn paying(fields: &Fields) -> impl Iterator<Item = (Payer, &'static str, &str)> {
    PAID.into_iter().filter_map(move |(payer, name)| fields.some(name).map(|amount| (payer, name, amount)))
}

fn funding(fields: &Fields) -> Vec<SaidShare> {
    let share = |(payer, _, amount): (Payer, _, &str)| SaidShare {
        payer: payer.to_number().into(),
        amount_yen: amount.to_owned(),
    };
    paying(fields).map(share).collect()
}

/// What an empty form begins with: what is usual.
pub(super) fn usual(kind: EntryKind) -> Fields {
    match kind {
        EntryKind::Lot => {
            let usual = [("kind", "1"), ("acquisition", "1"), ("tax_basis", "1"), ("tax_percent", "10")];
            Fields::of(usual.map(|(name, value)| (name, value.to_owned())))
        }
        EntryKind::Cost
        | EntryKind::Disposal
        | EntryKind::Pupils
        | EntryKind::Planned
        | EntryKind::DisposalPlan
        | EntryKind::Network => Fields::default(),
    }
}

/// What a form of a kind says.
pub(super) fn read(kind: EntryKind, fields: &Fields) -> Said {
    let text = |name: &str| text(fields, name);
    match kind {
        EntryKind::Lot => {
            let serials = lines(fields.get("serials")).map(|(_, serial)| serial.to_owned()).collect();
            Said::Lot(read_lot(fields), serials)
        }
        EntryKind::Cost => Said::Cost(SaidCost {
            kind: word(fields, "kind"),
            amount_yen: text("amount_yen"),
            funding: funding(fields),
            from: text("from"),
            to: text("to"),
            vendor: text("vendor"),
            note: text("note"),
        }),
        EntryKind::Disposal => {
            let device = |(serial, certificate)| SaidDisposed { serial, certificate };
            Said::Disposal(SaidDisposal {
                route: word(fields, "route"),
                eraser: word(fields, "eraser"),
                on: text("on"),
                devices: lines(fields.get("devices")).map(|(_, line)| device(parts(line))).collect(),
                approval: text("approval"),
                note: text("note"),
            })
        }
        EntryKind::Pupils => Said::Pupils(SaidPupils {
            fiscal_year: text("fiscal_year"),
            count: text("pupils"),
            source: text("source"),
            note: text("note"),
        }),
        EntryKind::Planned => Said::Planned(SaidPlanned {
            fiscal_year: text("fiscal_year"),
            installed: text("installed"),
            installed_by_fund: text("installed_by_fund"),
            spares: text("spares"),
            spares_by_fund: text("spares_by_fund"),
            note: text("note"),
        }),
        EntryKind::DisposalPlan => Said::DisposalPlan(SaidDisposalPlan {
            by_route: ROUTES.map(text),
            erasers: fields.all("erasers").iter().map(|number| number.parse().unwrap_or(0)).collect(),
            schedule: lines(fields.get("schedule")).map(|(_, line)| parts(line)).collect(),
            note: text("note"),
        }),
        EntryKind::Network => Said::Network(text("fiscal_year")),
    }
}

fn read_lot(fields: &Fields) -> SaidLot {
    let text = |name: &str| text(fields, name);
    SaidLot {
        kind: word(fields, "kind"),
        maker: text("maker"),
        model: text("model"),
        count: text("lot_count"),
        acquisition: word(fields, "acquisition"),
        unit_yen: text("unit_yen"),
        tax_basis: word(fields, "tax_basis"),
        tax_percent: text("tax_percent"),
        lease_months: text("lease_months"),
        lease_monthly_yen: text("lease_monthly_yen"),
        funding: funding(fields),
        delivered: text("delivered"),
        warranty_end: text("warranty_end"),
        restriction_end: text("restriction_end"),
        note: text("note"),
    }
}

type Pairs = Vec<(&'static str, String)>;

/// What stands as a form says it.
pub(super) fn filled(stated: &Stated, serials: &[String]) -> Fields {
    let mut pairs = match &stated.body {
        Body::Lot(lot) => lot_pairs(lot, serials),
        Body::Cost(cost) => cost_pairs(cost),
        Body::Disposal(disposal) => disposal_pairs(disposal),
        Body::Pupils(pupils) => vec![
            ("fiscal_year", pupils.year.year().to_string()),
            ("pupils", pupils.count.to_string()),
            ("source", pupils.source.clone()),
            ("note", pupils.note.clone()),
        ],
        Body::Planned(planned) => vec![
            ("fiscal_year", planned.year.year().to_string()),
            ("installed", planned.installed.to_string()),
            ("installed_by_fund", planned.installed_by_fund.to_string()),
            ("spares", planned.spares.to_string()),
            ("spares_by_fund", planned.spares_by_fund.to_string()),
            ("note", planned.note.clone()),
        ],
        Body::DisposalPlan(plan, _) => {
            let counts = ROUTES.into_iter().zip(plan.by_route.map(|count| count.to_string()));
            let schedule = plan.schedule.iter().map(|(time, what)| format!("{time},{what}"));
            let others = [("schedule", joined(schedule)), ("note", plan.note.clone())];
            counts.chain(others).collect()
        }
        Body::Network(network) => vec![("fiscal_year", network.year.year().to_string())],
    };
    pairs.extend(stated.school.map(|school| ("school", school.to_string())));
    let mut fields = Fields::of(pairs);
    if let Body::DisposalPlan(plan, _) = &stated.body {
        fields.set_all("erasers", plan.erasers.iter().map(|eraser| eraser.to_number().to_string()).collect());
    }
    fields
}

fn joined(lines: impl Iterator<Item = String>) -> String {
    lines.collect::<Vec<_>>().join("\n")
}

fn yen(amount: Yen) -> String {
    amount.to_number().to_string()
}

fn day(day: Option<time::Date>) -> String {
    day.map(date_text).unwrap_or_default()
}

fn paid(funding: &[(Payer, Yen)]) -> Pairs {
    let name = |payer: Payer| PAID.iter().find(|(one, _)| *one == payer).map(|(_, name)| *name);
    funding.iter().filter_map(|(payer, amount)| Some((name(*payer)?, yen(*amount)))).collect()
}

fn lot_pairs(lot: &Lot, serials: &[String]) -> Pairs {
    let mut pairs = paid(&lot.funding);
    pairs.extend([
        ("kind", lot.kind.to_number().to_string()),
        ("maker", lot.maker.clone()),
        ("model", lot.model.clone()),
        ("lot_count", lot.count.to_string()),
        ("delivered", date_text(lot.delivered)),
        ("warranty_end", day(lot.warranty_end)),
        ("restriction_end", day(lot.restriction_end)),
        ("serials", joined(serials.iter().cloned())),
        ("note", lot.note.clone()),
    ]);
    match lot.acquisition {
        Acquisition::Purchase { unit_yen, tax_basis, tax_percent } => pairs.extend([
            ("acquisition", String::from("1")),
            ("unit_yen", yen(unit_yen)),
            ("tax_basis", tax_basis.to_number().to_string()),
            ("tax_percent", tax_percent.to_string()),
        ]),
        Acquisition::Lease { months, monthly_yen } => pairs.extend([
            ("acquisition", String::from("2")),
            ("tax_basis", String::from("1")),
            ("lease_months", months.to_string()),
            ("lease_monthly_yen", yen(monthly_yen)),
        ]),
    }
    pairs
}

fn cost_pairs(cost: &Cost) -> Pairs {
    let mut pairs = paid(&cost.funding);
    let to = Some(cost.to).filter(|to| *to != cost.from);
    pairs.extend([
        ("kind", cost.kind.to_number().to_string()),
        ("amount_yen", yen(cost.amount_yen)),
        ("from", date_text(cost.from)),
        ("to", day(to)),
        ("vendor", cost.vendor.clone()),
        ("note", cost.note.clone()),
    ]);
    pairs
}

fn disposal_pairs(disposal: &Disposal) -> Pairs {
    let line = |device: &Disposed| format!("{},{}", device.serial, device.certificate);
    vec![
        ("route", disposal.route.to_number().to_string()),
        ("eraser", disposal.eraser.to_number().to_string()),
        ("on", date_text(disposal.on)),
        ("devices", joined(disposal.devices.iter().map(line))),
        ("approval", disposal.approval.clone()),
        ("note", disposal.note.clone()),
    ]
}

/// A refusal whose fields are those of the form: of a payer the field of what they pay, of a device its line.
pub(super) fn placed(kind: EntryKind, fields: &Fields, mut error: Error) -> Error {
    let (mut placed, mut counts) = (Vec::new(), BTreeMap::<String, usize>::new());
    for wrong in error.fields.iter().map(|wrong| place(kind, fields, wrong)) {
        let count = counts.entry(wrong.field.clone().into_owned()).or_default();
        *count += 1;
        if *count <= LINES_TOLD {
            placed.push(wrong);
        }
    }
    for (field, count) in counts {
        if count > LINES_TOLD {
            placed.push(FieldViolation::new(field, say::more_lines(count - LINES_TOLD)));
        }
    }
    error.fields = placed.into();
    error
}

/// How many stand before a place, which counts from 1.
fn before(place: &str) -> usize {
    place.parse::<usize>().ok().and_then(|place| place.checked_sub(1)).unwrap_or(usize::MAX)
}

fn place(kind: EntryKind, fields: &Fields, wrong: &FieldViolation) -> FieldViolation {
    let parts: Vec<_> = wrong.field.split('.').collect();
    match (parts.as_slice(), kind) {
        (["funding", share, _], _) => {
            let name = paying(fields).nth(before(share)).map_or("funding", |(_, name, _)| name);
            FieldViolation::new(name, wrong.message.clone())
        }
        (["serials", nth], _) => in_line(fields, "serials", before(nth), wrong),
        (["devices", nth, _], _) => in_line(fields, "devices", before(nth), wrong),
        (["count"], EntryKind::Lot) => FieldViolation::new("lot_count", wrong.message.clone()),
        (["count"], EntryKind::Pupils) => FieldViolation::new("pupils", wrong.message.clone()),
        (["by_route"], _) => FieldViolation::new(ROUTES[0], wrong.message.clone()),
        _ => wrong.clone(),
    }
}

/// What is wrong with the nth line that says something, with the number of that line.
fn in_line(fields: &Fields, name: &'static str, nth: usize, wrong: &FieldViolation) -> FieldViolation {
    let message = match lines(fields.get(name)).nth(nth) {
        Some((line, _)) => {
            let (ja, en) = (say::at_line(line, &wrong.message.ja), say::at_line(line, &wrong.message.en));
            Both::of(ja, en)
        }
        None => wrong.message.clone(),
    };
    FieldViolation::new(name, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{access::rules::days::parse_date, renewal::rules::lots::serials::check_serials};

    fn form(pairs: &[(&'static str, &str)]) -> Fields {
        Fields::of(pairs.iter().map(|(name, value)| (*name, (*value).to_owned())))
    }

    fn today() -> time::Date {
        parse_date("day", "2026-11-27").unwrap()
    }

    fn lot() -> Fields {
        form(&[
            ("kind", "1"),
            ("model", "K-1"),
            ("lot_count", "3台"),
            ("acquisition", "1"),
            ("unit_yen", "55,000円"),
            ("tax_basis", "1"),
            ("tax_percent", "10"),
            ("paid_state_fund", "110,000"),
            ("paid_own", "55,000"),
            ("delivered", "R8.9.30"),
            ("serials", "AB12CD\r\n\r\nEF34GH"),
        ])
    }

    #[test]
    fn what_stands_is_said_again_by_its_form() {
        let Said::Lot(said, serials) = read(EntryKind::Lot, &lot()) else { panic!("a lot") };
        let stated = |lot| Stated { school: None, body: Body::Lot(lot) };
        let first = said.check(today(), Some(4)).unwrap();
        let Said::Lot(again, kept) = read(EntryKind::Lot, &filled(&stated(first.clone()), &serials)) else {
            panic!("a lot")
        };
        assert_eq!((again.check(today(), Some(4)).unwrap(), kept), (first, serials));

        let plan = form(&[("reuse_count", "2"), ("schedule", "令和9年4月 処分事業者 選定\n令和9年9月,開始")]);
        let Said::DisposalPlan(mut said) = read(EntryKind::DisposalPlan, &plan) else { panic!("a plan") };
        said.erasers = vec![2];
        assert_eq!(said.schedule[0], (String::from("令和9年4月"), String::from("処分事業者 選定")));
        let body = Body::DisposalPlan(said.check().unwrap(), today());
        let Said::DisposalPlan(again) = read(EntryKind::DisposalPlan, &filled(&Stated { school: None, body }, &[]))
        else {
            panic!("a plan")
        };
        assert_eq!(again.check().unwrap(), said.check().unwrap());
    }

    #[test]
    fn what_is_wrong_stands_beside_its_field() {
        let mut fields = lot();
        fields.set("paid_own", String::from("-1"));
        fields.set("lot_count", String::from("0"));
        let Said::Lot(said, _) = read(EntryKind::Lot, &fields) else { panic!("a lot") };
        let error = placed(EntryKind::Lot, &fields, said.check(today(), None).unwrap_err());
        let names: Vec<_> = error.fields.iter().map(|wrong| wrong.field.as_ref()).collect();
        assert_eq!(names, ["lot_count", "paid_own"]);

        fields.set("serials", String::from("AB12CD\r\n\r\nab-12-cd"));
        let Said::Lot(_, serials) = read(EntryKind::Lot, &fields) else { panic!("a lot") };
        let wrong = check_serials(&serials, 3).unwrap_err();
        let error = placed(EntryKind::Lot, &fields, Error::invalid_fields("FIELD_INVALID", wrong));
        assert_eq!(error.fields[0].field, "serials");
        assert_eq!(error.fields[0].message.en, "line 3: is named twice");
    }

    #[test]
    fn of_many_wrong_lines_some_are_told_and_all_are_counted() {
        let text = "NONE\n".repeat(50);
        let fields = form(&[("devices", text.as_str())]);
        let wrong = |place| FieldViolation::new(format!("devices.{place}.serial"), say::no_serial());
        let error = Error::invalid_fields("FIELD_INVALID", (1..=50).map(wrong).collect());
        let error = placed(EntryKind::Disposal, &fields, error);
        assert_eq!(error.fields.len(), LINES_TOLD + 1);
        assert_eq!(error.fields[LINES_TOLD].message.en, "30 more lines need to be put right");
    }
}
