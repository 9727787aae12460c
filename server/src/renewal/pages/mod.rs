//! Pages of renewal: home of a board, the published plan, scenarios, what an amount is of, the register of disposals, what
//! changed, owners beside each other; lives of devices, repair or replace; the ledger and recording in it, and the rules of
//! all that.

mod advice;
mod changes;
mod costs;
mod device_years;
mod disposals;
mod entries;
mod entry;
mod export;
mod figures;
mod home;
mod import;
mod lives;
mod plan;
mod prefecture;
mod record;
mod rule_editor;
mod rule_fields;
mod rule_tables;
mod rules;
mod scenarios;
mod years;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    routing::{get, post},
};
use time::Date;
use uuid::Uuid;

use super::{
    documents::Form,
    rules::{
        Payer,
        import::FILE_BYTES,
        known::as_of_text,
        ledger::EntryId,
        money::Yen,
        report::{Sealed, content::read_time},
        rule_sets::RuleNote,
    },
    service::{EntryView, Renewal},
};
use crate::{
    access::{
        rules::{
            Right, Staff,
            days::{midnight_in_japan, parse_date},
        },
        service::{Access, names::PlaceNames},
    },
    clock::Timestamp,
    console::{Fields, Language, Shell, address::Address, charts::Tone, format, words::renewal::yen_text},
    error::{Both, Error, FieldViolation, Result, collect, says::fields as say_field},
    schools::rules::{MunicipalityId, fiscal::FiscalYear, parse_optional_uuid},
};

/// What these pages read.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "each is the service of its name")]
pub struct RenewalPages {
    pub renewal: Renewal,
    pub access: Access,
}

/// The pages of renewal.
pub fn routes(pages: RenewalPages) -> Router {
    Router::new()
        .route("/renewal", get(home::home))
        .route("/renewal/plan", get(plan::plan))
        .route("/renewal/scenarios", get(scenarios::scenarios))
        .route("/renewal/export", get(export::export))
        .route("/renewal/costs", get(costs::costs))
        .route("/renewal/costs/{municipality}/{entry}", get(entry::entry))
        .route("/renewal/costs/{municipality}/{entry}/correct", get(record::open_correction).post(record::correct))
        .route("/renewal/costs/{municipality}/{entry}/reverse", post(record::reverse))
        .route("/renewal/disposals", get(disposals::disposals))
        .route("/renewal/entries", get(entries::entries))
        .route("/renewal/record", get(record::choose))
        .route("/renewal/record/{kind}", get(record::open).post(record::record))
        .route("/renewal/import", get(import::start).post(import::hand_in).layer(DefaultBodyLimit::max(UPLOAD_BYTES)))
        .route("/renewal/rules", get(rules::rules))
        .route("/renewal/rules/{kind}", get(rule_editor::editor).post(rule_editor::change))
        .route("/renewal/changes", get(changes::changes))
        .route("/renewal/prefecture", get(prefecture::prefecture))
        .route("/renewal/lives", get(lives::lives))
        .route("/renewal/advice", get(advice::advice))
        .with_state(pages)
}

/// The query of these pages.
const OWNER: &str = "municipality_id";
const AS_OF: &str = "as_of_time";

/// Most bytes of a file of entries as it comes, twice: as it is, and written out for the second step.
const UPLOAD_BYTES: usize = 3 * FILE_BYTES;

/// Payers as charts show them: the board first, the state as one. Each with how it looks.
const SERIES: [(&[Payer], Tone); 5] = [
    (&[Payer::Own], Tone::Plain),
    (&[Payer::StateFund, Payer::StateOther], Tone::Good),
    (&[Payer::Prefecture], Tone::Warning),
    (&[Payer::LocalAllocation], Tone::Quiet),
    (&[Payer::Guardian], Tone::Bad),
];

/// Addresses of a report as a file, in the order of [`Form::ALL`].
fn forms(address: impl Fn(&str) -> String) -> [String; 4] {
    Form::ALL.map(|form| address(form.name()))
}

fn said(language: Language, both: &Both) -> String {
    language.choose(&both.ja, &both.en).clone().into_owned()
}

/// A fiscal year as people say it: with the era in both languages, since boards count so.
fn year_text(language: Language, year: FiscalYear) -> String {
    language.choose(year.japanese(), format!("FY {} ({})", year.year(), year.letter()))
}

/// A day: by the era in Japanese.
fn day_text(language: Language, day: Date) -> String {
    match language {
        Language::Ja => format::japanese_date(day),
        Language::En => format::date(language, Some(day)),
    }
}

/// The names of the series of charts.
fn series(shell: &Shell) -> Vec<(String, Tone)> {
    let w = &shell.w.renewal;
    let names = [w.own, w.state, w.prefecture, w.allocation, w.guardian];
    names.iter().zip(SERIES).map(|(name, (_, tone))| ((*name).to_owned(), tone)).collect()
}

/// Amounts of payers as the parts of a line of a chart.
fn parts_of(amount: impl Fn(Payer) -> i64) -> Vec<i64> {
    SERIES.iter().map(|(payers, _)| payers.iter().map(|payer| amount(*payer)).sum()).collect()
}

/// A way between these pages, for the tabs above each.
struct Tab {
    path: String,
    text: &'static str,
    here: bool,
}

/// The owners whose money somebody sees.
struct Owners {
    names: PlaceNames,
    ids: Vec<MunicipalityId>,
}

impl Owners {
    /// Those where the caller has a right over the whole.
    async fn of(pages: &RenewalPages, staff: &Staff, right: Right) -> Result<Self> {
        let names = pages.access.place_names(staff, right, &[]).await?;
        let scope = staff.scope(right).ok();
        let is_whole = |owner: MunicipalityId| scope.as_ref().is_some_and(|scope| scope.whole(owner).is_some());
        let ids = names.owners().iter().map(|(id, ..)| *id).filter(|id| is_whole(*id)).collect();
        Ok(Self { names, ids })
    }

    /// The only one, which nobody needs to choose.
    fn only(&self) -> Option<MunicipalityId> {
        match self.ids[..] {
            [only] => Some(only),
            _ => None,
        }
    }

    /// Choices behind a first one; none where there is nothing to choose.
    fn choices(&self, first: &str) -> Vec<(String, String)> {
        if self.ids.len() < 2 {
            return Vec::new();
        }
        let name = |id: &MunicipalityId| self.names.owner(*id).unwrap_or_default().to_owned();
        let all = std::iter::once((String::new(), first.to_owned()));
        all.chain(self.ids.iter().map(|id| (id.to_string(), name(id)))).collect()
    }

    /// The name of an owner by its code, and its id.
    fn of_code(&self, code: &str) -> Option<(MunicipalityId, &str)> {
        let found = self.names.owners().iter().find(|(id, one, _)| one == code && self.ids.contains(id))?;
        Some((found.0, found.2.as_str()))
    }

    fn name(&self, owner: Option<MunicipalityId>) -> String {
        owner.and_then(|owner| self.names.owner(owner)).unwrap_or_default().to_owned()
    }
}

/// What every page is asked for: of whom, and as of when.
#[derive(Debug, Clone, Copy)]
struct Asked {
    owner: Option<MunicipalityId>,
    as_of: Option<Timestamp>,
}

impl Asked {
    /// Reads it; of the only owner where none is named. Reason: FIELD_INVALID, with all that is wrong.
    fn read(fields: &Fields, owners: &Owners, now: Timestamp) -> Result<Self> {
        let mut wrong = Vec::new();
        let owner = collect(parse_optional_uuid(OWNER, fields.get(OWNER)), &mut wrong);
        let as_of = collect(read_as_of(fields.get(AS_OF), now), &mut wrong);
        match (owner, as_of) {
            (Some(owner), Some(as_of)) => Ok(Self { owner: owner.map(MunicipalityId).or(owners.only()), as_of }),
            _ => Err(Error::invalid_fields("FIELD_INVALID", wrong)),
        }
    }
}

/// A time in RFC 3339, or the end of a day in Japan; none for now, and for what is not over yet.
fn read_as_of(text: &str, now: Timestamp) -> std::result::Result<Option<Timestamp>, FieldViolation> {
    if text.is_empty() {
        return Ok(None);
    }
    if text.contains(':') {
        let time = read_time(text).ok_or_else(|| FieldViolation::new(AS_OF, say_field::time_needed()))?;
        return Ok(Some(time));
    }
    let day = parse_date(AS_OF, text)?;
    let end = day.next_day().map(|next| Timestamp(midnight_in_japan(next).0 - 1));
    Ok(end.filter(|end| *end <= now))
}

/// What a page begins with: its query, with the owner that is meant, the owners to choose from, and what is asked for.
struct Opened {
    fields: Fields,
    owners: Owners,
    asked: Result<Asked>,
}

impl Opened {
    async fn read(
        pages: &RenewalPages,
        (staff, right): (&Staff, Right),
        query: Option<String>,
        now: Timestamp,
    ) -> Result<Self> {
        let mut fields = Fields::parse(query.unwrap_or_default().as_bytes());
        let owners = Owners::of(pages, staff, right).await?;
        let asked = Asked::read(&fields, &owners, now);
        if let Ok(Asked { owner: Some(owner), .. }) = asked {
            fields.set(OWNER, owner.to_string());
        }
        Ok(Self { fields, owners, asked })
    }
}

/// What stands below a report: as of when it is, its hash, and what it rests on.
struct Foot {
    as_of: String,
    moment: String,
    hash: String,
    rules: Vec<String>,
}

impl Foot {
    fn of<R>(shell: &Shell, sealed: &Sealed<R>, as_of: Timestamp, rules: &[RuleNote]) -> Self {
        let mut all: Vec<_> = rules.iter().map(|rule| said(shell.language, &rule.label())).collect();
        all.sort();
        all.dedup();
        Self {
            as_of: as_of_text(as_of),
            moment: shell.moment_with_seconds(as_of),
            hash: sealed.sha256.clone(),
            rules: all,
        }
    }
}

/// The address of one of these pages with what it is asked for.
fn address(path: &str, fields: &Fields) -> Address {
    Address::read(path, &[OWNER, AS_OF], fields)
}

/// The tabs above a page. Single entries are for who sees the ledger.
fn tabs(shell: &Shell, staff: &Staff, fields: &Fields, here: &str) -> Vec<Tab> {
    let w = &shell.w.renewal;
    let pages = [
        ("/renewal", w.title, Right::ViewRenewal),
        ("/renewal/plan", w.plan, Right::ViewRenewal),
        ("/renewal/scenarios", w.scenarios, Right::ViewRenewal),
        ("/renewal/lives", w.lives, Right::ViewRenewal),
        ("/renewal/costs", w.costs, Right::ViewLedger),
        ("/renewal/disposals", w.disposals, Right::ViewLedger),
        ("/renewal/entries", shell.w.ledger.title, Right::ViewLedger),
        ("/renewal/changes", shell.w.rules.changes, Right::ViewLedger),
        ("/renewal/rules", shell.w.rules.title, Right::ViewRenewal),
        ("/renewal/prefecture", shell.w.rules.prefecture, Right::ViewRenewal),
    ];
    // Beside each other stand several owners, for who sees them whole.
    let whole = |staff: &Staff| {
        let scope = staff.scope(Right::ViewRenewal).ok();
        scope.is_some_and(|scope| scope.areas().filter(|area| area.covers(None)).nth(1).is_some())
    };
    let is_of_use = |path: &str| path != "/renewal/prefecture" || here == path || whole(staff);
    let seen = pages.into_iter().filter(|(path, _, right)| staff.has(*right) && is_of_use(path));
    seen.map(|(path, text, _)| Tab { path: address(path, fields).text(), text, here: path == here }).collect()
}

/// Whether somebody may take out a report of an owner, or of all that they see together.
fn may_export(staff: &Staff, owners: &Owners, owner: Option<MunicipalityId>) -> bool {
    let Ok(scope) = staff.scope(Right::Export) else { return false };
    match owner {
        Some(owner) => scope.whole(owner).is_some(),
        None => !owners.ids.is_empty() && owners.ids.iter().all(|id| scope.whole(*id).is_some()),
    }
}

/// A refusal of one field. Reason: FIELD_INVALID.
fn invalid(wrong: FieldViolation) -> Error {
    Error::invalid_fields("FIELD_INVALID", vec![wrong])
}

/// A word that a query names by its number in the contract; none for nothing.
fn number_word<T>(
    field: &'static str,
    text: &str,
    read: impl Fn(i16) -> Option<T>,
) -> std::result::Result<Option<T>, FieldViolation> {
    if text.is_empty() {
        return Ok(None);
    }
    let found = text.parse::<i16>().ok().and_then(read);
    found.map(Some).ok_or_else(|| FieldViolation::new(field, say_field::unknown_value()))
}

/// Where an entry is shown.
fn entry_path(owner: MunicipalityId, entry: EntryId) -> String {
    format!("/renewal/costs/{owner}/{entry}")
}

/// Who pays, and how much.
fn paid_text(shell: &Shell, (payer, amount): &(Payer, Yen)) -> String {
    format!("{} {}", said(shell.language, &payer.label()), yen_text(shell.language, amount.to_number()))
}

/// A number of a query; none for nothing and for what is no number.
fn number_of<T: std::str::FromStr>(fields: &Fields, name: &str) -> Option<T> {
    fields.some(name).and_then(|text| text.parse().ok())
}

/// Behind which entry a page of a list begins; before the newest where nothing is said.
fn behind_entry(fields: &Fields) -> (i64, Uuid) {
    (number_of(fields, "before").unwrap_or(i64::MAX), number_of(fields, "entry").unwrap_or(Uuid::max()))
}

/// The ways on from a page of a list of entries: to the first one, and to the one behind its last entry, where more were
/// read than stand on it.
fn ways_on(address: &Address, views: &[EntryView], most: usize) -> (Option<String>, Option<String>) {
    let last = views.get(most - 1).filter(|_| views.len() > most);
    let next = last.map(|view| {
        let (at, id) = (view.entry.recorded_at.0.to_string(), view.entry.id.to_string());
        address.with("before", &at).with("entry", &id).text()
    });
    let is_first = address.get("before").is_empty();
    let first = (!is_first).then(|| address.without("before").without("entry").text());
    (first, next)
}

/// An id in an address. What is none is not there.
fn id_of(text: &str) -> Uuid {
    Uuid::try_parse(text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-27 12:00 in Japan.
    const NOW: Timestamp = Timestamp(1_795_748_400_000_000);

    #[test]
    fn day_counts_whole_and_today_is_now() {
        let read = |text| read_as_of(text, NOW).unwrap();
        assert_eq!((read(""), read("2026-11-27"), read("R9.1.1")), (None, None, None));
        let before = midnight_in_japan(parse_date("day", "2026-11-27").unwrap());
        assert_eq!(read("R8.11.26"), Some(Timestamp(before.0 - 1)));
        assert_eq!(read("2026-11-27T12:00:00+09:00"), Some(NOW));
        assert_eq!(read_as_of("12:00", NOW).unwrap_err().field, AS_OF);
        assert!(read_as_of("きのう", NOW).is_err());
    }

    #[test]
    fn list_begins_before_the_newest_entry_or_behind_one() {
        let read = |query: &str| behind_entry(&Fields::parse(query.as_bytes()));
        let id = "019ab12c-3d4e-7f56-8a9b-0c1d2e3f4a5b";
        assert_eq!(read(&format!("before=9&entry={id}")), (9, id_of(id)));
        assert_eq!([read(""), read("before=x&entry=y")], [(i64::MAX, Uuid::max()); 2]);
    }

    #[test]
    fn ways_on_lead_nowhere_from_the_only_page() {
        let on = |query: &str| {
            let fields = Fields::parse(query.as_bytes());
            ways_on(&Address::read("/renewal/entries", &[OWNER, "before", "entry"], &fields), &[], 50)
        };
        assert_eq!(on(""), (None, None));
        assert_eq!(on("before=9&entry=x"), (Some(String::from("/renewal/entries")), None));
    }

    #[test]
    fn every_payer_is_in_one_series() {
        let mut all: Vec<_> = SERIES.iter().flat_map(|(payers, _)| payers.iter().copied()).collect();
        all.sort();
        assert_eq!(all, Payer::ALL);
        assert_eq!(parts_of(|payer| i64::from(payer.to_number())), [5, 3, 3, 4, 6]);
    }

    #[test]
    fn years_are_said_by_their_era() {
        let year = FiscalYear::starting_in(2027).unwrap();
        assert_eq!([year_text(Language::Ja, year), year_text(Language::En, year)], ["令和9年度", "FY 2027 (R9)"]);
    }
}
