//! One entry of the ledger: what it says, and the devices of a lot with the share of each, or those that were disposed of.

use askama::Template;
use axum::extract::{Path, RawQuery, State as Pages};

use super::{
    AS_OF, OWNER, RenewalPages, costs, day_text, entry_path, id_of, invalid, number_of, paid_text, read_as_of,
    record::{ENTRY, new_id, require_record},
    said, year_text,
};
use crate::{
    access::{
        pages::SignedIn,
        rules::{Place, Right, Staff},
    },
    clock::Timestamp,
    console::{
        Fields, FormState, PageResult, Shell,
        address::Address,
        page,
        words::{renewal as words, rules::months_text},
    },
    error::Result,
    renewal::{
        rules::{
            Payer,
            body::Body,
            ledger::EntryId,
            lots::{Acquisition, Lot},
            money::Yen,
            records::{Cost, Disposal},
        },
        service::{Device, EntryDetail, EntryView},
    },
    schools::rules::MunicipalityId,
};

/// Devices on a page.
const PAGE: usize = 200;

#[derive(Template)]
#[template(path = "renewal/entry.html")]
struct EntryPage {
    shell: Shell,
    back: String,
    owner: String,
    kind: String,
    state: Option<&'static str>,
    of: String,
    facts: Vec<(&'static str, String)>,
    links: Vec<(&'static str, String)>,
    devices: Vec<DeviceLine>,
    disposed: Vec<DisposedLine>,
    first: Option<String>,
    next: Option<String>,
    form: FormState,
    acts: Option<Acts>,
}

/// What can be done with an entry that stands.
struct Acts {
    correct: String,
    reverse: String,
}

/// A device of a lot.
struct DeviceLine {
    number: u32,
    serial: Option<String>,
    path: Option<String>,
    amount: i64,
}

/// A device that was disposed of.
pub(super) struct DisposedLine {
    pub(super) serial: String,
    pub(super) certificate: String,
    pub(super) is_within: bool,
}

/// The devices of a disposal from a place on.
pub(super) fn disposed(disposal: &Disposal, from: usize, most: usize) -> Vec<DisposedLine> {
    let line = |device: &crate::renewal::rules::records::Disposed| DisposedLine {
        serial: device.serial.clone(),
        certificate: device.certificate.clone(),
        is_within: device.within_restriction,
    };
    disposal.devices.iter().skip(from).take(most).map(line).collect()
}

fn funding(shell: &Shell, shares: &[(Payer, Yen)]) -> String {
    shares.iter().map(|share| paid_text(shell, share)).collect::<Vec<_>>().join(", ")
}

fn lot_facts(shell: &Shell, lot: &Lot) -> Vec<(&'static str, String)> {
    let (w, language) = (&shell.w.renewal, shell.language);
    let day = |day: Option<time::Date>| day.map(|day| day_text(language, day)).unwrap_or_default();
    let yen = |yen: Yen| words::yen_text(language, yen.to_number());
    let (how, price) = match lot.acquisition {
        Acquisition::Purchase { unit_yen, tax_basis, .. } => {
            let basis = said(language, &tax_basis.label());
            (language.choose("購入", "bought"), (w.unit_price, format!("{} ({basis})", yen(unit_yen))))
        }
        Acquisition::Lease { months, monthly_yen } => {
            let term = months_text(language, months);
            (language.choose("リース", "leased"), (w.monthly, format!("{} × {term}", yen(monthly_yen))))
        }
    };
    vec![
        (w.kind, said(language, &lot.kind.label())),
        (w.maker, lot.maker.clone()),
        (w.model, lot.model.clone()),
        (w.count, words::devices_text(language, lot.count.into())),
        (w.acquisition, how.to_owned()),
        price,
        (w.amount, lot.total().map(yen).unwrap_or_default()),
        (w.payer, funding(shell, &lot.funding)),
        (w.delivered, day(Some(lot.delivered))),
        (w.warranty, day(lot.warranty_end)),
        (w.restriction_end, day(lot.restriction_end)),
        (w.note, lot.note.clone()),
    ]
}

fn cost_facts(shell: &Shell, cost: &Cost) -> Vec<(&'static str, String)> {
    let (w, language) = (&shell.w.renewal, shell.language);
    vec![
        (w.kind, said(language, &cost.kind.label())),
        (w.amount, words::yen_text(language, cost.amount_yen.to_number())),
        (w.payer, funding(shell, &cost.funding)),
        (w.vendor, cost.vendor.clone()),
        (w.note, cost.note.clone()),
    ]
}

fn disposal_facts(shell: &Shell, disposal: &Disposal) -> Vec<(&'static str, String)> {
    let (w, language) = (&shell.w.renewal, shell.language);
    vec![
        (w.disposed_on, day_text(language, disposal.on)),
        (w.disposal_route, said(language, &disposal.route.label())),
        (w.eraser, said(language, &disposal.eraser.label())),
        (w.count, words::devices_text(language, disposal.devices.len().try_into().unwrap_or(u64::MAX))),
        (w.approval, disposal.approval.clone()),
        (w.note, disposal.note.clone()),
    ]
}

/// What an entry says, without what it leaves out.
fn facts(shell: &Shell, view: &EntryView) -> Vec<(&'static str, String)> {
    let (w, language) = (&shell.w.renewal, shell.language);
    let count = |count: u32| shell.number(count);
    let mut facts = match view.stated.as_ref().map(|stated| &stated.body) {
        None => vec![(w.why, view.reason.clone().unwrap_or_default())],
        Some(Body::Lot(lot)) => lot_facts(shell, lot),
        Some(Body::Cost(cost)) => cost_facts(shell, cost),
        Some(Body::Disposal(disposal)) => disposal_facts(shell, disposal),
        Some(Body::Pupils(pupils)) => {
            vec![(w.year, year_text(language, pupils.year)), ("①", count(pupils.count)), (w.note, pupils.note.clone())]
        }
        Some(Body::Planned(planned)) => vec![
            (w.year, year_text(language, planned.year)),
            ("③", count(planned.installed)),
            ("④", count(planned.installed_by_fund)),
            ("⑥", count(planned.spares)),
            ("⑦", count(planned.spares_by_fund)),
            (w.note, planned.note.clone()),
        ],
        Some(Body::DisposalPlan(plan, _)) => {
            let devices: u64 = plan.by_route.iter().map(|count| u64::from(*count)).sum();
            vec![(w.disposal_devices, words::devices_text(language, devices)), (w.note, plan.note.clone())]
        }
        Some(Body::Network(network)) => vec![
            (w.year, year_text(language, network.year)),
            (w.schools_reached, count(network.reached)),
            (w.schools_all, count(network.schools)),
        ],
    };
    let valid = view.entry.valid;
    let to = valid.to.map(|to| day_text(language, to)).unwrap_or_default();
    facts.push((w.valid, format!("{} – {to}", day_text(language, valid.from))));
    facts.push((w.recorded_at, shell.moment_with_seconds(view.entry.recorded_at)));
    facts.push((w.recorder, view.recorder.clone()));
    facts.retain(|(_, text)| !text.is_empty());
    facts
}

/// The devices of a lot with their shares; a device of the registry leads to its page where the reader sees devices.
fn lot_devices(staff: &Staff, owner: MunicipalityId, devices: Vec<Device>) -> Vec<DeviceLine> {
    let sees = staff.scope(Right::ViewDevices).is_ok_and(|scope| scope.whole(owner).is_some());
    let line = |device: Device| DeviceLine {
        number: device.position.saturating_add(1),
        path: device.device.filter(|_| sees).map(|device| format!("/devices/{device}")),
        serial: device.serial,
        amount: device.amount.to_number(),
    };
    devices.into_iter().map(line).collect()
}

/// The ways to correct an entry that stands and to take it back, for who may.
fn acts(staff: &Staff, (owner, entry): (MunicipalityId, EntryId), stands: bool) -> Option<Acts> {
    let path = entry_path(owner, entry);
    (stands && require_record(staff, Some(owner)).is_ok())
        .then(|| Acts { correct: format!("{path}/correct"), reverse: format!("{path}/reverse") })
}

/// As of when an address asks. Reason: FIELD_INVALID.
fn asked_at(fields: &Fields, now: Timestamp) -> Result<Option<Timestamp>> {
    read_as_of(fields.get(AS_OF), now).map_err(invalid)
}

pub(super) async fn entry(
    person: SignedIn,
    Pages(pages): Pages<RenewalPages>,
    Path((owner, entry)): Path<(String, String)>,
    RawQuery(raw): RawQuery,
) -> PageResult {
    let fields = Fields::parse(raw.unwrap_or_default().as_bytes());
    let place = (MunicipalityId(id_of(&owner)), EntryId(id_of(&entry)));
    show(person, &pages, place, (&fields, FormState::default())).await
}

/// The page of an entry as an address asks for it, with the form that takes it back.
pub(super) async fn show(
    person: SignedIn,
    pages: &RenewalPages,
    (owner, entry): (MunicipalityId, EntryId),
    (fields, form): (&Fields, FormState),
) -> PageResult {
    let (staff, shell) = (&person.staff, person.shell);
    let filter = costs::filter(fields)?;
    let from: usize = number_of(fields, "from").unwrap_or(0);
    let part = (u32::try_from(from).unwrap_or(u32::MAX), i64::try_from(PAGE + 1).unwrap_or(i64::MAX));
    let as_of = asked_at(fields, shell.now)?;
    let detail = pages.renewal.entry_with_devices(staff, (owner, entry), as_of, (&filter, part)).await?;
    let EntryDetail { view, devices, stands } = detail;
    let mut devices = lot_devices(staff, owner, devices);
    let mut gone = match view.stated.as_ref().map(|stated| &stated.body) {
        Some(Body::Disposal(disposal)) => disposed(disposal, from, PAGE + 1),
        Some(_) | None => Vec::new(),
    };
    let has_more = devices.len() > PAGE || gone.len() > PAGE;
    devices.truncate(PAGE);
    gone.truncate(PAGE);
    let here = entry_path(owner, entry);
    let address = Address::read(here, &[AS_OF, "year", "payer", "from"], fields);
    let school = view.stated.as_ref().and_then(|stated| stated.school);
    let places: Vec<_> = school.into_iter().map(|school| Place::School(owner, school)).collect();
    let names = pages.access.place_names(staff, Right::ViewLedger, &places).await?;
    let (w, language) = (&shell.w.renewal, shell.language);
    let mut facts = facts(&shell, &view);
    if let Some(name) = school.and_then(|school| names.school(school)) {
        facts.insert(0, (w.school, name.to_owned()));
    }
    let other = |id: EntryId| entry_path(owner, id);
    let reversed = view.reversed_by.map(|id| (w.corrected_by, other(id)));
    let reverses = view.entry.reverses.map(|id| (w.entry, other(id)));
    let of =
        [filter.year.map(|year| year_text(language, year)), filter.payer.map(|payer| said(language, &payer.label()))];
    let state = match (view.reversed_by, view.entry.reverses) {
        (Some(_), _) => Some(w.reversed),
        (None, Some(_)) => Some(w.reversal),
        (None, None) => None,
    };
    let back = Address::read("/renewal/costs", &[AS_OF, "year", "payer"], fields).with(OWNER, &owner.to_string());
    let form = if form.value(ENTRY).is_empty() { form.with(ENTRY, new_id()) } else { form };
    let template = EntryPage {
        acts: acts(staff, (owner, entry), stands),
        form,
        back: back.text(),
        owner: names.owner(owner).unwrap_or_default().to_owned(),
        kind: said(language, &view.entry.kind.label()),
        state,
        of: of.into_iter().flatten().collect::<Vec<_>>().join(" "),
        facts,
        links: reversed.into_iter().chain(reverses).collect(),
        devices,
        disposed: gone,
        first: (from > 0).then(|| address.without("from").text()),
        next: has_more.then(|| address.with("from", &(from + PAGE).to_string()).text()),
        shell,
    };
    page(template.form.status(), &template)
}
