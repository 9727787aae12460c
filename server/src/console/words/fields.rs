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
        "most_devices" => w.renewal.most_devices,
        "most_yen" => w.renewal.most_yen,
        "prefer" => w.renewal.prefer,
        "origin" => w.rules.origin,
        "origin_date" => w.rules.origin_date,
        "copy_id" => w.rules.copy_id,
        "first_year" => w.rules.first_year,
        "last_year" => w.rules.last_year,
        "standard_yen" => w.rules.standard_yen,
        "rate" => w.rules.rate_field,
        "cap" => w.rules.cap,
        "percent" => w.rules.percent,
        "renew_years" => w.rules.renew_after,
        "device_price" => w.rules.device_price,
        "spare_price" => w.rules.spare_price,
        "since" => w.rules.since_time,
        "corrects_cost_id" => w.legs.corrects,
        other => return ledger_label(language, other).or_else(|| devices::known_field(language, other)),
    };
    Some(label)
}

/// The same for fields of the ledger of renewal.
fn ledger_label(language: Language, name: &str) -> Option<&'static str> {
    let w = language.words();
    let label = match name {
        "lot_count" => w.renewal.count,
        "unit_yen" => w.renewal.unit_price,
        "tax_percent" => w.ledger.tax_percent,
        "lease_months" => w.ledger.lease_months,
        "lease_monthly_yen" => w.renewal.monthly,
        "delivered" => w.renewal.delivered,
        "warranty_end" => w.renewal.warranty,
        "restriction_end" => w.renewal.restriction_end,
        "serials" => w.ledger.serials,
        "funding"
        | "paid_state_fund"
        | "paid_state_other"
        | "paid_prefecture"
        | "paid_local_allocation"
        | "paid_own"
        | "paid_guardian" => w.ledger.funding,
        "from" => w.ledger.from,
        "to" => w.ledger.to,
        "on" => w.renewal.disposed_on,
        "devices" => w.ledger.disposed,
        "approval" => w.renewal.approval,
        "source" => w.ledger.pupils_source,
        "installed" => w.ledger.installed,
        "installed_by_fund" => w.ledger.installed_by_fund,
        "spares" => w.ledger.spares,
        "spares_by_fund" => w.ledger.spares_by_fund,
        "reuse_count" | "recycler_count" | "maker_count" | "other_count" => w.ledger.by_route,
        "schedule" => w.renewal.schedule,
        "header" => w.ledger.header,
        "file" => w.imports.file,
        "municipality_id" => w.renewal.municipality,
        _ => return None,
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
