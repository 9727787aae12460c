//! The people of the demo: an engineer of the shared team, a board of education, a school. They sign in as everybody does,
//! with a password and a code; the demo is their authenticator and shows the code of the moment.

use crate::{
    access::{
        rules::{MunicipalityId, Place as Reach, Role, SchoolId, names::Language, second_factor::TotpSecret},
        service::{Access, links::SeedStaff},
    },
    cli::{
        demo::places::{MUNICIPALITIES, Place},
        failure::Result,
    },
    clock::Clock,
};

/// The password of all of them; the server of the demo listens on loopback and goes away with it.
const PASSWORD: &str = "midori-no-kokuban-2026";

/// Somebody who can sign in.
#[derive(Debug)]
struct Person {
    sign_in_name: &'static str,
    display_name: String,
    secret: TotpSecret,
}

/// Those who can sign in to the demo's console.
#[derive(Debug)]
pub(super) struct People {
    console_url: String,
    clock: Clock,
    people: Vec<Person>,
}

impl People {
    /// Adds them, with what they may do at these places.
    pub(super) async fn add(access: &Access, clock: Clock, console_url: String, places: &[Place]) -> Result<Self> {
        let first = &places[0];
        let mut owners: Vec<_> = places.iter().map(|place| place.municipality).collect();
        owners.dedup();
        let board = MUNICIPALITIES[0].name;
        let own: [(&str, String, Role, Vec<Reach>); 3] = [
            (
                "engineer",
                String::from("佐藤 航（支援センター）"),
                Role::Engineer,
                owners.iter().map(|owner: &MunicipalityId| Reach::Municipality(*owner)).collect(),
            ),
            (
                "board",
                format!("{board}教育委員会 学務課"),
                Role::BoardEditor,
                vec![Reach::Municipality(first.municipality)],
            ),
            (
                "school",
                String::from("第一小学校 情報担当"),
                Role::SchoolStaff,
                vec![Reach::School(first.municipality, SchoolId(first.school.0))],
            ),
        ];
        let mut people = Vec::new();
        for (sign_in_name, display_name, role, reaches) in own {
            let secret = TotpSecret::draw()?;
            let seed = SeedStaff {
                sign_in_name: sign_in_name.to_owned(),
                display_name: display_name.clone(),
                language: Language::Japanese,
                password: PASSWORD.to_owned(),
                totp_secret: secret.clone(),
                grants: reaches.into_iter().map(|reach| (role, reach)).collect(),
            };
            access.seed_staff(seed).await?;
            people.push(Person { sign_in_name, display_name, secret });
        }
        Ok(Self { console_url, clock, people })
    }

    /// The codes of the moment in short.
    pub(super) fn codes(&self) -> String {
        let now = self.clock.now();
        let codes = self.people.iter().map(|person| format!("{} {}", person.sign_in_name, person.secret.code(now)));
        codes.collect::<Vec<_>>().join("  ")
    }

    /// What somebody needs to sign in now: a code is good for half a minute and can be used once.
    pub(super) fn lines(&self) -> Vec<String> {
        let now = self.clock.now();
        let heading = format!("Console  {}/   password of all: {PASSWORD}", self.console_url);
        let person = |person: &Person| {
            format!("  {:<10} code {}   {}", person.sign_in_name, person.secret.code(now), person.display_name)
        };
        std::iter::once(heading).chain(self.people.iter().map(person)).collect()
    }
}
