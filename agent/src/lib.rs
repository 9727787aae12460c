//! The agent on a school device: it reports what the device is and how it is, and loses nothing it has recorded.
//!
//! [`engine`] decides, without I/O, clock or async; [`runtime`] executes what it decided; [`spool`] keeps transitions
//! over power loss; [`platform`] reads the device; [`checks`] tries the network layer by layer; [`throughput`] measures the
//! line when the server asks; [`trouble`] keeps what people report at the device; [`identity`] keeps the certificate; [`transport`] carries the calls; [`enroll`] obtains the first
//! certificate. A simulated tablet uses the same engine, runtime and transport as a real one.
//!
//! Deliberately not here: anything about pupils, files, browsing or location, and any way to run programs for the server.

pub mod checks;
mod crc32;
pub mod engine;
pub mod enroll;
pub mod identity;
pub mod platform;
pub mod runtime;
pub mod spool;
pub mod throughput;
pub mod transport;
pub mod trouble;

/// Version of the agent as it stands in [`gigafleet_proto::v1::Facts::agent_version`].
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
