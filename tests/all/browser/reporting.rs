//! A pupil's report from a phone: a label that staff print, three taps and a sentence on a slow line, and how it stands later.

use std::fs;

use gigafleet::network::rules::Cause;
use gigafleet_tests::{
    Browser, Screen,
    browser::target_folder,
    networks::{incident, line_of, write_incident},
};
use serde_json::json;

use super::Desk;

/// Most bytes of the form with all that it loads, on its way.
const MOST_BYTES: u64 = 20_000;

/// Looks at a page as a pupil's phone shows it: nothing bars anybody, nothing reaches beyond the edge, nothing comes from
/// elsewhere. Keeps a picture for people.
async fn look(browser: &Browser, name: &str) {
    let folder = target_folder().join("phone");
    fs::create_dir_all(&folder).expect("a folder can be made");
    for screen in [Screen::PHONE, Screen::PHONE.in_the_dark()] {
        browser.show_on(screen).await;
        let shade = if screen.dark { "-dark" } else { "" };
        fs::write(folder.join(format!("{name}{shade}.png")), browser.picture().await)
            .expect("a picture can be written");
        let mut faults = browser.barriers().await;
        if !screen.dark {
            faults.extend(browser.overflow(screen).await);
        }
        assert_eq!(faults, Vec::<String>::new(), "{name}{shade}");
    }
    browser.show_on(Screen::PHONE).await;
    assert_eq!(browser.complaints().await, Vec::<String>::new(), "{name}");
    assert!(browser.foreign_requests().await.is_empty(), "{name}");
}

/// Taps on the picture of a choice.
async fn tap(browser: &Browser, name: &str, value: &str) {
    browser.click(&format!("label:has([name='{name}'][value='{value}'])")).await;
}

#[tokio::test]
async fn a_pupil_reports_on_a_slow_line_and_sees_later_how_it_stands() {
    let desk = Desk::fresh().await;
    let (browser, staff) = (&desk.browser, desk.server.staff());
    let owner = staff.add_municipality("若葉野市").await.municipality_id;
    let school = staff.add_school(&owner, "若葉野市立第一小学校").await.school_id;

    // Staff make labels and print them.
    let ledger = "管理番号,シリアル番号,学校名\nW-1-0001,5CD5000001,若葉野市立第一小学校\nW-1-0002,5CD5000002,若葉野市立第一小学校\n";
    let file = browser.file("ledger.csv", ledger.as_bytes());
    browser.go("/imports").await;
    browser.choose("#field-municipality", &owner).await;
    browser.type_into("#field-file", &file).await;
    browser.follow("main form[action='/imports'] .primary").await;
    browser.follow("form[action$='/apply'] button").await;
    browser.go(&format!("/schools/{school}/labels")).await;
    browser.follow("main form[action$='/labels'] .primary").await;
    assert_eq!(desk.flash().await, "ラベルを作りました。");
    look(browser, "labels").await;
    let code = browser.text_of("tbody code").await;
    browser.go(&format!("/schools/{school}/labels/sheet?layout=24")).await;
    assert_eq!((browser.count(".face").await, browser.count(".face svg").await), (2, 2));
    let folder = target_folder().join("phone");
    browser.show_on(Screen::DESK).await;
    fs::write(folder.join("sheet-24.png"), browser.picture().await).expect("a picture can be written");
    let paper = browser.printed().await;
    assert!(paper.starts_with(b"%PDF-"));
    browser.go(&format!("/schools/{school}/labels/sheet?layout=65")).await;
    fs::write(folder.join("sheet-65.png"), browser.picture().await).expect("a picture can be written");
    browser.go("/").await;
    browser.follow("form[action='/sign-out'] button").await;

    // A pupil scans one, behind a line of 50 kB/s.
    browser.show_on(Screen::PHONE).await;
    browser.tell("Network.enable", json!({})).await;
    let slow = json!({ "offline": false, "latency": 200, "downloadThroughput": 50_000, "uploadThroughput": 50_000 });
    browser.tell("Network.emulateNetworkConditions", slow).await;
    browser.go(&format!("/r/{code}")).await;
    let bytes = "return performance.getEntriesByType('navigation').concat(performance.getEntriesByType('resource'))
        .reduce((sum, entry) => sum + entry.transferSize, 0)";
    let bytes = browser.run(bytes).await.as_u64().expect("a number");
    assert!(bytes < MOST_BYTES, "{bytes} bytes");
    assert!(browser.text_of(".place").await.contains("W-1-0001"));
    look(browser, "form").await;
    tap(browser, "category", "1").await;
    tap(browser, "who", "pupil").await;
    tap(browser, "stopped", "yes").await;
    browser.fill("#field-text", "<b>左下</b>が割れました").await;
    look(browser, "form-filled").await;
    browser.follow("button.primary").await;
    assert_eq!(browser.text_of(".note.good").await, "届きました。ありがとうございます。");
    assert_eq!(
        (browser.text_of("h1 b").await, browser.text_of(".said").await),
        (String::from("1"), String::from("<b>左下</b>が割れました"))
    );
    look(browser, "standing").await;
    let link = browser.path().await;
    browser.fill("#field-text", "もう一本 線が出ました").await;
    browser.follow("[value='more']").await;
    assert_eq!(browser.count(".said").await, 2);
    browser.follow("[value='fixed']").await;
    assert!(browser.text_of(".note").await.contains("なおったと思います"));
    look(browser, "resolved").await;
    browser.follow("[value='came_back']").await;
    assert!(browser.text().await.contains("また同じことが起きました。"));

    // What was typed stays when it is not enough; English is one tap away.
    browser.go(&format!("/r/{code}")).await;
    browser.follow("form.language button").await;
    assert_eq!(browser.text_of("h1").await, "Report a problem");
    look(browser, "form-english").await;
    browser.run("for (const e of document.querySelectorAll('[required]')) e.required = false").await;
    browser.fill("#field-text", "stays").await;
    browser.follow("button.primary").await;
    assert_eq!(browser.count(".wrong").await, 3);
    assert_eq!(browser.run("return document.querySelector('#field-text').value").await, "stays");
    look(browser, "form-refused").await;

    browser.follow("form.language button").await;
    for (number, length) in [600_usize, 2, 2, 2, 2, 2].into_iter().enumerate() {
        browser.go(&format!("/r/{code}")).await;
        tap(browser, "category", "8").await;
        tap(browser, "who", "teacher").await;
        tap(browser, "stopped", "no").await;
        let fill = format!(
            "const e = document.querySelector('#field-text'); e.removeAttribute('maxlength'); e.value = '遅'.repeat({length})"
        );
        browser.run(&fill).await;
        browser.follow("button.primary").await;
        if number >= 2 {
            // The same again: that it is known is told, and nothing of what was written.
            let told = browser.text_of(".note.warning").await;
            assert!(told.contains("もう連絡されています") && !told.contains("遅遅"), "{told}");
            if number == 2 {
                look(browser, "same").await;
            }
            tap(browser, "known", "other").await;
            browser.follow("button.primary").await;
        }
        let kept = browser.run("return document.querySelector('#field-text').value.length").await;
        match number {
            0 => {
                assert!(browser.text_of(".wrong").await.contains("500文字まで"));
                assert_eq!(kept, 600);
            }
            // One came before these, and with this label five are taken.
            5 => {
                assert!(browser.text_of(".note.bad").await.contains("連絡がとても多くなっています"));
                assert_eq!(kept, 2);
                look(browser, "limited").await;
            }
            _ => assert!(browser.text_of("h1").await.contains("受付番号")),
        }
    }
    browser.go(&format!("/r/{code}")).await;
    browser.follow("form.language button").await;

    // A fault that is known is told first, and has one tap instead of the fortieth report.
    let broken = incident(line_of(&school), Cause::LineCut, &[(owner.as_str(), vec![school.clone()])]);
    write_incident(&desk.server, &broken).await;
    browser.go(&format!("/r/{code}")).await;
    look(browser, "known-english").await;
    browser.follow("form.language button").await;
    look(browser, "known").await;
    browser.follow("form[action$='/also'] button").await;
    assert_eq!(browser.text_of(".note.good").await, "ありがとうございます。数に入れました。");
    browser.follow("form[action$='/also'] button").await;
    assert!(browser.text_of(".note.warning").await.contains("同じ知らせ: 1件"), "two taps on one label count once");

    // Forged, altered, unknown: one page, which says nothing more.
    let other = if link.ends_with('x') { "y" } else { "x" };
    for wrong in ["/r/0000-0000-0000-0000", "/r/x", "/report/x", &format!("{}{other}", &link[..link.len() - 1])] {
        browser.go(wrong).await;
        assert_eq!(browser.text_of("h1").await, "このページは使えません", "{wrong}");
    }
    look(browser, "gone").await;
}
