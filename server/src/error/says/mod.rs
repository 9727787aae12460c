//! Every sentence that the server says to a person or a program when something is wrong, Japanese and English side by side:
//! one table in several files, one per feature. What a sentence names is a parameter.
//!
//! Deliberately not here: words of pages (`console/words`) and what is wrong inside a file, whose code is part of the contract
//! (`devices/rules/import/problems`).

pub mod access;
pub mod bandwidth;
pub mod causes;
pub mod commands;
pub mod desk;
pub mod devices;
pub mod fields;
pub mod files;
pub mod legs;
pub mod network;
pub mod renewal;
pub mod reports;
pub mod schools;
pub mod server;
pub mod team;
pub mod tickets;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sentence_is_japanese_and_english_without_a_full_stop() {
        let tables = [
            access::ALL,
            bandwidth::ALL,
            causes::ALL,
            commands::ALL,
            desk::ALL,
            devices::ALL,
            fields::ALL,
            files::ALL,
            legs::ALL,
            network::ALL,
            renewal::ALL,
            reports::ALL,
            schools::ALL,
            server::ALL,
            team::ALL,
            tickets::ALL,
        ];
        for (name, ja, en) in tables.into_iter().flatten() {
            let japanese = |c: char| ('\u{3040}'..='\u{30ff}').contains(&c);
            assert!(ja.chars().any(japanese), "{name} has no Japanese: {ja}");
            assert!(!en.chars().any(japanese), "{name} has Japanese in its English: {en}");
            assert!(!ja.ends_with('。') && !en.ends_with('.'), "{name} ends with a full stop");
            assert!(!en.starts_with(char::is_uppercase) || en.starts_with("PostgreSQL"), "{name}: {en}");
        }
    }

    #[test]
    fn parameters_stand_in_both_languages() {
        let said = schools::check_digit("131131", 0);
        assert_eq!(said.en, "the check digit of 131131 is wrong: 0 would be right");
        assert_eq!(said.ja, "131131 の検査数字が合いません。正しくは 0 です");
    }
}
