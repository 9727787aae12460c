//! The query of a list as its address has it: filters that are bookmarks, chips that take one away, headers that sort.

use super::{Fields, forms::encode};

/// Most bytes of an address that a browser is sent on to.
const LONGEST: usize = 2_000;

/// What a list is asked for, as texts, in one order, without what is empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    path: String,
    pairs: Vec<(&'static str, String)>,
}

impl Address {
    /// Keeps of a query what these keys say; the same value of a key once.
    pub fn read(path: impl Into<String>, keys: &[&'static str], fields: &Fields) -> Self {
        let mut pairs: Vec<(&'static str, String)> = Vec::new();
        for key in keys {
            for value in fields.all(key).iter().filter(|value| !value.is_empty()) {
                if !pairs.iter().any(|(known, other)| known == key && other == value) {
                    pairs.push((key, value.clone()));
                }
            }
        }
        Self { path: path.into(), pairs }
    }

    /// All values of a key.
    pub fn all<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a str> {
        self.pairs.iter().filter(move |(known, _)| *known == key).map(|(_, value)| value.as_str())
    }

    /// The value of a key; empty if there is none.
    pub fn get(&self, key: &str) -> &str {
        self.pairs.iter().find(|(known, _)| *known == key).map_or("", |(_, value)| value.as_str())
    }

    /// Keys and values, for the hidden fields of another form.
    pub fn pairs(&self) -> &[(&'static str, String)] {
        &self.pairs
    }

    /// The same list without this key.
    #[must_use]
    pub fn without(&self, key: &str) -> Self {
        let mut other = self.clone();
        other.pairs.retain(|(known, _)| *known != key);
        other
    }

    /// The same list without one value of a key.
    #[must_use]
    pub fn without_value(&self, key: &str, value: &str) -> Self {
        let mut other = self.clone();
        other.pairs.retain(|(known, own)| *known != key || own != value);
        other
    }

    /// The same list with this value of a key and no other one; an empty value takes the key away.
    #[must_use]
    pub fn with(&self, key: &'static str, value: &str) -> Self {
        let mut other = self.without(key);
        if !value.is_empty() {
            other.pairs.push((key, value.to_owned()));
        }
        other
    }

    /// As a path with a query.
    pub fn text(&self) -> String {
        let pairs: Vec<_> = self.pairs.iter().map(|(key, value)| format!("{key}={}", encode(value))).collect();
        if pairs.is_empty() { self.path.clone() } else { format!("{}?{}", self.path, pairs.join("&")) }
    }

    /// The address that says the same without what a form sends along, if a browser should be sent there.
    pub fn tidied(&self, fields: &Fields, sent_along: &[&str]) -> Option<String> {
        let untidy =
            fields.names().any(|name| fields.all(name).iter().any(String::is_empty) || sent_along.contains(&name));
        Some(self.text()).filter(|text| untidy && text.len() <= LONGEST)
    }

    /// A header of a table that sorts by a field: the second time the other way round.
    pub fn sorted_by(&self, field: &'static str, label: &'static str, descends_first: bool) -> SortLink {
        let (down, up) = (format!("-{field}"), field.to_owned());
        let now = self.get("sort");
        let sorted = if now == up { Some("ascending") } else { (now == down).then_some("descending") };
        let next = match (sorted, descends_first) {
            (Some("ascending"), _) | (None, true) => down,
            _ => up,
        };
        SortLink { path: self.with("sort", &next).text(), label, sorted }
    }
}

/// A header of a table that sorts.
#[derive(Debug, Clone)]
pub struct SortLink {
    /// Where it leads.
    pub path: String,
    /// What it says.
    pub label: &'static str,
    /// For `aria-sort`, if the list is sorted by it.
    pub sorted: Option<&'static str>,
}

/// A filter that holds, and the way to the list without it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chip {
    /// What is filtered.
    pub label: &'static str,
    /// By what.
    pub value: String,
    /// The list without it.
    pub path: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: [&str; 3] = ["q", "lifecycle", "sort"];

    fn read(query: &str) -> (Address, Fields) {
        let fields = Fields::parse(query.as_bytes());
        (Address::read("/devices", &KEYS, &fields), fields)
    }

    #[test]
    fn address_keeps_what_is_known_once_and_in_order() {
        let (address, _) = read("sort=label&lifecycle=lost&q=&lifecycle=spare&lifecycle=lost&evil=1&page=x");
        assert_eq!(address.text(), "/devices?lifecycle=lost&lifecycle=spare&sort=label");
        assert_eq!(address.without_value("lifecycle", "lost").text(), "/devices?lifecycle=spare&sort=label");
        assert_eq!(address.without("lifecycle").without("sort").text(), "/devices");
        assert_eq!(
            address.with("q", "渋 3&=").text(),
            "/devices?lifecycle=lost&lifecycle=spare&sort=label&q=%E6%B8%8B%203%26%3D"
        );
    }

    #[test]
    fn what_a_form_sends_along_is_tidied_once() {
        let (address, fields) = read("q=a&lifecycle=&of=1");
        assert_eq!(address.tidied(&fields, &["of"]).as_deref(), Some("/devices?q=a"));
        let (again, fields) = read("q=a");
        assert_eq!(again.tidied(&fields, &["of"]), None);
        let long = format!("sort=&q={}", "あ".repeat(500));
        let (address, fields) = read(&long);
        assert_eq!(address.tidied(&fields, &[]), None, "what is too long is answered as it is");
    }

    #[test]
    fn header_turns_the_order_round() {
        let link = |query: &str, descends_first| {
            let link = read(query).0.sorted_by("label", "", descends_first);
            (link.path, link.sorted)
        };
        assert_eq!(link("", false), (String::from("/devices?sort=label"), None));
        assert_eq!(link("", true), (String::from("/devices?sort=-label"), None));
        assert_eq!(link("sort=label", false), (String::from("/devices?sort=-label"), Some("ascending")));
        assert_eq!(link("sort=-label", true), (String::from("/devices?sort=label"), Some("descending")));
    }
}
