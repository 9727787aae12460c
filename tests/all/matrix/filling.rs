//! Requests with things in them: which places a request can name, and what stands in the place of its placeholders.

use std::collections::{BTreeMap, BTreeSet};

use super::{people::Person, roles::Place, world::World};

/// The places that make a difference for a request.
pub fn places_of(request: &str) -> Vec<Place> {
    let names: BTreeSet<_> = placeholders(request).map(|(name, _)| name.trim_start_matches("new_")).collect();
    let everywhere =
        |name: &&str| name.contains(':') || matches!(*name, "unique" | "csr" | "ledger" | "year" | "target");
    let names: BTreeSet<_> = names.into_iter().filter(|name| !everywhere(name)).collect();
    let whole = ["municipality", "branch", "hub", "import", "town_period", "session", "staff_token", "entry"];
    let (has_owner, things) = (names.contains("municipality"), names.iter().filter(|name| **name != "municipality"));
    let has_thing = things.count() > 0;
    let mut places = vec![Place::Own];
    if !names.is_empty() {
        places.extend([Place::Foreign, Place::Nowhere]);
    }
    if names.iter().any(|name| !whole.contains(name)) {
        places.push(Place::Sibling);
    }
    if has_owner && has_thing {
        places.extend([Place::Strange, Place::StrangeNowhere]);
    }
    places
}

/// The placeholders of a text: name and part.
fn placeholders(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let inner = text.split('{').skip(1).filter_map(|rest| rest.split_once('}').map(|(inner, _)| inner));
    let plain = |c: char| c.is_ascii_alphanumeric() || "_:.".contains(c);
    let inner = inner.filter(move |inner| !inner.is_empty() && inner.chars().all(plain));
    inner.map(|inner| inner.split_once('.').unwrap_or((inner, "")))
}

/// A text with things in the place of placeholders.
pub struct Filled {
    pub text: String,
    /// What was put in for what; no secret to who asked.
    pub asked: Vec<(String, String)>,
}

/// Fills things of a place in.
pub async fn fill(world: &World, template: &str, place: Place, fresh: bool, me: Option<&Person>) -> Filled {
    let mut things = BTreeMap::new();
    let mut filled = Filled { text: template.to_owned(), asked: Vec::new() };
    for (name, part) in placeholders(template) {
        let (place, base) = match name.strip_prefix("home:") {
            Some(base) => (Place::Own, base),
            None => (place, name),
        };
        if !things.contains_key(name) {
            things.insert(name.to_owned(), world.thing(base, place, fresh, me).await);
        }
        if part == "version" && fresh {
            let version = world.version_of(base, &things[name]).await;
            things.get_mut(name).expect("it was just put there").insert("version", version);
        }
        let value = things[name].get(part).unwrap_or_else(|| panic!("{name} has no part {part:?}")).clone();
        let placeholder = if part.is_empty() { format!("{{{name}}}") } else { format!("{{{name}.{part}}}") };
        filled.text = filled.text.replace(&placeholder, &value);
        filled.asked.push((value, placeholder));
    }
    filled
}

impl Filled {
    /// A text with the ids that were asked for taken out. Short values would be found in every text.
    pub fn without_asked(&self, text: &str) -> String {
        let ids = self.asked.iter().filter(|(value, _)| value.len() > 8);
        ids.fold(text.to_owned(), |text, (value, name)| text.replace(value.as_str(), name))
    }

    /// What the caller knew already.
    pub fn known(&self) -> Vec<String> {
        self.asked.iter().map(|(value, _)| value.clone()).collect()
    }
}

/// The beginning of a text, for messages.
pub fn short(text: &str) -> String {
    text.chars().take(600).collect()
}
