//! Files of entries: chosen, looked at, recorded. Between the two steps the page itself carries the file, so that what is
//! recorded is what was looked at, and nothing lies on the server that nobody comes back for.

use askama::Template;
use axum::extract::{Multipart, RawQuery, State as Pages};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use http::StatusCode;

use super::{OWNER, Opened, Owners, RenewalPages, id_of, invalid, record::require_record, said};
use crate::{
    access::{pages::SignedIn, rules::Right},
    console::{
        Fields, FormState, Language, PageResult, Respond as _, Shell, page, see_other,
        words::{fields::field_label, ledger as words},
    },
    error::{Error, FieldViolation, Result, says::fields as say_field},
    renewal::{
        rules::{import::column_names, ledger::EntryKind},
        service::ImportOrder,
    },
    schools::rules::{
        MunicipalityId,
        import::{ImportOutcome, RowFault},
        parse_uuid,
    },
};

/// Faults on a page.
const FAULTS: usize = 300;
/// Field with the file as it was looked at, in base64.
const CONTENT: &str = "content";

#[derive(Template)]
#[template(path = "renewal/import.html")]
struct ImportPage {
    shell: Shell,
    form: FormState,
    owners: Vec<(String, String)>,
    name: String,
    kinds: Vec<(String, String)>,
    columns: Vec<ColumnsLine>,
    looked: Option<Looked>,
}

/// The headers of a kind of file.
struct ColumnsLine {
    kind: String,
    header: String,
    needed: String,
}

/// What a file that was looked at would record, or what is wrong with it.
struct Looked {
    added: u32,
    changed: u32,
    unchanged: u32,
    faults: Vec<FaultLine>,
    more_faults: usize,
    /// The file, where there is something of it to record.
    content: Option<String>,
    kind: String,
}

/// What is wrong with a row.
struct FaultLine {
    row: u32,
    field: String,
    value: String,
    message: String,
}

/// Kinds that come in files.
fn kinds() -> impl Iterator<Item = EntryKind> {
    EntryKind::ALL.iter().copied().filter(|kind| !column_names(*kind).is_empty())
}

fn columns_line(language: Language, kind: EntryKind) -> ColumnsLine {
    let names = column_names(kind);
    let header = |needed_only: bool| {
        let names = names.iter().filter(|name| name.is_needed || !needed_only);
        names.map(|name| language.choose(name.ja, name.en)).collect::<Vec<_>>().join(",")
    };
    ColumnsLine { kind: said(language, &kind.label()), header: header(false), needed: header(true) }
}

/// What a field of a row is called: as its column, or as a field of a form.
fn field_text(language: Language, kind: EntryKind, field: &str) -> String {
    let first = field.split('.').next().unwrap_or_default();
    let column = column_names(kind).into_iter().find(|name| name.en == first);
    let column = column.map(|name| language.choose(name.ja, name.en));
    column.or_else(|| field_label(language, first)).unwrap_or(field).to_owned()
}

fn looked(shell: &Shell, kind: EntryKind, outcome: &ImportOutcome, content: &[u8]) -> Looked {
    let language = shell.language;
    let line = |fault: &RowFault| FaultLine {
        row: fault.row,
        field: field_text(language, kind, &fault.field),
        value: fault.value.clone(),
        message: said(language, &fault.message),
    };
    let is_something = outcome.faults.is_empty() && outcome.added + outcome.changed > 0;
    Looked {
        added: outcome.added,
        changed: outcome.changed,
        unchanged: outcome.unchanged,
        faults: outcome.faults.iter().take(FAULTS).map(line).collect(),
        more_faults: outcome.faults.len().saturating_sub(FAULTS),
        content: is_something.then(|| BASE64_STANDARD.encode(content)),
        kind: kind.to_number().to_string(),
    }
}

pub(super) async fn start(person: SignedIn, Pages(pages): Pages<RenewalPages>, RawQuery(raw): RawQuery) -> PageResult {
    let (staff, now) = (&person.staff, person.shell.now);
    let Opened { fields, owners, asked } = Opened::read(&pages, (staff, Right::EditLedger), raw, now).await?;
    let form = match asked {
        Ok(asked) => {
            require_record(staff, asked.owner)?;
            FormState::filled(fields)
        }
        Err(error) => FormState::refused(fields, error)?,
    };
    show(person.shell, &owners, form, None)
}

/// What a form with a file says, and the file: chosen now, or as it was looked at before.
async fn read_upload(mut upload: Multipart) -> Result<(Fields, Vec<u8>)> {
    let (mut fields, mut content) = (Fields::default(), Vec::new());
    while let Some(field) = upload.next_field().await? {
        let name = field.name().unwrap_or_default().to_owned();
        match name.as_str() {
            "file" => content = field.bytes().await?.to_vec(),
            CONTENT => {
                let text = field.bytes().await?;
                let kept = BASE64_STANDARD.decode(text);
                content = kept.map_err(|_| Error::invalid_field("file", say_field::missing()))?;
            }
            OWNER | "kind" | "act" => fields.set(&name, field.text().await?.trim().to_owned()),
            _other => {}
        }
    }
    Ok((fields, content))
}

/// Which file of whom. Reason: FIELD_INVALID.
fn order(fields: &Fields, owner: MunicipalityId, content: Vec<u8>) -> Result<ImportOrder> {
    let kind = fields.get("kind").parse().ok().and_then(EntryKind::from_number);
    let kind = kind.ok_or_else(|| Error::invalid_field("kind", say_field::unknown_value()))?;
    if content.is_empty() {
        return Err(Error::invalid_field("file", say_field::missing()));
    }
    Ok(ImportOrder { owner, kind, content, dry_run: fields.get("act") != "record" })
}

/// Looks at a file, or records it.
pub(super) async fn hand_in(person: SignedIn, Pages(pages): Pages<RenewalPages>, upload: Multipart) -> PageResult {
    let (staff, language) = (&person.staff, person.shell.language);
    let (fields, content) = match read_upload(upload).await {
        Ok(read) => read,
        Err(error) => {
            require_record(staff, None)?;
            return again(person, &pages, FormState::refused(Fields::default(), error)?, None).await;
        }
    };
    let missing = || FieldViolation::new(OWNER, say_field::missing());
    let owner = fields.some(OWNER).ok_or_else(missing).and_then(|owner| parse_uuid(OWNER, owner));
    let owner = match owner {
        Ok(owner) => MunicipalityId(owner),
        Err(wrong) => {
            require_record(staff, None)?;
            return again(person, &pages, FormState::refused(fields, invalid(wrong))?, None).await;
        }
    };
    require_record(staff, Some(owner))?;
    let order = match order(&fields, owner, content) {
        Ok(order) => order,
        Err(error) => return again(person, &pages, FormState::refused(fields, error)?, None).await,
    };
    match pages.renewal.import(staff, &order).await {
        Ok(outcome) if !order.dry_run && outcome.faults.is_empty() => {
            let path = format!("/renewal/entries?{OWNER}={owner}&kind={}", order.kind.to_number());
            Ok(see_other(&path).flash(&words::imported_text(language, outcome.added, outcome.changed)))
        }
        Ok(outcome) => {
            let looked = looked(&person.shell, order.kind, &outcome, &order.content);
            again(person, &pages, FormState::filled(fields), Some(looked)).await
        }
        Err(error) => again(person, &pages, FormState::refused(fields, error)?, None).await,
    }
}

/// The page after a file was handed in.
async fn again(person: SignedIn, pages: &RenewalPages, form: FormState, looked: Option<Looked>) -> PageResult {
    let owners = Owners::of(pages, &person.staff, Right::EditLedger).await?;
    show(person.shell, &owners, form, looked)
}

fn show(shell: Shell, owners: &Owners, form: FormState, looked: Option<Looked>) -> PageResult {
    let chosen = MunicipalityId(id_of(form.value(OWNER)));
    let form = match owners.only() {
        Some(only) => form.with(OWNER, only.to_string()),
        None => form,
    };
    let language = shell.language;
    let is_refused = looked.as_ref().is_some_and(|looked| !looked.faults.is_empty());
    let status = if is_refused { StatusCode::UNPROCESSABLE_ENTITY } else { form.status() };
    let template = ImportPage {
        name: owners.name(Some(chosen)),
        owners: owners.choices("–"),
        kinds: kinds().map(|kind| (kind.to_number().to_string(), said(language, &kind.label()))).collect(),
        columns: kinds().map(|kind| columns_line(language, kind)).collect(),
        looked,
        form,
        shell,
    };
    page(status, &template)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_told_for_each_kind_that_comes_in_files() {
        let lines: Vec<_> = kinds().map(|kind| columns_line(Language::Ja, kind)).collect();
        assert_eq!(lines.len(), 5);
        assert_eq!((lines[3].needed.as_str(), lines[3].kind.as_str()), ("年度,児童生徒数", "児童生徒数"));
        assert_eq!(columns_line(Language::En, EntryKind::Pupils).header, "fiscal_year,count,source,school,note");
        let text = |field| field_text(Language::Ja, EntryKind::Lot, field);
        assert_eq!([text("count"), text("funding.1.amount_yen"), text("x")], ["台数", "負担者ごとの金額", "x"]);
    }

    #[test]
    fn file_is_looked_at_unless_it_is_to_be_recorded() {
        let read = |query: &str, content: &[u8]| {
            order(&Fields::parse(query.as_bytes()), MunicipalityId(uuid::Uuid::nil()), content.to_vec())
        };
        assert!(read("kind=4", b"a").unwrap().dry_run);
        assert!(!read("kind=4&act=record", b"a").unwrap().dry_run);
        assert_eq!(read("kind=9", b"a").unwrap_err().fields[0].field, "kind");
        assert_eq!(read("kind=4", b"").unwrap_err().fields[0].field, "file");
    }
}
