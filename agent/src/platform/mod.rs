//! What is specific to an operating system, behind one trait: reading the device and its clocks.
//!
//! Invariant: missing hardware or a missing permission is an absent field, never zero.
//!
//! Deliberately not here: what to do with it ([`crate::engine`]).

pub mod linux;

use gigafleet_proto::v1::{Facts, Status};

use crate::engine::Now;

/// Reads one device.
pub trait Platform: Send + 'static {
    /// What the device is. MAC addresses are hashed with the salt; without a salt there are no hashes.
    fn facts(&mut self, mac_salt: &[u8]) -> Facts;
    /// How the device is. The engine fills in the number of boots.
    fn status(&mut self) -> Status;
    /// Identity of the running boot.
    fn boot_id(&self) -> [u8; 16];
    /// Both clocks.
    fn now(&self) -> Now;
}
