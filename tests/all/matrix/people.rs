//! The people who call: one of each role, invited, with a password and an authenticator of their own, and a token that
//! they made on their account's page.

use std::time::{Duration, SystemTime};

use gigafleet_tests::{Authenticator, Visitor, eventually_async};
use serde_json::{Value, json};
use tonic::Code;

use super::{
    contract::Outcome,
    roles::{
        Powers,
        Reach::{self, *},
        Role::{self, *},
        School, Town,
    },
    world::{Thing, World},
};

/// Password of everybody.
pub const PASSWORD: &str = "correct horse battery staple 7";
/// Longer than any test.
pub const MONTHS: Duration = Duration::from_secs(100 * 86_400);

/// Everybody who calls, with what is in force for them.
pub const PEOPLE: [(&str, Powers); 10] = [
    ("administrator", of(&[(Administrator, Everywhere)])),
    ("town-administrator", of(&[(Administrator, AllOf(Town::A))])),
    ("school-administrator", of(&[(Administrator, Within(School::A1))])),
    ("engineer", of(&[(Engineer, AllOf(Town::A))])),
    ("board-viewer", of(&[(BoardViewer, AllOf(Town::A))])),
    ("board-editor", of(&[(BoardEditor, AllOf(Town::A))])),
    ("school-staff", of(&[(SchoolStaff, Within(School::A1))])),
    ("prefecture-viewer", of(&[(PrefectureViewer, PrefectureOfA)])),
    ("without-grant", of(&[])),
    ("grant-expired", of(&[])),
];

/// Two who call nothing themselves: their sessions and tokens are what others try to end.
const BYSTANDERS: [(&str, School, Powers); 2] = [
    ("bystander-a", School::A1, of(&[(BoardViewer, AllOf(Town::A))])),
    ("otsu-bystander", School::B1, of(&[(BoardViewer, AllOf(Town::B))])),
];

const fn of(grants: &'static [(Role, Reach)]) -> Powers {
    Powers { grants, cap: None }
}

/// Somebody with an account.
#[derive(Debug)]
pub struct Person {
    pub name: &'static str,
    pub powers: Powers,
    /// The account, lower case UUID.
    pub staff_id: String,
    /// For calls.
    pub token: String,
    /// Id of a token that nobody uses.
    pub spare_token: String,
    /// The browser, signed in.
    pub visitor: Visitor,
    pub authenticator: Authenticator,
}

impl Person {
    /// A fresh thing of this person's own.
    pub async fn own(&self, world: &World, what: &str) -> Thing {
        let id = match what {
            "my:session" => self.new_session(world).await,
            "my:token" => self.spare_token.clone(),
            other => panic!("nobody has {other}"),
        };
        Thing::from([("", id)])
    }

    /// A session that waits for its code; it stands in the list of the person's own.
    async fn new_session(&self, world: &World) -> String {
        Visitor::new(world.server.console_address()).give_password(self.name, PASSWORD).await;
        let list = self.call(world, "AccessService/ListSessions", json!({})).await.answer;
        let sessions = list["sessions"].as_array().expect("sessions").clone();
        let pending = sessions.into_iter().find(|session| session["pending"] == true);
        pending.expect("the new session is listed")["sessionId"].as_str().expect("an id").to_owned()
    }

    /// Calls with the person's token.
    pub async fn call(&self, world: &World, method: &str, request: Value) -> Outcome {
        world.contract.call(&world.line, Some(&self.token), method, &request).await
    }
}

/// Lets the first administrator in, through the link that the server prints, then builds the towns and invites everybody.
pub async fn invite_everybody(world: &World) -> Vec<Person> {
    let (name, powers) = PEOPLE[0];
    let mut all = vec![first_administrator(world, name, powers).await];
    world.build().await;
    for (name, powers) in PEOPLE.into_iter().skip(1) {
        let person = match name {
            "without-grant" => without_grant(world, name, powers).await,
            "grant-expired" => with_expired_grant(world, name, powers).await,
            _ => invite(world, name, powers, powers.grants[0]).await,
        };
        all.push(person);
    }
    for (name, school, powers) in BYSTANDERS {
        let bystander = invite(world, name, powers, powers.grants[0]).await;
        world.lend(school, "session", &Thing::from([("", bystander.new_session(world).await)]));
        let token = Thing::from([("", bystander.spare_token), ("secret", bystander.token)]);
        world.lend(school, "staff_token", &token);
    }
    all
}

async fn first_administrator(world: &World, name: &'static str, powers: Powers) -> Person {
    let fields = [("sign_in_name", name), ("display_name", name), ("password", PASSWORD)];
    let path = world.server.setup_path().expect("nobody can sign in yet").to_owned();
    let mut visitor = Visitor::new(world.server.console_address());
    let authenticator = visitor.accept_link(&path, &fields).await;
    finish(world, name, powers, powers.grants[0], String::new(), visitor, authenticator).await
}

async fn invite(world: &World, name: &'static str, powers: Powers, grant: (Role, Reach)) -> Person {
    let request = json!({
        "sign_in_name": name, "display_name": name, "language": "en", "grant": order(world, grant, MONTHS),
    });
    let made = world.make("StaffService/CreateStaff", request).await;
    let mut visitor = Visitor::new(world.server.console_address());
    let authenticator = visitor.accept_link(&made.take("linkPath"), &[("password", PASSWORD)]).await;
    finish(world, name, powers, grant, made.take("staff.staffId"), visitor, authenticator).await
}

/// Lets somebody make two tokens on the page of their account.
async fn finish(
    world: &World,
    name: &'static str,
    powers: Powers,
    grant: (Role, Reach),
    staff_id: String,
    mut visitor: Visitor,
    authenticator: Authenticator,
) -> Person {
    let (role, place, school) = (role_number(grant.0), place_value(world, grant.1), school_name(world, grant.1));
    let mut tokens = Vec::new();
    for token_name in ["in use", "spare"] {
        let fields = [
            ("token_name", token_name),
            ("role", role),
            ("place", place.as_str()),
            ("school", school.as_str()),
            ("days", "30"),
        ];
        let page = visitor.post("/account/tokens", &fields).await;
        let token = page.between("gfs_", "<").unwrap_or_else(|| panic!("{name} has no token: {}", page.text));
        tokens.push(format!("gfs_{token}"));
    }
    let token = tokens.swap_remove(0);
    let mut person = Person { name, powers, staff_id, token, spare_token: String::new(), visitor, authenticator };
    let who = person.call(world, "AccessService/WhoAmI", json!({})).await;
    person.staff_id = who.take("staffId");
    let list = person.call(world, "AccessService/ListStaffTokens", json!({})).await.answer;
    let spare = list["staffTokens"].as_array().expect("tokens").iter().find(|token| token["name"] == "spare");
    person.spare_token = spare.expect("it was made")["tokenId"].as_str().expect("an id").to_owned();
    person
}

async fn without_grant(world: &World, name: &'static str, powers: Powers) -> Person {
    let person = invite(world, name, powers, (BoardViewer, AllOf(Town::A))).await;
    revoke_grants(world, &person).await;
    person
}

/// Somebody whose time as an engineer is over; nobody ended it.
async fn with_expired_grant(world: &World, name: &'static str, powers: Powers) -> Person {
    let person = invite(world, name, powers, (Engineer, AllOf(Town::A))).await;
    revoke_grants(world, &person).await;
    let grant = order(world, (Engineer, AllOf(Town::A)), Duration::from_secs(2));
    world.make("StaffService/GrantRole", json!({ "staff_id": person.staff_id, "grant": grant })).await;
    eventually_async("the grant is over", Duration::from_secs(20), async || {
        let outcome = person.call(world, "AccessService/WhoAmI", json!({})).await;
        assert_eq!(outcome.code, Code::Ok, "{}", outcome.text);
        outcome.answer["reaches"].is_null().then_some(())
    })
    .await;
    person
}

/// Ends all grants of a person.
pub async fn revoke_grants(world: &World, person: &Person) {
    let list = world.make("StaffService/ListGrants", json!({ "staff_id": person.staff_id })).await.answer;
    for grant in list["grants"].as_array().expect("grants") {
        world.make("StaffService/RevokeGrant", json!({ "grant_id": grant["grantId"] })).await;
    }
}

/// An order for a grant. Every role may have an end, and an engineer's must.
pub fn order(world: &World, (role, reach): (Role, Reach), lasts: Duration) -> Value {
    let end = prost_types::Timestamp::from(SystemTime::now() + lasts).to_string();
    json!({ "role": role_name(role), "place": place(world, reach), "reason": "試験", "end_time": end })
}

fn place(world: &World, reach: Reach) -> Value {
    match reach {
        Everywhere => json!({ "everywhere": true }),
        PrefectureOfA => json!({ "prefecture": "13" }),
        AllOf(town) => json!({ "municipality_id": world.id(school_of(town), "municipality") }),
        Within(school) => {
            json!({ "municipality_id": world.id(school, "municipality"), "school_id": world.id(school, "school") })
        }
    }
}

fn school_of(town: Town) -> School {
    match town {
        Town::A => School::A1,
        Town::B => School::B1,
    }
}

/// The place as the form of the account has it.
fn place_value(world: &World, reach: Reach) -> String {
    match reach {
        Everywhere => String::from("everywhere"),
        PrefectureOfA => String::from("prefecture:13"),
        AllOf(town) => format!("municipality:{}", world.id(school_of(town), "municipality")),
        Within(school) => format!("municipality:{}", world.id(school, "municipality")),
    }
}

fn school_name(world: &World, reach: Reach) -> String {
    match reach {
        Within(school) => world.part(school, "school", "name"),
        Everywhere | PrefectureOfA | AllOf(_) => String::new(),
    }
}

/// The number of a role in forms.
pub fn role_number(role: Role) -> &'static str {
    match role {
        Administrator => "1",
        Engineer => "2",
        BoardViewer => "3",
        BoardEditor => "4",
        SchoolStaff => "5",
        PrefectureViewer => "6",
    }
}

fn role_name(role: Role) -> &'static str {
    match role {
        Administrator => "STAFF_ROLE_ADMINISTRATOR",
        Engineer => "STAFF_ROLE_ENGINEER",
        BoardViewer => "STAFF_ROLE_BOARD_VIEWER",
        BoardEditor => "STAFF_ROLE_BOARD_EDITOR",
        SchoolStaff => "STAFF_ROLE_SCHOOL_STAFF",
        PrefectureViewer => "STAFF_ROLE_PREFECTURE_VIEWER",
    }
}
