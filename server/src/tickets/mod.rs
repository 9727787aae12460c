//! Tickets (問い合わせ): trouble and wishes of schools, in one queue for many owners.

pub mod search;
