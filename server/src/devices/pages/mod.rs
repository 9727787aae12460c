//! Pages of devices and of files about them.

pub mod files;
pub mod imports;
