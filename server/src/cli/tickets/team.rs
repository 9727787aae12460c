//! Who works on tickets: when, where, how good at what, and who should work on one.

use clap::{Args, Subcommand};
use gigafleet_proto::v1;

use super::{
    super::{
        client::{Client, answer, promised},
        failure::{Failure, Result},
        json,
        output::print,
        table::{self, ABSENT, Column},
    },
    TicketArgs, category, find, word,
};

#[derive(Debug, Subcommand)]
pub(super) enum TeamCommand {
    /// List who works on tickets, with hours, absences and how much each has to do.
    List {
        /// Only who works for the municipality with this code.
        #[arg(long, value_name = "CODE")]
        municipality: Option<String>,
    },
    /// Say when and where somebody works. What no option names stays as it was said, but what is out of your sight.
    Set(Box<SetArgs>),
    /// Who should work on a ticket, the first first, and why.
    Propose(TicketArgs),
}

#[derive(Debug, Args)]
pub(super) struct SetArgs {
    /// Of whom, by name or id; without it of you.
    #[arg(long, value_name = "NAME-or-ID")]
    staff: Option<String>,
    /// What the person is good at, for example screen; once for each.
    #[arg(long = "skill", value_name = "CATEGORY", value_parser = category, conflicts_with = "no_skills")]
    skills: Vec<v1::TicketCategory>,
    /// Good at everything alike.
    #[arg(long)]
    no_skills: bool,
    /// Code of a municipality that the person looks after first; once for each.
    #[arg(long = "area", value_name = "CODE", conflicts_with = "no_areas")]
    areas: Vec<String>,
    /// Looks after all municipalities alike.
    #[arg(long)]
    no_areas: bool,
    /// Working days, 1 Monday to 7 Sunday, for example 1,2,3,4,5.
    #[arg(long, value_name = "DAYS", value_delimiter = ',', value_parser = clap::value_parser!(u32).range(1..=7))]
    days: Vec<u32>,
    /// Working hours, for example 08:30-17:00.
    #[arg(long, value_name = "HH:MM-HH:MM", value_parser = hours)]
    hours: Option<(u32, u32)>,
    /// Name or id of the school at which the person is stationed; needs --station-municipality.
    #[arg(long, value_name = "SCHOOL", requires = "station_municipality", conflicts_with = "no_station")]
    station: Option<String>,
    /// Code of the municipality of that school.
    #[arg(long, value_name = "CODE", requires = "station")]
    station_municipality: Option<String>,
    /// Stationed nowhere.
    #[arg(long)]
    no_station: bool,
    /// A period in which the person is away, for example 2026-12-01..2026-12-04; once for each. Others go away.
    #[arg(long = "away", value_name = "DATE..DATE", value_parser = absence, conflicts_with = "no_absences")]
    absences: Vec<v1::TeamAbsence>,
    /// Away on no day.
    #[arg(long)]
    no_absences: bool,
}

fn hours(text: &str) -> std::result::Result<(u32, u32), String> {
    let minute = |text: &str| {
        let (hour, minute) = text.split_once(':')?;
        let (hour, minute) = (hour.parse::<u32>().ok()?, minute.parse::<u32>().ok()?);
        (hour <= 24 && minute < 60).then_some(hour * 60 + minute)
    };
    let read = text.split_once('-').and_then(|(begin, end)| Some((minute(begin)?, minute(end)?)));
    read.ok_or_else(|| String::from("needs HH:MM-HH:MM, for example 08:30-17:00"))
}

fn absence(text: &str) -> std::result::Result<v1::TeamAbsence, String> {
    let (first, last) = text.split_once("..").unwrap_or((text, text));
    if first.is_empty() || last.is_empty() {
        return Err(String::from("needs a day or two, for example 2026-12-01..2026-12-04"));
    }
    Ok(v1::TeamAbsence { first_date: first.to_owned(), last_date: last.to_owned() })
}

pub(super) async fn run(client: &Client, command: TeamCommand, as_json: bool) -> Result<()> {
    match command {
        TeamCommand::List { municipality } => {
            let municipality_id = client.municipality_id(municipality.as_deref()).await?;
            show(members(client, municipality_id).await?, as_json)
        }
        TeamCommand::Set(args) => set(client, *args, as_json).await,
        TeamCommand::Propose(ticket) => propose(client, &ticket, as_json).await,
    }
}

async fn members(client: &Client, municipality_id: String) -> Result<Vec<v1::TeamMember>> {
    Ok(answer(client.tickets().list_team(v1::ListTeamRequest { municipality_id })).await?.members)
}

/// The one member that is meant; never a guess.
fn choose(members: Vec<v1::TeamMember>, name_or_id: &str) -> Result<v1::TeamMember> {
    let mut found: Vec<_> = members
        .into_iter()
        .filter(|member| member.name == name_or_id || member.staff_id.eq_ignore_ascii_case(name_or_id))
        .collect();
    if found.len() > 1 {
        let ids: Vec<_> = found.iter().map(|member| member.staff_id.as_str()).collect();
        let message = format!("{} people are called {name_or_id}: {}", ids.len(), ids.join(", "));
        return Err(Failure::told(message, "pass the id of one of them"));
    }
    found.pop().ok_or_else(|| {
        Failure::told(
            format!("nobody who works on tickets is {name_or_id}"),
            "look at the team with `gigafleet tickets team list`",
        )
    })
}

async fn set(client: &Client, args: SetArgs, as_json: bool) -> Result<()> {
    let whom = match &args.staff {
        Some(staff) => staff.clone(),
        None => answer(client.access().who_am_i(v1::WhoAmIRequest {})).await?.staff_id,
    };
    if whom.is_empty() {
        return Err(Failure::told("the credentials are of no person", "name somebody with --staff"));
    }
    let member = choose(members(client, String::new()).await?, &whom)?;
    let mut profile = member.profile.unwrap_or_default();
    let SetArgs { staff: _, skills, no_skills, areas, no_areas, days, hours, .. } = args;
    if no_skills || !skills.is_empty() {
        profile.skills = skills.into_iter().map(i32::from).collect();
    }
    if no_areas || !areas.is_empty() {
        profile.area_municipality_ids.clear();
        for code in areas {
            profile.area_municipality_ids.push(client.municipality(&code).await?.municipality_id);
        }
    }
    if !days.is_empty() {
        profile.weekdays = days.into_iter().fold(0, |all, day| all | 1 << (day - 1));
    }
    if let Some((begin, end)) = hours {
        (profile.begin_minute, profile.end_minute) = (begin, end);
    }
    if args.no_station {
        (profile.station_municipality_id, profile.station_school_id) = Default::default();
    }
    if let (Some(school), Some(code)) = (args.station, args.station_municipality) {
        let owner = client.municipality(&code).await?.municipality_id;
        profile.station_school_id = client.school(Some(&owner), &school).await?.school_id;
        profile.station_municipality_id = owner;
    }
    if args.no_absences || !args.absences.is_empty() {
        profile.absences = args.absences;
    }
    let request = v1::SetTeamProfileRequest { staff_id: member.staff_id.clone(), profile: Some(profile) };
    answer(client.tickets().set_team_profile(request)).await?;
    let said = choose(members(client, String::new()).await?, &member.staff_id)?;
    show(vec![said], as_json)
}

async fn propose(client: &Client, ticket: &TicketArgs, as_json: bool) -> Result<()> {
    let read = promised(find(client, ticket).await?.ticket)?;
    let request = v1::ProposeAssigneesRequest { municipality_id: read.municipality_id, ticket_id: read.ticket_id };
    let proposals = answer(client.tickets().propose_assignees(request)).await?.proposals;
    if as_json {
        return print(json::pretty(&json::list("proposals", proposals, json::assignee_proposal)));
    }
    let rows = proposals.into_iter().map(|one| {
        let presence = word(one.presence().as_str_name(), "TEAM_PRESENCE_");
        vec![one.name, presence, one.reason, one.staff_id]
    });
    let columns = ["NAME", "NOW", "WHY", "ID"].map(Column::Text);
    print(table::table(&columns, rows.collect(), "nobody may work on it"))
}

fn show(members: Vec<v1::TeamMember>, as_json: bool) -> Result<()> {
    if as_json {
        return print(json::pretty(&json::list("members", members, json::team_member)));
    }
    let rows = members.into_iter().map(|member| {
        let presence = word(member.presence().as_str_name(), "TEAM_PRESENCE_");
        let profile = member.profile.unwrap_or_default();
        let skills: Vec<_> = profile.skills().map(|skill| word(skill.as_str_name(), "TICKET_CATEGORY_")).collect();
        let away: Vec<_> =
            profile.absences.iter().map(|one| format!("{}..{}", one.first_date, one.last_date)).collect();
        let or_absent = |words: Vec<String>| if words.is_empty() { ABSENT.to_owned() } else { words.join(", ") };
        vec![
            member.name,
            presence,
            member.load.to_string(),
            worked(&profile, member.is_said),
            or_absent(skills),
            or_absent(away),
            member.staff_id,
        ]
    });
    let columns = [
        Column::Text("NAME"),
        Column::Text("NOW"),
        Column::Number("OPEN"),
        Column::Text("WORKS"),
        Column::Text("GOOD AT"),
        Column::Text("AWAY"),
        Column::Text("ID"),
    ];
    print(table::table(&columns, rows.collect(), "nobody works on tickets"))
}

/// Days and hours, for example `1,2,3,4,5 08:30-17:00`; of whom nobody said anything, the default is marked.
fn worked(profile: &v1::TeamProfile, is_said: bool) -> String {
    let days: Vec<_> =
        (1..=7).filter(|day| profile.weekdays & 1 << (day - 1) != 0).map(|day: u32| day.to_string()).collect();
    let time = |minute: u32| format!("{:02}:{:02}", minute / 60, minute % 60);
    let mark = if is_said { "" } else { " (default)" };
    format!("{} {}-{}{mark}", days.join(","), time(profile.begin_minute), time(profile.end_minute))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::words::Language;

    #[test]
    fn hours_and_absences_are_read_or_refused() {
        assert_eq!(hours("08:30-17:00"), Ok((510, 1_020)));
        for wrong in ["8-17", "08:60-17:00", "25:00-26:00", "", "08:30"] {
            assert!(hours(wrong).is_err(), "{wrong}");
        }
        let day = absence("2026-12-01").unwrap();
        assert_eq!((day.first_date.as_str(), day.last_date.as_str()), ("2026-12-01", "2026-12-01"));
        assert_eq!(absence("2026-12-01..2026-12-04").unwrap().last_date, "2026-12-04");
        assert!(absence("..2026-12-04").is_err() && absence("").is_err());
    }

    #[test]
    fn days_and_hours_are_told_as_they_are_typed() {
        let profile =
            v1::TeamProfile { weekdays: 0b1_0101, begin_minute: 510, end_minute: 1_020, ..Default::default() };
        assert_eq!(worked(&profile, true), "1,3,5 08:30-17:00");
        assert_eq!(worked(&profile, false), "1,3,5 08:30-17:00 (default)");
    }

    #[test]
    fn of_two_of_one_name_none_is_guessed() {
        let member =
            |id: &str| v1::TeamMember { staff_id: id.to_owned(), name: String::from("佐藤"), ..Default::default() };
        assert_eq!(choose(vec![member("a"), member("b")], "B").unwrap().staff_id, "b");
        let two = choose(vec![member("a"), member("b")], "佐藤").unwrap_err();
        assert!(two.text(Language::En).unwrap().contains("2 people"));
    }
}
