//! The one way by which what a source says becomes what is shown: agents, files and persons all go through here.

use std::collections::HashMap;

use crate::{
    clock::Timestamp,
    db::Tx,
    devices::{
        rules::{
            DeviceKey,
            claims::{Claims, Shown, shown},
            fields::{Field, FieldValue, Source},
        },
        store::claims::{self as store, DeviceClaim},
    },
    error::Result,
};

/// What one source says of one device now. What it does not name stays as it was said before.
#[derive(Debug, Clone)]
pub struct Saying {
    /// The device.
    pub key: DeviceKey,
    /// Who says it.
    pub source: Source,
    /// What is said.
    pub said: Vec<(Field, FieldValue)>,
    /// What is not said any more.
    pub withdrawn: Vec<Field>,
}

/// A device of which something else is known now.
#[derive(Debug, Clone)]
pub struct Changed {
    /// The device.
    pub key: DeviceKey,
    /// What was shown.
    pub before: Shown,
    /// What is shown.
    pub after: Shown,
}

impl Changed {
    /// The fields that are shown otherwise than before: before and after, as the contract writes them.
    pub fn fields(&self) -> Vec<(Field, String, String)> {
        let text = |shown: &Shown, field: Field| {
            shown.get(field).map(|shown| shown.value.shown_text(field)).unwrap_or_default()
        };
        let both = Field::ALL.iter().map(|field| (*field, text(&self.before, *field), text(&self.after, *field)));
        both.filter(|(_, before, after)| before != after).collect()
    }

    /// The same for an event or the audit log. Who holds the device is not told, only that it changed.
    pub fn details(&self) -> serde_json::Value {
        let told = |field: Field, text: String| if field == Field::HolderId { String::from("…") } else { text };
        self.fields()
            .into_iter()
            .map(|(field, before, after)| {
                (field.name().to_owned(), serde_json::json!([told(field, before), told(field, after)]))
            })
            .collect::<serde_json::Map<_, _>>()
            .into()
    }
}

/// Notes what sources say of devices that exist, and shows it. Several sayings on one device are taken in their order.
/// Gives the devices of which something changed, in the order of their keys; the versions of these grow.
pub async fn note_sayings(tx: &mut Tx, sayings: &[Saying], now: Timestamp) -> Result<Vec<Changed>> {
    let mut keys: Vec<_> = sayings.iter().map(|saying| saying.key).collect();
    keys.sort_unstable();
    keys.dedup();
    let mut known: HashMap<DeviceKey, Vec<(Source, Claims)>> = HashMap::new();
    for DeviceClaim { key, source, claims } in store::read_claims(tx, &keys).await? {
        known.entry(key).or_default().push((source, claims));
    }
    let mut said_by_device: HashMap<DeviceKey, Vec<&Saying>> = HashMap::new();
    for saying in sayings {
        said_by_device.entry(saying.key).or_default().push(saying);
    }
    let (mut changed, mut to_store) = (Vec::new(), Vec::new());
    for key in keys {
        let mut sources = known.remove(&key).unwrap_or_default();
        let before = shown(&sources);
        let mut touched: Vec<Source> = Vec::new();
        for saying in said_by_device.remove(&key).unwrap_or_default() {
            if note(&mut sources, saying, now) && !touched.contains(&saying.source) {
                touched.push(saying.source);
            }
        }
        if touched.is_empty() {
            continue;
        }
        let after = shown(&sources);
        let news = sources.into_iter().filter(|(source, _)| touched.contains(source));
        to_store.extend(news.map(|(source, claims)| DeviceClaim { key, source, claims }));
        changed.push(Changed { key, before, after });
    }
    store::upsert_claims(tx, &to_store, now).await?;
    let columns: Vec<_> = changed.iter().map(|changed| (changed.key, changed.after.columns())).collect();
    store::update_shown(tx, &columns).await?;
    Ok(changed)
}

/// Takes one saying in. Gives whether it was news.
fn note(sources: &mut Vec<(Source, Claims)>, saying: &Saying, now: Timestamp) -> bool {
    let place = match sources.iter().position(|(source, _)| *source == saying.source) {
        Some(place) => place,
        None => {
            sources.push((saying.source, Claims::new()));
            sources.len() - 1
        }
    };
    let claims = &mut sources[place].1;
    let mut news = false;
    for (field, value) in &saying.said {
        news |= claims.say(*field, value.clone(), now);
    }
    for field in &saying.withdrawn {
        news |= claims.withdraw(*field);
    }
    news
}

/// Writes anew what is shown of devices from what is stored of their claims.
pub async fn refresh_shown(tx: &mut Tx, keys: &[DeviceKey]) -> Result<()> {
    let mut known: HashMap<DeviceKey, Vec<(Source, Claims)>> = keys.iter().map(|key| (*key, Vec::new())).collect();
    for DeviceClaim { key, source, claims } in store::read_claims(tx, keys).await? {
        known.entry(key).or_default().push((source, claims));
    }
    let columns: Vec<_> = known.into_iter().map(|(key, sources)| (key, shown(&sources).columns())).collect();
    store::update_shown(tx, &columns).await
}
