//! Log lines on standard error, as text or JSON: the smallest subscriber that tracing accepts. Only the agent's own events
//! are written; libraries' are not.
//!
//! Deliberately not here: spans, files, rotation (systemd's journal does that).

use std::{
    fmt::{Debug, Write as _},
    io::Write as _,
    time::{SystemTime, UNIX_EPOCH},
};

use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
    level_filters::LevelFilter,
    span,
};

use crate::json::Object;

/// Targets that are written.
const OWN: &str = "gigafleet";

/// How lines look.
#[derive(Clone, Copy)]
pub(crate) enum Format {
    Text,
    Json,
}

/// What is logged, and how.
#[derive(Clone, Copy)]
pub(crate) struct LogOptions {
    pub(crate) format: Format,
    pub(crate) level: Level,
}

/// Logs from now on.
pub(crate) fn install(options: LogOptions) -> Result<(), tracing::subscriber::SetGlobalDefaultError> {
    tracing::subscriber::set_global_default(Lines(options))
}

struct Lines(LogOptions);

impl Subscriber for Lines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= self.0.level && metadata.target().starts_with(OWN)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::from_level(self.0.level))
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let time = rfc3339(u64::try_from(wall.as_millis()).unwrap_or(u64::MAX));
        let level = event.metadata().level().as_str();
        let mut fields = Fields::default();
        event.record(&mut fields);
        let line = match self.0.format {
            Format::Text => {
                let mut line = format!("{time} {level:5} {}", fields.message);
                for (name, value) in fields.others {
                    let _ = write!(line, " {name}={value}");
                }
                line
            }
            Format::Json => {
                let mut line = Object::compact();
                line.text("time", time);
                line.text("level", level);
                line.text("message", fields.message);
                for (name, value) in fields.others {
                    line.text(name, value);
                }
                line.finish()
            }
        };
        // A log that can not be written can not be complained about.
        let _ = writeln!(std::io::stderr(), "{line}");
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

#[derive(Default)]
struct Fields {
    message: String,
    others: Vec<(&'static str, String)>,
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.others.push((field.name(), value.to_owned()));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let value = format!("{value:?}");
        if field.name() == "message" {
            self.message = value;
        } else {
            self.others.push((field.name(), value));
        }
    }
}

/// A time in milliseconds since the Unix epoch as RFC 3339, UTC, to the second.
pub(crate) fn rfc3339(time_ms: u64) -> String {
    let seconds = time_ms / 1_000;
    let (year, month, day) = civil(seconds / 86_400);
    let (hour, minute, second) = (seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// Year, month and day of a day since 1970-01-01 (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms").
fn civil(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let era = shifted / 146_097;
    let day_of_era = shifted % 146_097;
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year_of_era + era * 400 + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::rfc3339;

    #[test]
    fn times_are_written_as_utc() {
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00Z");
        assert_eq!(rfc3339(951_827_696_000), "2000-02-29T12:34:56Z");
        assert_eq!(rfc3339(1_795_420_800_000), "2026-11-23T08:00:00Z");
    }
}
