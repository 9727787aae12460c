//! SQL of network health.

pub(super) mod feed;
pub(super) mod heard;
pub(super) mod incidents;
pub(super) mod places;
pub(super) mod rollups;
pub(super) mod topology;
