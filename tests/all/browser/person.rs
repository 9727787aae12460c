//! A person with a password and an authenticator, who comes in through the pages.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use gigafleet_proto::v1::{
    CreateStaffRequest, GrantOrder, StaffPlace, StaffRole, staff_service_client::StaffServiceClient,
};
use gigafleet_tests::{Browser, ServerProcess, eventually};
use totp_rs::{Builder, Secret};

/// Seconds of one code (RFC 6238).
const STEP: u64 = 30;
/// Longest between a code is shown and the server looks at it.
const TYPING: u64 = 8;
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
    secret: Secret,
    last_step: u64,
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
        let secret: String = shown.chars().filter(|c| !c.is_whitespace()).collect();
        let secret = Secret::try_from_base32(&secret).expect("the secret is base 32");
        let (name, password) = (name.to_owned(), PASSWORD.to_owned());
        let mut person = Self { name, password, recovery_codes: Vec::new(), secret, last_step: 0 };
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

    /// A code that was not shown before. The server takes the one before the present and the one after it as well, so three
    /// come at once; a fourth has to wait.
    pub async fn code(&mut self) -> String {
        let last = self.last_step;
        let step = eventually("a code that was not used", Duration::from_secs(2 * STEP), || {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is past 1970").as_secs();
            // The one before the present, unless it might be two before when the server looks.
            let next = ((now + TYPING) / STEP - 1).max(last + 1);
            (next <= now / STEP + 1).then_some(next)
        })
        .await;
        self.last_step = step;
        Builder::new().with_secret(self.secret.clone()).build_noncompliant().generate(step * STEP).to_string()
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
