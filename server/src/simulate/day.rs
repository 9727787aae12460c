//! A simulated school day: all devices of a town and a server, moved by one list of what is due when.
//!
//! Invariants: a virtual second is one step; what is due in it happens in the order of time and device; reports of a step are
//! handed to the server at their times and answered at its end or later. The same plan gives the same day.

use std::{cmp::Reverse, collections::BinaryHeap, time::Duration};

use gigafleet_agent::{platform::Platform as _, transport::status::failure_of_status};
use gigafleet_proto::v1::{CheckInRequest, Facts};
use prost::Message as _;

use super::{
    SimulatedDevice, SimulatedPlatform,
    local::{Handed, LocalServer},
    mix,
    report::{Bytes, Load, Report, account, in_japan},
    scenario::{Scenario, Trouble},
    sight::{Sight, Spot},
    tablet::{Common, Due, Millis, Tablet, Wish, milliseconds, unreachable},
    timetable::{BEGIN_S, DAY, END_S, Period, draw_awake, draw_uses, with_period},
    town::{Role, Seat, Town},
};
use crate::{
    Config,
    access::rules::days::midnight_in_japan,
    clock::{Clock, Timestamp},
    error::Result,
};

/// One step.
const STEP_MS: Millis = 1_000;
/// How long a call may take, as of an agent.
const CALL_TIMEOUT_MS: Millis = 30_000;
/// How long what a server does every few seconds rests, and at which second of it that is: the judge looks at ten seconds at
/// once, and those are complete a second after their end.
const LOOK_S: u64 = 10;
const LOOK_AT_S: u64 = 2;
/// The same of what it does every few minutes.
const KEEP_S: u64 = 300;
/// One call in so many is lost on its way, half of them after the server has stored the report.
const LOST_CALLS: u32 = 400;
/// What a server had read when it stopped to answer is stored: reports of so many seconds.
const READ_BEFORE_S: f64 = 5.0;

/// Draws that have nothing to do with each other.
const WORLD: u64 = 1;
const TIMETABLE: u64 = 2;

/// What is simulated.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Devices of the fleet, within [`super::town::DEVICES`].
    pub devices: u32,
    /// What happens.
    pub scenario: Scenario,
    /// Draws everything.
    pub seed: u64,
    /// How many times faster than the real time; none for as fast as it goes.
    pub speed: Option<u32>,
}

/// Something that is due: when, in the order of what was said first, to whom, what.
type Entry = Reverse<(Millis, u64, u32, Due)>;

struct Day<'a> {
    plan: &'a Plan,
    town: Town,
    common: Common,
    server: LocalServer,
    tablets: Vec<Tablet>,
    agenda: BinaryHeap<Entry>,
    said: u64,
    random: fastrand::Rng,
    load: Load,
    bytes: Bytes,
    /// Reports that arrived at the server, by device.
    arrived: Vec<u64>,
}

/// A report that arrives in this step.
struct Arriving {
    tablet: u32,
    at_ms: Millis,
    request: Box<CheckInRequest>,
    /// Its answer finds its way back.
    answered: bool,
}

/// Plays a day with a server in the folder of `config`. `tell` hears of each virtual half hour, in seconds of the day.
///
/// # Errors
/// What the server refuses or cannot do.
pub async fn play(plan: &Plan, config: &Config, tell: impl Fn(u32)) -> Result<Report> {
    play_until(END_S, plan, config, tell).await
}

async fn play_until(end_s: u32, plan: &Plan, config: &Config, tell: impl Fn(u32)) -> Result<Report> {
    let begun = std::time::Instant::now();
    let midnight = midnight_in_japan(DAY);
    let begin = midnight.after(Duration::from_secs(BEGIN_S.into()));
    let clock = Clock::manual(begin);
    let mut day = Day::prepare(plan, config, clock, midnight, begin).await?;
    for second in BEGIN_S..end_s {
        if second.is_multiple_of(1_800) {
            tell(second);
        }
        day.step(second).await?;
        if let Some(speed) = plan.speed {
            let due = Duration::from_secs((second + 1 - BEGIN_S).into()) / speed;
            tokio::time::sleep(due.saturating_sub(begun.elapsed())).await;
        }
    }
    day.end(end_s, begun).await
}

impl<'a> Day<'a> {
    async fn prepare(
        plan: &'a Plan,
        config: &Config,
        clock: Clock,
        midnight: Timestamp,
        begin: Timestamp,
    ) -> Result<Self> {
        let mut server = LocalServer::open(config, clock.clone()).await?;
        let mut town = Town::lay_out(plan.devices);
        server.found(&mut town).await?;
        let common =
            Common { seed: plan.seed, midnight_ms: milliseconds(midnight), begin_ms: milliseconds(begin), clock };
        let seats = town.seats();
        let mut tablets = Vec::with_capacity(seats.len());
        for (school, seats) in seats.chunk_by(|one, other| one.school == other.school).enumerate() {
            let token = server.token(&town, school, seats.len()).await?;
            let awake = timetable_of(plan, &town, school, seats);
            for (seat, awake) in seats.iter().zip(awake) {
                let number = u32::try_from(tablets.len()).expect("bounded by the devices of a town");
                let facts = facts_of(&common, number, *seat);
                let member = server.enrol(&token, *seat, &facts).await?;
                tablets.push(Tablet::new(&common, number, *seat, member, &awake));
            }
        }
        server.keep().await?;
        let mut day = Self {
            plan,
            arrived: vec![0; tablets.len()],
            load: Load::default(),
            bytes: Bytes::default(),
            random: fastrand::Rng::with_seed(mix(plan.seed, WORLD)),
            agenda: BinaryHeap::new(),
            said: 0,
            town,
            common,
            server,
            tablets,
        };
        for number in 0..plan.devices {
            let first = day.tablets[number as usize].first_wake();
            day.note(number, first, &mut Vec::new(), 0);
        }
        Ok(day)
    }

    fn second_of(&self, at_ms: Millis) -> f64 {
        (at_ms - self.common.midnight_ms) as f64 / 1_000.0
    }

    fn sight(&self, tablet: u32, at_ms: Millis) -> Sight {
        let tablet = &self.tablets[tablet as usize];
        Sight::at(self.second_of(at_ms), &self.plan.scenario, &self.town, tablet.seat, tablet.roaming)
    }

    /// One virtual second.
    async fn step(&mut self, second: u32) -> Result<()> {
        let end_ms = self.common.midnight_ms + (u64::from(second) + 1) * STEP_MS;
        let mut arriving = Vec::new();
        while let Some(Reverse((at_ms, _, tablet, due))) = self.agenda.peek().copied() {
            if at_ms >= end_ms {
                break;
            }
            self.agenda.pop();
            let sight = self.sight(tablet, at_ms);
            let wishes = self.tablets[tablet as usize].live(at_ms, due, &sight);
            self.note(tablet, wishes, &mut arriving, at_ms);
        }
        self.load.second(arriving.len());
        if !arriving.is_empty() {
            self.hand_in(arriving, end_ms).await;
        }
        self.server.set_clock(end_ms);
        // A server that hangs does nothing of this either.
        if self.plan.scenario.now(f64::from(second)) != Some(Trouble::Server) {
            let passed = u64::from(second + 1);
            if passed % LOOK_S == LOOK_AT_S {
                self.server.look().await?;
            }
            if passed.is_multiple_of(KEEP_S) {
                self.server.keep().await?;
            }
        }
        Ok(())
    }

    /// Puts what a device wants on the list; its report goes to the server or is lost.
    fn note(
        &mut self,
        tablet: u32,
        wishes: impl IntoIterator<Item = Wish>,
        arriving: &mut Vec<Arriving>,
        now_ms: Millis,
    ) {
        for wish in wishes {
            match wish {
                Wish::At(at_ms, due) => {
                    self.said += 1;
                    self.agenda.push(Reverse((at_ms, self.said, tablet, due)));
                }
                Wish::Send(request) => arriving.extend(self.send(tablet, now_ms, request)),
            }
        }
    }

    fn send(&mut self, tablet: u32, at_ms: Millis, request: Box<CheckInRequest>) -> Option<Arriving> {
        let sight = self.sight(tablet, at_ms);
        let lost = (self.random.u32(..LOST_CALLS) == 0).then(|| self.random.bool());
        let hangs_for = self.plan.scenario.period_s().map(|[begin, _]| self.second_of(at_ms) - f64::from(begin));
        let read = sight.server || hangs_for.is_some_and(|seconds| seconds < READ_BEFORE_S);
        let arrives = sight.reaches_server() && read && lost != Some(false);
        let answered = arrives && sight.server && lost.is_none();
        if !answered {
            let quick = sight.spot == Spot::Nowhere;
            let (after_ms, message) =
                if quick { (20, "no network") } else { (CALL_TIMEOUT_MS, "no answer within 30 s") };
            self.fail(tablet, at_ms + after_ms, message);
        }
        arrives.then_some(Arriving { tablet, at_ms, request, answered })
    }

    fn fail(&mut self, tablet: u32, at_ms: Millis, message: &str) {
        let wish = self.tablets[tablet as usize].ends(at_ms, Err(unreachable(message)));
        self.note(tablet, wish, &mut Vec::new(), at_ms);
    }

    /// Hands reports to the server. Their answers are on their way for 20 to 150 ms, and not back before the step is over.
    async fn hand_in(&mut self, arriving: Vec<Arriving>, end_ms: Millis) {
        let mut back = Vec::with_capacity(arriving.len());
        let mut handed = Vec::with_capacity(arriving.len());
        for Arriving { tablet, at_ms, request, answered } in arriving {
            self.arrived[tablet as usize] += 1;
            self.bytes.requests += request.encoded_len() as u64;
            let identity = self.tablets[tablet as usize].member.identity;
            back.push((tablet, end_ms.max(at_ms + self.random.u64(20..150)), answered));
            handed.push(Handed { identity, at_ms, request: *request });
        }
        let answers = self.server.take(handed, end_ms).await;
        for ((tablet, at_ms, answered), answer) in back.into_iter().zip(answers) {
            self.bytes.answers += answer.as_ref().map_or(0, |answer| answer.encoded_len() as u64);
            if answered {
                let answer = answer.map_err(|error| failure_of_status(&tonic::Status::from(error)));
                let wish = self.tablets[tablet as usize].ends(at_ms, answer);
                self.note(tablet, wish, &mut Vec::new(), at_ms);
            }
        }
    }

    /// The account of the day.
    async fn end(self, end_s: u32, begun: std::time::Instant) -> Result<Report> {
        self.server.end().await?;
        let incidents = self.server.incidents().await?;
        let (counted, transitions) = self.server.counted().await?;
        let sizes = self.server.sizes().await?;
        let devices = self.tablets.iter().zip(&self.arrived).map(|(tablet, arrived)| {
            (tablet.member.identity.key.device, tablet.account, *arrived, tablet.waiting_transitions())
        });
        let account = account(devices, &counted, transitions, self.server.uncounted());
        let midnight = midnight_in_japan(DAY);
        let report = Report::of(
            self.plan,
            &self.town,
            [BEGIN_S, end_s],
            account,
            (self.load, self.bytes, sizes.map(i64::cast_unsigned)),
            &incidents,
            |second| in_japan(midnight.after(Duration::from_secs(second.into())).0),
        );
        self.server.close().await;
        Ok(Report { wall_seconds: begun.elapsed().as_secs_f64(), ..report })
    }
}

/// When the devices of a school are awake, in the order of its seats.
fn timetable_of(plan: &Plan, town: &Town, school: usize, seats: &[Seat]) -> Vec<Vec<Period>> {
    let scenario = &plan.scenario;
    let mut random = fastrand::Rng::with_seed(mix(mix(plan.seed, TIMETABLE), school as u64));
    let filled = |lesson: [u32; 2]| scenario.fills_lesson(town, school, lesson);
    let uses: Vec<_> = town.schools[school].classes.iter().map(|_| draw_uses(filled, &mut random)).collect();
    let mut all = Vec::with_capacity(seats.len());
    for seat in seats {
        let mut awake = draw_awake(seat.role, &uses[seat.class], &mut random);
        if let Some([begin, end]) = scenario.period_s()
            && seat.role == Role::Pupil
            && !awake.is_empty()
            && scenario.takes_out(town, school, seat.class)
        {
            // They come back with their lids open, a few minutes after they left the other network.
            let back = f64::from(end) + 120.0 + random.f64() * 240.0;
            with_period(&mut awake, [f64::from(begin) - 60.0 * random.f64(), back]);
        }
        all.push(awake);
    }
    all
}

fn facts_of(common: &Common, number: u32, seat: Seat) -> Facts {
    let school = u16::try_from(seat.school).unwrap_or(u16::MAX);
    let device = SimulatedDevice { seed: common.seed, number, school, speed: 1 };
    // Without a salt there are no hashes yet; the first report brings them.
    SimulatedPlatform::new(device, common.clock.clone()).facts(&[])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first lesson, with who comes before it.
    const PART_S: u32 = 8 * 3_600 + 55 * 60;

    async fn part(scenario: &str, seed: u64) -> Report {
        let folder = tempfile::tempdir().unwrap();
        let plan = Plan { devices: 48, scenario: Scenario::named(scenario).unwrap(), seed, speed: None };
        let config = Config { data_dir: folder.path().to_owned(), ..Config::default() };
        let report = play_until(PART_S, &plan, &config, |_| {}).await.unwrap();
        Report { wall_seconds: 0.0, ..report }
    }

    #[tokio::test]
    async fn same_plan_gives_the_same_day_and_another_seed_another() {
        let (one, again, other) = (part("quiet", 5).await, part("quiet", 5).await, part("quiet", 6).await);
        assert_eq!(format!("{one:?}"), format!("{again:?}"));
        assert_ne!(one.balance, other.balance);
        assert!(one.balance.is_whole() && one.balance.stored > 100, "{:?}", one.balance);
        assert!(
            one.balance.sent > one.balance.arrived && one.balance.arrived > one.balance.acknowledged,
            "some are lost on their way"
        );
        assert!(one.incidents.is_empty(), "{:?}", one.incidents);
        assert!(one.database_bytes > one.rollup_bytes && one.rollup_bytes > 0);
    }
}
