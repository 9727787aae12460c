//! Every word of the console, Japanese and English side by side: one table in several files, one per feature.
//!
//! A line without one of the two languages does not compile. Phrases with a number or a name in them are functions of
//! [`Language`]. Deliberately not here: what the server says when something is wrong (`error/says`), and words of the commands, which are English.

pub mod access;
pub mod audit;
pub mod bandwidth;
pub mod devices;
pub mod faults;
pub mod fields;
pub mod imports;
pub mod ledger;
pub mod legs;
pub mod lists;
pub mod network;
pub mod overview;
pub mod renewal;
pub mod reports;
pub mod reviews;
pub mod rules;
pub mod schools;
pub mod shell;
pub mod tickets;

/// In which language a person reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Language {
    /// Japanese, unless somebody chose otherwise.
    #[default]
    Ja,
    /// English.
    En,
}

impl Language {
    /// The tag of BCP 47, for `lang` and for the account.
    pub fn tag(self) -> &'static str {
        match self {
            Self::Ja => "ja",
            Self::En => "en",
        }
    }

    /// The language of a tag; none for one that is not spoken here.
    pub fn from_tag(tag: &str) -> Option<Self> {
        match tag {
            "ja" => Some(Self::Ja),
            "en" => Some(Self::En),
            _ => None,
        }
    }

    /// One of two phrases.
    pub fn choose<T>(self, ja: T, en: T) -> T {
        match self {
            Self::Ja => ja,
            Self::En => en,
        }
    }

    /// All words in this language.
    pub fn words(self) -> &'static Words {
        match self {
            Self::Ja => &Words::JA,
            Self::En => &Words::EN,
        }
    }

    /// Whether it is Japanese.
    pub fn is_ja(self) -> bool {
        self == Self::Ja
    }
}

/// Defines a struct of phrases with its two languages: `key: "日本語", "English";`.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($key:ident: $ja:literal, $en:literal;)* }) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name {
            $(#[doc = $en] pub $key: &'static str,)*
        }

        impl $name {
            /// In Japanese.
            pub const JA: Self = Self { $($key: $ja,)* };
            /// In English.
            pub const EN: Self = Self { $($key: $en,)* };
            /// Every phrase with its key in both languages.
            pub const ALL: &'static [(&'static str, &'static str, &'static str)] = &[$((stringify!($key), $ja, $en),)*];
        }
    };
}
pub(crate) use words;

/// All words in one language.
#[derive(Debug)]
pub struct Words {
    /// Of the shell and of what all pages share.
    pub shell: shell::ShellWords,
    /// Of refusals and faults.
    pub faults: faults::FaultWords,
    /// Of sign-in, staff and audit.
    pub access: access::AccessWords,
    /// Of municipalities and schools.
    pub schools: schools::SchoolWords,
    /// Of devices and reviews.
    pub devices: devices::DeviceWords,
    /// Of the list of devices.
    pub lists: lists::ListWords,
    /// Of files in and out.
    pub imports: imports::ImportWords,
    /// Of bandwidth.
    pub bandwidth: bandwidth::BandwidthWords,
    /// Of network health.
    pub network: network::NetworkWords,
    /// Of the ledger of renewal.
    pub ledger: ledger::LedgerWords,
    /// Of what becomes of a ticket's device.
    pub legs: legs::LegWords,
    /// Of tickets.
    pub tickets: tickets::TicketWords,
    /// Of renewal.
    pub renewal: renewal::RenewalWords,
    /// Of its rules.
    pub rules: rules::RuleWords,
    /// Of the reviews of identities.
    pub reviews: reviews::ReviewWords,
    /// Of home.
    pub overview: overview::OverviewWords,
    /// Of reports from a phone, and of labels.
    pub reports: reports::ReportWords,
}

impl Words {
    /// In Japanese.
    pub const JA: Self = Self {
        shell: shell::ShellWords::JA,
        faults: faults::FaultWords::JA,
        access: access::AccessWords::JA,
        schools: schools::SchoolWords::JA,
        devices: devices::DeviceWords::JA,
        lists: lists::ListWords::JA,
        imports: imports::ImportWords::JA,
        bandwidth: bandwidth::BandwidthWords::JA,
        network: network::NetworkWords::JA,
        ledger: ledger::LedgerWords::JA,
        legs: legs::LegWords::JA,
        tickets: tickets::TicketWords::JA,
        renewal: renewal::RenewalWords::JA,
        rules: rules::RuleWords::JA,
        reviews: reviews::ReviewWords::JA,
        overview: overview::OverviewWords::JA,
        reports: reports::ReportWords::JA,
    };
    /// In English.
    pub const EN: Self = Self {
        shell: shell::ShellWords::EN,
        faults: faults::FaultWords::EN,
        access: access::AccessWords::EN,
        schools: schools::SchoolWords::EN,
        devices: devices::DeviceWords::EN,
        lists: lists::ListWords::EN,
        imports: imports::ImportWords::EN,
        bandwidth: bandwidth::BandwidthWords::EN,
        network: network::NetworkWords::EN,
        ledger: ledger::LedgerWords::EN,
        legs: legs::LegWords::EN,
        tickets: tickets::TicketWords::EN,
        renewal: renewal::RenewalWords::EN,
        rules: rules::RuleWords::EN,
        reviews: reviews::ReviewWords::EN,
        overview: overview::OverviewWords::EN,
        reports: reports::ReportWords::EN,
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_phrase_is_empty_and_english_has_no_japanese() {
        let tables = [
            shell::ShellWords::ALL,
            faults::FaultWords::ALL,
            access::AccessWords::ALL,
            schools::SchoolWords::ALL,
            devices::DeviceWords::ALL,
            lists::ListWords::ALL,
            imports::ImportWords::ALL,
            bandwidth::BandwidthWords::ALL,
            network::NetworkWords::ALL,
            ledger::LedgerWords::ALL,
            legs::LegWords::ALL,
            tickets::TicketWords::ALL,
            renewal::RenewalWords::ALL,
            rules::RuleWords::ALL,
            reviews::ReviewWords::ALL,
            overview::OverviewWords::ALL,
            reports::ReportWords::ALL,
        ];
        for (key, ja, en) in tables.into_iter().flatten() {
            assert!(!ja.trim().is_empty() && !en.trim().is_empty(), "{key} is empty");
            let japanese = |c: char| ('\u{3040}'..='\u{30ff}').contains(&c) || ('\u{4e00}'..='\u{9fff}').contains(&c);
            assert!(!en.chars().any(japanese) || *key == "language_other", "{key} has Japanese in its English: {en}");
        }
    }
}
