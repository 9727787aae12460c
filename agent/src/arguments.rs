//! The command line: words in, a checked [`Command`] out.

use std::path::PathBuf;

use gigafleet_agent::{engine::CheckMode, enroll::EnrollOptions, identity::from_hex, trouble::Trouble};
use gigafleet_proto::v1::TicketCategory;
use lexopt::{Arg, Parser, ValueExt as _};
use tracing::Level;

use crate::log::{Format, LogOptions};

/// What `--help` prints.
pub(crate) const HELP: &str = "\
Reports what this device is and how it is to a gigafleet server.

Usage:
  gigafleet-agent enroll --server HOST:PORT --token TOKEN --ca-sha256 HEX [--server-name NAME] [--state DIR]
  gigafleet-agent run [--probe] [--state DIR] [--log text|json] [--log-level error|warn|info|debug]
  gigafleet-agent show [--state DIR]            prints as JSON exactly what a full report would say
  gigafleet-agent status [--state DIR] [--json] prints whether and to whom this device reports
  gigafleet-agent report TEXT [--category WORD] [--teacher] [--lesson-stopped] [--anyway] [--state DIR]
  gigafleet-agent report [--state DIR]          prints how the last reports of this device stand
  gigafleet-agent --version | --help

With --probe this machine is the school's probe: it checks the network every ten seconds, the line's hops too, and reports
as often.

With report whoever sits at this device tells what is wrong, in at most 500 characters; what can not be sent now is sent later.
--category is one of screen, keyboard, battery, no_start, peripheral, sign_in, wifi, slow, app, other. Where the trouble is known,
that is told and no ticket is made, but with --anyway. It needs the rights of the state folder.

The state folder is --state, else $STATE_DIRECTORY, else /var/lib/gigafleet-agent.
";

/// The command with a text.
const REPORT: &str = "report";

/// What to do.
pub(crate) enum Command {
    Enroll { state: PathBuf, options: EnrollOptions },
    Run { state: PathBuf, log: LogOptions, checks: CheckMode },
    Show { state: PathBuf },
    Status { state: PathBuf, json: bool },
    Report { state: PathBuf, trouble: Option<Trouble> },
    Version,
    Help,
}

/// Options before they are put together.
#[derive(Default)]
struct Options {
    state: Option<PathBuf>,
    server: Option<String>,
    server_name: Option<String>,
    token: Option<String>,
    ca_sha256: Option<String>,
    log: Option<Format>,
    log_level: Option<Level>,
    json: bool,
    probe: bool,
    text: Option<String>,
    trouble: Trouble,
}

/// Parses the words that the process was started with.
pub(crate) fn parse() -> Result<Command, lexopt::Error> {
    parse_from(Parser::from_env())
}

fn parse_from(mut parser: Parser) -> Result<Command, lexopt::Error> {
    let name = match parser.next()? {
        None => return Err("a command is missing".into()),
        Some(Arg::Short('h') | Arg::Long("help")) => return Ok(Command::Help),
        Some(Arg::Short('V') | Arg::Long("version")) => return Ok(Command::Version),
        Some(Arg::Value(name)) => name.string()?,
        Some(other) => return Err(other.unexpected()),
    };
    let allowed: &[&str] = match name.as_str() {
        "help" => return Ok(Command::Help),
        "enroll" => &["state", "server", "server-name", "token", "ca-sha256"],
        "run" => &["state", "log", "log-level", "probe"],
        "show" => &["state"],
        "status" => &["state", "json"],
        REPORT => &["state", "category", "teacher", "lesson-stopped", "anyway"],
        _ => return Err(format!("unknown command {name:?}").into()),
    };
    let Some(options) = parse_options(&mut parser, allowed, name == REPORT)? else {
        return Ok(Command::Help);
    };
    let state = options.state.clone().unwrap_or_else(default_state);
    Ok(match name.as_str() {
        "enroll" => Command::Enroll { state, options: enroll_options(options)? },
        "run" => {
            let log = LogOptions {
                format: options.log.unwrap_or(Format::Text),
                level: options.log_level.unwrap_or(Level::INFO),
            };
            let checks = if options.probe { CheckMode::Probe } else { CheckMode::Device };
            Command::Run { state, log, checks }
        }
        "show" => Command::Show { state },
        REPORT => {
            let trouble = options.text.map(|text| Trouble { text, ..options.trouble.clone() });
            if trouble.is_none() && options.trouble != Trouble::default() {
                return Err("say what is wrong".into());
            }
            Command::Report { state, trouble }
        }
        _ => Command::Status { state, json: options.json },
    })
}

/// Reads the options of one command; nothing if help was asked for.
fn parse_options(parser: &mut Parser, allowed: &[&str], takes_text: bool) -> Result<Option<Options>, lexopt::Error> {
    let mut options = Options::default();
    while let Some(argument) = parser.next()? {
        let Arg::Long(name) = argument else {
            if let Arg::Value(text) = &argument
                && takes_text
                && options.text.is_none()
            {
                options.text = Some(text.clone().string()?);
                continue;
            }
            if argument == Arg::Short('h') {
                return Ok(None);
            }
            return Err(argument.unexpected());
        };
        if name == "help" {
            return Ok(None);
        }
        let Some(name) = allowed.iter().find(|allowed| **allowed == name) else {
            return Err(argument.unexpected());
        };
        match *name {
            "json" => options.json = true,
            "probe" => options.probe = true,
            "teacher" => options.trouble.by_teacher = true,
            "lesson-stopped" => options.trouble.lesson_stopped = true,
            "anyway" => options.trouble.ticket_wanted = true,
            "category" => options.trouble.category = Some(parser.value()?.parse_with(parse_category)?),
            "state" => options.state = Some(parser.value()?.into()),
            "server" => options.server = Some(parser.value()?.string()?),
            "server-name" => options.server_name = Some(parser.value()?.string()?),
            "token" => options.token = Some(parser.value()?.string()?),
            "ca-sha256" => options.ca_sha256 = Some(parser.value()?.string()?),
            "log" => options.log = Some(parser.value()?.parse_with(parse_format)?),
            _ => options.log_level = Some(parser.value()?.parse_with(parse_level)?),
        }
    }
    Ok(Some(options))
}

fn enroll_options(options: Options) -> Result<EnrollOptions, lexopt::Error> {
    let pin = options.ca_sha256.ok_or("--ca-sha256 is missing")?;
    // openssl prints fingerprints with colons.
    let ca_sha256 = from_hex(&pin.replace(':', ""))
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or("--ca-sha256 wants 64 hex digits")?;
    Ok(EnrollOptions {
        server: options.server.ok_or("--server is missing")?,
        server_name: options.server_name,
        token: options.token.ok_or("--token is missing")?,
        ca_sha256,
    })
}

fn parse_category(word: &str) -> Result<TicketCategory, &'static str> {
    let name = format!("TICKET_CATEGORY_{}", word.to_ascii_uppercase().replace('-', "_"));
    TicketCategory::from_str_name(&name)
        .filter(|category| *category != TicketCategory::Unspecified)
        .ok_or("expected screen, keyboard, battery, no_start, peripheral, sign_in, wifi, slow, app or other")
}

fn parse_format(word: &str) -> Result<Format, &'static str> {
    match word {
        "text" => Ok(Format::Text),
        "json" => Ok(Format::Json),
        _ => Err("expected text or json"),
    }
}

fn parse_level(word: &str) -> Result<Level, &'static str> {
    match word {
        "error" => Ok(Level::ERROR),
        "warn" => Ok(Level::WARN),
        "info" => Ok(Level::INFO),
        "debug" => Ok(Level::DEBUG),
        _ => Err("expected error, warn, info or debug"),
    }
}

fn default_state() -> PathBuf {
    // systemd gives the folder here; with several, the first is ours.
    std::env::var_os("STATE_DIRECTORY")
        .and_then(|folders| std::env::split_paths(&folders).next())
        .unwrap_or_else(|| PathBuf::from("/var/lib/gigafleet-agent"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse_words(words: &[&str]) -> Result<Command, lexopt::Error> {
        parse_from(Parser::from_args(words))
    }

    #[test]
    fn enrolment_takes_a_fingerprint_with_or_without_colons() {
        let plain = "ab".repeat(32);
        let colons = vec!["AB"; 32].join(":");
        for pin in [plain, colons] {
            let words = ["enroll", "--server", "host:7443", "--token", "gft_x", "--ca-sha256", &pin];
            let Ok(Command::Enroll { options, .. }) = parse_words(&words) else { panic!("refused {pin}") };
            assert_eq!(options.ca_sha256, [0xab; 32]);
        }
    }

    #[test]
    fn wrong_words_are_refused() {
        for words in [&["enroll"][..], &["fly"], &["run", "--json"], &["run", "--log", "xml"], &[], &["show", "extra"]]
        {
            assert!(parse_words(words).is_err(), "{words:?}");
        }
    }

    #[test]
    fn machine_is_a_probe_only_if_it_is_told_so() {
        let mode = |words: &[&str]| match parse_words(words) {
            Ok(Command::Run { checks, .. }) => checks,
            _ => panic!("{words:?} is refused"),
        };
        assert_eq!(mode(&["run"]), CheckMode::Device);
        assert_eq!(mode(&["run", "--probe", "--log", "json"]), CheckMode::Probe);
    }

    #[test]
    fn report_takes_one_text_or_asks_how_reports_stand() {
        let trouble = |words: &[&str]| match parse_words(words) {
            Ok(Command::Report { trouble, .. }) => trouble,
            _ => panic!("{words:?} is refused"),
        };
        assert_eq!(trouble(&["report"]), None);
        let said = trouble(&["report", "--category", "no-start", "つかない", "--teacher", "--anyway"]).expect("a text");
        assert_eq!((said.text.as_str(), said.category), ("つかない", Some(TicketCategory::NoStart)));
        assert!(said.by_teacher && said.ticket_wanted && !said.lesson_stopped);
        for words in [&["report", "one", "two"][..], &["report", "--anyway"], &["report", "x", "--category", "weather"]]
        {
            assert!(parse_words(words).is_err(), "{words:?}");
        }
    }

    #[test]
    fn help_and_version_are_found_anywhere() {
        assert!(matches!(parse_words(&["--help"]), Ok(Command::Help)));
        assert!(matches!(parse_words(&["run", "--help"]), Ok(Command::Help)));
        assert!(matches!(parse_words(&["--version"]), Ok(Command::Version)));
    }
}
