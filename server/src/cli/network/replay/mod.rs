//! `gigafleet network replay`: what the engine makes of a file of events, without a server.
//!
//! The engine is the one that servers run, and it is told and asked as they do it: what was learned up to a multiple of ten
//! seconds, then a judgement. So a file gives the same incidents each time, with the ids that a server would give them.
//!
//! Invariants: nothing is printed before all input was read and found right; memory grows with the region and with what
//! changed, never with the number of events.

mod input;

use std::{collections::BTreeMap, path::PathBuf};

use clap::Args;
use serde::Serialize;
use uuid::Uuid;

use self::input::{Events, Input, read_topology};
use crate::{
    cli::{
        failure::{Failure, Result, language},
        output::{print, remark},
        table::{self, Column},
    },
    console::words::{
        Language,
        network::{cause_text, change_text, element_text, place_text, state_text},
    },
    network::rules::{
        BUCKET_S, Cause, Change, ChangeKind, Element, Engine, Incident, IncidentState, MextPlace, Moment,
    },
};

/// Most changes that are told: a region that has more of them has an engine that is broken, not a network.
const CHANGES: usize = 200_000;

#[derive(Debug, Args)]
pub(super) struct ReplayArgs {
    /// Schools, their lines, and what they share: JSON, see tests/network/topology.schema.json.
    #[arg(long, value_name = "FILE")]
    topology: PathBuf,
    /// What was observed, in the order in which it was learned: one JSON object a line, see tests/network/event.schema.json;
    /// `-` is standard input.
    #[arg(long, value_name = "FILE")]
    events: PathBuf,
    /// Judge up to then, RFC 3339; without it up to the last event.
    #[arg(long, value_name = "TIME", value_parser = parse_until)]
    until: Option<Moment>,
}

fn parse_until(text: &str) -> Result<Moment, String> {
    Moment::parse(text).ok_or_else(|| String::from("a time looks like 2026-11-25T08:40:00+09:00"))
}

/// What is printed.
#[derive(Debug, Serialize)]
struct Output {
    /// As they are at the end, in the order in which they were suspected.
    incidents: Vec<Incident>,
    /// In the order in which the engine told them.
    changes: Vec<Told>,
}

/// One change; the incident as it was then, as far as verdicts go.
#[derive(Debug, Serialize)]
struct Told {
    at: Moment,
    change: ChangeKind,
    incident_id: Uuid,
    state: IncidentState,
    element: Element,
    cause: Cause,
    mext_place: MextPlace,
    confidence: f64,
}

/// Replays and prints.
pub(super) fn run(args: &ReplayArgs, as_json: bool) -> Result<()> {
    let topology = read_topology(&args.topology)?;
    let mut input = Input::new(&topology);
    let engine = Engine::new(topology.clone(), topology.policy);
    let mut judge = Judge { engine, next: None, last: BTreeMap::new(), changes: Vec::new() };
    let mut events = Events::open(&args.events)?;
    while let Some(event) = events.next(&mut input)? {
        if args.until.is_some_and(|until| event.known > until) {
            break;
        }
        judge.judge_before(event.known)?;
        judge.engine.apply(&event);
    }
    if !input.has_feed {
        return Err(Failure::told(
            format!("{} has no event of kind feed, so nothing can be judged", events.name()),
            "add one every ten seconds: it says up to when a server has handed over what it heard",
        ));
    }
    judge.judge_rest(args.until)?;
    let output = judge.end();
    match as_json {
        true => {
            let text = serde_json::to_string_pretty(&output)
                .map_err(|error| Failure::told(format!("the incidents are no JSON: {error}"), "report this"))?;
            print(text)?;
        }
        false => print(text(&output, language(|name| std::env::var(name).ok())))?,
    }
    if let Some(unknown) = input.unknown() {
        remark(&unknown);
    }
    Ok(())
}

struct Judge {
    engine: Engine,
    /// The next multiple of ten seconds at which is judged.
    next: Option<Moment>,
    last: BTreeMap<Uuid, Incident>,
    changes: Vec<Told>,
}

/// The multiple of ten seconds that is not before a moment.
fn tick_at(known: Moment) -> Moment {
    let begin = Moment::from_seconds(known.bucket(BUCKET_S) * BUCKET_S);
    if begin == known { begin } else { begin.plus_seconds(BUCKET_S) }
}

impl Judge {
    /// Judges at the multiple of ten seconds that lies before `known`, if it was not reached yet. Nothing is heard between it
    /// and the one after `known`, so that to judge at those between the two would change nothing.
    fn judge_before(&mut self, known: Moment) -> Result<()> {
        match self.next {
            Some(next) if known <= next => Ok(()),
            Some(next) => {
                self.next = Some(tick_at(known));
                self.tick(next)
            }
            None => {
                self.next = Some(tick_at(known));
                Ok(())
            }
        }
    }

    fn judge_rest(&mut self, until: Option<Moment>) -> Result<()> {
        match self.next {
            Some(next) if until.is_none_or(|until| next <= until) => self.tick(next),
            Some(_) | None => Ok(()),
        }
    }

    fn tick(&mut self, now: Moment) -> Result<()> {
        for Change { at, change, incident } in self.engine.tick(now) {
            if self.changes.len() == CHANGES {
                return Err(Failure::told(
                    format!("more than {CHANGES} changes of incidents up to {at}"),
                    "replay a shorter time: --until",
                ));
            }
            let verdict = incident.verdict.clone();
            self.changes.push(Told {
                at,
                change,
                incident_id: incident.id,
                state: incident.state,
                element: verdict.element,
                cause: verdict.cause,
                mext_place: verdict.mext_place,
                confidence: verdict.confidence,
            });
            self.last.insert(incident.id, *incident);
        }
        Ok(())
    }

    fn end(mut self) -> Output {
        self.last.extend(self.engine.incidents().map(|incident| (incident.id, incident.clone())));
        let mut incidents: Vec<_> = self.last.into_values().collect();
        incidents.sort_by_key(|incident| (incident.suspected_at, incident.id));
        Output { incidents, changes: self.changes }
    }
}

fn text(output: &Output, language: Language) -> String {
    let time = |at: Option<Moment>| {
        at.map_or_else(
            || String::from(table::ABSENT),
            |at| {
                let micros = at.0.rem_euclid(1_000_000);
                let whole =
                    prost_types::Timestamp { seconds: at.0.div_euclid(1_000_000), nanos: micros as i32 * 1_000 };
                table::time(Some(&whole))
            },
        )
    };
    let element = |element: &Element| format!("{} {}", element_text(language, element.kind.name()), element.id);
    let cause = |cause: Cause| cause_text(language, &name(cause)).to_owned();
    let row = |incident: &Incident| {
        let schools: usize = incident.owners.iter().map(|share| share.schools.len()).sum();
        vec![
            state_text(language, &name(incident.state)).to_owned(),
            element(&incident.verdict.element),
            cause(incident.verdict.cause),
            place_text(language, incident.verdict.mext_place.into()).to_owned(),
            format!("{:.0} %", incident.verdict.confidence * 100.0),
            time(Some(incident.started.at)),
            time(incident.opened_at),
            time(incident.recovered_at),
            time(incident.closed_at),
            schools.to_string(),
            incident.owners.len().to_string(),
            incident.devices.to_string(),
            format!("{:.0}", incident.lesson_device_minutes),
        ]
    };
    let say = |ja, en| language.choose(ja, en);
    let columns = [
        Column::Text(say("状態", "STATE")),
        Column::Text(say("場所", "ELEMENT")),
        Column::Text(say("原因", "CAUSE")),
        Column::Text(say("文部科学省の4分類", "MINISTRY'S PLACE")),
        Column::Number(say("確かさ", "SURE")),
        Column::Text(say("始まり", "BEGAN")),
        Column::Text(say("確定", "OPENED")),
        Column::Text(say("復旧", "RECOVERED")),
        Column::Text(say("終了", "CLOSED")),
        Column::Number(say("学校", "SCHOOLS")),
        Column::Number(say("自治体", "OWNERS")),
        Column::Number(say("端末", "DEVICES")),
        Column::Number(say("授業(端末×分)", "LESSON-MINUTES")),
    ];
    // What was suspected and came to nothing is told below, as changes.
    let shown = output.incidents.iter().filter(|i| i.opened_at.is_some() || i.state != IncidentState::Closed);
    let incidents = table::table(&columns, shown.map(row).collect(), say("障害はありません", "no incidents"));
    if output.changes.is_empty() {
        return incidents;
    }
    let row = |told: &Told| {
        vec![
            time(Some(told.at)),
            change_text(language, &name(told.change)).to_owned(),
            element(&told.element),
            cause(told.cause),
            format!("{:.0} %", told.confidence * 100.0),
            told.incident_id.to_string(),
        ]
    };
    let columns = [
        Column::Text(say("判定時刻", "JUDGED AT")),
        Column::Text(say("できごと", "CHANGE")),
        Column::Text(say("場所", "ELEMENT")),
        Column::Text(say("原因", "CAUSE")),
        Column::Number(say("確かさ", "SURE")),
        Column::Text(say("障害のID", "INCIDENT ID")),
    ];
    format!("{incidents}\n{}", table::table(&columns, output.changes.iter().map(row).collect(), ""))
}

/// The name in JSON.
fn name(word: impl Serialize) -> String {
    match serde_json::to_value(word) {
        Ok(serde_json::Value::String(name)) => name,
        Ok(_) | Err(_) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn judgement_comes_at_the_next_multiple_of_ten_seconds() {
        let at = Moment::from_seconds(1_781_017_200);
        assert_eq!(tick_at(at), at);
        assert_eq!(tick_at(Moment(at.0 + 1)), at.plus_seconds(10));
        assert_eq!(tick_at(at.plus_seconds(10)), at.plus_seconds(10));
    }

    #[test]
    fn names_are_those_of_the_json() {
        assert_eq!(
            (name(Cause::LineCut), name(ChangeKind::VerdictChanged)),
            ("line_cut".into(), "verdict_changed".into())
        );
    }
}
