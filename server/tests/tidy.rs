//! Holds the source to the layout: features depend in one order, layers call one way, SQL and time stay in their places.

#![expect(clippy::unwrap_used, reason = "in a test, what is not there is a failure")]

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Features in the order in which they may depend on each other; a later one uses earlier ones.
const FEATURES: [&str; 10] =
    ["access", "schools", "devices", "enrollment", "checkin", "network", "bandwidth", "tickets", "renewal", "overview"];
/// Below all features.
const BASE: [&str; 7] = ["clock", "config", "console", "db", "error", "notify", "telemetry"];
/// Files of a feature, each of which is a layer.
const LAYERS: [&str; 5] = ["rules", "store", "service", "grpc", "pages"];

struct Source {
    path: PathBuf,
    feature: String,
    layer: String,
    text: String,
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let relative = path.strip_prefix(&root).unwrap();
                let parts: Vec<_> =
                    relative.iter().map(|p| p.to_str().unwrap().trim_end_matches(".rs").to_owned()).collect();
                let text = fs::read_to_string(&path).unwrap();
                // What tests import is their own affair.
                let text = text.split("#[cfg(test)]").next().unwrap().to_owned();
                // Below the feature, or below a part of it that has layers of its own.
                let layer = parts[1..].iter().find(|part| LAYERS.contains(&part.as_str())).or(parts.get(1));
                let layer = layer.cloned().unwrap_or_default();
                found.push(Source { path: relative.to_owned(), feature: parts[0].clone(), layer, text });
            }
        }
    }
    assert!(found.len() > 20, "the source is somewhere else");
    found
}

fn code(source: &Source) -> impl Iterator<Item = &str> {
    source.text.lines().filter(|line| !line.trim_start().starts_with("//"))
}

/// The first parts of all `crate::…` paths of a file, grouped imports resolved.
fn crate_paths(text: &str) -> Vec<Vec<String>> {
    let mut paths = Vec::new();
    for statement in text.split("crate::").skip(1) {
        let end = statement.find([';', ')', ' ', '>']).filter(|end| !statement[..*end].contains('{'));
        let statement = match end {
            Some(end) => &statement[..end],
            None => &statement[..statement.find(';').unwrap_or(statement.len())],
        };
        expand("", statement, &mut paths);
    }
    paths
}

fn expand(prefix: &str, tree: &str, paths: &mut Vec<Vec<String>>) {
    let Some(open) = tree.find('{') else {
        let path = format!("{prefix}{tree}");
        paths.push(path.split("::").map(|part| part.trim().to_owned()).collect());
        return;
    };
    let prefix = format!("{prefix}{}", tree[..open].trim());
    let inner = &tree[open + 1..tree.rfind('}').unwrap_or(tree.len())];
    let (mut depth, mut start) = (0, 0);
    for (at, c) in inner.char_indices().chain([(inner.len(), ',')]) {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                let item = inner[start..at].trim();
                if !item.is_empty() {
                    expand(&prefix, item, paths);
                }
                start = at + 1;
            }
            _ => {}
        }
    }
}

#[test]
fn features_depend_in_one_order() {
    let mut wrong = Vec::new();
    for source in sources() {
        let Some(own) = FEATURES.iter().position(|f| *f == source.feature) else { continue };
        for path in crate_paths(&source.text) {
            if let Some(used) = FEATURES.iter().position(|f| *f == path[0])
                && used > own
            {
                wrong.push(format!("{} uses {}", source.path.display(), path.join("::")));
            }
        }
    }
    assert!(wrong.is_empty(), "nothing points back:\n{}", wrong.join("\n"));
}

#[test]
fn layers_call_one_way() {
    let below = |layer: &str| match layer {
        "rules" => 0,
        "store" => 1,
        "service" => 2,
        "grpc" | "pages" => 3,
        _ => 4,
    };
    let mut wrong = Vec::new();
    for source in sources() {
        if !FEATURES.contains(&source.feature.as_str()) || source.layer.is_empty() || source.layer == "mod" {
            continue;
        }
        for path in crate_paths(&source.text) {
            let used = path.get(1).map_or(4, |layer| below(layer));
            if FEATURES.contains(&path[0].as_str()) && used < 4 && used > below(&source.layer) {
                wrong.push(format!("{} uses {}", source.path.display(), path.join("::")));
            }
            let wires = ["grpc", "jobs", "cli", "simulate"].contains(&path[0].as_str());
            if wires && below(&source.layer) < 3 {
                wrong.push(format!("{} uses {}", source.path.display(), path.join("::")));
            }
        }
    }
    assert!(wrong.is_empty(), "calls go grpc → service → store → rules:\n{}", wrong.join("\n"));
}

#[test]
fn rules_are_pure() {
    let forbidden =
        ["async ", ".await", "tokio::", "sqlx::", "tonic::", "std::fs", "std::net", "SystemTime", "Instant::now"];
    let mut wrong = Vec::new();
    for source in sources().iter().filter(|s| s.layer == "rules") {
        for line in code(source) {
            wrong.extend(
                forbidden.iter().filter(|f| line.contains(*f)).map(|f| format!("{}: {f}", source.path.display())),
            );
        }
    }
    assert!(wrong.is_empty(), "rules know no I/O and no framework:\n{}", wrong.join("\n"));
}

#[test]
fn sql_stands_in_stores_only() {
    let verbs = ["\"SELECT ", "\"INSERT INTO", "\"UPDATE ", "\"DELETE FROM", "sqlx::query"];
    let mut wrong = Vec::new();
    for source in sources() {
        if source.layer == "store" || source.feature == "db" {
            continue;
        }
        for line in code(&source) {
            wrong.extend(verbs.iter().filter(|v| line.contains(*v)).map(|v| format!("{}: {v}", source.path.display())));
        }
    }
    assert!(wrong.is_empty(), "SQL belongs into a store:\n{}", wrong.join("\n"));
}

#[test]
fn system_time_is_read_in_one_place() {
    let wrong: Vec<_> = sources()
        .iter()
        .filter(|s| s.path != Path::new("clock.rs") && code(s).any(|line| line.contains("SystemTime")))
        .map(|s| s.path.display().to_string())
        .collect();
    assert!(wrong.is_empty(), "ask the Clock:\n{}", wrong.join("\n"));
}

#[test]
fn base_knows_no_feature() {
    let mut wrong = Vec::new();
    for source in sources().iter().filter(|s| BASE.contains(&s.feature.as_str())) {
        for path in crate_paths(&source.text) {
            if FEATURES.contains(&path[0].as_str()) {
                wrong.push(format!("{} uses {}", source.path.display(), path.join("::")));
            }
        }
    }
    assert!(wrong.is_empty(), "what lies below all features uses none:\n{}", wrong.join("\n"));
}

#[test]
fn imports_are_read_as_they_are_written() {
    let text =
        "use crate::{\n    access::rules::{Scope, Staff},\n    db::Db,\n};\nfn f() { crate::error::Error::new(x) }";
    let paths: Vec<_> = crate_paths(text).into_iter().map(|p| p.join("::")).collect();
    assert_eq!(paths, ["access::rules::Scope", "access::rules::Staff", "db::Db", "error::Error::new(x"]);
}
