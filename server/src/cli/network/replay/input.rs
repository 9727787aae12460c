//! The two files of a replay, read with care: what is wrong is told with file, line and field.
//!
//! Invariants: a line has a limit; a field that nobody knows is refused rather than overlooked, so that a misspelt one is
//! noticed. What names a school, probe or service that the topology does not have is left out, as servers do, and told.

use std::{
    collections::BTreeSet,
    fmt,
    fs::File,
    io::{self, BufRead, BufReader, Read as _},
    path::Path,
};

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::{
    cli::failure::{Failure, Result},
    network::rules::{BUCKET_S, Element, ErrorKind, Event, Moment, Observed, Outcome, Place, Target, Topology},
};

/// Most bytes of a topology: 64 MiB, about 100,000 schools.
const TOPOLOGY_BYTES: u64 = 64 << 20;
/// Most bytes of one event.
const LINE_BYTES: u64 = 64 << 10;

/// What is refused, without the file.
#[derive(Debug, PartialEq, Eq)]
struct Refusal {
    line: Option<usize>,
    field: Option<String>,
    message: String,
}

impl Refusal {
    fn field(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { line: None, field: Some(field.into()), message: message.into() }
    }

    fn at(self, line: usize) -> Self {
        Self { line: self.line.or(Some(line)), ..self }
    }

    fn in_file(&self, file: &str, schema: &str) -> Failure {
        Failure::told(format!("{file}{self}"), format!("correct the file; tests/network/{schema} describes it"))
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, ", line {line}")?;
        }
        match &self.field {
            Some(field) => write!(f, ": {field}: {}", self.message),
            None => write!(f, ": {}", self.message),
        }
    }
}

fn unreadable(file: &str, error: &io::Error) -> Failure {
    Failure::told(format!("{file} cannot be read: {error}"), "name a file that is there and that you may read")
}

/// What a parser says, without the place, which is told by itself.
fn message(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.rsplit_once(" at line ").map_or(text.clone(), |(message, _)| message.to_owned())
}

/// Reads and checks a topology.
pub(super) fn read_topology(path: &Path) -> Result<Topology> {
    let name = path.display().to_string();
    let file = File::open(path).map_err(|error| unreadable(&name, &error))?;
    let mut text = String::new();
    file.take(TOPOLOGY_BYTES + 1).read_to_string(&mut text).map_err(|error| unreadable(&name, &error))?;
    if text.len() as u64 > TOPOLOGY_BYTES {
        let refusal = Refusal { line: None, field: None, message: format!("more than {TOPOLOGY_BYTES} bytes") };
        return Err(refusal.in_file(&name, "topology.schema.json"));
    }
    parse_topology(&text).map_err(|refusal| refusal.in_file(&name, "topology.schema.json"))
}

fn parse_topology(text: &str) -> Result<Topology, Refusal> {
    let mut parser = serde_json::Deserializer::from_str(text);
    let topology: Topology = serde_path_to_error::deserialize(&mut parser).map_err(|error| {
        let path = error.path().to_string();
        Refusal {
            line: Some(error.inner().line()),
            field: Some(path).filter(|path| path != "."),
            message: message(error.inner()),
        }
    })?;
    let broken = |error: serde_json::Error| Refusal { line: Some(error.line()), field: None, message: message(&error) };
    parser.end().map_err(broken)?;
    let given: Value = serde_json::from_str(text).map_err(broken)?;
    let read = serde_json::to_value(&topology).map_err(broken)?;
    match unknown_field(&given, &read, "") {
        Some(field) => Err(Refusal::field(field, "there is no such field")),
        None => check_topology(&topology).map(|()| topology),
    }
}

/// The path of a field that was given and not read.
fn unknown_field(given: &Value, read: &Value, path: &str) -> Option<String> {
    match (given, read) {
        (Value::Object(given), Value::Object(read)) => given.iter().find_map(|(name, value)| {
            let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            match read.get(name) {
                Some(read) => unknown_field(value, read, &path),
                None => (!value.is_null()).then_some(path),
            }
        }),
        (Value::Array(given), Value::Array(read)) => given
            .iter()
            .zip(read)
            .enumerate()
            .find_map(|(at, (given, read))| unknown_field(given, read, &format!("{path}[{at}]"))),
        _ => None,
    }
}

fn ids<'a>(kind: &str, of: impl Iterator<Item = &'a str>) -> Result<BTreeSet<&'a str>, Refusal> {
    let mut ids = BTreeSet::new();
    for (at, id) in of.enumerate() {
        if id.is_empty() {
            return Err(Refusal::field(format!("{kind}[{at}].id"), "is empty"));
        }
        if !ids.insert(id) {
            return Err(Refusal::field(format!("{kind}[{at}].id"), format!("{id} is there twice")));
        }
    }
    Ok(ids)
}

/// That ids are unique, that what is named is there, and that numbers are within their limits.
fn check_topology(topology: &Topology) -> Result<(), Refusal> {
    topology.policy.check().map_err(|error| Refusal::field("policy", error.to_string()))?;
    let owners = ids("owners", topology.owners.iter().map(|named| named.id.as_str()))?;
    let isps = ids("isps", topology.isps.iter().map(|named| named.id.as_str()))?;
    let filters = ids("filters", topology.filters.iter().map(|named| named.id.as_str()))?;
    let dns = ids("dns", topology.dns.iter().map(|named| named.id.as_str()))?;
    let hubs = ids("hubs", topology.hubs.iter().map(|hub| hub.id.as_str()))?;
    let services = ids("services", topology.services.iter().map(|service| service.id.as_str()))?;
    let schools = ids("schools", topology.schools.iter().map(|school| school.id.as_str()))?;
    ids("probes", topology.probes.iter().map(|probe| probe.id.as_str()))?;
    let known = |field: String, id: Option<&str>, among: &BTreeSet<&str>| match id {
        Some(id) if !among.contains(id) => Err(Refusal::field(field, format!("{id} is not in the file"))),
        Some(_) | None => Ok(()),
    };
    for (at, hub) in topology.hubs.iter().enumerate() {
        known(format!("hubs[{at}].isp"), hub.isp.as_deref(), &isps)?;
    }
    for (at, probe) in topology.probes.iter().enumerate() {
        known(format!("probes[{at}].school"), Some(&probe.school), &schools)?;
    }
    for (at, school) in topology.schools.iter().enumerate() {
        let field = |name: &str| format!("schools[{at}].{name}");
        known(field("owner"), Some(&school.owner), &owners)?;
        known(field("line.hub"), school.line.hub.as_deref(), &hubs)?;
        known(field("line.isp"), school.line.isp.as_deref(), &isps)?;
        known(field("filter"), school.filter.as_deref(), &filters)?;
        known(field("dns"), school.dns.as_deref(), &dns)?;
        known(field("identity"), school.identity.as_deref(), &services)?;
        if !(10..=3_600).contains(&school.pace_s) {
            return Err(Refusal::field(field("pace_s"), "must lie between 10 and 3600"));
        }
        let expected = &school.expected;
        let minutes = |[begin, end]: &[i64; 2]| 0 <= *begin && begin <= end && *end <= 1_440;
        if !minutes(&expected.hours) {
            return Err(Refusal::field(field("expected.hours"), "needs two minutes of the day, 0 to 1440"));
        }
        if !expected.lessons.iter().all(minutes) {
            return Err(Refusal::field(field("expected.lessons"), "needs pairs of minutes of the day, 0 to 1440"));
        }
        if let Some(date) = expected.school_days.iter().flatten().find(|date| !is_date(date)) {
            return Err(Refusal::field(field("expected.school_days"), format!("{date} is no date")));
        }
    }
    Ok(())
}

fn is_date(text: &str) -> bool {
    time::Date::parse(text, time::macros::format_description!("[year]-[month]-[day]")).is_ok()
}

/// What is known while events are read.
#[derive(Debug)]
pub(super) struct Input {
    schools: BTreeSet<String>,
    probes: BTreeSet<String>,
    last: Option<Moment>,
    /// Whether a server handed anything over.
    pub(super) has_feed: bool,
    left_out: u64,
    first_left_out: Option<String>,
}

impl Input {
    /// Nothing was read yet.
    pub(super) fn new(topology: &Topology) -> Self {
        Self {
            schools: topology.schools.iter().map(|school| school.id.clone()).collect(),
            probes: topology.probes.iter().map(|probe| probe.id.clone()).collect(),
            last: None,
            has_feed: false,
            left_out: 0,
            first_left_out: None,
        }
    }

    /// That events named what is not there, if they did.
    pub(super) fn unknown(&self) -> Option<String> {
        let first = self.first_left_out.as_ref()?;
        Some(format!(
            "{} events were left out: the topology does not have what they name; the first: {first}",
            self.left_out
        ))
    }

    fn take(&mut self, line: usize, event: &Event) -> Result<(), Refusal> {
        if self.last.is_some_and(|last| event.known < last) {
            return Err(Refusal::field("known", "is earlier than in the line before; events come in the order of it"));
        }
        self.last = Some(event.known);
        self.has_feed |= matches!(event.what, Observed::Feed { .. });
        let (kind, id, known) = match &event.what {
            Observed::Presence { school, .. } | Observed::Calendar { school, .. } => ("school", school, &self.schools),
            Observed::Transition { school: Some(school), .. } => ("school", school, &self.schools),
            Observed::ProbeHeartbeat { probe, .. } => ("probe", probe, &self.probes),
            Observed::Transition { school: None, .. }
            | Observed::Feed { .. }
            | Observed::ServerGone { .. }
            | Observed::ServerGap { .. }
            | Observed::PlannedWork { .. } => return Ok(()),
        };
        if !known.contains(id) {
            self.left_out += 1;
            self.first_left_out.get_or_insert_with(|| format!("{kind} {} in line {line}", id.escape_default()));
        }
        Ok(())
    }
}

/// The events of a file, line by line.
pub(super) struct Events {
    name: String,
    reader: Box<dyn BufRead>,
    line: usize,
    bytes: Vec<u8>,
}

impl Events {
    /// What it is called in messages.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Opens a file; `-` is standard input.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let (name, reader): (_, Box<dyn BufRead>) = if path == Path::new("-") {
            (String::from("standard input"), Box::new(io::stdin().lock()))
        } else {
            let name = path.display().to_string();
            let file = File::open(path).map_err(|error| unreadable(&name, &error))?;
            (name, Box::new(BufReader::with_capacity(1 << 16, file)))
        };
        Ok(Self { name, reader, line: 0, bytes: Vec::new() })
    }

    /// The next event; lines without anything are passed over.
    pub(super) fn next(&mut self, input: &mut Input) -> Result<Option<Event>> {
        loop {
            self.bytes.clear();
            self.line += 1;
            let mut reader = (&mut self.reader).take(LINE_BYTES + 1);
            let read = reader.read_until(b'\n', &mut self.bytes).map_err(|error| unreadable(&self.name, &error))?;
            if read == 0 {
                return Ok(None);
            }
            if self.bytes.iter().all(u8::is_ascii_whitespace) && (read as u64) <= LINE_BYTES {
                continue;
            }
            let event = if read as u64 > LINE_BYTES {
                Err(Refusal { line: None, field: None, message: format!("is longer than {LINE_BYTES} bytes") })
            } else {
                parse_event(&self.bytes)
            };
            let taken = event.and_then(|event| input.take(self.line, &event).map(|()| event));
            return match taken {
                Ok(event) => Ok(Some(event)),
                Err(refusal) => Err(refusal.at(self.line).in_file(&self.name, "event.schema.json")),
            };
        }
    }
}

fn parse_event(line: &[u8]) -> Result<Event, Refusal> {
    let given: Value = serde_json::from_slice(line).map_err(|error| Refusal {
        line: None,
        field: None,
        message: format!("no JSON: {}", message(&error)),
    })?;
    let Value::Object(fields) = &given else {
        return Err(Refusal { line: None, field: None, message: String::from("needs one JSON object") });
    };
    // The parser of an event does not say which field it refuses.
    let event: Event = serde_json::from_value(given.clone()).map_err(|error| {
        let field = fields.iter().find_map(|(name, value)| Some((name, field_refusal(fields, name, value)?)));
        match field {
            Some((name, message)) => Refusal::field(name, message),
            None => missing_field(&message(&error)),
        }
    })?;
    let read =
        serde_json::to_value(&event).map_err(|error| Refusal { line: None, field: None, message: message(&error) })?;
    match unknown_field(&given, &read, "") {
        Some(field) => Err(Refusal::field(field, "there is no such field in this kind of event")),
        None => check_event(&event).map(|()| event),
    }
}

/// The parser names a field that is not there in its message.
fn missing_field(message: &str) -> Refusal {
    match message.strip_prefix("missing field `").and_then(|rest| rest.strip_suffix('`')) {
        Some(field) => Refusal::field(field, "is missing"),
        None => Refusal { line: None, field: None, message: message.to_owned() },
    }
}

fn refusal_of<T: DeserializeOwned>(value: &Value) -> Option<String> {
    serde_json::from_value::<T>(value.clone()).err().map(|error| message(&error))
}

/// What is wrong with one field of an event, if anything is.
fn field_refusal(fields: &Map<String, Value>, name: &str, value: &Value) -> Option<String> {
    let kind = fields.get("kind").and_then(Value::as_str).unwrap_or_default();
    let optional = matches!((kind, name), (_, "access_point" | "heard_awake" | "error" | "reason" | "at"))
        || (kind, name) == ("transition", "school");
    if optional && value.is_null() {
        return None;
    }
    match name {
        "known" | "at" | "from" | "to" | "until" => refusal_of::<Moment>(value),
        "kind" => match value {
            // The message lists the kinds.
            Value::String(_) => refusal_of::<Observed>(&Value::Object(fields.clone()))
                .filter(|message| message.starts_with("unknown variant") && message.contains("`presence`")),
            _ => Some(String::from("needs a text")),
        },
        "seconds" | "heard" | "heard_awake" => refusal_of::<u32>(value),
        "school" | "access_point" | "device" | "probe" | "server" | "id" | "date" | "reason" => {
            refusal_of::<String>(value)
        }
        "place" => refusal_of::<Place>(value),
        "target" => refusal_of::<Target>(value),
        "outcome" => refusal_of::<Outcome>(value),
        "error" => refusal_of::<ErrorKind>(value),
        "element" => refusal_of::<Element>(value),
        "school_day" => refusal_of::<bool>(value),
        _ => None,
    }
}

/// That values are within their limits.
fn check_event(event: &Event) -> Result<(), Refusal> {
    match &event.what {
        Observed::Presence { from, seconds, heard, heard_awake, .. } => {
            if i64::from(*seconds) != BUCKET_S {
                return Err(Refusal::field("seconds", format!("must be {BUCKET_S}")));
            }
            if Moment::from_seconds(from.bucket(BUCKET_S) * BUCKET_S) != *from {
                return Err(Refusal::field("from", format!("must be a multiple of {BUCKET_S} s")));
            }
            if heard_awake.is_some_and(|awake| awake > *heard) {
                return Err(Refusal::field("heard_awake", "is more than heard"));
            }
        }
        Observed::Feed { until, .. } if *until > event.known => {
            return Err(Refusal::field("until", "is later than known"));
        }
        Observed::ServerGap { from, to } | Observed::PlannedWork { from, to, .. } if to < from => {
            return Err(Refusal::field("to", "is earlier than from"));
        }
        Observed::Calendar { date, .. } if !is_date(date) => {
            return Err(Refusal::field("date", format!("{date} is no date; one looks like 2026-04-08")));
        }
        Observed::Feed { .. }
        | Observed::ServerGap { .. }
        | Observed::PlannedWork { .. }
        | Observed::Calendar { .. }
        | Observed::Transition { .. }
        | Observed::ProbeHeartbeat { .. }
        | Observed::ServerGone { .. } => {}
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused_event(line: &str) -> String {
        parse_event(line.as_bytes()).unwrap_err().at(7).to_string()
    }

    #[test]
    fn refused_event_is_named_by_line_and_field() {
        let known = r#""known":"2026-06-10T00:00:10Z""#;
        let presence = r#""kind":"presence","from":"2026-06-10T00:00:00Z","seconds":10"#;
        let transition = r#""kind":"transition","device":"d","school":"s","place":"school","target":"dns""#;
        for (line, expected) in [
            (String::from("{"), ", line 7: no JSON: EOF"),
            (String::from("[]"), ", line 7: needs one JSON object"),
            (format!(r#"{{{presence},"school":"s","heard":1}}"#), ", line 7: known: is missing"),
            (format!(r#"{{{known},{presence},"heard":1}}"#), ", line 7: school: is missing"),
            (format!(r#"{{{known},"kind":"absence"}}"#), ", line 7: kind: unknown variant `absence`"),
            (format!(r#"{{{known},{presence},"school":"s","heard":-1}}"#), ", line 7: heard: invalid value"),
            (format!(r#"{{{known},{presence},"school":"s","heard":1,"ap":"x"}}"#), ", line 7: ap: there is no such"),
            (format!(r#"{{{known},{presence},"school":"s","heard":1,"heard_awake":2}}"#), ", line 7: heard_awake: is"),
            (format!(r#"{{{known},{transition},"outcome":"broken"}}"#), ", line 7: outcome: unknown variant `broken`"),
            (format!(r#"{{{known},{transition},"outcome":"ok","at":"now"}}"#), ", line 7: at: now is no time"),
            (
                format!(r#"{{{known},"kind":"feed","server":"a","until":"2026-06-10T00:00:11Z"}}"#),
                ", line 7: until: is",
            ),
        ] {
            let told = refused_event(&line);
            assert!(told.starts_with(expected), "{line}\n{told}");
        }
    }

    #[test]
    fn refused_topology_is_named_by_field() {
        let school = r#"{"id":"s","owner":"o","line":{"kind":"direct"},"devices":5"#;
        for (text, expected) in [
            (String::from("{\n\"owner\":[]}"), ", line 2: "),
            (
                format!("{{\"owners\":[{{\"id\":\"o\"}}],\n\"schools\":[{school},\"pace_s\":\"x\"}}]}}"),
                ", line 2: schools[0].pace_s: ",
            ),
            (
                format!(r#"{{"owners":[{{"id":"o"}}],"schools":[{school},"pace":60}}]}}"#),
                ": schools[0].pace: there is no",
            ),
            (
                format!(r#"{{"owners":[{{"id":"o"}}],"schools":[{school},"pace_s":5}}]}}"#),
                ": schools[0].pace_s: must lie",
            ),
            (format!(r#"{{"schools":[{school}}}]}}"#), ": schools[0].owner: o is not in the file"),
            (String::from(r#"{"isps":[{"id":"i"},{"id":"i"}]}"#), ": isps[1].id: i is there twice"),
        ] {
            let told = parse_topology(&text).unwrap_err().to_string();
            assert!(told.starts_with(expected), "{text}\n{told}");
        }
    }
}
