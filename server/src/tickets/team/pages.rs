//! The page of the team: who works now and with how much, and how oneself works.

use askama::Template;
use axum::{Router, extract::State as Pages, routing::get};
use http::StatusCode;
use time::Weekday;
use uuid::Uuid;

use super::{
    rules::{Absence, Presence, Profile, Station},
    service::Member,
};
use crate::{
    access::{
        pages::SignedIn,
        rules::{Place, Right, Staff},
        service::names::PlaceNames,
    },
    console::{Fields, FormState, Language, PageResult, Respond as _, Shell, page, refused, see_other},
    error::{Error, FieldViolation, Result, says::team as say},
    schools::rules::{MunicipalityId, SchoolId},
    tickets::{
        pages::{TicketPages, choices, said, school_choices},
        rules::Category,
    },
};

/// Owners whose schools are shown to choose a station from: more would be a list that nobody reads.
const OWNERS_WITH_STATIONS: usize = 5;

const WEEK: [(Weekday, &str, &str); 7] = [
    (Weekday::Monday, "月", "Mon"),
    (Weekday::Tuesday, "火", "Tue"),
    (Weekday::Wednesday, "水", "Wed"),
    (Weekday::Thursday, "木", "Thu"),
    (Weekday::Friday, "金", "Fri"),
    (Weekday::Saturday, "土", "Sat"),
    (Weekday::Sunday, "日", "Sun"),
];

pub(in crate::tickets) fn routes() -> Router<TicketPages> {
    Router::new().route("/tickets/team", get(team).post(keep))
}

#[derive(Template)]
#[template(path = "tickets/team.html")]
struct TeamPage {
    shell: Shell,
    form: FormState,
    lines: Vec<Line>,
    days: Vec<Tick>,
    skills: Vec<Tick>,
    areas: Vec<Tick>,
    stations: Vec<(String, String)>,
    /// Whether this is a person, who has a profile.
    is_person: bool,
}

struct Line {
    name: String,
    presence: (&'static str, String),
    load: usize,
    hours: String,
    skills: String,
    areas: String,
    station: String,
    absences: Vec<String>,
    is_said: bool,
}

struct Tick {
    value: String,
    text: String,
    ticked: bool,
}

fn clock(minute: u16) -> String {
    format!("{}:{:02}", minute / 60, minute % 60)
}

/// Minutes of 8:30, up to 24:00.
fn minute_of(field: &'static str, text: &str) -> Result<u16, FieldViolation> {
    let read = || {
        let (hour, minute) = text.trim().split_once([':', '：'])?;
        let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
        (hour <= 24 && minute < 60).then_some(hour * 60 + minute)
    };
    read().ok_or_else(|| FieldViolation::new(field, say::hours_wrong()))
}

fn days_text(language: Language, weekdays: u8) -> String {
    let works = WEEK.iter().filter(|(day, ..)| weekdays & (1 << day.number_days_from_monday()) != 0);
    let days: Vec<_> = works.map(|(_, ja, en)| language.choose(*ja, *en)).collect();
    days.join(language.choose("", " "))
}

fn category_text(language: Language, number: i16) -> String {
    Category::from_number(number).map(|category| said(language, &category.label())).unwrap_or_default()
}

impl Line {
    fn of(shell: &Shell, member: Member, names: &PlaceNames) -> Self {
        let (w, language, profile) = (&shell.w.tickets, shell.language, member.profile);
        let tone = match member.presence {
            Presence::AtWork => "good",
            Presence::OffHours => "quiet",
            Presence::Away(_) => "warning",
        };
        let or_all = |texts: Vec<String>| match texts.is_empty() {
            true => w.team_all_alike.to_owned(),
            false => texts.join(language.choose("、", ", ")),
        };
        let owner = |owner: &Uuid| names.owner(MunicipalityId(*owner)).map(str::to_owned);
        let station = profile.station.and_then(|station| names.school(SchoolId(station.school)));
        Self {
            name: member.name,
            presence: (tone, said(language, &member.presence.label())),
            load: member.load,
            hours: format!(
                "{} {}–{}",
                days_text(language, profile.weekdays),
                clock(profile.begin_minute),
                clock(profile.end_minute)
            ),
            skills: or_all(profile.skills.iter().map(|skill| category_text(language, *skill)).collect()),
            areas: or_all(profile.areas.iter().filter_map(owner).collect()),
            station: station.unwrap_or_default().to_owned(),
            absences: profile.absences.iter().map(|one| format!("{}–{}", one.first_date, one.last_date)).collect(),
            is_said: member.is_said,
        }
    }
}

async fn team(person: SignedIn, Pages(pages): Pages<TicketPages>) -> PageResult {
    show(person, &pages, None, StatusCode::OK).await
}

fn form_of(profile: &Profile) -> FormState {
    let absences = profile.absences.iter().map(|one| format!("{} {}", one.first_date, one.last_date));
    let station = profile.station.map(|station| format!("{}:{}", station.owner, station.school));
    let mut fields = Fields::of([
        ("begin", clock(profile.begin_minute)),
        ("end", clock(profile.end_minute)),
        ("station", station.unwrap_or_default()),
        ("absences", absences.collect::<Vec<_>>().join("\n")),
    ]);
    let days = WEEK.iter().map(|(day, ..)| day.number_days_from_monday());
    let days = days.filter(|day| profile.weekdays & (1 << day) != 0).map(|day| (day + 1).to_string());
    fields.set_all("day", days.collect());
    fields.set_all("skill", profile.skills.iter().map(ToString::to_string).collect());
    fields.set_all("area", profile.areas.iter().map(ToString::to_string).collect());
    FormState::filled(fields)
}

/// Schools at which one could be stationed: of the owners that one looks after, or of all where they are few.
async fn stations(
    pages: &TicketPages,
    staff: &Staff,
    names: &PlaceNames,
    areas: &[String],
) -> Result<Vec<(String, String)>> {
    let chosen = names.owners().iter().filter(|(id, ..)| areas.is_empty() || areas.contains(&id.to_string()));
    let chosen: Vec<_> = chosen.collect();
    let mut stations = Vec::new();
    if chosen.len() <= OWNERS_WITH_STATIONS {
        for (owner, _, name) in &chosen {
            let schools = school_choices(pages, staff, *owner).await?;
            stations
                .extend(schools.into_iter().map(|(id, school)| (format!("{owner}:{id}"), format!("{name} {school}"))));
        }
    }
    Ok(stations)
}

async fn show(person: SignedIn, pages: &TicketPages, refused: Option<FormState>, status: StatusCode) -> PageResult {
    let (staff, shell) = (&person.staff, person.shell);
    let members = pages.tickets.team(staff, None).await?;
    let placed = members.iter().filter_map(|member| member.profile.station);
    let placed: Vec<_> =
        placed.map(|station| Place::School(MunicipalityId(station.owner), SchoolId(station.school))).collect();
    let names = pages.access.place_names(staff, Right::WorkTickets, &placed).await?;
    let own = members.iter().find(|member| Some(member.id) == staff.id).map(|member| member.profile.clone());
    let form = refused.unwrap_or_else(|| form_of(&own.unwrap_or_default()));
    let ticks = |field: &str, all: Vec<(String, String)>| -> Vec<Tick> {
        let tick = |(value, text): (String, String)| Tick { ticked: form.all(field).contains(&value), value, text };
        all.into_iter().map(tick).collect()
    };
    let language = shell.language;
    let none = (String::new(), shell.w.tickets.team_station_none.to_owned());
    let mut stations = stations(pages, staff, &names, form.all("area")).await?;
    stations.insert(0, none);
    let owners: Vec<_> = names.owners().iter().map(|(id, _, name)| (id.to_string(), name.clone())).collect();
    let template = TeamPage {
        days: ticks(
            "day",
            WEEK.iter()
                .map(|(day, ja, en)| (day.number_from_monday().to_string(), (*language.choose(ja, en)).to_owned()))
                .collect(),
        ),
        skills: ticks("skill", choices(language, Category::ALL, Category::to_number, Category::label)),
        areas: if owners.len() > 1 { ticks("area", owners) } else { Vec::new() },
        stations,
        is_person: staff.id.is_some(),
        lines: members.into_iter().map(|member| Line::of(&shell, member, &names)).collect(),
        form,
        shell,
    };
    page(status, &template)
}

/// A profile of the form, or all that can not be read in it.
fn profile_of(fields: &Fields) -> Result<Profile, Vec<FieldViolation>> {
    let mut wrong = Vec::new();
    let begin = crate::error::collect(minute_of("begin", fields.get("begin")), &mut wrong);
    let end = crate::error::collect(minute_of("end", fields.get("end")), &mut wrong);
    let days = fields.all("day").iter().filter_map(|day| day.parse::<u8>().ok().filter(|day| (1..=7).contains(day)));
    let weekdays = days.fold(0, |days, day| days | 1 << (day - 1));
    let station = fields.get("station").split_once(':').and_then(|(owner, school)| {
        Some(Station { owner: Uuid::try_parse(owner).ok()?, school: Uuid::try_parse(school).ok()? })
    });
    let lines = fields.get("absences").lines().filter(|line| !line.trim().is_empty());
    let absence = |line: &str| {
        let mut days = line.split_whitespace();
        let (first, last) = (days.next().unwrap_or_default(), days.next());
        Absence { first_date: first.to_owned(), last_date: last.unwrap_or(first).to_owned() }
    };
    let profile = Profile {
        skills: fields.all("skill").iter().filter_map(|skill| skill.parse().ok()).collect(),
        areas: fields.all("area").iter().filter_map(|area| Uuid::try_parse(area).ok()).collect(),
        weekdays,
        begin_minute: begin.unwrap_or_default(),
        end_minute: end.unwrap_or(u16::MAX),
        station,
        absences: lines.map(absence).collect(),
    };
    if !wrong.is_empty() {
        return Err(wrong);
    }
    // The field of the form has another name than that of the contract.
    let named = |violation: FieldViolation| match violation.field.as_ref() {
        "end_minute" => FieldViolation { field: "end".into(), ..violation },
        _ => violation,
    };
    profile.check().map_err(|wrong| wrong.into_iter().map(named).collect())
}

async fn keep(person: SignedIn, Pages(pages): Pages<TicketPages>, fields: Fields) -> PageResult {
    person.staff.scope(Right::WorkTickets)?;
    let profile = profile_of(&fields).map_err(|wrong| Error::invalid_fields("FIELD_INVALID", wrong));
    let kept = match (profile, person.staff.id) {
        (Ok(profile), Some(me)) => pages.tickets.set_profile(&person.staff, me, profile).await.map(|_| ()),
        (Err(error), _) => Err(error),
        (Ok(_), None) => Ok(()),
    };
    match kept {
        Ok(()) => Ok(see_other("/tickets/team").flash(person.shell.w.tickets.team_saved)),
        Err(error) => {
            let (form, status) = refused(fields, error)?;
            show(person, &pages, Some(form), status).await
        }
    }
}
