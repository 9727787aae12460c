//! Figures of one programme of subsidy, or a copy of it with other ones.

use serde_json::{Value, json};

use super::{Origin, figure, list, refused, set_origin};
use crate::{
    access::rules::days::date_text,
    error::{FieldViolation, says::renewal as say},
    renewal::rules::{CostKind, fraction::Fraction, money::Yen},
    schools::rules::fiscal::FiscalYear,
};

/// Other figures of a programme; what is left out stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProgrammeEdit {
    /// Id of the programme.
    pub of: String,
    /// Id of the copy that gets the figures; without it the programme itself gets them.
    pub copy: Option<String>,
    /// Name of the copy, the same in both languages.
    pub name: Option<String>,
    /// The first fiscal year.
    pub first: Option<FiscalYear>,
    /// The last one.
    pub last: Option<FiscalYear>,
    /// The standard amount of devices and spares.
    pub standard: Option<Yen>,
    /// The rate of devices and spares.
    pub rate: Option<Fraction>,
    /// The part of pupils up to which spares are covered.
    pub cap: Option<Fraction>,
    /// Where that is written.
    pub origin: Origin,
}

impl ProgrammeEdit {
    fn is_nothing(&self) -> bool {
        let years = self.first.is_none() && self.last.is_none();
        years && self.standard.is_none() && self.rate.is_none() && self.cap.is_none()
    }
}

pub(super) fn put(rules: &mut Value, edit: &ProgrammeEdit) -> Result<(), Vec<FieldViolation>> {
    let programmes = list(rules, "programmes")?;
    let Some(at) = programmes.iter().position(|one| one["id"] == edit.of.as_str()) else {
        return refused("programmes", say::no_programme());
    };
    if edit.is_nothing() {
        return refused("programmes", say::nothing_changed());
    }
    let mut programme = programmes[at].clone();
    change(&mut programme, edit);
    match &edit.copy {
        None => programmes[at] = programme,
        Some(id) => {
            programme["id"] = json!(id);
            if let Some(name) = &edit.name {
                programme["name"] = json!({ "ja": name, "en": name });
            }
            (programme["source"], programme["date"]) = (json!(edit.origin.source), json!(date_text(edit.origin.date)));
            programmes.insert(at + 1, programme);
        }
    }
    Ok(())
}

fn change(programme: &mut Value, edit: &ProgrammeEdit) {
    if let Some(first) = edit.first {
        programme["from_date"] = json!(date_text(first.first_day()));
    }
    if let Some(last) = edit.last {
        programme["to_date"] = json!(date_text(last.last_day()));
    }
    if let Some(cap) = edit.cap {
        programme["spare_cap"] = figure(json!(cap.to_string()), &edit.origin);
    }
    if edit.standard.is_none() && edit.rate.is_none() {
        return;
    }
    let renewed = [CostKind::Device, CostKind::Spare];
    let is_renewal = |cover: &&mut Value| renewed.iter().any(|kind| cover["kind"] == kind.code());
    let covers = programme["covers"].as_array_mut().into_iter().flatten();
    for cover in covers.filter(is_renewal) {
        if let Some(standard) = edit.standard {
            cover["standard_yen"] = json!(standard.to_number());
        }
        if let Some(rate) = edit.rate {
            cover["rate"] = json!(rate.to_string());
        }
        set_origin(cover, &edit.origin);
    }
}
