//! What holds on every page, in both languages, on a phone and on a desk, light and dark.

use gigafleet_tests::{Browser, Engine, Screen, ServerOptions};

use super::{
    gallery::{Gallery, Shot},
    origin,
    pages::{self, Cast, Page},
    person::Person,
    town::Town,
};

/// Sizes and colours in which each page is looked at.
const SCREENS: [Screen; 4] = [Screen::PHONE, Screen::PHONE.in_the_dark(), Screen::DESK.in_the_dark(), Screen::DESK];

/// Nothing bars anybody (axe-core, WCAG 2.1 A and AA), nothing reaches beyond the edge, nothing comes from elsewhere, the
/// browser complains of nothing; and pictures of all of it are written for people.
#[tokio::test]
async fn every_page_is_open_to_everybody_fits_and_keeps_to_itself() {
    let server = ServerOptions::on(Engine::Sqlite).await.start().await;
    let (japanese, english) = Browser::open_two(&origin(&server)).await;
    let link = server.setup_path().expect("nobody can sign in yet").to_owned();
    let first = Person::from_first_link(&japanese, &link, "admin", "府中 明子").await;
    let town = Town::fill(&server).await;
    let second = Person::from_invitation(&english, &town.links.administrator, "admin-en").await;
    let gallery = Gallery::fresh();
    let casts = (Cast::new(first, &town.links, 0), Cast::new(second, &town.links, 1));
    let (first, second) = tokio::join!(
        walk(&japanese, "ja", casts.0, pages::all(&town, 0), &gallery),
        walk(&english, "en", casts.1, pages::all(&town, 1), &gallery),
    );
    gallery.write_index();
    let faults: Vec<_> = first.into_iter().chain(second).collect();
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

async fn walk(browser: &Browser, language: &str, mut cast: Cast, pages: Vec<Page>, gallery: &Gallery) -> Vec<String> {
    let mut faults = Vec::new();
    for (number, page) in pages.iter().enumerate() {
        cast.seat(browser, page.who).await;
        speak(browser, language, page).await;
        for step in &page.way {
            step.take(browser).await;
        }
        let mut found = whole(browser, language).await;
        for screen in SCREENS {
            browser.show_on(screen).await;
            let on = |fault: String| format!("{} px{}: {fault}", screen.width, if screen.dark { ", dark" } else { "" });
            if !screen.dark {
                found.extend(browser.overflow(screen).await.into_iter().map(on));
            }
            found.extend(browser.barriers().await.into_iter().map(on));

            // Dark ones of the desk in Japanese will do: they differ in colours only.
            if !screen.dark || (language == "ja" && screen.width == Screen::DESK.width) {
                let shot = Shot { number, page: page.name, language, screen };
                gallery.keep(shot, &browser.picture().await);
            }
        }
        found.extend(browser.complaints().await);
        found.extend(browser.foreign_requests().await);
        faults.extend(found.into_iter().map(|fault| format!("{language} {}: {fault}", page.name)));
    }
    faults
}

/// Switches to a language on the page where the way begins, as a person does.
async fn speak(browser: &Browser, language: &str, page: &Page) {
    if browser.run("return document.documentElement.lang").await == language {
        return;
    }
    if !browser.has("form[action='/language']").await {
        let Some(pages::Step::Open(path)) = page.way.first() else { panic!("a way begins with a path") };
        browser.go(path).await;
    }
    if browser.run("return document.documentElement.lang").await != language {
        browser.follow("form[action='/language'] button").await;
    }
}

/// What every page has: its language, a title, one heading of the first level, a label for each field.
async fn whole(browser: &Browser, language: &str) -> Vec<String> {
    let script = "return {
        language: document.documentElement.lang,
        title: document.title.trim().length > 3,
        headings: document.querySelectorAll('h1').length,
        unlabelled: [...document.querySelectorAll('main input:not([type=hidden]), main select, main textarea')]
            .filter((e) => e.labels.length === 0).map((e) => e.name),
    }";
    let found = browser.run(script).await;
    let good = serde_json::json!({ "language": language, "title": true, "headings": 1, "unlabelled": [] });
    if found == good { Vec::new() } else { vec![format!("the page is not whole: {found}")] }
}
