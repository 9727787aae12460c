//! Rules as people read and change them: JSON over several lines, members in the order of the files that are shipped.

use serde_json::{Map, Value};

/// Longest object or list on one line, in characters.
const LINE_MOST: usize = 110;
/// Members in the order in which they stand; what is not here comes behind them, by its name.
const ORDER: &[&str] = &[
    "id",
    "name",
    "ja",
    "en",
    "note",
    "invented",
    "from_date",
    "to_date",
    "change",
    "kind",
    "kinds",
    "payer",
    "of",
    "rate",
    "standard_yen",
    "from_year",
    "years",
    "percent",
    "covers",
    "spare_cap",
    "allocation_tax",
    "renew_after_years",
    "device_price_yen",
    "spare_price_yen",
    "value",
    "mode",
    "unit_yen",
    "per",
    "rest",
    "rounding",
    "disposal_restriction_years",
    "os",
    "models",
    "versions",
    "last_date",
    "means",
    "battery_months",
    "changes",
    "source",
    "date",
    "verified",
    "programmes",
];

/// Writes a value of JSON over as many lines as it needs.
pub fn written(value: &Value) -> String {
    let mut text = String::new();
    write_value(value, 0, &mut text);
    text
}

/// The same text over several lines; what is no JSON stays as it is.
pub fn tidied(text: &str) -> String {
    serde_json::from_str(text).map_or_else(|_| text.to_owned(), |value| written(&value))
}

fn sorted(members: &Map<String, Value>) -> Vec<(&String, &Value)> {
    let mut all: Vec<_> = members.iter().collect();
    let place = |name: &str| ORDER.iter().position(|known| *known == name).unwrap_or(ORDER.len());
    all.sort_by(|(one, _), (two, _)| place(one).cmp(&place(two)).then_with(|| one.cmp(two)));
    all
}

fn quoted(name: &str) -> String {
    Value::from(name).to_string()
}

fn on_one_line(value: &Value) -> String {
    match value {
        Value::Array(values) => {
            let values: Vec<_> = values.iter().map(on_one_line).collect();
            format!("[{}]", values.join(", "))
        }
        Value::Object(members) if members.is_empty() => String::from("{}"),
        Value::Object(members) => {
            let member = |(name, value): (&String, &Value)| format!("{}: {}", quoted(name), on_one_line(value));
            let members: Vec<_> = sorted(members).into_iter().map(member).collect();
            format!("{{ {} }}", members.join(", "))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.to_string(),
    }
}

fn write_value(value: &Value, depth: usize, text: &mut String) {
    let line = on_one_line(value);
    if line.chars().count() + depth <= LINE_MOST {
        text.push_str(&line);
        return;
    }
    match value {
        Value::Array(values) => {
            text.push('[');
            for (at, value) in values.iter().enumerate() {
                new_line(at > 0, depth + 1, text);
                write_value(value, depth + 1, text);
            }
            new_line(false, depth, text);
            text.push(']');
        }
        Value::Object(members) => {
            text.push('{');
            for (at, (name, value)) in sorted(members).into_iter().enumerate() {
                new_line(at > 0, depth + 1, text);
                text.push_str(&quoted(name));
                text.push_str(": ");
                write_value(value, depth + 1, text);
            }
            new_line(false, depth, text);
            text.push('}');
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => text.push_str(&line),
    }
}

fn new_line(has_comma: bool, depth: usize, text: &mut String) {
    if has_comma {
        text.push(',');
    }
    text.push('\n');
    text.extend(std::iter::repeat_n(' ', depth));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::renewal::rules::rule_sets::{RulesKind, product};

    #[test]
    fn what_is_shipped_is_read_back_and_stays_as_it_is_written() {
        for kind in RulesKind::ALL {
            let text = tidied(product(*kind));
            let (before, after) = (serde_json::from_str::<Value>(product(*kind)), serde_json::from_str::<Value>(&text));
            assert_eq!(before.unwrap(), after.unwrap(), "{kind:?}");
            assert_eq!(tidied(&text), text, "{kind:?}");
            assert!(text.starts_with("{\n \"source\": \"gigafleet") || *kind == RulesKind::Assumptions, "{text}");
        }
    }

    #[test]
    fn short_things_stand_on_one_line_in_the_order_of_the_files() {
        let text = tidied(r#"{"zz": 1, "verified": true, "value": "2/3", "models": [], "ja": "あ\n"}"#);
        assert_eq!(text, r#"{ "ja": "あ\n", "value": "2/3", "models": [], "verified": true, "zz": 1 }"#);
        assert_eq!(tidied("{ not"), "{ not");
    }
}
