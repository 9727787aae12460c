//! The pages of the console, read from where the product registers them: every `.route(…)` of the server's source. axum lists
//! no routes, and a list beside them would be a second one.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// The server's source.
fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../server/src")
}

/// Routes of another listener: metrics and health, on a loopback address of their own.
const OTHER_LISTENER: &str = "grpc/observe.rs";
/// Ways to register a page that would not be seen here.
const UNREADABLE: [&str; 5] = [".nest(", ".nest_service(", ".route_service(", ".fallback_service(", "MethodRouter"];
/// Ways to name the method of a handler.
const METHODS: [&str; 9] = ["get", "post", "put", "patch", "delete", "head", "options", "any", "on"];

/// Method and pattern of every page. A pattern that is no literal stands as it is written.
pub fn registered() -> BTreeSet<(String, String)> {
    let mut found = BTreeSet::new();
    let mut folders = vec![source()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("the source is there") {
            let path = entry.expect("an entry").path();
            let name = path.strip_prefix(source()).expect("it lies within").to_string_lossy().into_owned();
            if path.is_dir() {
                folders.push(path);
            } else if name.ends_with(".rs") && !name.ends_with("tests.rs") && name != OTHER_LISTENER {
                let text = fs::read_to_string(&path).expect("it can be read");
                found.extend(routes_of(&name, &text));
            }
        }
    }
    assert!(found.len() > 40, "the pages are registered somewhere else: {found:?}");
    found
}

fn routes_of(name: &str, text: &str) -> Vec<(String, String)> {
    // What tests register is their own affair.
    let text = text.split("#[cfg(test)]").next().unwrap_or_default();
    let code: Vec<_> = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    let code = code.join("\n");
    for way in UNREADABLE {
        assert!(!code.contains(way), "{name} registers pages with {way}, which routes.rs cannot read");
    }
    let mut found = Vec::new();
    for rest in code.split(".route(").skip(1) {
        let (pattern, handlers) = arguments(rest);
        let pattern = pattern.trim().trim_matches('"').to_owned();
        let methods = top_level_calls(handlers);
        let known: Vec<_> = methods.into_iter().filter(|method| METHODS.contains(&method.as_str())).collect();
        assert!(!known.is_empty(), "{name}: no method of {pattern}");
        for method in known {
            assert!(method != "any" && method != "on", "{name}: {pattern} needs a method that can be read");
            found.push((method.to_uppercase(), pattern.clone()));
        }
    }
    found
}

/// The two arguments of a call, up to its closing parenthesis.
fn arguments(text: &str) -> (&str, &str) {
    let (mut depth, mut comma) = (0, None);
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' if depth == 0 => {
                let comma: usize = comma.expect("a route has two arguments");
                return (&text[..comma], &text[comma + 1..at]);
            }
            ')' => depth -= 1,
            ',' if depth == 0 && comma.is_none() => comma = Some(at),
            _ => {}
        }
    }
    panic!("a route does not end: {}", text.chars().take(80).collect::<String>())
}

/// The names of the calls of a chain, without those inside of parentheses.
fn top_level_calls(text: &str) -> Vec<String> {
    let (mut depth, mut name, mut names) = (0, String::new(), Vec::new());
    for c in text.chars() {
        match c {
            '(' => {
                if depth == 0 {
                    names.push(std::mem::take(&mut name));
                }
                depth += 1;
            }
            ')' => depth -= 1,
            c if depth == 0 && (c.is_alphanumeric() || c == '_') => name.push(c),
            _ => name.clear(),
        }
    }
    names
}

#[test]
fn routes_are_read_as_they_are_written() {
    let text = r#"
        //! Router::new().route("/in/a/comment", get(x))
        Router::new()
            .route("/a/{b}", get(|| async { post(1) }).post(two).layer(limit(get)))
            .route(
                css_path(),
                get(serve("x", Y)),
            )
        #[cfg(test)]
        mod tests { fn f() { r.route("/test", get(x)) } }
    "#;
    let found: Vec<_> = routes_of("a.rs", text).into_iter().map(|(method, path)| format!("{method} {path}")).collect();
    assert_eq!(found, ["GET /a/{b}", "POST /a/{b}", "GET css_path()"]);
}
