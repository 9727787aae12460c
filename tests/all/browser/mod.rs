//! The console as people use it: a real Chromium, the real server, everything through pages.
//!
//! Each test has a server and a browser of its own; at most two browsers run at a time (`gigafleet_tests::browser`). What
//! has to hold on every page is held by `every_page`, over the one list in `pages`.

mod budget;
mod failing;
mod pages;
mod person;
mod renewal_pages;
mod town;

mod editing;
mod every_page;
mod gallery;
mod importing;
mod keyboard;
mod languages;
mod listing;
mod recording;
mod renewal_rules;
mod renewing;
mod reporting;
mod reviewing;
mod scriptless;
mod signing_in;
mod staffing;
mod triage;

use gigafleet_tests::{Browser, Engine, ServerOptions, ServerProcess};
use person::Person;

/// A server, and a browser in which its first administrator is signed in, at home.
struct Desk {
    browser: Browser,
    administrator: Person,
    server: ServerProcess,
}

impl Desk {
    /// On a fresh server, from the link that `serve` prints.
    async fn fresh() -> Self {
        let server = ServerOptions::on(Engine::Sqlite).await.start().await;
        let browser = Browser::open(&origin(&server)).await;
        let link = server.setup_path().expect("nobody can sign in yet").to_owned();
        let administrator = Person::from_first_link(&browser, &link, "admin", "府中 明子").await;
        Self { browser, administrator, server }
    }

    /// What the console says after a step, and nothing else that the browser would complain of.
    async fn flash(&self) -> String {
        self.browser.text_of(".flash").await
    }
}

/// Where browsers find the console of a server.
fn origin(server: &ServerProcess) -> String {
    format!("http://{}", server.console_address())
}
