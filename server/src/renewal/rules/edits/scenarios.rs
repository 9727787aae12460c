//! One scenario of prices.

use serde_json::{Value, json};

use super::{Origin, list, refused, set_origin};
use crate::{
    error::{Both, FieldViolation, says::renewal as say},
    renewal::rules::CostKind,
};

/// By how many percent devices and spares cost more or less in a scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceEdit {
    /// Id of the scenario; without it, it is a new one.
    pub of: Option<String>,
    /// Its name, the same in both languages; a usual one without it.
    pub name: Option<String>,
    /// By how many percent.
    pub percent: i16,
    /// Where that is written.
    pub origin: Origin,
}

pub(super) fn put(rules: &mut Value, edit: &PriceEdit) -> Result<(), Vec<FieldViolation>> {
    let scenarios = list(rules, "scenarios")?;
    let price = || {
        let kinds = [CostKind::Device.code(), CostKind::Spare.code()];
        json!({ "change": "PRICE", "kinds": kinds, "percent": edit.percent })
    };
    let Some(of) = &edit.of else {
        let name = edit.name.as_ref().map_or_else(|| usual_name(edit.percent), |name| Both::same(name.clone()));
        let mut scenario = json!({ "id": free_id(scenarios, edit.percent), "name": name, "changes": [price()] });
        set_origin(&mut scenario, &edit.origin);
        scenarios.push(scenario);
        return Ok(());
    };
    let Some(scenario) = scenarios.iter_mut().find(|one| one["id"] == of.as_str()) else {
        return refused("scenarios", say::no_such_line());
    };
    if let Some(changes) = scenario["changes"].as_array_mut() {
        match changes.iter_mut().find(|change| change["change"] == "PRICE") {
            Some(change) => change["percent"] = json!(edit.percent),
            None => changes.push(price()),
        }
    }
    if let Some(name) = &edit.name {
        scenario["name"] = json!({ "ja": name, "en": name });
    }
    set_origin(scenario, &edit.origin);
    Ok(())
}

/// As the scenarios that are shipped are called.
fn usual_name(percent: i16) -> Both {
    let by = percent.unsigned_abs();
    let (ja, en) = if percent < 0 { ("下落", "less") } else { ("上昇", "more") };
    Both { ja: format!("端末価格が{by}%{ja}").into(), en: format!("Devices cost {by} percent {en}").into() }
}

/// An id that no scenario has.
fn free_id(scenarios: &[Value], percent: i16) -> String {
    let way = if percent < 0 { "down" } else { "up" };
    let id = format!("price-{way}-{}", percent.unsigned_abs());
    let is_free = |id: &String| scenarios.iter().all(|one| one["id"] != id.as_str());
    let others = (2..).map(|number| format!("{id}-{number}"));
    let free = std::iter::once(id.clone()).chain(others).find(is_free);
    free.expect("numbers do not end")
}
