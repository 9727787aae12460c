//! Rules of renewal as a board changes them: seen before they are set, set, told of, given up; what is wrong comes back with
//! its place. And owners beside each other.

use gigafleet_proto::v1;
use gigafleet_tests::Browser;

use super::{
    Desk,
    budget::{budget, budgets},
};

/// Puts another standard amount and another cap of spares into the programme that holds, and sees what that does.
async fn put_in(browser: &Browser, owner: &str) {
    browser.go(&format!("/renewal/rules?municipality_id={owner}")).await;
    browser.follow("a[href^='/renewal/rules/programmes']").await;
    browser.choose("#field-programme", "next-giga").await;
    browser.fill("#field-standard_yen", "３０，０００円").await;
    browser.fill("#field-cap", "20%").await;
    browser.fill("#field-origin", "若葉野市の試算").await;
    browser.follow("#common [value=put_in]").await;
}

/// Whose programmes hold, as the page of rules says.
async fn programmes_from(browser: &Browser, owner: &str) -> String {
    browser.go(&format!("/renewal/rules?municipality_id={owner}")).await;
    browser.text_of("#programmes-from").await
}

/// What a page of changes says of since when it could tell the next ones.
async fn as_of(browser: &Browser, owner: &str) -> String {
    browser.go(&format!("/renewal/changes?municipality_id={owner}")).await;
    browser.text_of(".hash code").await
}

#[tokio::test]
async fn rules_of_an_owner_are_seen_before_they_are_set_and_given_up_again() {
    let desk = Desk::fresh().await;
    let staff = desk.server.staff();
    let owner = staff.add_municipality("若葉野市").await.municipality_id;
    let other = staff.add_municipality("空野村").await.municipality_id;
    let school = staff.add_school(&owner, "第一小学校").await.school_id;
    budget(&desk.server, &owner, &school).await;
    let browser = &desk.browser;
    browser.without_script().await;
    let since = as_of(browser, &owner).await;

    // 611 pupils and 15 % of them are 702, with 20 % they are 733. Of 45,000 yen only 30,000 count: the board pays the rest.
    put_in(browser, &owner).await;
    let plan = browser.text_of("#plan-figures tbody tr:nth-child(2)").await;
    assert!(plan.contains("702") && plan.contains("733"), "{plan}");
    let money = browser.text_of("#money-figures tbody tr.differs").await;
    assert!(money.contains("令和9年度") && money.contains('+'), "{money}");
    let from = programmes_from(browser, &owner).await;
    assert!(from.contains("製品の既定値"), "a preview stores nothing: {from}");

    put_in(browser, &owner).await;
    browser.follow("#preview [value=set]").await;
    assert!(desk.flash().await.contains("条件を登録しました"), "{}", browser.text().await);
    let from = browser.text_of("#programmes-from").await;
    assert!(from.contains("設置者") && !from.contains("製品の既定値"), "{from}");
    let rules = browser.text_of("main").await;
    assert!(rules.contains("30,000円") && rules.contains("20/100") && rules.contains("若葉野市の試算"), "{rules}");
    assert!(programmes_from(browser, &other).await.contains("製品の既定値"), "another owner has none of it");

    browser.go(&format!("/renewal/changes?municipality_id={owner}&since={since}")).await;
    assert!(browser.text_of("#changed-rules").await.contains("補助制度"));
    assert!(!browser.has("#entries").await, "nothing was recorded since");
    let cells = browser.text_of("#cells").await;
    assert!(cells.contains("② 予備機を含む整備上限台数") && cells.contains("702") && cells.contains("733"), "{cells}");
    let amounts = browser.text_of("#amounts").await;
    assert!(amounts.contains("基金") && amounts.contains('+'), "{amounts}");

    browser.follow("#changed-rules a").await;
    browser.follow("[value=preview_give_up]").await;
    let plan = browser.text_of("#plan-figures tbody tr:nth-child(2)").await;
    assert!(plan.contains("702") && plan.contains("733"), "{plan}");
    assert!(!browser.has("#preview [value=set]").await);
    browser.follow("#preview [value=give_up]").await;
    assert!(desk.flash().await.contains("取りやめました"), "{}", browser.text().await);
    assert!(programmes_from(browser, &owner).await.contains("製品の既定値"));
    browser.go(&format!("/renewal/changes?municipality_id={owner}&since={since}")).await;
    assert!(browser.has("#none").await && !browser.has("#changed-rules").await, "{}", browser.text().await);
}

#[tokio::test]
async fn wrong_rules_come_back_as_they_were_typed_with_their_places() {
    let desk = Desk::fresh().await;
    let owner = desk.server.staff().add_municipality("若葉野市").await.municipality_id;
    let browser = &desk.browser;
    let typed = async || browser.find("#field-rules").await.prop("value").await.expect("a field").unwrap_or_default();
    browser.go(&format!("/renewal/rules/ends?municipality_id={owner}")).await;
    assert!(typed().await.starts_with("{\n \"source\""), "what holds stands there over several lines");
    let wrong = r#"{ "source": "市", "ends": [{ "os": "beos", "models": ["K-1"], "versions": [] }], "lifetimes": [] }"#;
    for (text, place) in [(wrong, "ends.1.os"), (r#"{ "source": "#, "file")] {
        browser.fill("#field-rules", text).await;
        browser.follow("#rules .buttons [value=preview]").await;
        assert!(browser.text_of("#wrong").await.contains(place), "{place}: {}", browser.text().await);
        assert!(browser.has("#field-rules[aria-invalid=true]").await);
        assert_eq!(typed().await, text.trim());
        assert!(!browser.has("#preview").await, "there is nothing to be set");
    }
    // A common change is refused at its field.
    browser.go(&format!("/renewal/rules/ends?municipality_id={owner}")).await;
    browser.fill("#field-models", "Chromebook 300e*").await;
    browser.fill("#field-last_date", "いつか").await;
    browser.follow("#common [value=put_in]").await;
    assert!(
        browser.has("#field-last_date[aria-invalid=true]").await
            && browser.has("#field-origin[aria-invalid=true]").await
    );
    browser.fill("#field-last_date", "2031-06-30").await;
    browser.fill("#field-origin", "メーカー公表").await;
    browser.follow("#common [value=put_in]").await;
    assert!(browser.has("#same").await, "nothing is recorded that it could change: {}", browser.text().await);
    assert!(typed().await.contains("Chromebook 300e*"));

    // What is set is what was seen.
    let seen = typed().await;
    browser.fill("#field-rules", &seen.replace('\n', " ")).await;
    browser.follow("#preview [value=set]").await;
    assert!(browser.has("#notice").await, "{}", browser.text().await);
    // Somebody else is faster.
    let mut renewal = desk.server.staff().renewal().await;
    let kind = v1::RenewalRulesKind::Ends.into();
    let reset = v1::SetRenewalRulesRequest { municipality_id: owner, kind, reset: true, ..Default::default() };
    renewal.set_renewal_rules(reset).await.expect("they are given up");
    browser.follow("#preview [value=set]").await;
    assert!(browser.text_of(".refusal").await.contains("変更"), "{}", browser.text().await);
    assert!(typed().await.contains("Chromebook 300e*"), "what was typed stays");
}

#[tokio::test]
async fn owners_stand_beside_each_other_with_who_is_left_out() {
    let desk = Desk::fresh().await;
    let staff = desk.server.staff();
    let owner = staff.add_municipality("若葉野市").await.municipality_id;
    let other = staff.add_municipality("青葉野市").await.municipality_id;
    staff.add_municipality("空野村").await;
    let school = staff.add_school(&owner, "第一小学校").await.school_id;
    budgets(&desk.server, (&owner, &school), &other).await;
    let browser = &desk.browser;
    browser.go("/renewal").await;
    browser.follow("#each-owner").await;
    assert_eq!(browser.count("#owners tbody tr").await, 2, "{}", browser.text().await);
    // They are many, so the list is closed at first.
    browser.click("#left-out summary").await;
    let left_out = browser.text_of("#left-out").await;
    assert!(left_out.contains("青葉野市") && left_out.contains("様式に収まりません"), "{left_out}");
    assert!(left_out.contains("空野村") && left_out.contains("記録がありません"), "{left_out}");
    assert!(browser.text_of("#together tbody tr:first-child").await.contains("611"));
    for (sort, first) in [("-due", "若葉野市"), ("due", "青葉野市")] {
        browser.go(&format!("/renewal/prefecture?sort={sort}")).await;
        let row = browser.text_of("#owners tbody tr:first-child").await;
        assert!(row.contains(first), "{sort}: {row}");
    }
    browser.go("/renewal/prefecture?q=青葉").await;
    assert_eq!(browser.count("#owners tbody tr").await, 1);
    browser.follow("#owners tbody a").await;
    assert!(browser.path().await.contains(&other));
}
