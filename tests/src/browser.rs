//! A real Chromium behind chromedriver, with a profile of its own: what a person does at the console, and what the
//! browser says of the pages.
//!
//! Invariants: a keeper holds driver and browser in one process group and kills it when its input ends, so that they go
//! however this process ends; at most [`AT_ONCE`] browsers run at a time; nothing but this machine can be reached; after
//! each step that leads to another page that page is there.
//!
//! Deliberately not here: what the pages hold (the tests say that).

use std::{
    collections::BTreeSet,
    env,
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use fantoccini::{Client, ClientBuilder, Locator, elements::Element, wd::WebDriverCompatibleCommand};
use hyper_util::client::legacy::connect::HttpConnector;
use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::{
    process::{binary_folder, free_port, tail},
    wait::eventually_async,
};

/// Browsers that run at a time: each takes a core while it works.
pub const AT_ONCE: usize = 2;
/// Names the file of axe-core; without it the folder is looked at into which `tests/run` installs it.
pub const AXE_VARIABLE: &str = "GIGAFLEET_TEST_AXE";

/// Longest that the browser may take to start, a page to come, an element to show.
const PATIENCE: Duration = Duration::from_secs(30);
static PLACES: Semaphore = Semaphore::const_new(AT_ONCE);
/// Runs the driver until the input ends, then kills the group that is its own.
const KEEPER: &str = r#"log=$1; shift; "$@" >"$log" 2>&1 </dev/null & read -r _; kill -KILL 0"#;
/// Nothing that talks to anybody, nothing that asks, nothing outside the profile.
const FLAGS: [&str; 13] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-breakpad",
    "--disable-crash-reporter",
    "--force-color-profile=srgb",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
];
/// The levels A and AA of WCAG 2.1.
const AXE_TAGS: [&str; 4] = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"];

/// A browser window. Dropping it ends the browser.
#[derive(Debug)]
pub struct Browser {
    client: Client,
    origin: String,
    keeper: Child,
    profile: TempDir,
    _place: SemaphorePermit<'static>,
}

/// How large the window is and in which colours pages come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Screen {
    /// Width in CSS pixels; below 600 it is a phone that is touched.
    pub width: u32,
    /// Whether the person prefers dark colours.
    pub dark: bool,
}

impl Screen {
    /// A phone.
    pub const PHONE: Self = Self { width: 390, dark: false };
    /// A desk.
    pub const DESK: Self = Self { width: 1_440, dark: false };

    /// The same in the dark.
    #[must_use]
    pub const fn in_the_dark(self) -> Self {
        Self { dark: true, ..self }
    }
}

impl Browser {
    /// Opens a browser for the console at this origin, `http://HOST:PORT`. Waits for a place.
    pub async fn open(origin: &str) -> Self {
        let place = PLACES.acquire().await.expect("the places stay open");
        Self::start(origin, place).await
    }

    /// Opens two at once, so that two tests which want two do not wait for each other.
    pub async fn open_two(origin: &str) -> (Self, Self) {
        let mut places = PLACES.acquire_many(2).await.expect("the places stay open");
        let second = places.split(1).expect("there are two");
        tokio::join!(Self::start(origin, places), Self::start(origin, second))
    }

    async fn start(origin: &str, place: SemaphorePermit<'static>) -> Self {
        let (driver, chromium) = (installed("chromedriver"), installed("chromium"));
        let profile = tempfile::Builder::new().prefix("gigafleet-browser-").tempdir().expect("a temporary folder");
        let (port, log) = (free_port(), profile.path().join("chromedriver.log"));
        let mut keeper = Command::new("sh");
        // The home as well: crash reports and caches go there.
        keeper.args(["-c", KEEPER, "sh"]).arg(&log).arg(driver).arg(format!("--port={port}"));
        keeper.env("HOME", profile.path()).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let keeper = keeper.process_group(0).spawn().expect("sh can be executed");
        let mut arguments: Vec<_> = FLAGS.iter().map(ToString::to_string).collect();
        arguments.push(format!("--user-data-dir={}", profile.path().join("profile").display()));
        let capabilities = json!({
            "goog:chromeOptions": { "binary": chromium, "args": arguments },
            "goog:loggingPrefs": { "browser": "ALL", "performance": "ALL" },
        });
        let Value::Object(capabilities) = capabilities else { unreachable!("an object was written") };
        let address = format!("http://127.0.0.1:{port}");
        let mut builder = ClientBuilder::new(HttpConnector::new());
        builder.capabilities(capabilities);
        let what = format!("chromedriver answers; its log ends:\n{}", tail(&log, 20));
        let client = eventually_async(&what, PATIENCE, async || builder.connect(&address).await.ok()).await;
        let browser = Self { client, origin: origin.to_owned(), keeper, profile, _place: place };
        browser.show_on(Screen::DESK).await;
        // The page that Debian's Chromium begins with is none of ours.
        browser.client.goto("about:blank").await.expect("there is an empty page");
        browser.take_log("performance").await;
        browser
    }

    /// The driver's own client, for what is not here.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The folder of this browser alone, for files that it is to upload.
    pub fn folder(&self) -> &Path {
        self.profile.path()
    }

    /// Changes size and colours; the page adapts itself.
    pub async fn show_on(&self, screen: Screen) {
        let phone = screen.width < 600;
        let height = if phone { 844 } else { 900 };
        let metrics = json!({ "width": screen.width, "height": height, "deviceScaleFactor": 1, "mobile": phone });
        self.tell("Emulation.setDeviceMetricsOverride", metrics).await;
        self.tell("Emulation.setTouchEmulationEnabled", json!({ "enabled": phone })).await;
        let scheme = if screen.dark { "dark" } else { "light" };
        // Without motion: colours that are on their way are no colours to judge.
        let features = json!([
            { "name": "prefers-color-scheme", "value": scheme },
            { "name": "prefers-reduced-motion", "value": "reduce" },
        ]);
        self.tell("Emulation.setEmulatedMedia", json!({ "features": features })).await;
    }

    /// Switches the scripts of pages off.
    pub async fn without_script(&self) {
        self.tell("Emulation.setScriptExecutionDisabled", json!({ "value": true })).await;
    }

    /// Says something to the browser in the language of its developer tools; gives the answer.
    pub async fn tell(&self, command: &str, parameters: Value) -> Value {
        let answer = self.client.issue_cmd(Devtools { command: command.to_owned(), parameters }).await;
        answer.unwrap_or_else(|error| panic!("{command}: {error}"))
    }

    /// Opens a path of the console, or a whole address.
    pub async fn go(&self, path: &str) {
        let address = if path.starts_with('/') { format!("{}{path}", self.origin) } else { path.to_owned() };
        self.client.goto(&address).await.unwrap_or_else(|error| panic!("{address} cannot be opened: {error}"));
    }

    /// Waits until the page has the keyboard: a key that is pressed before goes nowhere.
    pub async fn has_keyboard(&self) {
        let begun = std::time::Instant::now();
        while self.run("return document.hasFocus()").await != true && begun.elapsed() < PATIENCE {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Path and query of the page.
    pub async fn path(&self) -> String {
        let address = self.client.current_url().await.expect("there is a page");
        let query = address.query().map(|query| format!("?{query}")).unwrap_or_default();
        format!("{}{query}", address.path())
    }

    /// The first element that a selector finds; waits for it.
    pub async fn find(&self, css: &str) -> Element {
        let begun = std::time::Instant::now();
        loop {
            match self.client.find(Locator::Css(css)).await {
                Ok(found) => return found,
                Err(error) if begun.elapsed() > PATIENCE => {
                    let (path, text) = (self.path().await, self.text().await);
                    panic!("{css} is not on {path} ({error}):\n{text}");
                }
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
    }

    /// Whether a selector finds something now.
    pub async fn has(&self, css: &str) -> bool {
        self.count(css).await > 0
    }

    /// How many elements a selector finds now.
    pub async fn count(&self, css: &str) -> usize {
        self.client.find_all(Locator::Css(css)).await.expect("the selector is good").len()
    }

    /// What a reader sees in the first element that a selector finds.
    pub async fn text_of(&self, css: &str) -> String {
        self.find(css).await.text().await.expect("an element has a text")
    }

    /// What a reader sees of the page.
    pub async fn text(&self) -> String {
        let text = self.run("return document.body?.innerText ?? ''").await;
        text.as_str().unwrap_or_default().to_owned()
    }

    /// Types into a field, in the place of what stands there.
    pub async fn fill(&self, css: &str, text: &str) {
        let field = self.find(css).await;
        field.clear().await.unwrap_or_else(|error| panic!("{css} cannot be emptied: {error}"));
        field.send_keys(text).await.unwrap_or_else(|error| panic!("{css} takes no text: {error}"));
    }

    /// Types into a field that cannot be emptied first: a date, a file, a choice.
    pub async fn type_into(&self, css: &str, text: &str) {
        self.find(css).await.send_keys(text).await.unwrap_or_else(|error| panic!("{css} takes no keys: {error}"));
    }

    /// Chooses one of the options by its value.
    pub async fn choose(&self, css: &str, value: &str) {
        let choice = self.find(css).await;
        choice.select_by_value(value).await.unwrap_or_else(|error| panic!("{css} has no {value}: {error}"));
    }

    /// Clicks on what stays on the page.
    pub async fn click(&self, css: &str) {
        self.find(css).await.click().await.unwrap_or_else(|error| panic!("{css} cannot be clicked: {error}"));
    }

    /// Clicks on what leads to another page and waits for that.
    pub async fn follow(&self, css: &str) {
        let element = self.find(css).await;
        self.leaving(async || {
            element.click().await.unwrap_or_else(|error| panic!("{css} cannot be clicked: {error}"));
        })
        .await;
    }

    /// Does what leads to another page and waits until that has come.
    pub async fn leaving(&self, step: impl AsyncFnOnce()) {
        self.run("window.left = false").await;
        step().await;
        eventually_async("another page comes", PATIENCE, async || {
            let there = "return window.left === undefined && document.readyState === 'complete'";
            let answer = self.client.execute(there, Vec::new()).await.ok()?;
            (answer == Value::Bool(true)).then_some(())
        })
        .await;
    }

    /// Presses keys, one after the other, wherever the focus is.
    pub async fn press(&self, keys: impl IntoIterator<Item = char>) {
        use fantoccini::actions::{InputSource as _, KeyAction, KeyActions};
        let mut actions = KeyActions::new(String::from("keyboard"));
        for value in keys {
            actions = actions.then(KeyAction::Down { value }).then(KeyAction::Up { value });
        }
        self.client.perform_actions(actions).await.expect("keys can be pressed");
    }

    /// Presses a key while another one is held.
    pub async fn chord(&self, held: char, key: char) {
        use fantoccini::actions::{InputSource as _, KeyAction, KeyActions};
        let actions = [
            KeyAction::Down { value: held },
            KeyAction::Down { value: key },
            KeyAction::Up { value: key },
            KeyAction::Up { value: held },
        ];
        let actions = actions.into_iter().fold(KeyActions::new(String::from("keyboard")), KeyActions::then);
        self.client.perform_actions(actions).await.expect("keys can be pressed");
    }

    /// Runs a script in the page; gives what it returns. The page's policy does not bind it.
    pub async fn run(&self, script: &str) -> Value {
        let answer = self.client.execute(script, Vec::new()).await;
        answer.unwrap_or_else(|error| panic!("{}: {error}", script.chars().take(200).collect::<String>()))
    }

    /// A picture of the whole page as PNG.
    pub async fn picture(&self) -> Vec<u8> {
        let answer = self.tell("Page.captureScreenshot", json!({ "captureBeyondViewport": true })).await;
        data(&answer)
    }

    /// The page as it would be printed, as PDF.
    pub async fn printed(&self) -> Vec<u8> {
        let answer = self.tell("Page.printToPDF", json!({ "paperWidth": 8.27, "paperHeight": 11.69 })).await;
        data(&answer)
    }

    /// What the console of the developer tools says since the last look: errors, refusals of the policy, warnings. That
    /// the page itself came with the status of a fault is left out: it shows the fault.
    pub async fn complaints(&self) -> Vec<String> {
        let entries = self.take_log("browser").await;
        let messages = entries.iter().filter(|entry| {
            if entry["level"] != "SEVERE" && entry["level"] != "WARNING" {
                return false;
            }
            let message = entry["message"].as_str().unwrap_or_default();
            let own_status = message.contains("Failed to load resource: the server responded with a status of 4");
            !(entry["source"] == "network" && own_status && !message.contains("/assets/"))
        });
        messages.map(|entry| format!("{} {}", entry["level"], entry["message"])).collect()
    }

    /// Addresses beyond the console that were asked for since the last look.
    pub async fn foreign_requests(&self) -> BTreeSet<String> {
        let entries = self.take_log("performance").await;
        let urls = entries.iter().filter_map(|entry| {
            let event: Value = serde_json::from_str(entry["message"].as_str()?).ok()?;
            let message = &event["message"];
            let asks = message["method"] == "Network.requestWillBeSent";
            asks.then(|| message["params"]["request"]["url"].as_str().map(str::to_owned))?
        });
        let own = |url: &String| url.starts_with(&self.origin) || url.starts_with("data:") || url.starts_with("about:");
        urls.filter(|url| !own(url)).collect()
    }

    async fn take_log(&self, kind: &'static str) -> Vec<Value> {
        let answer = self.client.issue_cmd(TakeLog(kind)).await.expect("the driver keeps logs");
        answer.as_array().cloned().unwrap_or_default()
    }

    /// What axe-core finds against WCAG 2.1 A and AA: one line for each element, with impact and rule. Of a long table it
    /// looks at the first rows, which come from the same template as the others.
    pub async fn barriers(&self) -> Vec<String> {
        let script = "const done = arguments[arguments.length - 1];
            axe.run({ exclude: [['tbody tr:nth-child(n + 11)']] }, { runOnly: arguments[0], resultTypes: ['violations'], preload: false })
                .then((found) => done(found.violations), (error) => done([{ id: String(error), nodes: [{}] }]));";
        if self.run("return typeof axe").await == "undefined" {
            self.run(axe()).await;
        }
        let answer = self.client.execute_async(script, vec![json!(AXE_TAGS)]).await;
        let answer = answer.unwrap_or_else(|error| panic!("axe-core does not run: {error}"));
        let violations = answer.as_array().expect("axe-core gives a list");
        let nodes = violations.iter().flat_map(|violation| {
            let nodes = violation["nodes"].as_array().into_iter().flatten();
            nodes.map(move |node| {
                let (rule, impact) = (&violation["id"], &node["impact"]);
                format!("{impact} {rule}: {} {} {}", node["target"], node["html"], node["failureSummary"])
            })
        });
        nodes.collect()
    }

    /// Elements that reach beyond the right edge of the window, if the page can be scrolled sideways; the innermost.
    pub async fn overflow(&self, screen: Screen) -> Vec<String> {
        let script = "const width = arguments[0];
            if (document.documentElement.scrollWidth <= width && innerWidth <= width) return [];
            const wide = [...document.body.querySelectorAll('*')].filter((e) => e.getBoundingClientRect().right > width + 1);
            const inner = wide.filter((e) => !wide.some((other) => other !== e && e.contains(other)));
            const names = inner.map((e) => `${e.tagName} ${e.className} ${e.textContent.trim().slice(0, 60)}`);
            return [`the page is ${document.documentElement.scrollWidth} px wide`, ...names.slice(0, 5)];";
        let answer = self.client.execute(script, vec![json!(screen.width)]).await.expect("the script runs");
        let lines = answer.as_array().into_iter().flatten();
        lines.map(|line| line.as_str().unwrap_or_default().to_owned()).collect()
    }

    /// Writes a file into the browser's folder, for an upload; gives its path.
    pub fn file(&self, name: &str, content: &[u8]) -> String {
        let path = self.folder().join(name);
        std::fs::write(&path, content).expect("a file can be written");
        path.display().to_string()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let number = i32::try_from(self.keeper.id()).expect("a process id");
        // It may have gone already; either way it is to be reaped.
        let _gone = kill_process_group(Pid::from_raw(number).expect("a process id is not 0"), Signal::KILL);
        let _reaped = self.keeper.wait();
    }
}

/// The bytes of an answer that holds them as base64.
fn data(answer: &Value) -> Vec<u8> {
    use base64::Engine as _;
    let text = answer["data"].as_str().expect("the answer holds data");
    base64::prelude::BASE64_STANDARD.decode(text).expect("the data are base64")
}

/// A program of the browser. Panics with what to do if the machine lacks it.
fn installed(program: &str) -> PathBuf {
    let folders = env::var_os("PATH").unwrap_or_default();
    let found = env::split_paths(&folders).map(|folder| folder.join(program)).find(|path| path.is_file());
    found.unwrap_or_else(|| panic!("{program} is missing. Install it: apt-get install chromium chromium-driver"))
}

/// The text of axe-core. Panics with what to do if the machine lacks it.
fn axe() -> &'static str {
    static AXE: std::sync::OnceLock<String> = std::sync::OnceLock::new();
    AXE.get_or_init(|| {
        let path = env::var_os(AXE_VARIABLE).map(PathBuf::from).or_else(installed_axe);
        let text = path.and_then(|path| std::fs::read_to_string(path).ok());
        let folder = target_folder().join("axe");
        text.unwrap_or_else(|| {
            panic!(
                "axe-core is missing. Install it: python3 -m venv {0} && {0}/bin/python -m pip install --no-deps \
                 axe-playwright-python (tests/run does), or name its axe.min.js in {AXE_VARIABLE}",
                folder.display()
            )
        })
    })
}

fn installed_axe() -> Option<PathBuf> {
    let pythons = std::fs::read_dir(target_folder().join("axe/lib")).ok()?.flatten();
    let files = pythons.map(|python| python.path().join("site-packages/axe_playwright_python/axe.min.js"));
    files.into_iter().find(|file| file.is_file())
}

/// The folder that holds what cargo builds.
pub fn target_folder() -> PathBuf {
    binary_folder().parent().expect("a profile's folder lies in the target folder").to_owned()
}

/// A command of the developer tools through chromedriver.
#[derive(Debug)]
struct Devtools {
    command: String,
    parameters: Value,
}

impl WebDriverCompatibleCommand for Devtools {
    fn endpoint(&self, base: &url::Url, session: Option<&str>) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/goog/cdp/execute", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &url::Url) -> (http::Method, Option<String>) {
        let body = json!({ "cmd": self.command, "params": self.parameters });
        (http::Method::POST, Some(body.to_string()))
    }
}

/// Takes what a log of the driver has gathered.
#[derive(Debug)]
struct TakeLog(&'static str);

impl WebDriverCompatibleCommand for TakeLog {
    fn endpoint(&self, base: &url::Url, session: Option<&str>) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/se/log", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &url::Url) -> (http::Method, Option<String>) {
        (http::Method::POST, Some(json!({ "type": self.0 }).to_string()))
    }
}
