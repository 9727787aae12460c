//! Search in the texts of tickets: substrings of two characters and more, in Japanese without spaces as in English.
//!
//! Invariants: what is found is what a plain scan of the folded texts finds, an index only makes it faster; a text and its
//! index change in one transaction; what is not for the reader is not looked at. Deliberately not here: what the texts of a
//! ticket are, and who may read them.

pub mod rules;
pub mod store;
