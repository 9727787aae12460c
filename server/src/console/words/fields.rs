//! What the fields of forms are called where a message stands away from its field.

use super::{Language, devices};

/// What a field is called; none for one that no form has.
pub fn field_label(language: Language, name: &str) -> Option<&'static str> {
    let w = language.words();
    let label = match name {
        "sign_in_name" => w.access.name,
        "display_name" => w.access.display_name,
        "password" => w.access.password,
        "old_password" => w.access.old_password,
        "new_password" => w.access.new_password,
        "role" => w.access.role,
        "place" => w.access.place,
        "school" => w.shell.nav_schools,
        "start_time" => w.access.grant_from,
        "end_time" => w.access.grant_until,
        "reason" => w.access.grant_reason,
        "token_name" => w.access.token_name,
        "days" => w.access.token_days,
        "name" => w.schools.name,
        "school_name" => w.schools.school_name,
        "code" | "school_code" => w.schools.school_code,
        "fiscal_year" => w.schools.fiscal_year,
        "pupils" => w.schools.pupils,
        "topology" => w.schools.topology,
        "hub" => w.schools.hub,
        "isp" => w.schools.isp,
        "contract" => w.schools.contract,
        "contract_mbps" => w.schools.contract_mbps,
        "spare" => w.legs.spare,
        "becomes" => w.legs.becomes,
        "vendor" => w.legs.vendor,
        "quote_yen" => w.legs.quote,
        "insurance" => w.legs.insurance,
        "insurance_number" => w.legs.insurance_number,
        "sent_date" => w.legs.sent,
        "back_date" => w.legs.back,
        "cost_yen" => w.legs.cost,
        "payer" | "cost_payer" => w.legs.payer,
        "note" | "cost_note" => w.legs.note,
        "end" | "loss_end" => w.legs.end,
        "notice_date" => w.legs.noticed,
        "police_number" => w.legs.police_number,
        "police_date" => w.legs.police,
        "board_date" => w.legs.board,
        "lock_note" => w.legs.lock_note,
        "cost_kind" => w.legs.kind,
        "amount_yen" => w.legs.amount,
        "cost_date" => w.legs.date,
        "as_of_time" => w.renewal.as_of,
        "price_percent" => w.renewal.price_percent,
        "repair_yen" => w.renewal.repair_price,
        "device_yen" => w.renewal.new_price,
        "later_years" => w.renewal.later_years,
        "corrects_cost_id" => w.legs.corrects,
        other => return devices::known_field(language, other),
    };
    Some(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_have_names_in_both_languages() {
        assert_eq!(field_label(Language::Ja, "reason"), Some("理由"));
        assert_eq!(field_label(Language::En, "seat_number"), Some("Seat number"));
        assert_eq!(field_label(Language::En, "page"), None);
    }
}
