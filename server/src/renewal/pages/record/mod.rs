//! Recording: what is to be recorded is chosen and said in the form of its kind; what stands is corrected in the same form,
//! or taken back.
//!
//! Invariants: a form carries the id under which it records, so that sending it twice records once; what is refused comes
//! back as it was typed, with what is wrong beside each field, and nothing is recorded.

mod inputs;
mod said;

use askama::Template;
use axum::extract::{Path, RawQuery, State as Pages};
use uuid::Uuid;

use self::inputs::{Group, groups};
use super::{OWNER, Opened, Owners, RenewalPages, Tab, entry, entry_path, id_of, invalid, said as say_both, tabs};
use crate::{
    access::{
        pages::SignedIn,
        rules::{Right, Staff},
    },
    console::{
        Fields, FormState, PageError, PageResult, Respond as _, Shell, page, see_other, words::ledger::LedgerWords,
    },
    error::{Error, Result, says::fields as say_field},
    renewal::{
        rules::ledger::{EntryId, EntryKind},
        service::RecordOrder,
    },
    schools::rules::{MunicipalityId, SchoolId, parse_optional_uuid},
};

/// The hidden field with the id under which a form records.
pub(super) const ENTRY: &str = "entry_id";

#[derive(Template)]
#[template(path = "renewal/record.html")]
struct ChoosePage {
    shell: Shell,
    form: FormState,
    tabs: Vec<Tab>,
    owners: Vec<(String, String)>,
    name: String,
    /// Kinds of the owner that is chosen, with the way to the form of each.
    kinds: Vec<KindLine>,
    to_import: Option<String>,
}

/// A kind of which something can be recorded.
struct KindLine {
    path: String,
    label: String,
    lead: &'static str,
}

#[derive(Template)]
#[template(path = "renewal/record_form.html")]
struct FormPage {
    shell: Shell,
    form: FormState,
    heading: String,
    lead: &'static str,
    name: String,
    action: String,
    back: (String, &'static str),
    groups: Vec<Group>,
    is_correction: bool,
}

/// What a form is for: of whom what is recorded, and what it corrects.
#[derive(Debug, Clone, Copy)]
struct Asked {
    owner: MunicipalityId,
    kind: EntryKind,
    corrects: Option<EntryId>,
}

/// The name of a kind in addresses.
fn slug(kind: EntryKind) -> &'static str {
    match kind {
        EntryKind::Lot => "lot",
        EntryKind::Cost => "cost",
        EntryKind::Disposal => "disposal",
        EntryKind::Pupils => "pupils",
        EntryKind::Planned => "planned",
        EntryKind::DisposalPlan => "disposal-plan",
        EntryKind::Network => "network",
    }
}

fn kind_called(name: &str) -> Result<EntryKind> {
    let found = EntryKind::ALL.iter().copied().find(|kind| slug(*kind) == name);
    found.ok_or_else(|| Error::not_found("PAGE_NOT_FOUND", say_field::unknown_value()))
}

fn lead(w: &LedgerWords, kind: EntryKind) -> &'static str {
    match kind {
        EntryKind::Lot => w.lot_lead,
        EntryKind::Cost => w.cost_lead,
        EntryKind::Disposal => w.disposal_lead,
        EntryKind::Pupils => w.pupils_lead,
        EntryKind::Planned => w.planned_lead,
        EntryKind::DisposalPlan => w.disposal_plan_lead,
        EntryKind::Network => w.network_lead,
    }
}

/// Refuses who may not record for an owner, or for any where none is chosen. Reasons: RIGHT_MISSING,
/// MUNICIPALITY_NOT_FOUND.
pub(super) fn require_record(staff: &Staff, owner: Option<MunicipalityId>) -> Result<()> {
    match owner {
        Some(owner) => staff.area_over(Right::EditLedger, owner, None).map(drop),
        None => staff.scope(Right::EditLedger).map(drop),
    }
}

/// The ways to record and to import, for an owner if one is chosen; none for who may not.
pub(super) fn ways(staff: &Staff, owner: Option<MunicipalityId>) -> Option<(String, String)> {
    let of = owner.map(|owner| format!("?{OWNER}={owner}")).unwrap_or_default();
    require_record(staff, owner).is_ok().then(|| (format!("/renewal/record{of}"), format!("/renewal/import{of}")))
}

/// A new id for a form.
pub(super) fn new_id() -> String {
    Uuid::now_v7().to_string()
}

/// The id under which a form records. Without one the entry gets another.
pub(super) fn id_in(fields: &Fields) -> Option<Uuid> {
    Uuid::try_parse(fields.get(ENTRY)).ok()
}

pub(super) async fn choose(person: SignedIn, Pages(pages): Pages<RenewalPages>, RawQuery(raw): RawQuery) -> PageResult {
    let (staff, shell) = (&person.staff, person.shell);
    let Opened { fields, owners, asked } = Opened::read(&pages, (staff, Right::EditLedger), raw, shell.now).await?;
    let tabs = tabs(&shell, staff, &fields, "/renewal/record");
    let (form, chosen) = match asked {
        Ok(asked) => (FormState::filled(fields), asked.owner),
        Err(error) => (FormState::refused(fields, error)?, None),
    };
    require_record(staff, chosen)?;
    let line = |kind: &EntryKind, owner: MunicipalityId| KindLine {
        path: format!("/renewal/record/{}?{OWNER}={owner}", slug(*kind)),
        label: say_both(shell.language, &kind.label()),
        lead: lead(&shell.w.ledger, *kind),
    };
    let kinds = chosen.map(|owner| EntryKind::ALL.iter().map(|kind| line(kind, owner)).collect()).unwrap_or_default();
    let to_import = ways(staff, chosen).filter(|_| chosen.is_some()).map(|(_, import)| import);
    let (name, owners) = (owners.name(chosen), owners.choices("–"));
    let template = ChoosePage { form, tabs, owners, name, kinds, to_import, shell };
    page(template.form.status(), &template)
}

/// The form of a kind, empty.
pub(super) async fn open(
    person: SignedIn,
    Pages(pages): Pages<RenewalPages>,
    Path(kind): Path<String>,
    RawQuery(raw): RawQuery,
) -> PageResult {
    let kind = kind_called(&kind)?;
    let staff = &person.staff;
    let Opened { owners, asked, .. } = Opened::read(&pages, (staff, Right::EditLedger), raw, person.shell.now).await?;
    let Some(owner) = asked?.owner else {
        require_record(staff, None)?;
        return Ok(see_other("/renewal/record"));
    };
    let form = FormState::filled(said::usual(kind));
    show(person, &pages, Asked { owner, kind, corrects: None }, (form, &owners)).await
}

/// Records what a form says.
pub(super) async fn record(
    person: SignedIn,
    Pages(pages): Pages<RenewalPages>,
    Path(kind): Path<String>,
    fields: Fields,
) -> PageResult {
    let (kind, owner) = (kind_called(&kind)?, MunicipalityId(id_of(fields.get(OWNER))));
    take(person, &pages, Asked { owner, kind, corrects: None }, fields).await
}

/// The form of an entry that stands, with what it says.
pub(super) async fn open_correction(
    person: SignedIn,
    Pages(pages): Pages<RenewalPages>,
    Path((owner, entry)): Path<(String, String)>,
) -> PageResult {
    let (owner, entry) = (MunicipalityId(id_of(&owner)), EntryId(id_of(&entry)));
    let (view, serials) = pages.renewal.correctable(&person.staff, (owner, entry)).await?;
    let fields = view.stated.as_ref().map(|stated| said::filled(stated, &serials)).unwrap_or_default();
    let asked = Asked { owner, kind: view.entry.kind, corrects: Some(entry) };
    let owners = Owners::of(&pages, &person.staff, Right::EditLedger).await?;
    show(person, &pages, asked, (FormState::filled(fields), &owners)).await
}

/// Records what a form says in the place of an entry.
pub(super) async fn correct(
    person: SignedIn,
    Pages(pages): Pages<RenewalPages>,
    Path((owner, entry)): Path<(String, String)>,
    fields: Fields,
) -> PageResult {
    let (owner, entry) = (MunicipalityId(id_of(&owner)), EntryId(id_of(&entry)));
    require_record(&person.staff, Some(owner))?;
    // It may be taken back already: by this form, which was sent twice.
    let view = pages.renewal.entry(&person.staff, (owner, entry), None).await?;
    take(person, &pages, Asked { owner, kind: view.entry.kind, corrects: Some(entry) }, fields).await
}

/// Takes an entry back.
pub(super) async fn reverse(
    person: SignedIn,
    Pages(pages): Pages<RenewalPages>,
    Path((owner, entry)): Path<(String, String)>,
    fields: Fields,
) -> PageResult {
    let (owner, entry) = (MunicipalityId(id_of(&owner)), EntryId(id_of(&entry)));
    match pages.renewal.reverse(&person.staff, (owner, entry), id_in(&fields), fields.get("reason")).await {
        Ok(_view) => Ok(see_other(&entry_path(owner, entry)).flash(person.shell.w.ledger.taken_back)),
        Err(error) => {
            let form = renewed(fields, error)?;
            entry::show(person, &pages, (owner, entry), (&Fields::default(), form)).await
        }
    }
}

/// The form again after a refusal. An id that something else has taken is given up, so that who sends it once more, having
/// been told, records.
fn renewed(fields: Fields, error: Error) -> Result<FormState, PageError> {
    let is_taken = error.reason == "ENTRY_EXISTS";
    let form = FormState::refused(fields, error)?;
    Ok(if is_taken { form.with(ENTRY, new_id()) } else { form })
}

/// Of which school, if of one. Reason: FIELD_INVALID.
fn school(fields: &Fields) -> Result<Option<SchoolId>> {
    let school = parse_optional_uuid("school", fields.get("school"));
    Ok(school.map_err(invalid)?.map(SchoolId))
}

async fn recorded(pages: &RenewalPages, staff: &Staff, asked: Asked, fields: &Fields) -> Result<EntryId> {
    let order = RecordOrder {
        id: id_in(fields),
        owner: asked.owner,
        school: school(fields)?,
        said: said::read(asked.kind, fields),
        corrects: asked.corrects.map(|entry| (entry, fields.get("reason").to_owned())),
    };
    let (view, _is_new) = pages.renewal.record(staff, order).await?;
    Ok(view.entry.id)
}

async fn take(person: SignedIn, pages: &RenewalPages, asked: Asked, fields: Fields) -> PageResult {
    let w = &person.shell.w.ledger;
    match recorded(pages, &person.staff, asked, &fields).await {
        Ok(entry) => {
            let text = if asked.corrects.is_some() { w.corrected } else { w.recorded };
            Ok(see_other(&entry_path(asked.owner, entry)).flash(text))
        }
        Err(error) => {
            let error = said::placed(asked.kind, &fields, error);
            let form = renewed(fields, error)?;
            let owners = Owners::of(pages, &person.staff, Right::EditLedger).await?;
            show(person, pages, asked, (form, &owners)).await
        }
    }
}

async fn show(
    person: SignedIn,
    pages: &RenewalPages,
    asked: Asked,
    (form, owners): (FormState, &Owners),
) -> PageResult {
    let (staff, shell) = (&person.staff, person.shell);
    let Asked { owner, kind, corrects } = asked;
    let schools = pages.renewal.schools_to_record_of(staff, owner).await?;
    let form = if form.value(ENTRY).is_empty() { form.with(ENTRY, new_id()) } else { form };
    let form = form.with(OWNER, owner.to_string());
    let w = &shell.w.ledger;
    let label = say_both(shell.language, &kind.label());
    let (action, back) = match corrects {
        Some(entry) => {
            let path = entry_path(owner, entry);
            (format!("{path}/correct"), (path, shell.w.renewal.entry))
        }
        None => (format!("/renewal/record/{}", slug(kind)), (format!("/renewal/record?{OWNER}={owner}"), w.record)),
    };
    let template = FormPage {
        heading: match corrects {
            Some(_) => shell.language.choose(format!("{label}の訂正"), format!("Correct: {label}")),
            None => shell.language.choose(format!("{label}の記録"), format!("Record: {label}")),
        },
        lead: if corrects.is_some() { w.correct_lead } else { lead(w, kind) },
        name: owners.name(Some(owner)),
        action,
        back,
        groups: groups(&shell, kind, &form, &schools),
        is_correction: corrects.is_some(),
        form,
        shell,
    };
    page(template.form.status(), &template)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_have_addresses_of_their_own() {
        for kind in EntryKind::ALL {
            assert_eq!(kind_called(slug(*kind)).unwrap(), *kind);
        }
        assert_eq!(kind_called("money").unwrap_err().reason, "PAGE_NOT_FOUND");
    }
}
