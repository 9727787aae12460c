//! Fault localisation and incidents, pure: events in the order in which they were learned go in, changes of incidents come out.
//!
//! [`Engine::new`] takes the [`Topology`]; [`Engine::apply`] takes one [`Event`]; [`Engine::tick`] judges at a multiple of
//! [`BUCKET_S`] seconds and returns what changed. `arrival`, `cohort` and `silence` tell a cut from absence, `layers` keeps what devices
//! say of their network layers, `cover` finds the smallest set of broken elements that explains the failures against their
//! control groups: `observe` for silence, `shared` for layers. `local` judges inside one school, `lifecycle` and `record` turn
//! verdicts into incidents, `recovery` says whether they are over.
//!
//! Invariants: no clock, no randomness, no unordered collection, so that the same events give the same incidents with the
//! same ids on every server; the whole state can be written and read back between any two calls; everything that grows has
//! a limit.
//!
//! Deliberately not here: where events come from, who is told, what may be shown to whom (but see [`Incident::for_owner`]).

mod arrival;
mod cohort;
mod cover;
mod element;
mod engine;
mod event;
mod incident;
mod layers;
mod lifecycle;
mod local;
mod moment;
mod observe;
pub mod place;
mod plan;
mod policy;
mod record;
mod recovery;
mod registry;
pub mod rollup;
mod shared;
mod silence;
pub mod targets;
mod topology;

#[cfg(test)]
mod tests;

pub use element::{Cause, Element, ElementKind, MextPlace};
pub use engine::Engine;
pub use event::{ErrorKind, Event, Observed, Outcome, Place, Target};
pub use incident::{
    Alternative, Change, ChangeKind, Doubt, Evidence, Group, Incident, IncidentState, OwnerShare, OwnerView,
    StartBound, TimelineEntry, Verdict, Witness, word,
};
pub use moment::Moment;
pub use policy::{POLICY_BYTES, Policy, PolicyError};
pub use topology::{
    AccessPoint, Expected, Hub, HubKind, Line, LineKind, Named, Probe, School, Service, ServiceKind, Topology,
};

/// Seconds of one bucket of presence, and between two ticks.
pub const BUCKET_S: i64 = 10;
