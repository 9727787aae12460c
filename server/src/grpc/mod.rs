//! The network side of the server: TLS, connections, limits, routing, one line per request, statuses.
//!
//! Invariant: whatever a request does, it ends within its time, is counted, and its caller learns a reason.

pub mod caller;
mod listener;
pub mod observe;
pub mod page;
mod request;
mod status;
pub mod tls;

pub use listener::{Listener, ListenerConfig};
pub use request::App;
