//! The contract between devices, servers and staff: what `gigafleet/v1/*.proto` says, generated at build time.
//!
//! Nothing else belongs here but how messages are encoded: no rules, no defaults, no conversions.

pub mod codec;

/// Package `gigafleet.v1`.
#[cfg_attr(feature = "server", expect(clippy::allow_attributes, reason = "the code of servers is generated"))]
pub mod v1 {
    tonic::include_proto!("gigafleet.v1");
}

/// The encoded `FileDescriptorSet` of the package, for server reflection.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));
