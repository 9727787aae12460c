//! Points in time, as the servers' clock tells them.
//!
//! Written as RFC 3339 in UTC; read from RFC 3339 with any offset or from microseconds since the Unix epoch.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use time::{Date, OffsetDateTime, format_description::well_known::Rfc3339, macros::format_description};

const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;

/// Microseconds since the Unix epoch, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Hash)]
pub struct Moment(pub i64);

impl Moment {
    /// This many seconds since the Unix epoch.
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(SECOND))
    }

    /// Later by some seconds; earlier if they are negative.
    #[must_use]
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(SECOND)))
    }

    /// Whole seconds from `earlier` to here, rounded down; negative if it is later.
    pub const fn seconds_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0).div_euclid(SECOND)
    }

    /// Number of the bucket of `bucket_s` seconds that holds this moment.
    pub const fn bucket(self, bucket_s: i64) -> i64 {
        self.0.div_euclid(bucket_s * SECOND)
    }

    /// Number of the local day since 1970-01-01, and the minute of that day.
    pub const fn local_day_minute(self, utc_offset_minutes: i64) -> (i64, i64) {
        let local = self.0.saturating_add(utc_offset_minutes * 60 * SECOND);
        (local.div_euclid(DAY), local.rem_euclid(DAY) / (60 * SECOND))
    }

    /// The moment at which a local minute of a local day begins.
    pub const fn from_local(day: i64, minute: i64, utc_offset_minutes: i64) -> Self {
        Self(day.saturating_mul(DAY).saturating_add((minute - utc_offset_minutes) * 60 * SECOND))
    }

    /// Reads RFC 3339: `2026-04-01T09:05:00+09:00`; what is below a microsecond is cut off.
    pub fn parse(text: &str) -> Option<Self> {
        let nanos = OffsetDateTime::parse(text, &Rfc3339).ok()?.unix_timestamp_nanos();
        i64::try_from(nanos.div_euclid(1_000)).ok().map(Self)
    }
}

/// Days from 1970-01-01 to a date such as `2026-04-01`.
pub fn parse_date(text: &str) -> Option<i64> {
    let date = Date::parse(text, format_description!("[year]-[month]-[day]")).ok()?;
    Some(i64::from(date.to_julian_day() - OffsetDateTime::UNIX_EPOCH.to_julian_day()))
}

impl Moment {
    /// RFC 3339; none beyond the years 0 to 9999, which it can not write.
    fn text(self) -> Option<String> {
        OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0) * 1_000).ok()?.format(&Rfc3339).ok()
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.text() {
            Some(text) => f.write_str(&text),
            None => write!(f, "{} µs", self.0),
        }
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl de::Visitor<'_> for Either {
            type Value = Moment;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a time in RFC 3339, or microseconds since 1970-01-01")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Moment, E> {
                Moment::parse(text).ok_or_else(|| E::custom(format!("{text} is no time in RFC 3339")))
            }

            fn visit_i64<E: de::Error>(self, micros: i64) -> Result<Moment, E> {
                let moment = Moment(micros);
                moment.text().map(|_| moment).ok_or_else(|| E::custom("the time is out of range"))
            }

            fn visit_u64<E: de::Error>(self, micros: u64) -> Result<Moment, E> {
                self.visit_i64(i64::try_from(micros).unwrap_or(i64::MAX))
            }
        }
        deserializer.deserialize_any(Either)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Moment, String> {
        serde_json::from_str(json).map_err(|error| error.to_string())
    }

    #[test]
    fn time_is_read_with_any_offset_and_written_in_utc() {
        let moment = read("\"2026-04-01T09:05:00.5+09:00\"").unwrap();
        assert_eq!(moment, read("1775001900500000").unwrap());
        assert_eq!(serde_json::to_string(&moment).unwrap(), "\"2026-04-01T00:05:00.5Z\"");
        assert_eq!(moment.local_day_minute(540), (parse_date("2026-04-01").unwrap(), 545));
    }

    #[test]
    fn what_is_no_time_or_no_date_is_refused() {
        for json in ["\"2026-02-30T00:00:00Z\"", "\"2026-04-01\"", "\"\"", "9223372036854775807", "1.5"] {
            assert!(read(json).is_err(), "{json}");
        }
        assert_eq!(parse_date("1970-01-02"), Some(1));
        assert_eq!((parse_date("2026-02-30"), parse_date("2026-4-1")), (None, None));
    }
}
