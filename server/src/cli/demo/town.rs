//! What a town knows before the first agent reports: pupils, the year's calendar, lesson times, lines, a ledger of its
//! devices, handed in as a file like any other, and its money. The simulated agents meet their rows of it by serial number.

use std::fmt::Write as _;

use gigafleet_agent::platform::Platform as _;
use gigafleet_proto::v1;

use super::{
    budget::{self, Bought},
    fleet::simulated,
    places::{Place, place_of},
};
use crate::{
    cli::{
        client::{Client, answer},
        failure::{Failure, Result},
        files,
    },
    clock::{Clock, Timestamp},
    schools::rules::MunicipalityId,
    simulate::ssid,
};

/// The fiscal years for which pupils are known, in percent of those of the last one, which is that of the calendar: a little
/// fewer each year, as almost everywhere.
pub(super) const PUPILS: [(u32, usize); 3] = [(2024, 106), (2025, 103), (2026, 100)];
/// Spares of each school: the fund pays for 15 % of the pupils.
pub(super) const SPARE_PERCENT: usize = 15;
/// Microseconds of a week.
const WEEK_US: i64 = 7 * 86_400 * 1_000_000;

/// Tells the server all of it.
pub(super) async fn tell(client: &Client, places: &[Place], devices: u32) -> Result<()> {
    let mut all = places.iter().enumerate();
    for (town, own_places) in places.chunk_by(|one, two| one.municipality == two.municipality).enumerate() {
        let owner = own_places[0].municipality;
        add_calendar(client, owner).await?;
        let mut schools = Vec::new();
        for (index, place) in all.by_ref().take(own_places.len()) {
            let own: Vec<u32> = (0..devices).filter(|number| place_of(places, *number) == index).collect();
            add_pupils(client, place, own.len()).await?;
            add_line(client, place).await?;
            add_network(client, place, index).await?;
            add_bandwidth(client, place, index).await?;
            import_ledger(client, (place, index), &own, budget::bought(town)).await?;
            schools.push(budget::Devices::of(index, place, &own));
        }
        budget::record(client, owner, town, &schools).await?;
    }
    Ok(())
}

/// Pupils of a year, in so many percent of those of now, each of whom has a device.
pub(super) fn pupils(devices: usize, percent: usize) -> usize {
    devices * percent / 100
}

async fn add_pupils(client: &Client, place: &Place, devices: usize) -> Result<()> {
    for (fiscal_year, percent) in PUPILS {
        let pupils = u32::try_from(pupils(devices, percent)).unwrap_or(0).min(5_000);
        let pupils = v1::Pupils { school_id: place.school.to_string(), fiscal_year, pupils, ..v1::Pupils::default() };
        let request = v1::SetPupilsRequest { municipality_id: place.municipality.to_string(), pupils: Some(pupils) };
        answer(client.schools().set_pupils(request)).await?;
    }
    Ok(())
}

async fn add_line(client: &Client, place: &Place) -> Result<()> {
    let line = v1::Line {
        school_id: place.school.to_string(),
        topology: v1::Topology::Direct.into(),
        contract: String::from("光回線 1 Gbps ベストエフォート"),
        isp: String::from("みどりネット"),
        contract_mbps: Some(1_000),
        ..v1::Line::default()
    };
    let request = v1::SetLineRequest { municipality_id: place.municipality.to_string(), line: Some(line) };
    answer(client.lines().set_line(request)).await?;
    Ok(())
}

/// The Wi-Fi of a school, so that its devices count as being there from the first report.
async fn add_network(client: &Client, place: &Place, index: usize) -> Result<()> {
    let network = v1::SchoolNetwork {
        school_id: place.school.to_string(),
        kind: v1::SchoolNetworkKind::Ssid.into(),
        value: ssid(u16::try_from(index).unwrap_or(u16::MAX)),
        ..v1::SchoolNetwork::default()
    };
    let request =
        v1::AddSchoolNetworkRequest { municipality_id: place.municipality.to_string(), network: Some(network) };
    answer(client.network().add_school_network(request)).await?;
    Ok(())
}

/// Measured by somebody a week ago; every fourth school did not yet.
async fn add_bandwidth(client: &Client, place: &Place, index: usize) -> Result<()> {
    let [receive_kbps, send_kbps] = match index % 4 {
        0 => [421_000, 318_000],
        1 => [96_000, 88_000],
        2 => [684_000, 540_000],
        _ => return Ok(()),
    };
    let measured_at = Timestamp(Clock::system().now().0 - WEEK_US);
    let measurement = v1::BandwidthMeasurement {
        measure_time: Some(measured_at.to_proto()),
        receive_kbps,
        send_kbps,
        method: v1::BandwidthMethod::Simple.into(),
        moment: v1::BandwidthMoment::OutsideLessons.into(),
        ..v1::BandwidthMeasurement::default()
    };
    let request = v1::RecordBandwidthRequest {
        municipality_id: place.municipality.to_string(),
        school_id: place.school.to_string(),
        measurement: Some(measurement),
    };
    answer(client.bandwidth().record_bandwidth(request)).await?;
    Ok(())
}

async fn add_calendar(client: &Client, owner: MunicipalityId) -> Result<()> {
    use v1::PeriodKind::{Term, Vacation};
    let periods = [
        (Term, "1学期", "2026-04-06", "2026-07-17"),
        (Term, "2学期", "2026-08-31", "2026-12-25"),
        (Term, "3学期", "2027-01-08", "2027-03-25"),
        (Vacation, "夏季休業", "2026-07-18", "2026-08-30"),
        (Vacation, "冬季休業", "2026-12-26", "2027-01-07"),
    ];
    for (kind, name, first, last) in periods {
        let period = v1::CalendarPeriod {
            kind: kind.into(),
            name: name.to_owned(),
            first_date: first.to_owned(),
            last_date: last.to_owned(),
            ..v1::CalendarPeriod::default()
        };
        let request = v1::SetCalendarPeriodRequest {
            municipality_id: owner.to_string(),
            school_id: String::new(),
            period: Some(period),
        };
        answer(client.calendars().set_calendar_period(request)).await?;
    }
    // 45 minutes from 8:45 with pauses of ten and a longer one after the second lesson; lunch after the fourth.
    let begins = [525, 580, 645, 700, 810, 865];
    let lesson_times = (1..=5).flat_map(|weekday| {
        begins.into_iter().zip(1..).map(move |(begin_minute, period)| v1::LessonTime {
            weekday,
            period,
            begin_minute,
            end_minute: begin_minute + 45,
            ..v1::LessonTime::default()
        })
    });
    let request = v1::SetLessonTimesRequest {
        municipality_id: owner.to_string(),
        school_id: String::new(),
        lesson_times: lesson_times.collect(),
        etag: String::new(),
    };
    answer(client.calendars().set_lesson_times(request)).await?;
    Ok(())
}

/// The ledger of one school, as its office keeps it.
async fn import_ledger(client: &Client, (place, index): (&Place, usize), own: &[u32], bought: Bought) -> Result<()> {
    let options = v1::ImportOptions {
        municipality_id: place.municipality.to_string(),
        kind: v1::ImportKind::Devices.into(),
        file_name: format!("端末台帳_{}.csv", index + 1),
        ..v1::ImportOptions::default()
    };
    let run = files::hand_in(client, options, ledger((place, index), own, bought).into_bytes()).await?;
    if run.error_count > 0 {
        let message = format!("the ledger of the demo has {} errors", run.error_count);
        return Err(Failure::told(message, "report this as a defect"));
    }
    files::apply(client, run, false).await?;
    Ok(())
}

/// Serial number of a spare of a school.
pub(super) fn spare_serial(school: usize, number: usize) -> String {
    format!("5CD{:03}{number:04}", school + 1)
}

/// Spares of a school with so many devices.
pub(super) fn spare_count(devices: usize) -> usize {
    (devices * SPARE_PERCENT / 100).max(2)
}

fn ledger((place, index): (&Place, usize), own: &[u32], (day, price): Bought) -> String {
    let mut text = format!("{} 端末台帳（令和8年度）\n\n", place.name);
    text.push_str("管理番号,シリアル番号,学校名,学年,組,番号,用途,状態,導入日,取得価格,設置場所\n");
    let mut line = |count: usize, serial: &str, seat: &str, purpose: &str, status: &str, room: &str| {
        let label = format!("{}-{:04}", index + 1, count + 1);
        let _infallible =
            writeln!(text, "{label},{serial},{},{seat},{purpose},{status},{day},{price},{room}", place.name);
    };
    for (count, number) in own.iter().enumerate() {
        let serial = simulated(*number, index).facts(&[]).serial_number.unwrap_or_default();
        let (grade, class, seat) = (count / 60 % 6 + 1, count / 30 % 2 + 1, count % 30 + 1);
        line(count, &serial, &format!("{grade},{class},{seat}"), "学習者用", "使用中", "");
    }
    let statuses = ["予備", "予備", "予備", "修理中", "予備", "紛失"];
    for spare in 0..spare_count(own.len()) {
        let serial = spare_serial(index, spare);
        line(own.len() + spare, &serial, ",,", "予備機", statuses[spare % statuses.len()], "職員室保管庫");
    }
    text
}
