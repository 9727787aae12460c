//! The one list of pages: how a person comes to each. What has to hold everywhere is looked at on all of them.

use super::{
    person::Person,
    town::{Links, Town},
};
use gigafleet_tests::Browser;

/// A page, or a state of one.
#[derive(Debug)]
pub struct Page {
    /// Name of its pictures.
    pub name: &'static str,
    /// Who looks at it.
    pub who: Who,
    /// The way there.
    pub way: Vec<Step>,
}

/// Who looks at a page. They come one after the other, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// Nobody is signed in.
    Stranger,
    /// Has an invitation and chooses a password with it, on the way.
    Invited,
    /// Has given the password and not the code.
    Half,
    /// The administrator of everything.
    Administrator,
    /// Staff of one school.
    School,
    /// Edits for an owner that has nothing yet.
    Board,
}

/// One step of a way.
#[derive(Debug, Clone)]
pub enum Step {
    /// Opens a path.
    Open(String),
    /// Types into a field.
    Fill(&'static str, &'static str),
    /// Chooses by value.
    Choose(&'static str, String),
    /// Clicks on what stays on the page.
    Click(&'static str),
    /// Clicks on what leads to another page.
    Follow(&'static str),
    /// Changes the page as another person's work would have.
    Script(&'static str),
}

impl Step {
    /// Takes the step.
    pub async fn take(&self, browser: &Browser) {
        match self {
            Self::Open(path) => browser.go(path).await,
            Self::Fill(css, text) => browser.fill(css, text).await,
            Self::Choose(css, value) => browser.choose(css, value).await,
            Self::Click(css) => browser.click(css).await,
            Self::Follow(css) => browser.follow(css).await,
            Self::Script(script) => {
                browser.run(script).await;
            }
        }
    }
}

fn open(path: impl Into<String>) -> Step {
    Step::Open(path.into())
}

/// Number of the browser that looks, 0 or 1, for what can be used once.
pub type Which = usize;

/// All pages.
pub fn all(town: &Town, which: Which) -> Vec<Page> {
    let mut pages = doors(&town.links, which);
    pages.extend(files(town));
    pages.extend(devices(town));
    pages.extend(device_list(town));
    pages.extend(places(town));
    pages.extend(networks(town));
    pages.extend(tickets(town));
    pages.extend(super::renewal_pages::renewal(town));
    pages.extend(super::renewal_pages::ledger(town));
    pages.extend(people());
    pages.extend(audit(town));
    pages.extend(others());
    pages
}

fn page(who: Who, name: &'static str, way: impl Into<Vec<Step>>) -> Page {
    Page { name, who, way: way.into() }
}

fn doors(links: &Links, which: Which) -> Vec<Page> {
    let of = |name, way: Vec<Step>| page(Who::Stranger, name, way);
    let wrong = vec![
        open("/sign-in"),
        Step::Fill("#field-name", "nobody"),
        Step::Fill("#field-password", "a wrong password"),
        Step::Follow("main .primary"),
    ];
    let weak = vec![open(links.open.clone()), Step::Fill("#field-password", "short"), Step::Follow("main .primary")];
    vec![
        of("sign-in", vec![open("/sign-in")]),
        of("sign-in-refused", wrong),
        of("invitation", vec![open(links.open.clone())]),
        of("invitation-refused", weak),
        of("link-used", vec![open("/setup/gone")]),
        of("page-not-found-stranger", vec![open("/nowhere")]),
        page(
            Who::Invited,
            "authenticator",
            vec![
                open(links.half[which].clone()),
                Step::Fill("#field-password", super::person::PASSWORD),
                Step::Follow("main .primary"),
            ],
        ),
        page(
            Who::Invited,
            "authenticator-refused",
            vec![open("/sign-in/authenticator"), Step::Fill("#field-code", "000000"), Step::Follow("main .primary")],
        ),
        page(Who::Half, "code", vec![open("/sign-in/code")]),
        page(
            Who::Half,
            "code-refused",
            vec![open("/sign-in/code"), Step::Fill("#field-code", "000000"), Step::Follow("main .primary")],
        ),
    ]
}

fn files(town: &Town) -> Vec<Page> {
    let of = |name, way: Vec<Step>| page(Who::Administrator, name, way);
    let imports = || open(format!("/imports?municipality={}", town.municipality));
    vec![
        of("home", vec![open("/")]),
        of("imports", vec![imports()]),
        of("imports-empty", vec![open(format!("/imports?municipality={}", town.empty_municipality))]),
        of(
            "imports-refused",
            vec![
                imports(),
                // As a browser without the check of required fields would send it.
                Step::Script("document.querySelector('#field-file').required = false"),
                Step::Follow("main form[action='/imports'] .primary"),
            ],
        ),
        of("import-waiting", vec![open(town.waiting_run.clone())]),
        of("import-errors", vec![open(town.wrong_run.clone())]),
        of("import-applied", vec![open(town.applied_run.clone())]),
    ]
}

fn devices(town: &Town) -> Vec<Page> {
    let of = |name, way: Vec<Step>| page(Who::Administrator, name, way);
    let path = format!("/devices/{}", town.device);
    vec![
        of("device", vec![open(path.clone())]),
        of("device-edit", vec![open(path.clone()), Step::Click("#edit summary")]),
        of("device-silent", vec![open(format!("/devices/{}", town.silent_device))]),
        of(
            "device-refused",
            vec![
                open(path.clone()),
                Step::Click("#edit summary"),
                Step::Fill("#field-grade", "99"),
                Step::Follow("main form.stack .primary"),
            ],
        ),
        of(
            "device-conflict",
            vec![
                open(path),
                Step::Script("document.querySelector('form.stack input[name=version]').value = '1'"),
                Step::Click("#edit summary"),
                Step::Fill("#field-room", "音楽室"),
                Step::Follow("main form.stack .primary"),
            ],
        ),
        of("reviews", vec![open("/reviews")]),
        of("reviews-decided", vec![open("/reviews/decided")]),
    ]
}

fn device_list(town: &Town) -> Vec<Page> {
    let of = |name, way: Vec<Step>| page(Who::Administrator, name, way);
    let Town { municipality, school, .. } = town;
    let at_school = format!("/devices?municipality={municipality}&school={school}");
    vec![
        of("devices", vec![open("/devices")]),
        of("devices-school", vec![open(at_school.clone())]),
        of("devices-next", vec![open(at_school.clone()), Step::Follow("a[rel=next]")]),
        of(
            "devices-filtered",
            vec![open(format!("{at_school}&lifecycle=in_repair&lifecycle=lost&purpose=learner&sort=-label"))],
        ),
        of("devices-export", vec![open(format!("{at_school}&lifecycle=spare")), Step::Click("details.menu summary")]),
        of("devices-nothing", vec![open("/devices?q=XX-NOTHING")]),
        of("devices-refused", vec![open("/devices?q=x&grade=99&page=nonsense")]),
    ]
}

fn places(town: &Town) -> Vec<Page> {
    let of = |name, way: Vec<Step>| page(Who::Administrator, name, way);
    let owner = |id: &str| format!("/municipalities/{id}");
    let school = format!("/schools/{}", town.school);
    let unfold = Step::Script(
        "document.querySelectorAll('details').forEach((d) => { d.open = true; d.querySelectorAll('form').forEach((f) => { f.noValidate = true; }); })",
    );
    vec![
        of("municipalities", vec![open("/municipalities")]),
        of("municipalities-nothing", vec![open("/municipalities?q=zzzz")]),
        of("municipality", vec![open(owner(&town.municipality))]),
        of("municipality-long", vec![open(owner(&town.long_municipality))]),
        of("municipality-empty", vec![open(owner(&town.empty_municipality))]),
        of(
            "municipality-refused",
            vec![
                open(owner(&town.municipality)),
                unfold.clone(),
                Step::Fill("#field-school_code", "B113210000001"),
                Step::Follow("#add-school .primary"),
            ],
        ),
        of("schools", vec![open(format!("/schools?municipality={}", town.municipality))]),
        of("schools-nothing", vec![open("/schools?q=zzzz")]),
        of("school", vec![open(school.clone())]),
        of("school-empty", vec![open(format!("/schools/{}", town.long_school))]),
        of("bandwidth-choose", vec![open("/bandwidth")]),
        of("bandwidth", vec![open(format!("/bandwidth?municipality={}", town.municipality))]),
        of("bandwidth-nothing", vec![open(format!("/bandwidth?municipality={}", town.empty_municipality))]),
        of("assessment", vec![open(format!("{school}/assessment"))]),
        of(
            "assessment-refused",
            vec![
                open(format!("{school}/assessment")),
                unfold.clone(),
                Step::Fill("#field-receive", "速い"),
                Step::Follow("#record .primary"),
            ],
        ),
        of("school-forms", vec![open(school.clone()), unfold.clone()]),
        of(
            "school-refused",
            vec![
                open(school),
                unfold,
                Step::Fill("#field-fiscal_year", "きのう"),
                Step::Follow("#pupils-form .primary"),
            ],
        ),
    ]
}

fn networks(town: &Town) -> Vec<Page> {
    let of = |name, way: Vec<Step>| page(Who::Administrator, name, way);
    let school = format!("/schools/{}/network", town.school);
    let unfold = Step::Script(
        "document.querySelectorAll('details').forEach((d) => { d.open = true; d.querySelectorAll('form').forEach((f) => { f.noValidate = true; }); })",
    );
    vec![
        of("network", vec![open("/network")]),
        of("network-town", vec![open(format!("/network?municipality={}", town.municipality))]),
        of("network-empty", vec![open(format!("/network?municipality={}", town.empty_municipality))]),
        of("incidents", vec![open("/network/incidents")]),
        of("incidents-none", vec![open(format!("/network/incidents?municipality={}", town.empty_municipality))]),
        of("incident", vec![open(format!("/network/incidents/{}", town.incident))]),
        of("school-network", vec![open(school.clone())]),
        of("school-network-points", vec![open(format!("{school}?range=week&by=access_point"))]),
        of("school-network-none", vec![open(format!("/schools/{}/network", town.long_school))]),
        of(
            "school-network-refused",
            vec![
                open(school),
                unfold,
                Step::Fill("#known-form [name=value]", "02:zz"),
                Step::Follow("#known-form .primary"),
            ],
        ),
    ]
}

fn tickets(town: &Town) -> Vec<Page> {
    let of = |name, way: Vec<Step>| page(Who::Administrator, name, way);
    let new = |school: &str| format!("/tickets/new?municipality={}{school}", town.municipality);
    let of_school = format!("&school={}", town.school);
    let first = "tr[data-row] a[data-row-link]";
    let legs = vec![
        open(format!("/tickets/{}/1", town.municipality)),
        Step::Click("#swap summary"),
        Step::Click("#repair summary"),
        Step::Click("#cost summary"),
    ];
    vec![
        of("tickets", vec![open("/tickets")]),
        of("tickets-chosen", vec![open("/tickets"), Step::Click("tr[data-row] input[data-choice]")]),
        of("tickets-found", vec![open("/tickets?q=つながらない")]),
        of(
            "tickets-filtered",
            vec![
                open(format!("/tickets?municipality={}&state=1&holder=nobody", town.municipality)),
                Step::Click("details.menu summary"),
            ],
        ),
        of("tickets-nothing", vec![open("/tickets?due=late&category=13")]),
        of("tickets-refused", vec![open("/tickets?state=99&older=x")]),
        of("tickets-done", vec![open("/tickets?done=1")]),
        of("ticket", vec![open("/tickets"), Step::Follow(first)]),
        of("ticket-refused", vec![open("/tickets"), Step::Follow(first), Step::Follow("#write .primary")]),
        of("ticket-figures", vec![open("/tickets/figures")]),
        of("ticket-figures-schools", vec![open(format!("/tickets/figures?municipality_id={}", town.municipality))]),
        of("ticket-figures-refused", vec![open("/tickets/figures?by=2&first_date=2026-11-31")]),
        of("ticket-failures", vec![open("/tickets/failures")]),
        of(
            "ticket-failures-kinds",
            vec![open(format!("/tickets/failures?municipality_id={}&by=4", town.municipality))],
        ),
        of("ticket-failures-refused", vec![open("/tickets/failures?by=2&first_date=2026-11-31")]),
        of("ticket-device", legs.clone()),
        of(
            "ticket-device-refused",
            [
                legs,
                vec![
                    Step::Fill("#field-quote_yen", "高い"),
                    Step::Fill("#field-cost_yen", "9,999,999"),
                    Step::Follow("#repair-form [value='change_repair']"),
                ],
            ]
            .concat(),
        ),
        of(
            "ticket-attach-nothing",
            vec![
                open("/tickets"),
                Step::Follow(first),
                Step::Script("document.querySelector('#field-file').required = false"),
                Step::Follow("form[action$='/attachments'] button"),
            ],
        ),
        of("ticket-team", vec![open("/tickets/team")]),
        of(
            "ticket-team-refused",
            vec![
                open("/tickets/team"),
                Step::Fill("#field-end", "7:00"),
                Step::Fill("#field-absences", "2026-12-04 2026-12-01"),
                Step::Follow("#profile .primary"),
            ],
        ),
        of("ticket-causes", vec![open("/tickets/causes")]),
        of("ticket-causes-tried", vec![open("/tickets/causes"), Step::Follow("#rules [value='try']")]),
        of(
            "ticket-causes-refused",
            vec![
                open("/tickets/causes"),
                Step::Fill("#field-rules", "{\"source\": \"\", \"rules\": []}"),
                Step::Follow("#rules [value='save']"),
            ],
        ),
        of("ticket-followed-none", vec![open("/tickets/followed")]),
        of(
            "ticket-followed",
            vec![
                open("/tickets"),
                Step::Follow(first),
                Step::Follow("[form='act'][value='follow']"),
                open("/tickets/followed"),
            ],
        ),
        of(
            "ticket-replies",
            vec![
                open("/tickets/replies"),
                Step::Fill("#field-name", "再起動のお願い"),
                Step::Fill("#field-text", "{学校} 様\n再起動をお願いします。"),
                Step::Follow("#reply .primary"),
            ],
        ),
        of(
            "ticket-replies-refused",
            vec![
                open("/tickets/replies"),
                Step::Script("document.querySelector('#reply form').noValidate = true"),
                Step::Follow("#reply .primary"),
            ],
        ),
        of("ticket-new", vec![open(new(&of_school))]),
        of(
            "ticket-new-similar",
            vec![
                open(new(&of_school)),
                Step::Fill("#field-subject", "Wi-Fiにつながらない"),
                Step::Follow("#find-similar"),
            ],
        ),
        of("ticket-new-place", vec![open("/tickets/new")]),
        of(
            "ticket-new-refused",
            vec![
                open(new(&of_school)),
                Step::Script("document.querySelector('form.stack').noValidate = true"),
                Step::Follow("form.stack .primary"),
            ],
        ),
    ]
}

fn people() -> Vec<Page> {
    let of = |name, way: Vec<Step>| page(Who::Administrator, name, way);
    let somebody = "tbody tr:last-child a[href^='/staff/']";
    let token = |days: &'static str| {
        vec![
            open("/account"),
            Step::Click("main details summary"),
            Step::Fill("#field-token_name", "nightly export"),
            Step::Choose("#field-place", String::from("everywhere")),
            Step::Fill("#field-days", days),
            Step::Script("document.querySelector('form[action=\"/account/tokens\"]').noValidate = true"),
            Step::Follow("form[action='/account/tokens'] button"),
        ]
    };
    vec![
        of("staff", vec![open("/staff")]),
        of("staff-next", vec![open("/staff"), Step::Follow(".pager a[rel=next]")]),
        of("staff-new", vec![open("/staff/new")]),
        of(
            "staff-new-refused",
            vec![
                open("/staff/new"),
                Step::Script("document.querySelector('form.card').noValidate = true"),
                Step::Fill("#field-sign_in_name", "x y"),
                Step::Follow("main .primary"),
            ],
        ),
        of("person", vec![open("/staff"), Step::Follow(somebody)]),
        of(
            "person-refused",
            vec![
                open("/staff"),
                Step::Follow(somebody),
                Step::Script("document.querySelector('form.stack').noValidate = true"),
                Step::Follow("form[action$='/grants'] .primary"),
            ],
        ),
        of(
            "person-reset",
            vec![
                open("/staff"),
                Step::Follow(somebody),
                Step::Script("document.querySelectorAll('details').forEach((d) => { d.open = true; })"),
                Step::Follow("form[action$='/reset'] button"),
            ],
        ),
        of("account", vec![open("/account")]),
        of("account-refused", token("0")),
        of("token", token("30")),
        of(
            "recovery-codes",
            vec![
                open("/account"),
                Step::Script("document.querySelectorAll('details').forEach((d) => { d.open = true; })"),
                Step::Fill("#recovery-password", super::person::PASSWORD),
                Step::Follow("form[action='/account/recovery-codes'] button"),
            ],
        ),
    ]
}

fn audit(town: &Town) -> Vec<Page> {
    let of = |name, way: Vec<Step>| page(Who::Administrator, name, way);
    vec![
        of("audit", vec![open("/audit")]),
        of("audit-municipality", vec![open(format!("/audit?chain={}", town.municipality))]),
        of("audit-empty", vec![open(format!("/audit?chain={}&before=1", town.empty_municipality))]),
        of("audit-verified", vec![open("/audit"), Step::Follow("form[action='/audit/verify'] button")]),
        of("page-not-found", vec![open("/nowhere")]),
        of("keys", vec![open("/staff/new"), Step::Script("document.getElementById('keys').showModal()")]),
    ]
}

fn others() -> Vec<Page> {
    vec![
        page(Who::School, "school-home", vec![open("/")]),
        page(Who::School, "not-allowed", vec![open("/staff")]),
        page(Who::Board, "board-home-empty", vec![open("/")]),
        page(Who::Board, "reviews-empty", vec![open("/reviews")]),
        page(Who::Board, "renewal-board-empty", vec![open("/renewal")]),
    ]
}

/// The people that look in one browser.
#[derive(Debug)]
pub struct Cast {
    /// The administrator of everything.
    pub administrator: Person,
    /// The link of somebody from a school.
    pub school: String,
    /// The link of somebody from a board.
    pub board: String,
    present: Who,
}

impl Cast {
    /// Begins with the administrator, who has just been set up.
    pub fn new(administrator: Person, links: &Links, which: Which) -> Self {
        Self {
            administrator,
            school: links.school[which].clone(),
            board: links.empty[which].clone(),
            present: Who::Administrator,
        }
    }

    /// Lets somebody else sit down at the browser, with the language that is chosen there.
    pub async fn seat(&mut self, browser: &Browser, who: Who) {
        if who == self.present {
            return;
        }
        self.present = who;
        let session = browser.client().get_named_cookie("gigafleet-session").await;
        if session.is_ok() {
            browser.client().delete_cookie("gigafleet-session").await.expect("a cookie can go");
        }
        match who {
            Who::Stranger | Who::Invited => {}
            Who::Half => {
                browser.go("/sign-in").await;
                self.administrator.give_password(browser).await;
            }
            Who::Administrator => self.administrator.sign_in(browser).await,
            Who::School => {
                Person::from_invitation(browser, &self.school, "school").await;
            }
            Who::Board => {
                Person::from_invitation(browser, &self.board, "board").await;
            }
        }
    }
}
