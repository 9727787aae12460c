//! The shell of the web console: one layout, one table of words, one style, and what every request of a browser meets.
//! It lies below all features and knows none of them.
//!
//! Invariants: a page is plain HTML that works without script; nothing comes from elsewhere (the policy forbids it); every
//! POST carries the hidden field `csrf`, which is checked before any handler runs (`request`); every answer has the
//! headers of [`headers`]; a refused form comes back with what was typed ([`forms`]).
//!
//! # How a page is written
//! Words go to `words/<feature>.rs`, the template to `templates/<feature>/`, the handler to `<feature>/pages.rs`. Whole:
//!
//! ```text
//! // words/schools.rs                       rooms: "教室", "Rooms";
//!
//! // templates/schools/rooms.html
//! {% extends "layout.html" %}
//! {% import "parts.html" as parts %}
//! {% block title %}{{ shell.w.schools.rooms }}{% endblock %}
//! {% block content %}
//! <nav class="crumbs" aria-label="{{ shell.w.shell.you_are_here }}"><a href="/schools">{{ shell.w.schools.title }}</a></nav>
//! <h1>{{ shell.w.schools.rooms }}</h1>
//! {% call parts::refusal(shell, form) %}{% endcall %}
//! {% if rooms.is_empty() %}<p class="empty">{{ shell.w.shell.empty }}</p>{% else %}
//! <div class="scroll"><table class="cards">
//!   <thead><tr><th>{{ shell.w.schools.room }}</th><th class="number">{{ shell.w.schools.seats }}</th></tr></thead>
//!   <tbody>{% for room in rooms %}<tr>
//!     <th scope="row" data-label="{{ shell.w.schools.room }}">{{ room.name }}</th>
//!     <td class="number" data-label="{{ shell.w.schools.seats }}">{{ room.seats }}</td>
//!   </tr>{% endfor %}</tbody></table></div>{% endif %}
//! <form method="post" action="/schools/{{ school }}/rooms" class="stack">
//!   {% call parts::csrf(shell) %}{% endcall %}
//!   {% call parts::text(shell, form, "name", shell.w.schools.room, true) %}{% endcall %}
//!   <div class="buttons"><button class="primary">{{ shell.w.shell.save }}</button></div>
//! </form>
//! {% endblock %}
//!
//! // schools/pages.rs
//! #[derive(Template)]
//! #[template(path = "schools/rooms.html")]
//! struct Rooms { shell: Shell, form: FormState, school: String, rooms: Vec<RoomRow> }
//!
//! pub fn routes(schools: Schools) -> Router {
//!     Router::new().route("/schools/{school}/rooms", get(rooms).post(add_room)).with_state(schools)
//! }
//!
//! async fn rooms(person: SignedIn, State(schools): State<Schools>, Path(school): Path<Uuid>) -> PageResult {
//!     show(person, schools, school, FormState::default()).await
//! }
//!
//! async fn show(person: SignedIn, schools: Schools, school: Uuid, form: FormState) -> PageResult {
//!     let rooms = schools.rooms(&person.staff, SchoolId(school)).await?;
//!     page(form.status(), &Rooms { shell: person.shell, school: school.to_string(), rooms, form })
//! }
//!
//! async fn add_room(person: SignedIn, State(schools): State<Schools>, Path(school): Path<Uuid>, fields: Fields)
//! -> PageResult {
//!     match schools.add_room(&person.staff, SchoolId(school), fields.get("name")).await {
//!         Ok(()) => Ok(see_other(&format!("/schools/{school}/rooms")).flash(person.shell.w.shell.saved)),
//!         // The form with what was typed and the messages; other faults become their page.
//!         Err(error) => show(person, schools, SchoolId(school), FormState::refused(fields, error)?).await,
//!     }
//! }
//! ```
//! The signed-in person comes from `access::pages::SignedIn` (an extractor: whoever is not signed in is sent to sign in),
//! its rights from `person.staff`. Errors become pages by `?` ([`respond::PageError`]). A region that changes while somebody
//! looks has an `id` and `data-live="/…/live"`; the handler of that address is [`live::changes`]. Uploads: give the route
//! `DefaultBodyLimit::max(UPLOAD_BYTES)`, put `parts::csrf` first in the form, read with axum's `Multipart`.
//! Work that takes long: [`progress`]. Charts: [`charts`]. Times, dates and numbers: [`mod@format`]. Styles: `assets/console.css`, whose head lists the components.

pub mod address;
pub mod assets;
pub mod charts;
pub mod cookies;
mod csrf;
pub mod format;
pub mod forms;
pub mod headers;
mod linger;
pub mod live;
pub mod progress;
mod request;
pub mod respond;
mod serve;
pub mod visit;
pub mod words;

pub use self::{
    forms::{Fields, FormState, refused},
    request::ConsoleApp,
    respond::{PageError, PageResult, Respond, page, see_other},
    serve::{Console, ConsoleSite},
    visit::{NavEntry, Shell, Visit},
    words::Language,
};

/// Most bytes of a form.
pub const FORM_BYTES: usize = 1 << 20;
/// Most bytes of an upload, for routes that take one.
pub const UPLOAD_BYTES: usize = 33 << 20;
