//! Prefecture → municipality → school. For now owners and schools with their national codes.

pub mod rules;
pub mod service;
pub mod store;
