//! Thresholds. None is official: no ministry publishes one. They are data with a source and a date, and each can be overridden.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::moment::parse_date;

/// What the engine goes by.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// Where these values come from.
    pub source: String,
    /// When they were set, `2026-11-25`.
    pub source_date: String,
    /// Local time minus UTC, minutes. Japan has 540 and no summer time.
    pub utc_offset_minutes: i64,

    /// Natural logarithm of the odds at which a suspicion becomes an open incident; 4 is 98 %.
    pub open_log_odds: f64,
    /// The same for showing a suspicion.
    pub suspect_log_odds: f64,
    /// Log odds, before any observation, that a school's line or LAN is cut rather than quiet for another reason.
    pub prior_school_cut: f64,
    /// The same for a hub.
    pub prior_hub: f64,
    /// The same for an internet provider.
    pub prior_isp: f64,
    /// The same for this product's own servers.
    pub prior_own_servers: f64,
    /// Log odds that one school alone has trouble at a layer that it shares with others.
    pub prior_school_layer: f64,
    /// Log odds that a shared filter, resolver, service has trouble.
    pub prior_shared_layer: f64,
    /// Share of the schools behind a broken element that show it.
    pub coverage: f64,
    /// Share of cuts of one silent school that are the line's, the rest being the LAN's, while nothing else is known.
    pub line_share_of_cuts: f64,

    /// Smallest share of devices that stay awake when all lids are closed, if the school's own is not known.
    pub least_residual_share: f64,
    /// How often one device that does not sleep is gone when all lids are closed.
    pub lids_without_residual: f64,
    /// How often all of them are, however many there are.
    pub least_lids_without_residual: f64,
    /// Log odds that the lids of several rooms close together in any one bucket.
    pub prior_lids: f64,
    /// The same of one room.
    pub prior_lids_of_one_room: f64,
    /// The same in breaks and about the begin and end of a lesson or of the day.
    pub prior_lids_at_bell: f64,
    /// Log-likelihood that a probe's missing heartbeat adds to a cut, each.
    pub probe_miss_log_odds: f64,
    /// Most that a probe's silence can add.
    pub probe_most_log_odds: f64,
    /// Most that one school can say for or against one element.
    pub school_most_log_odds: f64,
    /// Seconds within which schools behind one element must fall silent.
    pub together_s: i64,
    /// Ticks for which a school is held back while its siblings are undecided.
    pub hold_back_ticks: u32,

    /// Share of healthy devices whose layer fails for reasons of their own.
    pub layer_noise: f64,
    /// Seconds from the first sign at a layer to a verdict; devices look at each layer at least once in this time.
    pub layer_settle_s: i64,
    /// Least devices that must show a layer's failure in one school.
    pub layer_least_devices: u32,
    /// Seconds after which a device's failure that was not said again no longer counts.
    pub layer_stale_s: i64,
    /// Least devices that must lose one access point within `access_point_window_s`.
    pub access_point_least_devices: u32,
    /// Least share of an access point's devices that must lose it, or find it slow.
    pub access_point_least_share: f64,
    /// Seconds within which they must.
    pub access_point_window_s: i64,
    /// Log odds that a school has no more addresses.
    pub prior_no_addresses: f64,
    /// Times per device and minute that one gets no address for a reason of its own.
    pub address_noise: f64,
    /// Least devices that must fail to get an address.
    pub address_least_devices: u32,
    /// Seconds for which one device must fail, in at least three reports; shorter troubles pass by themselves.
    pub device_least_s: i64,
    /// Seconds for which the trouble of a device that is not heard is remembered: it sleeps, and says when it wakes up.
    pub device_memory_s: i64,

    /// Share of the lessons in which one room uses its devices.
    pub lesson_use: f64,
    /// Minutes from the begin of a lesson until all rooms that use devices in it have been heard.
    pub lesson_settle_minutes: i64,
    /// Most that one lesson in which nobody of a school is heard says for a cut, if some of its devices never sleep, and if
    /// none is known to.
    pub lesson_most_log_odds: [f64; 2],
    /// Minutes after the begin of the first lesson at which devices that never arrived are judged.
    pub arrival_grace_minutes: i64,

    /// Seconds for which recovery must hold before an incident is closed; doubles with each flap.
    pub validation_s: i64,
    /// The most that it doubles to.
    pub validation_most_s: i64,
    /// Seconds after closing within which the same trouble is the same incident.
    pub reopen_s: i64,
    /// Seconds for which a closed incident takes late reports.
    pub late_s: i64,
}

/// Most bytes of thresholds as text.
pub const POLICY_BYTES: usize = 64 << 10;

/// Why thresholds are refused.
#[derive(Debug, PartialEq, Eq)]
pub enum PolicyError {
    /// It is no JSON object of thresholds, or names one that there is not.
    Unreadable {
        /// The path of the field; `.` for the whole.
        field: String,
        /// What the parser says.
        message: String,
    },
    /// Who sets thresholds says where they come from, and when they were set.
    Missing(&'static str),
    /// A number is out of its limits.
    OutOfLimits {
        /// Its name.
        field: String,
        /// What was given.
        value: String,
        /// The least that it can be.
        least: i32,
        /// The most that it can be.
        most: i32,
    },
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { field, message } => write!(f, "{field}: {message}"),
            Self::Missing(field) => {
                write!(
                    f,
                    "{field} is missing: say where the thresholds come from (source) and since when (source_date)"
                )
            }
            Self::OutOfLimits { field, value, least, most } => {
                write!(f, "{field}: {value} is not between {least} and {most}")
            }
        }
    }
}

impl std::error::Error for PolicyError {}

impl Policy {
    /// Reads thresholds that differ from the defaults, a JSON object by name, with `source` and `source_date`.
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        let unreadable = |field: String, message: String| PolicyError::Unreadable { field, message };
        if text.len() > POLICY_BYTES {
            return Err(unreadable(String::from("."), format!("more than {POLICY_BYTES} bytes")));
        }
        let mut parser = serde_json::Deserializer::from_str(text);
        let policy: Self = serde_path_to_error::deserialize(&mut parser)
            .map_err(|error| unreadable(error.path().to_string(), error.inner().to_string()))?;
        let given: serde_json::Value =
            serde_json::from_str(text).map_err(|error| unreadable(String::from("."), error.to_string()))?;
        for name in ["source", "source_date"] {
            if given[name].as_str().is_none_or(|text| text.trim().is_empty()) {
                return Err(PolicyError::Missing(name));
            }
        }
        if parse_date(&policy.source_date).is_none() {
            return Err(unreadable(String::from("source_date"), String::from("is no date like 2026-11-25")));
        }
        policy.check().map(|()| policy)
    }

    /// Checks that each threshold is within its limits, which its name tells: shares are 0 to 1, log odds −60 to 60, times up
    /// to a day.
    pub fn check(&self) -> Result<(), PolicyError> {
        let all = serde_json::to_value(self)
            .map_err(|error| PolicyError::Unreadable { field: String::from("."), message: error.to_string() })?;
        for (field, value) in all.as_object().into_iter().flatten() {
            let values = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
            let [least, most] = limits(field);
            for value in values.iter().filter(|value| !value.is_string()) {
                // What is not finite is null in JSON.
                if !value.as_f64().is_some_and(|number| (f64::from(least)..=f64::from(most)).contains(&number)) {
                    let (field, value) = (field.clone(), value.to_string());
                    return Err(PolicyError::OutOfLimits { field, value, least, most });
                }
            }
        }
        Ok(())
    }
}

/// The least and the most that a threshold can be.
fn limits(field: &str) -> [i32; 2] {
    match field {
        "utc_offset_minutes" => [-720, 840],
        _ if field.ends_with("_devices") => [1, 100_000],
        _ if field.ends_with("_ticks") => [0, 60],
        _ if field.ends_with("_s") || field.ends_with("_minutes") => [1, 86_400],
        _ if field.contains("log_odds") || field.starts_with("prior_") => [-60, 60],
        // Shares and likelihoods.
        _ => [0, 1],
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            source: String::from("defaults of gigafleet, tuned on simulated towns (seeds 1–40, 101–180, 301–380)"),
            source_date: String::from("2026-11-25"),
            utc_offset_minutes: 540,
            open_log_odds: 4.0,
            suspect_log_odds: 0.0,
            prior_school_cut: -12.0,
            prior_hub: -12.5,
            prior_isp: -13.5,
            prior_own_servers: -14.0,
            prior_school_layer: -9.0,
            prior_shared_layer: -8.0,
            coverage: 0.95,
            line_share_of_cuts: 0.65,
            least_residual_share: 0.02,
            lids_without_residual: 0.15,
            least_lids_without_residual: 0.003,
            prior_lids: -10.5,
            prior_lids_of_one_room: -7.5,
            prior_lids_at_bell: -3.5,
            probe_miss_log_odds: 5.3,
            probe_most_log_odds: 11.0,
            school_most_log_odds: 25.0,
            together_s: 60,
            hold_back_ticks: 2,
            layer_noise: 0.02,
            layer_settle_s: 120,
            layer_least_devices: 3,
            layer_stale_s: 780,
            access_point_least_devices: 3,
            access_point_least_share: 0.25,
            access_point_window_s: 240,
            prior_no_addresses: -10.0,
            address_noise: 5e-5,
            address_least_devices: 3,
            device_least_s: 1_500,
            device_memory_s: 5_400,
            lesson_use: 0.5,
            lesson_settle_minutes: 5,
            lesson_most_log_odds: [4.0, 1.5],
            arrival_grace_minutes: 10,
            validation_s: 180,
            validation_most_s: 1_200,
            reopen_s: 900,
            late_s: 7_200,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &str = r#""source": "a city's own experience", "source_date": "2026-11-25""#;

    #[test]
    fn defaults_are_within_their_limits_and_read_back() {
        let defaults = Policy::default();
        assert_eq!(defaults.check(), Ok(()));
        assert_eq!(Policy::parse(&serde_json::to_string(&defaults).unwrap()), Ok(defaults));
    }

    #[test]
    fn what_is_not_given_stays_as_it_is() {
        let policy = Policy::parse(&format!("{{{SAID}, \"validation_s\": 600}}")).unwrap();
        assert_eq!(policy.validation_s, 600);
        let source = String::from("a city's own experience");
        assert_eq!(policy, Policy { validation_s: 600, source, ..Policy::default() });
    }

    #[test]
    fn what_cannot_be_is_named_with_its_limits() {
        let refused = |text: &str| Policy::parse(text).unwrap_err().to_string();
        let with = |more: &str| format!("{{{SAID}, {more}}}");
        assert!(refused("{}").starts_with("source is missing"));
        assert!(refused(r#"{"source": "x"}"#).starts_with("source_date is missing"));
        assert!(refused(r#"{"source": "x", "source_date": "soon"}"#).contains("no date like"));
        assert!(refused("[1").starts_with("[0]: "), "{}", refused("[1"));
        assert!(refused(&with(r#""validaton_s": 3"#)).contains("validaton_s"));
        assert_eq!(refused(&with(r#""lesson_use": 1.5"#)), "lesson_use: 1.5 is not between 0 and 1");
        assert_eq!(refused(&with(r#""validation_s": 0"#)), "validation_s: 0 is not between 1 and 86400");
        assert_eq!(refused(&with(r#""open_log_odds": 99"#)), "open_log_odds: 99.0 is not between -60 and 60");
        assert!(refused(&with(r#""lesson_most_log_odds": [4, -61]"#)).contains("between -60 and 60"));
        assert!(refused(&with(r#""validation_s": "long""#)).contains("validation_s"));
    }
}
