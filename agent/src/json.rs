//! Writes JSON. The agent never reads it, so a writer of its own is all it carries.

use std::fmt::Write as _;

/// One object, being written.
pub(crate) struct Object {
    text: String,
    /// Levels above this object; nothing for one line without spaces.
    depth: Option<usize>,
}

impl Object {
    /// Begins an object over several lines.
    pub(crate) fn pretty() -> Self {
        Self { text: String::new(), depth: Some(0) }
    }

    /// Begins an object on one line.
    pub(crate) fn compact() -> Self {
        Self { text: String::new(), depth: None }
    }

    pub(crate) fn text(&mut self, name: &str, value: impl AsRef<str>) {
        self.raw(name, &quoted(value.as_ref()));
    }

    pub(crate) fn optional_text(&mut self, name: &str, value: Option<impl AsRef<str>>) {
        if let Some(value) = value {
            self.text(name, value);
        }
    }

    /// A number or boolean, if it is there.
    pub(crate) fn plain(&mut self, name: &str, value: Option<impl std::fmt::Display>) {
        if let Some(value) = value {
            self.raw(name, &value.to_string());
        }
    }

    pub(crate) fn texts(&mut self, name: &str, values: &[String]) {
        let values: Vec<_> = values.iter().map(|value| quoted(value)).collect();
        self.raw(name, &format!("[{}]", values.join(", ")));
    }

    pub(crate) fn object(&mut self, name: &str, fill: impl FnOnce(&mut Self)) {
        let mut inner = Self { text: String::new(), depth: self.depth.map(|depth| depth + 1) };
        fill(&mut inner);
        let inner = inner.finish();
        self.raw(name, &inner);
    }

    pub(crate) fn finish(self) -> String {
        match self.depth {
            Some(depth) if !self.text.is_empty() => {
                format!("{{{}\n{}}}", self.text, "  ".repeat(depth))
            }
            _ => format!("{{{}}}", self.text),
        }
    }

    fn raw(&mut self, name: &str, value: &str) {
        if !self.text.is_empty() {
            self.text.push(',');
        }
        match self.depth {
            Some(depth) => {
                let _ = write!(self.text, "\n{}{}: {value}", "  ".repeat(depth + 1), quoted(name));
            }
            None => {
                let _ = write!(self.text, "{}:{value}", quoted(name));
            }
        }
    }
}

fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            control if control.is_control() => {
                let _ = write!(quoted, "\\u{:04x}", control as u32);
            }
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_quoted_and_absent_fields_are_left_out() {
        let mut object = Object::compact();
        object.text("name", "a\"b\\c\n\u{1}学");
        object.plain("absent", None::<u32>);
        object.plain("count", Some(3));
        object.object("inner", |_| {});
        assert_eq!(object.finish(), r#"{"name":"a\"b\\c\n\u0001学","count":3,"inner":{}}"#);
    }

    #[test]
    fn pretty_objects_are_indented() {
        let mut object = Object::pretty();
        object.object("inner", |inner| inner.texts("list", &["a".to_owned()]));
        assert_eq!(object.finish(), "{\n  \"inner\": {\n    \"list\": [\"a\"]\n  }\n}");
    }
}
