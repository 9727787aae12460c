//! How often devices fail, and models that fail more often than before and than others.
//!
//! No ministry publishes a rate, and what bodies publish has many definitions (2.2 % to 44 % a year), so ours is said whole. **A
//! failure** is a device with at least one confirmed ticket of one kind of hardware trouble in the period: screen, keyboard, battery,
//! no start, peripheral. Confirmed is what somebody triaged or did more with; what went into another ticket or belongs to an incident of
//! the network is none. Each device counts once for each kind. **The rate** is failures for 100 devices in use for a year: the time of
//! each device from when the registry knows it until it left use, within the period. A device that is in repair is in use; a spare is
//! not. **The interval** is the exact one of Poisson counts at 95 % (Garwood, Biometrika 1936), so that nobody reads much out of two
//! failures. Beside it stands the share of devices that failed (domain §6): distinct devices with a failure ÷ devices in use on average.
//! School and model are those that the device has now.
//!
//! Invariants: what somebody sees is counted from devices in their sight only. The alarm looks at all owners together, since a model
//! breaks everywhere; an owner reads its own figures and how many others are concerned, never which and never how many devices.

pub mod pages;
pub mod rules;
pub mod service;
pub mod store;
