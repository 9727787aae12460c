//! What tests, benchmarks and the crash test share: a scratch PostgreSQL, the real server as a process, staff, devices,
//! a browser, and a network that can be broken.
//!
//! Everything is seen from outside: the harness knows the contract, the command line and the agent's library, never the
//! server's code; no part of ours is replaced by a mock. It panics with a clear message where the machine lacks
//! something, because a test that is skipped is a test that fails unseen.
//!
//! Invariants: every process that is started here is ended when its value is dropped, also while a test panics; every
//! port is free when chosen and lies below the range that the system hands out by itself, so that a server can come back
//! on its port; every folder and every database is the test's own.
//!
//! Deliberately not here: what is true of the server (the tests say that).

pub mod browser;
pub mod console;
pub mod database;
pub mod faucet;
pub mod fleet;
pub mod namespaces;
pub mod networks;
pub mod postgres;
pub mod process;
pub mod server;
pub mod staff;
pub mod wait;

pub use browser::{Browser, Screen};
pub use console::{Authenticator, Visitor};
pub use database::{Database, Engine, Look};
pub use faucet::Faucet;
pub use fleet::{Fleet, Home, SimulatedTablet};
pub use postgres::Postgres;
pub use server::{ServerOptions, ServerProcess};
pub use staff::{StaffClient, StaffConnection};
pub use wait::{eventually, eventually_async, within};
