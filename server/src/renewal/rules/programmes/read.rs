//! Reads programmes from JSON and checks them: all that is wrong at once, each with its programme and its field.

use super::{Cover, Figure, GrantRounding, Origin, Programme, Programmes, Rest, RestOf, RoundedPer};
use crate::{
    access::rules::days::date_text,
    error::{
        FieldViolation,
        says::{fields as say_field, renewal as say},
    },
    renewal::rules::{
        CostKind, Payer,
        money::{Rounding, RoundingMode, RoundingUnit, Yen},
        payer_code,
        reading::{Reader, json},
    },
    schools::rules::fiscal::FiscalYear,
};

/// Most programmes.
const PROGRAMMES_MOST: usize = 50;
/// Longest id, in characters.
const ID_MOST: usize = 40;
/// Longest name.
const NAME_MOST: usize = 100;
/// Longest note.
const NOTE_MOST: usize = 1_000;
/// Longest source.
pub(in crate::renewal) const SOURCE_MOST: usize = 200;
/// Longest restriction, in years.
const RESTRICTION_MOST: i64 = 20;

impl Programmes {
    /// Reads programmes and checks them. The path of what is wrong begins with `programmes.` and the programme's id, or
    /// its place from 1 where it has none.
    pub fn read(text: &str) -> Result<Self, Vec<FieldViolation>> {
        let value = json(text)?;
        let mut refused = Vec::new();
        let mut reader = Reader::new("", &value, &mut refused);
        let source = reader.text("source", SOURCE_MOST);
        let list = reader.list("programmes", PROGRAMMES_MOST);
        let mut programmes = Vec::new();
        for (at, value) in list.iter().enumerate() {
            let path = format!("programmes.{}", name_of(value, at));
            programmes.extend(reader.at(path, value, read_programme));
        }
        reader.end();
        check_together(&programmes, &mut refused);
        match source {
            Some(source) if refused.is_empty() => Ok(Self { source, programmes }),
            _ => Err(refused),
        }
    }
}

/// The id of a programme, as far as it has one, or its place.
fn name_of(value: &serde_json::Value, at: usize) -> String {
    let id = value.get("id").and_then(serde_json::Value::as_str).filter(|id| is_id(id));
    id.map_or_else(|| (at + 1).to_string(), str::to_owned)
}

/// Whether a text can be an id: small letters, digits and hyphens.
pub(in crate::renewal) fn is_id(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (1..=ID_MOST).contains(&text.len()) && text.chars().all(fits)
}

fn read_programme(reader: &mut Reader<'_, '_>) -> Option<Programme> {
    let id = reader.text("id", ID_MOST);
    if id.as_deref().is_some_and(|id| !is_id(id)) {
        reader.refuse("id", say::id(ID_MOST));
    }
    let name = reader.both("name", NAME_MOST);
    let note = reader.optional("note").is_some().then(|| reader.both("note", NOTE_MOST)).flatten();
    let invented = reader.flag("invented");
    let years = read_years(reader);
    let covers = read_covers(reader);
    let spare_cap = figure(reader, "spare_cap", |reader| reader.fraction("value"));
    let rest = figure(reader, "rest", |reader| read_rest(reader, "value"));
    let rounding = figure(reader, "rounding", |reader| reader.inner("value", read_rounding));
    let restriction = figure(reader, "disposal_restriction_years", |reader| {
        reader.number("value", 0..=RESTRICTION_MOST).and_then(|years| u8::try_from(years).ok())
    });
    let (source, date) = (reader.text("source", SOURCE_MOST), reader.day("date"));
    let (first, last) = years?;
    Some(Programme {
        id: id?,
        name: name?,
        note,
        invented: invented?,
        first,
        last,
        covers,
        spare_cap: spare_cap?,
        rest: rest?,
        rounding: rounding?,
        disposal_restriction_years: restriction?,
        origin: Origin { source: source?, date: date?, verified: !invented? },
    })
}

/// Years in which it holds. A rule that begins or ends within a year would leave open what holds in it.
fn read_years(reader: &mut Reader<'_, '_>) -> Option<(FiscalYear, FiscalYear)> {
    let (from, to) = (reader.day("from_date"), reader.day("to_date"));
    if let Some(from) = from
        && from != FiscalYear::of(from).first_day()
    {
        reader.refuse("from_date", say::mid_year_start(date_text(from), date_text(FiscalYear::of(from).first_day())));
    }
    if let Some(to) = to
        && to != FiscalYear::of(to).last_day()
    {
        reader.refuse("to_date", say::mid_year_end(date_text(to), date_text(FiscalYear::of(to).last_day())));
    }
    let (from, to) = (from?, to?);
    if to < from {
        reader.refuse("to_date", say::ends_before(date_text(from)));
    }
    Some((FiscalYear::of(from), FiscalYear::of(to)))
}

/// Source, date and whether it is confirmed.
pub(in crate::renewal) fn read_origin(reader: &mut Reader<'_, '_>) -> Option<Origin> {
    let (source, date, verified) = (reader.text("source", SOURCE_MOST), reader.day("date"), reader.flag("verified"));
    Some(Origin { source: source?, date: date?, verified: verified? })
}

/// A figure with its source, its date and whether it is confirmed.
pub(in crate::renewal) fn figure<'v, T>(
    reader: &mut Reader<'v, '_>,
    name: &'static str,
    read: impl FnOnce(&mut Reader<'v, '_>) -> Option<T>,
) -> Option<Figure<T>> {
    reader.inner(name, |reader| {
        let (value, origin) = (read(reader), read_origin(reader));
        Some(Figure { value: value?, origin: origin? })
    })
}

fn read_covers(reader: &mut Reader<'_, '_>) -> Vec<Cover> {
    let mut covers: Vec<Cover> = Vec::new();
    let path = reader.path_of("covers");
    for (at, value) in reader.list("covers", CostKind::ALL.len()).iter().enumerate() {
        let Some(cover) = reader.at(format!("{path}.{}", at + 1), value, read_cover) else { continue };
        if covers.iter().any(|other| other.kind == cover.kind) {
            reader.refuse("covers", say::covered_twice(cover.kind.code()));
        }
        covers.push(cover);
    }
    covers
}

fn read_cover(reader: &mut Reader<'_, '_>) -> Option<Cover> {
    let kind = reader.word("kind", CostKind::ALL, CostKind::code);
    let payer = reader.word("payer", Payer::ALL, payer_code);
    let rate = reader.fraction("rate");
    let standard = reader.optional_yen("standard_yen");
    if standard == Some(Yen::ZERO) {
        reader.refuse("standard_yen", say::standard_zero());
    }
    let origin = read_origin(reader);
    Some(Cover { kind: kind?, payer: payer?, rate: rate?, standard, origin: origin? })
}

/// Who pays the rest: the last one everything, whoever the owner is.
pub(in crate::renewal) fn read_rest(reader: &mut Reader<'_, '_>, name: &'static str) -> Option<Vec<Rest>> {
    let path = reader.path_of(name);
    let mut rest: Vec<Rest> = Vec::new();
    for (at, value) in reader.list(name, Payer::ALL.len()).iter().enumerate() {
        let one = reader.at(format!("{path}.{}", at + 1), value, |reader| {
            let payer = reader.word("payer", Payer::ALL, payer_code);
            let of = reader.word("of", &[RestOf::Eligible, RestOf::Total], RestOf::code);
            Some(Rest { payer: payer?, of: of? })
        });
        if one.is_some_and(|one| rest.iter().any(|other| other.payer == one.payer)) {
            reader.refuse(name, say_field::named_twice());
        }
        rest.extend(one);
    }
    let pays_all = |one: &Rest| one.of == RestOf::Total && one.payer != Payer::LocalAllocation;
    if !rest.last().is_some_and(pays_all) {
        reader.refuse(name, say::rest_unpaid());
    }
    Some(rest)
}

fn read_rounding(reader: &mut Reader<'_, '_>) -> Option<GrantRounding> {
    let mode = reader.word("mode", RoundingMode::ALL, RoundingMode::code);
    let unit = reader.number("unit_yen", 1..=1_000);
    let unit = unit.and_then(|unit| {
        let known = RoundingUnit::ALL.iter().copied().find(|one| one.yen() == unit);
        if known.is_none() {
            reader.refuse("unit_yen", say_field::none_of(unit, "1, 100, 1000"));
        }
        known
    });
    let per = reader.word("per", RoundedPer::ALL, RoundedPer::code);
    Some(GrantRounding { per: per?, rounding: Rounding { mode: mode?, unit: unit? } })
}

/// What can only be wrong of several: one id twice, and two that hold for one kind of cost in one year.
fn check_together(programmes: &[Programme], refused: &mut Vec<FieldViolation>) {
    for (at, one) in programmes.iter().enumerate() {
        for other in &programmes[..at] {
            let path = |field: &str| format!("programmes.{}.{field}", one.id);
            if one.id == other.id {
                refused.push(FieldViolation::new(path("id"), say::programme_twice()));
                continue;
            }
            let overlaps = one.first <= other.last && other.first <= one.last;
            for cover in one.covers.iter().filter(|cover| overlaps && other.cover_of(cover.kind).is_some()) {
                let message = say::programmes_overlap(&other.id, cover.kind.code());
                refused.push(FieldViolation::new(path("from_date"), message));
            }
        }
    }
}
