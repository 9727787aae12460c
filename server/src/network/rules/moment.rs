//! Points in time, as the servers' clock tells them.
//!
//! Written as RFC 3339 in UTC; read from RFC 3339 with any offset or from microseconds since the Unix epoch.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

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

    /// Reads RFC 3339: `2026-04-01T09:05:00+09:00`, with at most six digits after the second.
    pub fn parse(text: &str) -> Option<Self> {
        let (date, clock) = (text.get(..10)?, text.get(11..)?);
        if !matches!(text.as_bytes()[10], b'T' | b't' | b' ') {
            return None;
        }
        let day = parse_date(date)?;
        let mark = clock.find(['Z', 'z', '+', '-'])?;
        let (clock, zone) = clock.split_at(mark);
        let (whole, fraction) = clock.split_once('.').unwrap_or((clock, ""));
        let [hour, minute, second] = numbers::<3>(whole, ':')?;
        if hour > 23 || minute > 59 || second > 60 || fraction.len() > 9 {
            return None;
        }
        let mut micros = 0;
        for digit in fraction.chars().chain(std::iter::repeat('0')).take(6) {
            micros = micros * 10 + i64::from(digit.to_digit(10)?);
        }
        let offset = match zone {
            "Z" | "z" => 0,
            _ => {
                let [hours, minutes] = numbers::<2>(&zone[1..], ':')?;
                (hours * 60 + minutes) * if zone.starts_with('-') { -1 } else { 1 }
            }
        };
        let seconds = day * 86_400 + hour * 3_600 + minute * 60 + second - offset * 60;
        Some(Self(seconds * SECOND + micros))
    }
}

/// Days from 1970-01-01 to a date such as `2026-04-01`, by the proleptic Gregorian calendar.
pub fn parse_date(text: &str) -> Option<i64> {
    let [year, month, day] = numbers::<3>(text, '-')?;
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    // The year begins in March, so that the leap day is its last one.
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    Some(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468)
}

fn numbers<const N: usize>(text: &str, separator: char) -> Option<[i64; N]> {
    let mut parts = text.split(separator);
    let mut numbers = [0; N];
    for number in &mut numbers {
        let part = parts.next()?;
        if part.is_empty() || !part.bytes().all(|b| b.is_ascii_digit()) || part.len() > 4 {
            return None;
        }
        *number = part.parse().ok()?;
    }
    parts.next().is_none().then_some(numbers)
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (day, of_day) = (self.0.div_euclid(DAY), self.0.rem_euclid(DAY));
        let shifted = day + 719_468;
        let era = shifted.div_euclid(146_097);
        let of_era = shifted.rem_euclid(146_097);
        let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * of_year + 2) / 153;
        let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        let date = of_year - (153 * shifted_month + 2) / 5 + 1;
        let (seconds, micros) = (of_day / SECOND, of_day % SECOND);
        let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
        write!(f, "{year:04}-{month:02}-{date:02}T{hour:02}:{minute:02}:{second:02}")?;
        if micros != 0 {
            write!(f, ".{micros:06}")?;
        }
        f.write_str("Z")
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
                Ok(Moment(micros))
            }

            fn visit_u64<E: de::Error>(self, micros: u64) -> Result<Moment, E> {
                i64::try_from(micros).map(Moment).map_err(|_| E::custom("the time is out of range"))
            }
        }
        deserializer.deserialize_any(Either)
    }
}
