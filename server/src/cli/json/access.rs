//! The forms of accounts, grants, tokens, sessions and the audit log.

use gigafleet_proto::v1;
use serde_json::Value;

use super::Object;

fn place(place: v1::StaffPlace) -> Value {
    let v1::StaffPlace { everywhere, prefecture, municipality_id, school_id } = place;
    Object::default()
        .optional("everywhere", everywhere.then_some(true))
        .text("prefecture", prefecture)
        .text("municipality_id", municipality_id)
        .text("school_id", school_id)
        .into()
}

/// Who calls.
pub(in crate::cli) fn who_am_i(answer: v1::WhoAmIResponse) -> Value {
    let token_role = answer.token_role();
    let v1::WhoAmIResponse { staff_id, name, reaches, token_role: _ } = answer;
    let reach = |reach: v1::StaffReach| {
        let role = reach.role().as_str_name();
        let v1::StaffReach { role: _, place: at } = reach;
        Object::default().value("role", role).optional("place", at.map(place)).into()
    };
    let narrowed = (token_role != v1::StaffRole::Unspecified).then(|| token_role.as_str_name());
    Object::default()
        .text("staff_id", staff_id)
        .text("name", name)
        .list("reaches", reaches, reach)
        .optional("token_role", narrowed)
        .into()
}

/// A grant.
pub(in crate::cli) fn grant(grant: v1::Grant) -> Value {
    let (role, state) = (grant.role().as_str_name(), grant.state().as_str_name());
    let v1::Grant {
        grant_id,
        staff_id,
        role: _,
        place: at,
        reason,
        start_time,
        end_time,
        granted_by,
        grant_time,
        revoked_by,
        revoke_time,
        state: _,
    } = grant;
    Object::default()
        .text("grant_id", grant_id)
        .text("staff_id", staff_id)
        .value("role", role)
        .optional("place", at.map(place))
        .text("reason", reason)
        .time("start_time", start_time)
        .time("end_time", end_time)
        .text("granted_by", granted_by)
        .time("grant_time", grant_time)
        .text("revoked_by", revoked_by)
        .time("revoke_time", revoke_time)
        .value("state", state)
        .into()
}

/// An account.
pub(in crate::cli) fn staff_member(member: v1::StaffMember) -> Value {
    let v1::StaffMember {
        staff_id,
        sign_in_name,
        display_name,
        language,
        has_password,
        has_second_factor,
        lock_end_time,
        create_time,
        sign_in_time,
        disable_time,
        grants,
        manageable,
        etag,
    } = member;
    Object::default()
        .text("staff_id", staff_id)
        .text("sign_in_name", sign_in_name)
        .text("display_name", display_name)
        .text("language", language)
        .value("has_password", has_password)
        .value("has_second_factor", has_second_factor)
        .time("lock_end_time", lock_end_time)
        .time("create_time", create_time)
        .time("sign_in_time", sign_in_time)
        .time("disable_time", disable_time)
        .list("grants", grants, grant)
        .value("manageable", manageable)
        .text("etag", etag)
        .into()
}

/// An API token, without its secret.
pub(in crate::cli) fn staff_token(token: v1::StaffToken) -> Value {
    let role = token.role().as_str_name();
    let v1::StaffToken {
        token_id,
        name,
        staff_id,
        role: _,
        place: at,
        create_time,
        expire_time,
        use_time,
        revoke_time,
    } = token;
    Object::default()
        .text("token_id", token_id)
        .text("name", name)
        .text("staff_id", staff_id)
        .value("role", role)
        .optional("place", at.map(place))
        .time("create_time", create_time)
        .time("expire_time", expire_time)
        .time("use_time", use_time)
        .time("revoke_time", revoke_time)
        .into()
}

/// A session of the console.
pub(in crate::cli) fn staff_session(session: v1::StaffSession) -> Value {
    let v1::StaffSession { session_id, client, address, create_time, seen_time, expire_time, pending } = session;
    Object::default()
        .text("session_id", session_id)
        .text("client", client)
        .text("address", address)
        .time("create_time", create_time)
        .time("seen_time", seen_time)
        .time("expire_time", expire_time)
        .value("pending", pending)
        .into()
}

/// An entry of the audit log.
pub(in crate::cli) fn audit_entry(entry: v1::AuditEntry) -> Value {
    let actor_kind = entry.actor_kind().as_str_name();
    let v1::AuditEntry {
        municipality_id,
        sequence,
        record_time,
        actor_kind: _,
        actor_id,
        actor_name,
        action,
        subject_kind,
        subject_id,
        details_json,
    } = entry;
    Object::default()
        .text("municipality_id", municipality_id)
        .value("sequence", sequence)
        .time("record_time", record_time)
        .value("actor_kind", actor_kind)
        .text("actor_id", actor_id)
        .text("actor_name", actor_name)
        .text("action", action)
        .text("subject_kind", subject_kind)
        .text("subject_id", subject_id)
        .text("details_json", details_json)
        .into()
}

/// What a check of the audit log found.
pub(in crate::cli) fn audit_check(found: v1::VerifyAuditResponse) -> Value {
    let v1::VerifyAuditResponse { chain_count, entry_count, flaws } = found;
    let flaw = |flaw: v1::AuditFlaw| {
        let v1::AuditFlaw { municipality_id, sequence, problem } = flaw;
        Object::default()
            .text("municipality_id", municipality_id)
            .value("sequence", sequence)
            .text("problem", problem)
            .into()
    };
    Object::default()
        .value("chain_count", chain_count)
        .value("entry_count", entry_count)
        .list("flaws", flaws, flaw)
        .into()
}
