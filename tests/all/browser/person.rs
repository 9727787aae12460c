//! A person with a password and an authenticator, who comes in through the pages.

use std::time::{Duration, SystemTime};

use gigafleet_proto::v1::{
    CreateStaffRequest, GrantOrder, StaffPlace, StaffRole, staff_service_client::StaffServiceClient,
};
use gigafleet_tests::{Authenticator, Browser, ServerProcess};

/// A password that nobody forbids.
pub const PASSWORD: &str = "correct horse battery staple";

/// Somebody who can sign in.
#[derive(Debug)]
pub struct Person {
    /// What they type to sign in.
    pub name: String,
    /// Their password.
    pub password: String,
    /// Codes for a lost authenticator, as they were shown.
    pub recovery_codes: Vec<String>,
    authenticator: Authenticator,
}

impl Person {
    /// The first administrator, from the link that `serve` prints; ends at home.
    pub async fn from_first_link(browser: &Browser, link: &str, name: &str, called: &str) -> Self {
        browser.go(link).await;
        browser.fill("#field-sign_in_name", name).await;
        browser.fill("#field-display_name", called).await;
        Self::choose_password(browser, name).await
    }

    /// Somebody who was invited, from their link; ends at home.
    pub async fn from_invitation(browser: &Browser, link: &str, name: &str) -> Self {
        browser.go(link).await;
        Self::choose_password(browser, name).await
    }

    async fn choose_password(browser: &Browser, name: &str) -> Self {
        browser.fill("#field-password", PASSWORD).await;
        browser.follow("main .primary").await;
        let shown = browser.text_of("#totp-secret").await;
        let (name, password) = (name.to_owned(), PASSWORD.to_owned());
        let authenticator = Authenticator::new(&shown);
        let mut person = Self { name, password, recovery_codes: Vec::new(), authenticator };
        let code = person.code().await;
        browser.fill("#field-code", &code).await;
        browser.follow("main .primary").await;
        let codes = browser.text_of(".codes").await;
        person.recovery_codes = codes.split_whitespace().map(str::to_owned).collect();
        browser.follow("main .primary").await;
        assert_eq!(browser.path().await, "/");
        person
    }

    /// Signs in with password and code; ends where the way in leads.
    pub async fn sign_in(&mut self, browser: &Browser) {
        browser.go("/sign-in").await;
        self.give_password(browser).await;
        let code = self.code().await;
        browser.fill("#field-code", &code).await;
        browser.follow("main .primary").await;
    }

    /// The first half of signing in; ends where the code is asked for.
    pub async fn give_password(&self, browser: &Browser) {
        browser.fill("#field-name", &self.name).await;
        browser.fill("#field-password", &self.password).await;
        browser.follow("main .primary").await;
    }

    /// A code that was not shown before.
    pub async fn code(&mut self) -> String {
        self.authenticator.code().await
    }
}

/// Makes an account with a role at a place; gives the path of the link.
pub async fn invite(server: &ServerProcess, name: &str, called: &str, role: StaffRole, place: StaffPlace) -> String {
    let in_a_year = SystemTime::now() + Duration::from_secs(300 * 86_400);
    let grant = GrantOrder {
        role: role.into(),
        place: Some(place),
        reason: String::from("令和8年度 GIGAスクール運営支援センター業務委託契約"),
        end_time: Some(in_a_year.into()),
        ..GrantOrder::default()
    };
    let request = CreateStaffRequest {
        sign_in_name: name.to_owned(),
        display_name: called.to_owned(),
        language: String::from("ja"),
        grant: Some(grant),
        ..CreateStaffRequest::default()
    };
    let mut client = StaffServiceClient::new(server.staff().connection().await);
    client.create_staff(request).await.expect("an account can be made").into_inner().link_path
}
