//! Names under which numbers of the contract stand in a file of rules, so that a person can write one.

/// Declares the names of one kind of number, and how a list of them is read and written.
macro_rules! by_name {
    ($(#[$doc:meta])* $module:ident, $what:literal, [$($name:literal = $number:literal),* $(,)?]) => {
        $(#[$doc])*
        pub(super) mod $module {
            use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

            /// Each with its number.
            pub(in super::super) const NAMES: &[(&str, i16)] = &[$(($name, $number)),*];

            pub(in super::super) fn serialize<S: Serializer>(numbers: &[i16], output: S) -> Result<S::Ok, S::Error> {
                output.collect_seq(numbers.iter().map(|number| super::name(*number, NAMES).unwrap_or_default()))
            }

            pub(in super::super) fn deserialize<'d, D: Deserializer<'d>>(input: D) -> Result<Vec<i16>, D::Error> {
                let names = Vec::<String>::deserialize(input)?;
                let number = |name: &String| {
                    let known = NAMES.iter().find(|(known, _)| known == name);
                    known.map(|(_, number)| *number).ok_or_else(|| D::Error::custom(super::unknown(name, $what, NAMES)))
                };
                names.iter().map(number).collect()
            }
        }
    };
}

by_name!(
    /// Categories of tickets.
    categories,
    "category",
    [
        "screen" = 1,
        "keyboard" = 2,
        "battery" = 3,
        "no_start" = 4,
        "peripheral" = 5,
        "sign_in" = 6,
        "wifi" = 7,
        "slow" = 8,
        "app" = 9,
        "settings" = 10,
        "filter" = 11,
        "loss" = 12,
        "year_change" = 13,
        "other" = 14,
    ]
);
by_name!(
    /// Ways in which a device is connected.
    links,
    "link",
    ["wifi" = 1, "wired" = 2, "mobile" = 3]
);
by_name!(
    /// Layers that a device checks.
    layers,
    "layer",
    ["link" = 1, "address" = 2, "gateway" = 3, "dns" = 4, "server" = 5, "service" = 6, "hub" = 7, "isp" = 8, "ports" = 9]
);
by_name!(
    /// Elements of the network.
    elements,
    "element",
    [
        "device" = 1,
        "access_point" = 2,
        "school_lan" = 3,
        "school_line" = 4,
        "hub" = 5,
        "isp" = 6,
        "filter" = 7,
        "dns" = 8,
        "identity_provider" = 9,
        "service" = 10,
    ]
);
by_name!(
    /// States of a device.
    lifecycles,
    "lifecycle",
    ["in_use" = 1, "spare" = 2, "in_repair" = 3, "lost" = 4, "retired" = 5, "disposed" = 6]
);

/// The name of a number.
pub(super) fn name(number: i16, known: &'static [(&'static str, i16)]) -> Option<&'static str> {
    known.iter().find(|(_, one)| *one == number).map(|(name, _)| *name)
}

/// Whether a list has a number without a name, or one twice.
pub(super) fn has_unknown(numbers: &[i16], known: &'static [(&'static str, i16)]) -> bool {
    let is_twice = |(at, number): (usize, &i16)| numbers[..at].contains(number);
    numbers.iter().any(|number| name(*number, known).is_none()) || numbers.iter().enumerate().any(is_twice)
}

fn unknown(name: &str, what: &str, known: &[(&str, i16)]) -> String {
    let names: Vec<_> = known.iter().map(|(name, _)| *name).collect();
    format!("{name} is no {what}: {}", names.join(", "))
}
