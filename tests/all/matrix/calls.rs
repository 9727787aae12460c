//! Calls every line of the table of methods as everybody, at every place that its request can name.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use gigafleet_agent::{identity::Identity, transport::Protocol};
use gigafleet_tests::fleet;
use serde_json::{Value, json};
use tokio::sync::Mutex;
use tonic::Code;

use super::{
    contract::{Line, Outcome},
    filling::{Filled, fill, places_of, short},
    people::Person,
    roles::{Expected, Place, Powers, Reach, Role, School, Step, Town, expected},
    rpcs::{Audience, Rpc, all},
    world::World,
};

/// How often refused calls are made again because background work was in between.
pub const MOST_TRIES: usize = 5;

/// Somebody, or something, that calls.
struct Caller<'a> {
    name: &'a str,
    powers: Powers,
    line: Line,
    token: Option<String>,
    /// Whose own things are meant.
    person: Option<&'a Person>,
    /// The reason that no call of staff gets past; none for who is known.
    unknown: Option<&'static str>,
}

/// Nothing anywhere.
const NOTHING: Powers = Powers { grants: &[], cap: None };

/// A call that is to be made.
struct Call<'a> {
    caller: &'a Caller<'a>,
    rpc: &'a Rpc,
    place: Place,
    expected: Expected,
}

/// Calls everything; gives what is wrong.
pub async fn check_all(world: &World, people: &[Person]) -> Vec<String> {
    let rpcs = all();
    let known: BTreeSet<_> = world.contract.methods().collect();
    let listed: BTreeSet<_> = rpcs.iter().map(|rpc| rpc.method).collect();
    assert_eq!(listed, known, "each method of the server has a line in rpcs, and no other has");
    let tablet = world.enroll(School::A1, "minami-device-tablet").await;
    let callers = callers(world, people, &tablet).await;
    let mut wrong = Vec::new();
    for rpc in &rpcs {
        wrong.extend(check(world, &callers, rpc).await);
    }
    wrong
}

async fn callers<'a>(world: &World, people: &'a [Person], tablet: &Identity) -> Vec<Caller<'a>> {
    let known = people.iter().map(|person| Caller {
        name: person.name,
        powers: person.powers,
        line: Arc::clone(&world.line),
        token: Some(person.token.clone()),
        person: Some(person),
        unknown: None,
    });
    let mut all: Vec<_> = known.collect();
    let administrator = &people[0];
    // A token of another scope: of somebody who may everything, for B and for looking only.
    let place = json!({ "municipality_id": world.id(School::B1, "municipality") });
    let request = json!({ "name": "narrow", "role": "STAFF_ROLE_BOARD_VIEWER", "place": place });
    let narrow = token_of(world, administrator, request).await;
    all.push(Caller {
        name: "token of the administrator for B as its viewer",
        powers: Powers { grants: &[(Role::Administrator, Reach::AllOf(Town::B))], cap: Some(Role::BoardViewer) },
        line: Arc::clone(&world.line),
        token: Some(narrow.0),
        person: Some(administrator),
        unknown: None,
    });
    let everywhere =
        |name: &str| json!({ "name": name, "role": "STAFF_ROLE_ADMINISTRATOR", "place": { "everywhere": true } });
    let revoked = token_of(world, administrator, everywhere("revoked")).await;
    world.make("AccessService/RevokeStaffToken", json!({ "token_id": revoked.1 })).await;
    let expired = token_of(world, administrator, everywhere("expired")).await;
    world.server.change("UPDATE staff_token SET expires_at = created_at + 1 WHERE name = 'expired'").await;
    let as_device = fleet::connector(tablet).connect(Protocol::Http2).await.expect("the server can be reached");
    let as_device = Arc::new(Mutex::new(as_device));
    // Its certificate names its own place, and that is all it sees.
    let of_tablet = Powers { grants: &[(Role::SchoolStaff, Reach::Within(School::A1))], cap: None };
    let strangers = [
        ("nobody", None, "STAFF_TOKEN_REQUIRED", &world.line),
        ("device with its certificate", None, "STAFF_TOKEN_REQUIRED", &as_device),
        ("token for enrolment", Some(String::from("gft_x")), "STAFF_TOKEN_REQUIRED", &world.line),
        ("invented token", Some(format!("gfs_{}", "A".repeat(43))), "STAFF_TOKEN_INVALID", &world.line),
        ("revoked token", Some(revoked.0), "STAFF_TOKEN_INVALID", &world.line),
        ("expired token", Some(expired.0), "STAFF_TOKEN_INVALID", &world.line),
    ];
    all.extend(strangers.into_iter().map(|(name, token, reason, line)| Caller {
        name,
        powers: if Arc::ptr_eq(line, &as_device) { of_tablet } else { NOTHING },
        line: Arc::clone(line),
        token,
        person: None,
        unknown: Some(reason),
    }));
    all
}

/// A token that somebody makes; its secret and its id.
async fn token_of(world: &World, person: &Person, request: Value) -> (String, String) {
    let made = person.call(world, "AccessService/CreateStaffToken", request).await;
    (made.take("token"), made.take("staffToken.tokenId"))
}

/// Calls one line as everybody: first all that is refused, which may change nothing, then what is allowed.
async fn check(world: &World, callers: &[Caller<'_>], rpc: &Rpc) -> Vec<String> {
    let template = rpc.request.to_string();
    let places = places_of(&template);
    let mut calls = Vec::new();
    for caller in callers {
        for place in &places {
            let expected = answer_to(caller, rpc, *place);
            // Who is not even known is refused before anything is looked at.
            if *place == Place::Own || caller.unknown.is_none() {
                calls.push(Call { caller, rpc, place: *place, expected });
            }
        }
    }
    let (good, refused): (Vec<_>, Vec<_>) = calls.into_iter().partition(|call| call.expected == Expected::Good);
    let mut tries = 0;
    let (said, mut wrong) = loop {
        tries += 1;
        let before = world.traces().await;
        let (mut said, mut wrong) = (BTreeMap::new(), Vec::new());
        for call in &refused {
            let (outcome, words) = call.make(world).await;
            wrong.extend(call.check(world, &outcome, &words));
            let words = words.without_asked(&outcome.text);
            said.insert((call.caller.name, call.place), (call.expected, words));
        }
        let after = world.traces().await;
        let changed = after.changed_since(&before);
        // Where background work was in between, what refused calls change they change again.
        if changed.is_empty() || !after.has_own_since(&before) || tries >= MOST_TRIES {
            wrong.extend(changed.iter().map(|table| format!("{} was refused and changed {table}", rpc.method)));
            break (said, wrong);
        }
    };
    for ((caller, place), (expected, words)) in &said {
        let other = place.of_nobody().and_then(|nowhere| said.get(&(*caller, nowhere)));
        // Where both get the same refusal, not a word may differ.
        if let Some((_, other)) = other.filter(|(same, other)| same == expected && words != other) {
            wrong.push(format!("{} tells {caller} what exists elsewhere: {words} and {other}", rpc.method));
        }
    }
    for call in &good {
        let (outcome, words) = call.make(world).await;
        wrong.extend(call.check(world, &outcome, &words));
    }
    wrong
}

fn answer_to(caller: &Caller<'_>, rpc: &Rpc, place: Place) -> Expected {
    match (rpc.audience, caller.unknown) {
        (Audience::Staff, None) => expected(&caller.powers, rpc.steps, place),
        (Audience::Staff, Some(reason)) => Expected::Refused(Code::Unauthenticated, reason),
        (Audience::Devices(_), _) if caller.name.starts_with("device") => match rpc.steps {
            [Step::Always(code, reason)] => Expected::Refused(*code, reason),
            _ => Expected::Good,
        },
        (Audience::Devices(reason), _) => Expected::Refused(Code::Unauthenticated, reason),
        (Audience::Anybody(code, reason), _) => Expected::Refused(code, reason),
    }
}

impl Call<'_> {
    async fn make(&self, world: &World) -> (Outcome, Filled) {
        let fresh = self.expected == Expected::Good;
        let filled = fill(world, &self.rpc.request.to_string(), self.place, fresh, self.caller.person).await;
        let request = serde_json::from_str(&filled.text).expect("what is filled in stays JSON");
        let (line, token) = (&self.caller.line, self.caller.token.as_deref());
        (world.contract.call(line, token, self.rpc.method, &request).await, filled)
    }

    /// What is wrong: another answer than the right one, or one that tells what the caller may not see.
    fn check(&self, world: &World, outcome: &Outcome, filled: &Filled) -> Vec<String> {
        let Self { caller, rpc, place, .. } = self;
        let what = format!("{} {} as {} at {place:?}", rpc.method, filled.text, caller.name);
        let (code, reason) = match self.expected {
            Expected::Good => (Code::Ok, ""),
            Expected::Refused(code, reason) => (code, reason),
        };
        let mut wrong = Vec::new();
        if (outcome.code, outcome.reason.as_str()) != (code, reason) {
            let (found, why) = (outcome.code, &outcome.reason);
            wrong.push(format!("{what}: {found:?} {why}, {code:?} {reason} is right: {}", short(&outcome.text)));
        }
        let mut asked = filled.known();
        // Whose grants are over still reads where the own tokens were good.
        let own = self.caller.person.filter(|_| rpc.method.contains("StaffToken"));
        asked.extend(own.map(|_| world.id(School::A1, "municipality")));
        let leaks = world.leaks(&caller.powers, &outcome.text, &asked);
        if !leaks.is_empty() {
            wrong.push(format!("{what} tells {leaks:?}: {}", short(&outcome.text)));
        }
        wrong
    }
}
