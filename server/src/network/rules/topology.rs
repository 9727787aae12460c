//! What the engine is told of a region before it judges: who owns which school, and what each school's way to a service
//! goes through.

use serde::{Deserialize, Serialize};

use super::{Moment, Policy, moment::parse_date};

/// A region: everything one engine judges together.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Topology {
    /// Thresholds that differ from the defaults.
    #[serde(default)]
    pub policy: Policy,
    /// Owners (municipalities).
    #[serde(default)]
    pub owners: Vec<Named>,
    /// What lines of several schools go through.
    #[serde(default)]
    pub hubs: Vec<Hub>,
    /// Internet providers.
    #[serde(default)]
    pub isps: Vec<Named>,
    /// Content filters, proxies, UTMs that several schools share.
    #[serde(default)]
    pub filters: Vec<Named>,
    /// Resolvers.
    #[serde(default)]
    pub dns: Vec<Named>,
    /// Learning services and identity providers that devices look at.
    #[serde(default)]
    pub services: Vec<Service>,
    /// Schools.
    #[serde(default)]
    pub schools: Vec<School>,
    /// Small always-on boxes in schools.
    #[serde(default)]
    pub probes: Vec<Probe>,
}

/// Something of which only the id matters here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named {
    /// Unique among its kind.
    pub id: String,
}

/// What lines of several schools go through.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hub {
    /// Unique among hubs.
    pub id: String,
    /// Who runs it.
    pub kind: HubKind,
    /// The provider of the hub's own line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub isp: Option<String>,
}

/// Who runs a hub.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HubKind {
    /// 自治体集約.
    Municipal,
    /// 都道府県集約.
    Prefectural,
}

/// A service that devices look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Service {
    /// Unique among services.
    pub id: String,
    /// What it is for.
    pub kind: ServiceKind,
}

/// What a service is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServiceKind {
    /// Teaching and learning.
    Learning,
    /// Signing in.
    Identity,
    /// Anything else.
    Other,
}

/// One school.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct School {
    /// Unique among schools.
    pub id: String,
    /// Its owner's id.
    pub owner: String,
    /// How it reaches the world.
    pub line: Line,
    /// The filter that its traffic passes, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<String>,
    /// The resolver that its devices ask, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dns: Option<String>,
    /// The service of kind `identity` at which its people sign in, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<String>,
    /// Registered devices.
    pub devices: u32,
    /// Seconds between two check-ins of a device, 10–3,600.
    #[serde(default = "default_pace")]
    pub pace_s: u32,
    /// Access points; others are learned from events.
    #[serde(default)]
    pub access_points: Vec<AccessPoint>,
    /// When devices are expected.
    #[serde(default)]
    pub expected: Expected,
}

fn default_pace() -> u32 {
    60
}

/// A school's way out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// 直接接続, 自治体集約, 都道府県集約, LTE.
    pub kind: LineKind,
    /// The hub that it goes through.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hub: Option<String>,
    /// The provider of the school's own line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub isp: Option<String>,
}

/// Kind of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LineKind {
    /// The school has a line of its own to a provider.
    Direct,
    /// Through a hub of the municipality.
    MunicipalHub,
    /// Through a hub of the prefecture.
    PrefecturalHub,
    /// Mobile.
    Lte,
}

/// An access point of a school.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessPoint {
    /// Unique within the school.
    pub id: String,
    /// Devices that usually use it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub devices: Option<u32>,
}

/// When devices of a school are expected. Minutes count from local midnight.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Expected {
    /// Dates (`2026-04-08`) on which there is school; without it, Monday to Friday.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub school_days: Option<Vec<String>>,
    /// First and last minute at which devices are about.
    pub hours: [i64; 2],
    /// First and last minute of each lesson.
    pub lessons: Vec<[i64; 2]>,
    /// Devices that are usually heard within one pace at ten o'clock; learned by the engine where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usual_devices: Option<f64>,
    /// Of these, devices that do not sleep when a lid is closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usual_awake: Option<f64>,
}

impl Default for Expected {
    fn default() -> Self {
        let lessons = vec![[525, 570], [580, 625], [640, 685], [695, 740], [805, 850], [860, 905]];
        Self { school_days: None, hours: [500, 930], lessons, usual_devices: None, usual_awake: None }
    }
}

impl Expected {
    /// Whether the calendar given at the start has school on a local day.
    pub(super) fn is_school_day(&self, day: i64) -> bool {
        match &self.school_days {
            Some(days) => days.iter().any(|date| parse_date(date) == Some(day)),
            // 1970-01-01 was a Thursday.
            None => (day + 3).rem_euclid(7) < 5,
        }
    }

    /// Minutes of lessons of one local day within a period.
    pub(super) fn lesson_minutes(&self, day: i64, from: Moment, to: Moment, utc_offset_minutes: i64) -> f64 {
        let overlap = |[begin, end]: &[i64; 2]| {
            let begin = Moment::from_local(day, *begin, utc_offset_minutes).max(from);
            let end = Moment::from_local(day, *end, utc_offset_minutes).min(to);
            end.0.saturating_sub(begin.0).max(0) as f64 / 60e6
        };
        self.lessons.iter().map(overlap).sum()
    }
}

/// A probe in a school.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probe {
    /// Unique among probes.
    pub id: String,
    /// The school that it stands in.
    pub school: String,
}
