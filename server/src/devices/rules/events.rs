//! What can happen to a device, for its timeline.

use super::fields::named;

named! {
    /// What happened.
    EventKind {
        /// Its agent enrolled.
        Enrolled = 1, "enrolled";
        /// A person added it by hand.
        Created = 2, "created";
        /// A file added it.
        Imported = 3, "imported";
        /// What is shown of it changed: `{"fields": {"room": ["before", "after"]}}`.
        Changed = 4, "changed";
        /// A verb moved it: `{"verb", "from", "to", "reason"}`.
        Moved = 5, "moved";
        /// It and another record became one: `{"other", "by"}`.
        Merged = 6, "merged";
        /// They are two again: `{"other"}`.
        MergeUndone = 7, "merge_undone";
        /// A person said that it and another one are two: `{"other"}`.
        KeptApart = 8, "kept_apart";
        /// That was taken back: `{"other"}`.
        KeptApartUndone = 9, "kept_apart_undone";
        /// Its access was ended: `{"reason"}`.
        AccessEnded = 10, "access_ended";
        /// Its reports were put in question: `{"reason", "evidence"}`.
        ReviewOpened = 11, "review_opened";
        /// The network changed around it: `{"kind", "ssid"}`. Reported, not stored as an event.
        Transition = 12, "transition";
    }
}
