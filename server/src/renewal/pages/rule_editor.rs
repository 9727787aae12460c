//! Rules of one kind changed: common changes by fields, anything else as JSON. What they do to an owner's figures is seen
//! before they are set; a preview stores nothing, and what was typed comes back with it.

use askama::Template;
use axum::extract::{Path, RawQuery, State as Pages};
use http::StatusCode;

use super::{
    OWNER, Owners, RenewalPages,
    figures::{Figures, figures},
    invalid,
    rule_fields::{FIELDS, Offers, edit},
    rules::{HISTORY, Head, head, rules_path},
    said,
};
use crate::{
    access::{
        pages::SignedIn,
        rules::{
            Right, Staff,
            days::{date_text, day_in_japan},
        },
    },
    clock::Timestamp,
    console::{Fields, FormState, PageResult, Respond as _, Shell, page, refused, see_other},
    error::{Error, FieldViolation, Kind, Result, says::renewal as say},
    renewal::rules::{
        report::content::sha256_of,
        rule_sets::{RulesFrom, RulesKind, SaidRules, check, product},
        written::tidied,
    },
    schools::rules::{MunicipalityId, parse_optional_uuid},
};

/// The field of JSON.
const RULES: &str = "rules";
/// Whose figures are previewed where the rules are those of the installation.
const AT: &str = "at";
/// The hash of the rules that were previewed.
const SEEN: &str = "seen";
/// When the rules were said that the form began with.
const VERSION: &str = "version";

#[derive(Template)]
#[template(path = "renewal/rule_editor.html")]
struct EditorPage {
    shell: Shell,
    form: FormState,
    back: String,
    name: String,
    head: Head,
    offers: Offers,
    places: Vec<(String, String)>,
    is_own: bool,
    notice: Option<&'static str>,
    wrong: Vec<(String, String)>,
    preview: Option<Preview>,
}

/// What a change would do.
struct Preview {
    name: String,
    /// Whether own rules would be given up.
    gives_up: bool,
    note: Option<&'static str>,
    figures: Option<Figures>,
}

/// Which rules are changed: of whom, and of which kind.
#[derive(Debug, Clone, Copy)]
struct Of {
    owner: Option<MunicipalityId>,
    kind: RulesKind,
}

impl Of {
    /// Reads it, for who may change them. Reasons: PAGE_NOT_FOUND, FIELD_INVALID, RIGHT_MISSING, MUNICIPALITY_NOT_FOUND.
    fn read(kind: &str, fields: &Fields, staff: &Staff) -> Result<Self> {
        let found = RulesKind::ALL.iter().copied().find(|one| one.code().to_lowercase() == kind);
        let kind = found.ok_or_else(|| Error::not_found("PAGE_NOT_FOUND", say::rules_kind()))?;
        let owner = parse_optional_uuid(OWNER, fields.get(OWNER)).map_err(invalid)?.map(MunicipalityId);
        match owner {
            Some(owner) => drop(staff.area_over(Right::EditLedger, owner, None)?),
            None => staff.require_everywhere(Right::EditLedger)?,
        }
        Ok(Self { owner, kind })
    }
}

/// What is done with what was typed.
enum Act {
    /// The rules are previewed.
    Preview,
    /// The same, since they are not those that were previewed.
    PreviewAgain,
    /// A common change is put into them, and then they are previewed.
    PutIn,
    /// They are set.
    Set,
    /// It is previewed to give own rules up.
    PreviewGivingUp,
    /// They are given up.
    GiveUp,
}

impl Act {
    fn of(fields: &Fields) -> Self {
        match fields.get("act") {
            "put_in" => Self::PutIn,
            "set" if fields.get(SEEN) == sha256_of(fields.get(RULES).as_bytes()) => Self::Set,
            "set" => Self::PreviewAgain,
            "preview_give_up" => Self::PreviewGivingUp,
            "give_up" => Self::GiveUp,
            _ => Self::Preview,
        }
    }
}

/// Why a change is not made.
enum Refusal {
    /// Fields of the form.
    Fields(Vec<FieldViolation>),
    /// Places in the rules.
    Rules(Vec<FieldViolation>),
    /// Anything else.
    Other(Box<Error>),
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        if error.kind == Kind::Invalid && !error.fields.is_empty() {
            return Self::Rules(error.fields.into_vec());
        }
        Self::Other(Box::new(error))
    }
}

/// When own rules were said or given up last.
async fn newest(pages: &RenewalPages, staff: &Staff, of: Of) -> Result<Option<Timestamp>> {
    let history = pages.renewal.rules_history(staff, of.owner, of.kind, 1).await?;
    Ok(history.first().map(|deed| deed.at))
}

/// What a change does to the figures: of the owner, or of one who is named where the rules are those of the installation.
async fn previewed(
    pages: &RenewalPages,
    (shell, staff): (&Shell, &Staff),
    (of, text): (Of, Option<String>),
    fields: &Fields,
) -> Result<Preview> {
    let w = &shell.w.rules;
    let gives_up = text.is_none();
    let owners = Owners::of(pages, staff, Right::ViewRenewal).await?;
    let named = parse_optional_uuid(AT, fields.get(AT)).ok().flatten().map(MunicipalityId);
    let named = named.filter(|named| owners.ids.contains(named)).or(owners.ids.first().copied());
    let Some(owner) = of.owner.or(named) else {
        return Ok(Preview { name: String::new(), gives_up, note: Some(w.nobody), figures: None });
    };
    let name = owners.name(Some(owner));
    // Without rules of the installation those of the product hold.
    let text = text.or_else(|| of.owner.is_none().then(|| product(of.kind).to_owned()));
    let under = pages.renewal.figures_under(staff, owner, (of.kind, text)).await?;
    if of.owner.is_none() && under.from == RulesFrom::Owner {
        return Ok(Preview { name, gives_up, note: Some(w.own_hold), figures: None });
    }
    Ok(Preview { name, gives_up, note: None, figures: Some(figures(shell, &under)) })
}

/// The fields of a form as it begins.
fn begun(rules: &SaidRules, newest: Option<Timestamp>, (of, now): (Of, Timestamp)) -> Fields {
    let owner = of.owner.map(|owner| owner.to_string()).unwrap_or_default();
    Fields::of([
        (OWNER, owner),
        (RULES, tidied(&rules.text)),
        (VERSION, newest.map(|at| at.0.to_string()).unwrap_or_default()),
        ("origin_date", date_text(day_in_japan(now.0))),
    ])
}

/// The source that rules name, where they can be read.
fn source(rules: &SaidRules) -> String {
    let value: Option<serde_json::Value> = serde_json::from_str(&rules.text).ok();
    value.and_then(|value| value["source"].as_str().map(str::to_owned)).unwrap_or_default()
}

/// What a page shows beyond its form.
#[derive(Default)]
struct Beside {
    notice: Option<&'static str>,
    wrong: Vec<FieldViolation>,
    preview: Option<Preview>,
}

async fn show(
    person: SignedIn,
    pages: &RenewalPages,
    of: Of,
    (form, status): (FormState, StatusCode),
    beside: Beside,
) -> PageResult {
    let (staff, shell) = (&person.staff, person.shell);
    let rules = pages.renewal.rules(staff, of.owner, of.kind, None).await?;
    let history = pages.renewal.rules_history(staff, of.owner, of.kind, HISTORY).await?;
    let is_own = history.first().is_some_and(|deed| !deed.is_given_up);
    let owners = Owners::of(pages, staff, Right::ViewRenewal).await?;
    let place = |id: &MunicipalityId| (id.to_string(), owners.name(Some(*id)));
    let places = if of.owner.is_none() { owners.ids.iter().map(place).collect() } else { Vec::new() };
    let place = |wrong: &FieldViolation| (wrong.field.clone().into_owned(), said(shell.language, &wrong.message));
    let wrong = beside.wrong.iter().map(place).collect();
    let name = match of.owner {
        Some(owner) => owners.name(Some(owner)),
        None => shell.w.rules.installation.to_owned(),
    };
    let head = head(&shell, (&rules, of.owner, false), &source(&rules), history);
    let offers = Offers::of(&shell, of.kind, form.value(RULES));
    let (back, Beside { notice, preview, .. }) = (rules_path(of.owner), beside);
    let template = EditorPage { shell, form, back, name, head, offers, places, is_own, notice, wrong, preview };
    page(status, &template)
}

pub(super) async fn editor(
    person: SignedIn,
    Pages(pages): Pages<RenewalPages>,
    Path(kind): Path<String>,
    RawQuery(raw): RawQuery,
) -> PageResult {
    let fields = Fields::parse(raw.unwrap_or_default().as_bytes());
    let of = Of::read(&kind, &fields, &person.staff)?;
    // First when they were said, then what they say: what is said in between is refused as changed, never overwritten.
    let newest = newest(&pages, &person.staff, of).await?;
    let rules = pages.renewal.rules(&person.staff, of.owner, of.kind, None).await?;
    let form = FormState::filled(begun(&rules, newest, (of, person.shell.now)));
    show(person, &pages, of, (form, StatusCode::OK), Beside::default()).await
}

/// What became of what was typed.
enum Done {
    /// It is shown what it would do, of these rules.
    Shown(Box<Preview>, String),
    /// It is said.
    Said(&'static str),
}

/// What is seen of the rules that stand in the form, if they can be read.
async fn shown(
    pages: &RenewalPages,
    who: (&Shell, &Staff),
    of: Of,
    (text, fields): (String, &Fields),
) -> std::result::Result<Done, Refusal> {
    check(of.kind, &text).map_err(Refusal::Rules)?;
    let preview = previewed(pages, who, (of, Some(text.clone())), fields).await?;
    Ok(Done::Shown(Box::new(preview), text))
}

/// Says rules, or gives them up: not where somebody else did so since the form was opened, which it tells.
async fn say_rules(
    pages: &RenewalPages,
    staff: &Staff,
    (of, text): (Of, Option<String>),
    fields: &Fields,
) -> Result<SaidRules> {
    if !fields.has(VERSION) {
        return pages.renewal.set_rules(staff, of.owner, of.kind, text).await;
    }
    let seen = fields.get(VERSION).parse().ok().map(Timestamp);
    pages.renewal.replace_rules(staff, of.owner, (of.kind, text), seen).await
}

async fn carry_out(
    pages: &RenewalPages,
    (shell, staff): (&Shell, &Staff),
    of: Of,
    (act, fields): (&Act, &Fields),
) -> std::result::Result<Done, Refusal> {
    let (who, text) = ((shell, staff), fields.get(RULES).to_owned());
    match act {
        Act::Preview | Act::PreviewAgain => shown(pages, who, of, (text, fields)).await,
        Act::PutIn => {
            let edit = edit(of.kind, fields).map_err(Refusal::Fields)?;
            let text = edit.made_in(&text).map_err(Refusal::Rules)?;
            shown(pages, who, of, (text, fields)).await
        }
        Act::PreviewGivingUp => {
            let preview = previewed(pages, who, (of, None), fields).await?;
            Ok(Done::Shown(Box::new(preview), text))
        }
        Act::Set => {
            say_rules(pages, staff, (of, Some(text)), fields).await?;
            Ok(Done::Said(shell.w.rules.set_done))
        }
        Act::GiveUp => {
            say_rules(pages, staff, (of, None), fields).await?;
            Ok(Done::Said(shell.w.rules.given_up_done))
        }
    }
}

/// The form again after what was refused, with the places in the rules that are wrong.
fn again(fields: Fields, refusal: Refusal) -> PageResult<((FormState, StatusCode), Vec<FieldViolation>)> {
    match refusal {
        Refusal::Fields(wrong) => Ok((refused(fields, Error::invalid_fields("FIELD_INVALID", wrong))?, Vec::new())),
        Refusal::Rules(wrong) => {
            let all = Error::invalid_field(RULES, say::rules_wrong(wrong.len()));
            Ok((refused(fields, all)?, wrong))
        }
        Refusal::Other(error) => Ok((refused(fields, *error)?, Vec::new())),
    }
}

pub(super) async fn change(
    person: SignedIn,
    Pages(pages): Pages<RenewalPages>,
    Path(kind): Path<String>,
    mut fields: Fields,
) -> PageResult {
    let of = Of::read(&kind, &fields, &person.staff)?;
    // Browsers send lines of a text with two characters at their end.
    let text = fields.get(RULES).replace("\r\n", "\n");
    fields.set(RULES, text);
    let act = Act::of(&fields);
    let done = carry_out(&pages, (&person.shell, &person.staff), of, (&act, &fields)).await;
    let notice = matches!(act, Act::PreviewAgain).then_some(person.shell.w.rules.text_changed);
    match done {
        Ok(Done::Said(message)) => Ok(see_other(&rules_path(of.owner)).flash(message)),
        Ok(Done::Shown(preview, text)) => {
            if matches!(act, Act::PutIn) {
                FIELDS.iter().for_each(|name| fields.set(name, String::new()));
            }
            fields.set(SEEN, if preview.gives_up { String::new() } else { sha256_of(text.as_bytes()) });
            fields.set(RULES, text);
            let form = FormState::filled(fields);
            let beside = Beside { notice, preview: Some(*preview), ..Beside::default() };
            show(person, &pages, of, (form, StatusCode::OK), beside).await
        }
        Err(refusal) => {
            let (form, wrong) = again(fields, refusal)?;
            show(person, &pages, of, form, Beside { wrong, ..Beside::default() }).await
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_seen_is_set() {
        let act = |query: String| Act::of(&Fields::parse(query.as_bytes()));
        let seen = sha256_of(b"{}");
        assert!(matches!(act(format!("act=set&rules={{}}&seen={seen}")), Act::Set));
        assert!(matches!(act(format!("act=set&rules={{}}+1&seen={seen}")), Act::PreviewAgain));
        assert!(matches!(act(String::from("act=set&rules={}")), Act::PreviewAgain));
        assert!(matches!(act(String::from("act=&rules={}")), Act::Preview));
    }

    #[test]
    fn wrong_rules_come_back_with_their_places() {
        let Err(wrong) = check(RulesKind::Ends, r#"{"source": "x", "ends": [{"os": "beos"}], "lifetimes": []}"#) else {
            panic!("they are wrong")
        };
        let ((form, status), wrong) = again(Fields::parse(b"rules=x"), Refusal::Rules(wrong)).unwrap();
        assert!(status == 422 && form.message(RULES).is_some() && form.value(RULES) == "x");
        assert!(wrong.iter().any(|wrong| wrong.field == "ends.1.os"));
    }
}
