//! Every method and every page, called as every role, on things of its own place, of its neighbours', of another owner and
//! of nobody: only the allowed answer comes, and a refusal tells nothing and changes nothing.
//!
//! `rpcs` and `pages`, with `pages::lives`, `renewal_pages` and `pages_rules`, are the tables: a line says what a call needs, in
//! the order in which that is checked. What many pages of renewal need stands once in `renewal_pages`: `REPORT`, `REPORT_ALL`,
//! `LEDGER` and `LEDGER_ALL`; `NO_OWNER` in `pages`. `roles` holds who may do what, written down a second time, and turns a
//! line, a caller and a place into the one answer that is right. The methods come from the running server's reflection and
//! the pages from its source, so what has no line fails.

mod calls;
mod contract;
mod filling;
mod pages;
mod pages_rules;
mod people;
mod renewal_pages;
mod roles;
mod routes;
mod rpcs;
mod traces;
mod visits;
mod world;

use gigafleet_tests::Engine;

on_both_engines!(every_call_as_everybody);

async fn every_call_as_everybody(engine: Engine) {
    let world = world::World::start(engine).await;
    let mut people = people::invite_everybody(&world).await;
    let mut wrong = calls::check_all(&world, &people).await;
    wrong.extend(visits::check_all(&world, &mut people).await);
    wrong.extend(traces::check_all(&world, &people).await);
    assert!(wrong.is_empty(), "{} things are wrong:\n{}", wrong.len(), wrong.join("\n"));
    traces::check_audit(&world).await;
}
