//! `gigafleet network replay` as it is typed: the worked examples of `tests/network` give what stands beside them, and what is
//! wrong is named.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use gigafleet_tests::process;
use serde_json::Value;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::python;

const EXAMPLES: [&str; 3] = ["line-cut", "hub-over-two-owners", "filter-blocks-a-service"];
/// The engine's thresholds are tuned now and then: confidences may move by this, and times by so many seconds.
const CONFIDENCE: f64 = 0.2;
const SECONDS: i64 = 60;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("network")
}

fn replay(topology: &Path, events: &str, input: Option<&[u8]>, more: &[&str]) -> Output {
    let mut child = Command::new(process::binary("gigafleet"))
        .args(["network", "replay", "--topology"])
        .arg(topology)
        .args(["--events", events])
        .args(more)
        .env("LC_ALL", "C")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut stdin = child.stdin.take().expect("it is piped");
    // A command that refuses the input does not read it to its end.
    let _refused = stdin.write_all(input.unwrap_or_default());
    drop(stdin);
    child.wait_with_output().expect("it ends")
}

fn replay_example(name: &str, more: &[&str]) -> String {
    let folder = folder().join(name);
    let events = folder.join("events.jsonl");
    let output = replay(&folder.join("topology.json"), events.to_str().expect("UTF-8"), None, more);
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

fn opened(document: &Value) -> Vec<&Value> {
    let incidents = document["incidents"].as_array().expect("a list");
    incidents.iter().filter(|incident| !incident["opened_at"].is_null()).collect()
}

fn assert_times_meet(name: &str, field: &str, got: &Value, expected: &Value) {
    let read = |value: &Value| value.as_str().map(|text| OffsetDateTime::parse(text, &Rfc3339).expect("a time"));
    match (read(got), read(expected)) {
        (Some(got), Some(expected)) => {
            assert!((got - expected).whole_seconds().abs() <= SECONDS, "{name}: {field} {got}, not {expected}");
        }
        (got, expected) => assert_eq!(got, expected, "{name}: {field}"),
    }
}

#[test]
fn examples_give_what_stands_beside_them() {
    for name in EXAMPLES {
        let got: Value = serde_json::from_str(&replay_example(name, &["--json"])).expect("JSON");
        let text = fs::read_to_string(folder().join(name).join("expected.json")).expect("it is there");
        let expected: Value = serde_json::from_str(&text).expect("JSON");
        let (got, expected) = (opened(&got), opened(&expected));
        assert_eq!(got.len(), expected.len(), "{name}: {got:#?}");
        for (got, expected) in got.into_iter().zip(expected) {
            for field in
                ["/state", "/verdict/element", "/verdict/cause", "/verdict/mext_place", "/merged_into", "/flaps"]
            {
                assert_eq!(got.pointer(field), expected.pointer(field), "{name}: {field}");
            }
            let owners = |incident: &Value| -> Vec<(Value, Value)> {
                let shares = incident["owners"].as_array().expect("a list");
                shares.iter().map(|share| (share["owner"].clone(), share["schools"].clone())).collect()
            };
            assert_eq!(owners(got), owners(expected), "{name}");
            let confidence = |incident: &Value| incident["verdict"]["confidence"].as_f64().expect("a number");
            assert!((confidence(got) - confidence(expected)).abs() <= CONFIDENCE, "{name}: {}", confidence(got));
            for field in ["suspected_at", "opened_at", "recovered_at", "closed_at"] {
                assert_times_meet(name, field, &got[field], &expected[field]);
            }
            assert_times_meet(name, "started", &got["started"]["at"], &expected["started"]["at"]);
        }
    }
}

#[test]
fn examples_and_what_is_printed_follow_the_schemas() {
    let printed = tempfile::tempdir().expect("a folder");
    for name in EXAMPLES {
        let path = printed.path().join(format!("{name}.json"));
        fs::write(path, replay_example(name, &["--json"])).expect("it can be written");
    }
    let script = folder().parent().expect("a folder").join("python/schemas.py");
    let mut command = Command::new(python::environment());
    python::run("the schemas", command.arg(script).arg(folder()).arg(printed.path()));
}

#[test]
fn example_is_told_to_people_and_is_judged_up_to_a_time() {
    let text = replay_example("line-cut", &[]);
    assert!(text.starts_with("STATE") && text.contains("School's line school-1"), "{text}");
    let text = replay_example("line-cut", &["--until", "2026-06-10T09:05:00+09:00"]);
    assert_eq!(text, "no incidents\n");
}

#[test]
fn wrong_input_is_named_by_file_and_line_and_field() {
    let topology = folder().join("line-cut/topology.json");
    let feed = r#"{"known":"2026-06-10T00:00:10Z","kind":"feed","server":"a","until":"2026-06-10T00:00:10Z"}"#;
    let transition = r#"{"known":"2026-06-10T00:00:11Z","kind":"transition","device":"d","school":"school-1","place":"school","target":"dns","outcome":"broken"}"#;
    for (input, expected) in [
        (format!("{feed}\n{{\"known\":\n"), "standard input, line 2: no JSON"),
        (format!("{feed}\n{transition}\n"), "standard input, line 2: outcome: unknown variant `broken`"),
        (String::new(), "standard input has no event of kind feed"),
    ] {
        let output = replay(&topology, "-", Some(input.as_bytes()), &["--json"]);
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{told}");
        assert!(told.contains(expected), "{told}");
        assert!(output.stdout.is_empty(), "nothing is half printed");
    }
    let output = replay(Path::new("nowhere.json"), "-", None, &[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("nowhere.json cannot be read"));
}
