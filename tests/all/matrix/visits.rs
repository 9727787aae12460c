//! Asks for every line of the table of pages as everybody, as a browser would.

use std::collections::{BTreeMap, BTreeSet};

use gigafleet_tests::{
    Visitor,
    console::{Page as Answer, SESSION, form},
};
use http::Method;
use http_body_util::{BodyExt as _, Empty};
use tonic::Code;

use super::{
    calls::MOST_TRIES,
    filling::{Filled, fill, places_of, short},
    pages::{Audience, Page, Way, all},
    people::{BYSTANDER, PASSWORD, Person},
    roles::{Expected, MISSING, Place, Powers, Right, School, Town, expected},
    routes,
    world::World,
};

/// Somebody at a browser who is not signed in.
struct Stranger {
    name: &'static str,
    visitor: Visitor,
    /// Where such a visitor is sent.
    door: &'static str,
}

const NOTHING: Powers = Powers { grants: &[], cap: None };
const URLENCODED: &str = "application/x-www-form-urlencoded";
const MULTIPART: &str = "multipart/form-data; boundary=matrix";

/// Asks for everything; gives what is wrong.
pub async fn check_all(world: &World, people: &mut [Person]) -> Vec<String> {
    let pages = all();
    let listed: BTreeSet<_> = pages.iter().map(|page| (page.method.to_owned(), page.pattern.to_owned())).collect();
    assert_eq!(listed, routes::registered(), "each page of the server has a line in pages.rs, and no other has");
    let mut strangers = strangers(world).await;
    let mut wrong = Vec::new();
    for page in &pages {
        if page.method == "POST" {
            wrong.extend(check_forged(world, page, &mut people[0], &strangers[0]).await);
        }
        wrong.extend(match page.audience {
            Audience::SignedIn => check(world, page, people, &mut strangers).await,
            Audience::Everybody(stranger, known) => {
                check_open(world, page, people, &mut strangers, stranger, known).await
            }
        });
    }
    wrong.extend(check_counted(world, &pages).await);
    wrong
}

async fn strangers(world: &World) -> Vec<Stranger> {
    let console = world.server.console_address();
    let newcomer = Visitor::new(console);
    // The password is right, the code is still to come.
    let mut halfway = Visitor::new(console);
    halfway.give_password(BYSTANDER, PASSWORD).await;
    let mut gone = Visitor::new(console);
    gone.give_password(BYSTANDER, PASSWORD).await;
    let cookie = gone.cookies[SESSION].clone();
    gone.post("/sign-out", &[]).await;
    gone.cookies.insert(SESSION.to_owned(), cookie);
    vec![
        Stranger { name: "newcomer", visitor: newcomer, door: "/sign-in" },
        Stranger { name: "one whose code is still to come", visitor: halfway, door: "/sign-in/code" },
        Stranger { name: "one who signed out", visitor: gone, door: "/sign-in" },
    ]
}

/// A page for people who are signed in.
async fn check(world: &World, page: &Page, people: &mut [Person], strangers: &mut [Stranger]) -> Vec<String> {
    let places = places_of(&template(page));
    let mut tries = 0;
    let (told, good, mut wrong) = loop {
        tries += 1;
        let mut wrong = Vec::new();
        let before = world.traces().await;
        for stranger in strangers.iter_mut() {
            let filled = fill(world, &template(page), Place::Own, false, None).await;
            let answer = ask(&mut stranger.visitor, page, &filled, None).await;
            let to = answer.location().split('?').next().unwrap_or_default();
            if (answer.status.as_u16(), to) != (303, stranger.door) {
                wrong.push(format!("{} {} lets {} in: {}", page.method, page.address, stranger.name, said(&answer)));
            }
        }
        let mut told = BTreeMap::new();
        let mut good = Vec::new();
        for (index, person) in people.iter_mut().enumerate() {
            for place in &places {
                let right = expected(&person.powers, page.steps, *place);
                if right == Expected::Good {
                    good.push((index, *place));
                    continue;
                }
                let filled = fill(world, &template(page), *place, false, None).await;
                let answer = ask(&mut person.visitor, page, &filled, None).await;
                wrong.extend(complaints(world, page, person, *place, right, &answer, &filled));
                told.insert((index, *place), (right, plain(&filled.without_asked(&answer.text))));
            }
        }
        let after = world.traces().await;
        let changed = after.changed_since(&before);
        // Where background work was in between, what refused visits change they change again.
        if changed.is_empty() || !after.has_own_since(&before) || tries >= MOST_TRIES {
            let line = |table: &String| format!("{} {} was refused and changed {table}", page.method, page.address);
            wrong.extend(changed.iter().map(line));
            break (told, good, wrong);
        }
    };
    for ((index, place), (right, words)) in &told {
        let other = place.of_nobody().and_then(|nowhere| told.get(&(*index, nowhere)));
        let Person { name, powers, .. } = &people[*index];
        let sees = powers.part(Right::ViewFigures, Town::B);
        if !sees && other.is_some_and(|(same, other)| same == right && words != other) {
            let (here, there) = differing(words, &told[&(*index, place.of_nobody().expect("it has one"))].1);
            wrong.push(format!(
                "{} {} tells {name} what exists elsewhere: {here:?} and {there:?}",
                page.method, page.address
            ));
        }
    }
    for (index, place) in good {
        let filled = fill(world, &template(page), place, true, Some(&people[index])).await;
        let person = &mut people[index];
        let answer = ask(&mut person.visitor, page, &filled, None).await;
        wrong.extend(complaints(world, page, person, place, Expected::Good, &answer, &filled));
        if page.pattern == "/account/authenticator" {
            person.authenticator = person.visitor.set_authenticator_up().await;
        }
    }
    wrong
}

/// A page for everybody.
async fn check_open(
    world: &World,
    page: &Page,
    people: &mut [Person],
    strangers: &mut [Stranger],
    to_stranger: (u16, &str),
    to_known: (u16, &str),
) -> Vec<String> {
    let mut wrong = Vec::new();
    let visitors = std::iter::once(("newcomer", NOTHING, &mut strangers[0].visitor, to_stranger))
        .chain(people.iter_mut().map(|person| (person.name, person.powers, &mut person.visitor, to_known)));
    for (name, powers, visitor, right) in visitors {
        let mut filled = fill(world, &template(page), Place::Own, false, None).await;
        if page.address.starts_with('{') {
            filled.text = asset(visitor, page.address).await;
        }
        let answer = ask(visitor, page, &filled, None).await;
        let leaks = world.leaks(&powers, &answer.text, &[]);
        if (answer.status.as_u16(), answer.location()) != right || !leaks.is_empty() {
            wrong.push(format!("{} {} as {name}: {right:?} is right, {}", page.method, page.address, said(&answer)));
        }
    }
    wrong
}

/// A form that did not come from a page of ours is refused whoever sends it.
async fn check_forged(world: &World, page: &Page, person: &mut Person, stranger: &Stranger) -> Vec<String> {
    let foreign = stranger.visitor.clone().csrf().await;
    let filled = fill(world, &template(page), Place::Own, false, None).await;
    let mut wrong = Vec::new();
    for csrf in ["", "0123456789abcdef0123456789abcdef", foreign.as_str()] {
        let answer = ask(&mut person.visitor, page, &filled, Some(csrf)).await;
        if answer.status != 403 || answer.reason() != Some("FORM_FORGED") {
            wrong.push(format!("{} takes a forged form: {}", page.address, said(&answer)));
        }
    }
    wrong
}

/// The server counted each line under its own pattern: so every line led to the page that it is about.
async fn check_counted(world: &World, pages: &[Page]) -> Vec<String> {
    let (_, metrics) = world.server.observe("/metrics").await;
    let mut wrong = Vec::new();
    for page in pages {
        let pattern = if page.pattern.ends_with("_path()") { "/assets" } else { page.pattern };
        let labels = format!("method=\"{}\",route=\"{pattern}\",status=\"{}\"", page.method, page.usual_status());
        if !metrics.contains(&labels) {
            wrong.push(format!("{} {} did not lead to {labels}", page.method, page.address));
        }
    }
    wrong
}

impl Page {
    fn usual_status(&self) -> u16 {
        match self.audience {
            Audience::SignedIn if self.steps.iter().any(|step| step.is_always()) => 422,
            Audience::SignedIn => self.good,
            Audience::Everybody((status, _), _) => status,
        }
    }
}

/// Address and form in one text, so that a thing which both name is one.
fn template(page: &Page) -> String {
    let fields = page.form.iter().map(|(name, value)| format!("\n{name}={value}"));
    let file = if page.way == Way::Upload { "\nfile={ledger.text}" } else { "" };
    format!("{}{}{file}", page.address, fields.collect::<String>())
}

/// Sends what was filled in; with another hidden field than the right one if it is given.
async fn ask(visitor: &mut Visitor, page: &Page, filled: &Filled, csrf: Option<&str>) -> Answer {
    let (address, rest) = filled.text.split_once('\n').unwrap_or((&filled.text, ""));
    if page.way == Way::Endless {
        let answer = visitor.open(Method::GET, address, "", Empty::new().boxed_unsync()).await;
        let (parts, body) = answer.into_parts();
        // A refusal ends, the page itself does not.
        let text = match parts.status.as_u16() {
            200 => String::new(),
            _ => String::from_utf8_lossy(&body.collect().await.expect("the answer ends").to_bytes()).into_owned(),
        };
        return Answer { status: parts.status, headers: parts.headers, text };
    }
    if page.method == "GET" {
        return visitor.get(address).await;
    }
    let csrf = match csrf {
        Some(csrf) => csrf.to_owned(),
        None => visitor.csrf().await,
    };
    let (fields, file) = rest.split_once("\nfile=").unwrap_or((rest, ""));
    let pairs = fields.lines().filter_map(|line| line.split_once('='));
    if page.way == Way::Upload {
        let field = |(name, value): (&str, &str)| {
            format!("--matrix\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
        };
        let fields: String = std::iter::once(("csrf", csrf.as_str())).chain(pairs).map(field).collect();
        let head = "--matrix\r\ncontent-disposition: form-data; name=\"file\"; filename=\"minami-import.csv\"\r\n\r\n";
        return visitor.post_raw(address, MULTIPART, format!("{fields}{head}{file}\r\n--matrix--\r\n")).await;
    }
    visitor.post_raw(address, URLENCODED, form(pairs.chain([("csrf", csrf.as_str())]))).await
}

/// The address of the style sheet or the script, from a page.
async fn asset(visitor: &mut Visitor, placeholder: &str) -> String {
    let path = if placeholder == "{my:report_css}" { "/r/nothing" } else { "/setup/nothing" };
    let page = visitor.get(path).await;
    let (before, after) =
        if placeholder.ends_with("css}") { ("href=\"/assets/", "\"") } else { ("src=\"/assets/", "\"") };
    format!("/assets/{}", page.between(before, after).expect("a page names it"))
}

/// What is wrong with the answer to somebody who is signed in.
fn complaints(
    world: &World,
    page: &Page,
    person: &Person,
    place: Place,
    right: Expected,
    answer: &Answer,
    filled: &Filled,
) -> Vec<String> {
    let what = format!("{} {} as {} at {place:?}", page.method, filled.text.replace('\n', " "), person.name);
    let (status, reason) = match right {
        Expected::Good => (page.good, ""),
        Expected::Refused(_, MISSING) if page.told_in_form => (422, ""),
        Expected::Refused(code, reason) => (status_of(code), reason),
    };
    let mut wrong = Vec::new();
    let found = answer.reason().unwrap_or_default();
    if (answer.status.as_u16(), found) != (status, reason) {
        wrong.push(format!("{what}: {status} {reason} is right, {}", said(answer)));
    }
    let mut known = filled.known();
    // Whose grants are over still reads where the own tokens were good.
    known.extend(page.pattern.starts_with("/account").then(|| world.id(School::A1, "municipality")));
    let headers = format!("{:?}", answer.headers);
    let leaks = world.leaks(&person.powers, &format!("{headers}\n{}", answer.text), &known);
    if !leaks.is_empty() {
        wrong.push(format!("{what} tells {leaks:?}"));
    }
    wrong
}

fn status_of(code: Code) -> u16 {
    match code {
        Code::NotFound => 404,
        Code::PermissionDenied => 403,
        Code::InvalidArgument => 422,
        Code::Aborted | Code::AlreadyExists | Code::FailedPrecondition => 409,
        other => panic!("no page answers with {other:?}"),
    }
}

/// A page without what differs each time: the number of the request, the hidden field, what the step before had to say.
fn plain(text: &str) -> String {
    let mut text = text.to_owned();
    let varying = [("name=\"csrf\" value=\"", "\""), ("</dt><dd><code>0", "</code>"), ("<p class=\"flash\"", "</p>")];
    for (before, after) in varying {
        while let Some(begin) = text.find(before) {
            let rest = begin + before.len();
            let end = text[rest..].find(after).map_or(text.len(), |end| rest + end + after.len());
            text.replace_range(begin..end, "");
        }
    }
    text
}

/// The first lines in which two texts differ.
fn differing<'a>(one: &'a str, other: &'a str) -> (&'a str, &'a str) {
    let mut lines = one.lines().zip(other.lines());
    lines.find(|(one, other)| one != other).unwrap_or(("less", "more"))
}

fn said(answer: &Answer) -> String {
    let heading = answer.between("<h1>", "</h1>").unwrap_or_default();
    let wrong = answer.between("class=\"wrong\"", "</p>").unwrap_or_default();
    let (status, to, reason) = (answer.status.as_u16(), answer.location(), answer.reason().unwrap_or_default());
    short(&format!("{status} {to} {reason} {heading} {wrong}"))
}
