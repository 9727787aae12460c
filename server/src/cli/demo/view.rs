//! The live view of the demo: one table of schools, drawn anew each second at a terminal; a line now and then elsewhere.
//!
//! Invariant: everything in the table is what the server says over its contract; only the count of acknowledged reports
//! is the agents' own.

use std::{
    fmt::Write as _,
    time::{Duration, Instant},
};

use gigafleet_proto::v1;

use super::people::People;
use crate::cli::{
    client::Client,
    failure::Result,
    output::{draw, print, remark},
    table::{fit, fit_right, percent, time_of_day},
};

/// How often a line is printed where nothing can be drawn: with every fifth call, which come a second apart.
const LINE_PACE: Duration = Duration::from_millis(4_500);

/// Where the view goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Screen {
    /// A terminal, which is drawn anew.
    Terminal,
    /// Standard output that is no terminal.
    Lines,
    /// Standard error, because standard output is for JSON.
    Remarks,
}

/// What the agents know that the server does not say.
#[derive(Debug, Clone, Copy)]
pub(super) struct Progress {
    /// Devices that have enrolled.
    pub(super) enrolled: u32,
    /// Devices that there will be.
    pub(super) expected: u32,
    /// Reports that the server acknowledged.
    pub(super) acknowledged: u64,
}

/// Draws the view.
#[derive(Debug)]
pub(super) struct View {
    screen: Screen,
    started: Instant,
    people: People,
    /// The next commands to try.
    commands: Vec<String>,
    drawn: Option<(Instant, u64)>,
    lined_at: Option<Instant>,
}

impl View {
    /// A view that has shown nothing yet.
    pub(super) fn new(screen: Screen, started: Instant, people: People, commands: Vec<String>) -> Self {
        Self { screen, started, people, commands, drawn: None, lined_at: None }
    }

    /// Asks the server and shows what it says. To be called each second.
    pub(super) async fn show(&mut self, client: &Client, progress: Progress) -> Result<()> {
        if self.screen != Screen::Terminal && self.lined_at.is_some_and(|at| at.elapsed() < LINE_PACE) {
            return Ok(());
        }
        let municipalities = client.list_municipalities(None).await?;
        let schools = client.list_schools(None).await?;
        let rate = self.rate(progress.acknowledged);
        let line = summary_line(self.started.elapsed(), &schools, progress, rate);
        self.lined_at = Some(Instant::now());
        match self.screen {
            Screen::Lines => print(format!("{line}  ·  codes {}", self.people.codes())),
            Screen::Remarks => {
                remark(&line);
                Ok(())
            }
            Screen::Terminal => {
                let text = [
                    vec![line, String::new()],
                    self.people.lines(),
                    vec![String::new()],
                    table(&municipalities, &schools),
                    self.next_commands(),
                ]
                .concat();
                // Home, then each line over the old one, then whatever is left below: nothing flickers.
                let mut frame = String::from("\x1b[H");
                for line in text {
                    let _infallible = write!(frame, "{line}\x1b[K\r\n");
                }
                frame.push_str("\x1b[J");
                draw(&frame)
            }
        }
    }

    /// Makes room for the first frame.
    pub(super) fn open(&self) -> Result<()> {
        match self.screen {
            Screen::Terminal => draw("\x1b[2J\x1b[H"),
            Screen::Lines => print([self.people.lines(), self.next_commands()].concat().join("\n").trim_start()),
            Screen::Remarks => {
                remark(&self.people.lines().join("\n"));
                Ok(())
            }
        }
    }

    fn next_commands(&self) -> Vec<String> {
        let heading = [String::new(), String::from("Ctrl-C ends the demo. In another terminal, try:")];
        heading.into_iter().chain(self.commands.iter().map(|command| format!("  {command}"))).collect()
    }

    /// Acknowledged reports per second since the last time.
    fn rate(&mut self, acknowledged: u64) -> f64 {
        let now = Instant::now();
        let before = self.drawn.replace((now, acknowledged));
        before.map_or(0.0, |(at, count)| {
            acknowledged.saturating_sub(count) as f64 / now.duration_since(at).as_secs_f64().max(0.001)
        })
    }
}

fn summary_line(elapsed: Duration, schools: &[v1::School], progress: Progress, rate: f64) -> String {
    let total = Figures::sum(schools.iter());
    let seconds = elapsed.as_secs();
    let enrolling = if progress.enrolled < progress.expected {
        format!("  ·  enrolling {}/{}", progress.enrolled, progress.expected)
    } else {
        String::new()
    };
    format!(
        "gigafleet demo  {:02}:{:02}  ·  {} devices, {} reporting  ·  {} reports acknowledged, {rate:.0}/s{enrolling}",
        seconds / 60,
        seconds % 60,
        total.devices,
        total.reporting,
        progress.acknowledged,
    )
}

/// Figures of schools, added up.
#[derive(Debug, Default, PartialEq)]
struct Figures {
    devices: u32,
    reporting: u32,
    last: Option<prost_types::Timestamp>,
    mean_charge_percent: Option<u32>,
    storage_low: u32,
}

impl Figures {
    fn sum<'a>(schools: impl Iterator<Item = &'a v1::School>) -> Self {
        let mut sum = Self::default();
        let (mut charge, mut known) = (0_u64, 0_u64);
        for school in schools {
            sum.devices += school.device_count;
            sum.reporting += school.reporting_count;
            sum.storage_low += school.storage_low_count;
            let newer = |last: &prost_types::Timestamp| {
                school.last_checkin_time.is_some_and(|at| (at.seconds, at.nanos) > (last.seconds, last.nanos))
            };
            if sum.last.as_ref().is_none_or(newer) {
                sum.last = school.last_checkin_time;
            }
            if let Some(mean) = school.mean_charge_percent {
                charge += u64::from(mean) * u64::from(school.device_count);
                known += u64::from(school.device_count);
            }
        }
        sum.mean_charge_percent = charge.checked_div(known).and_then(|mean| u32::try_from(mean).ok());
        sum
    }
}

fn table(municipalities: &[v1::Municipality], schools: &[v1::School]) -> Vec<String> {
    let mut lines =
        vec![row("SCHOOL", ["DEVICES", "REPORTING", "LAST REPORT", "BATTERY", "STORAGE LOW"].map(str::to_owned))];
    for municipality in municipalities {
        let own = || schools.iter().filter(|school| school.municipality_id == municipality.municipality_id);
        // Built in, without schools so far.
        if own().next().is_none() {
            continue;
        }
        lines.push(figures_row(&format!("{} {}", municipality.code, municipality.name), &Figures::sum(own())));
        lines.extend(
            own().map(|school| figures_row(&format!("  {}", school.name), &Figures::sum(std::iter::once(school)))),
        );
    }
    lines
}

fn figures_row(name: &str, figures: &Figures) -> String {
    let numbers = [
        figures.devices.to_string(),
        figures.reporting.to_string(),
        time_of_day(figures.last.as_ref()),
        percent(figures.mean_charge_percent),
        figures.storage_low.to_string(),
    ];
    row(name, numbers)
}

fn row(name: &str, numbers: [String; 5]) -> String {
    let mut line = fit(name, 30);
    for (text, width) in numbers.iter().zip([8, 10, 12, 8, 12]) {
        line.push(' ');
        line.push_str(&fit_right(text, width));
    }
    line
}

#[cfg(test)]
mod tests {
    use prost_types::Timestamp;
    use unicode_width::UnicodeWidthStr as _;

    use super::*;

    fn school(owner: &str, devices: u32, charge: Option<u32>, last: Option<i64>) -> v1::School {
        v1::School {
            municipality_id: owner.to_owned(),
            name: String::from("若葉野市立第一小学校"),
            device_count: devices,
            reporting_count: devices / 2,
            mean_charge_percent: charge,
            storage_low_count: 1,
            last_checkin_time: last.map(|seconds| Timestamp { seconds, nanos: 0 }),
            ..v1::School::default()
        }
    }

    #[test]
    fn municipality_adds_up_its_schools() {
        let schools =
            [school("m", 30, Some(80), Some(5)), school("m", 10, Some(40), Some(9)), school("m", 4, None, None)];
        let sum = Figures::sum(schools.iter());
        let expected = Figures {
            devices: 44,
            reporting: 22,
            last: Some(Timestamp { seconds: 9, nanos: 0 }),
            mean_charge_percent: Some(70),
            storage_low: 3,
        };
        assert_eq!(sum, expected);
        assert_eq!(Figures::sum(std::iter::empty()), Figures::default());
    }

    #[test]
    fn all_rows_are_as_wide_as_the_heading() {
        let owner = v1::Municipality {
            municipality_id: String::from("m"),
            code: String::from("139017"),
            name: String::from("若葉野市"),
            ..v1::Municipality::default()
        };
        let lines = table(&[owner], &[school("m", 1, None, None), school("m", 1_000, Some(100), Some(1))]);
        assert_eq!(lines.len(), 4);
        assert!(lines.iter().all(|line| line.width() == lines[0].width()), "{lines:#?}");
    }

    #[test]
    fn summary_names_the_enrolment_only_while_it_lasts() {
        let progress = |enrolled| Progress { enrolled, expected: 11, acknowledged: 7 };
        let line = summary_line(Duration::from_secs(61), &[school("m", 10, None, None)], progress(4), 2.0);
        assert_eq!(
            line,
            "gigafleet demo  01:01  ·  10 devices, 5 reporting  ·  7 reports acknowledged, 2/s  ·  enrolling 4/11"
        );
        assert!(!summary_line(Duration::ZERO, &[], progress(11), 0.0).contains("enrolling"));
    }
}
