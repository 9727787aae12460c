//! Words of the rules of renewal, of what changed, and of several owners beside each other.

use super::{Language, renewal::whole_years, words};
use crate::console::format::number;

words! {
    /// Words of the rules of renewal.
    RuleWords {
        title: "計算の条件", "Rules";
        lead: "補助制度、サポート終了日、試算の条件、前提です。どの報告も、ここにある値で計算します。", "Programmes of subsidy, ends of support, scenarios and assumptions: what every report is reckoned with.";
        whose: "だれの条件か", "Whose rules";
        installation: "システム全体", "The installation";
        from: "適用元", "From";
        since: "登録日時", "Said";
        shipped: "製品に同梱", "shipped with the product";
        origin: "出典", "Source";
        origin_date: "出典の確認日", "Source read on";
        edit: "条件を変更", "Change";
        validity: "期間", "Holds";
        kind: "費用の種類", "Kind";
        payer: "補助する者", "Payer";
        rate: "補助率", "Rate";
        standard: "補助基準額(1台)", "Standard amount of one";
        no_standard: "上限なし", "no limit";
        spare_cap: "補助される予備機の上限(児童生徒数に対する割合)", "Spares that are covered, of pupils";
        rest: "残りの負担", "Who pays the rest";
        rounding: "補助額の端数処理", "Rounding of grants";
        restriction: "処分制限", "Disposal restricted";
        invented: "架空の例", "invented";
        figure: "項目", "Figure";
        value: "値", "Value";
        os: "OS", "System";
        models: "機種", "Models";
        versions: "バージョン", "Versions";
        last_day: "サポートの最終日", "Last day with support";
        meaning: "終了するもの", "What ends";
        lifetimes: "バッテリーの寿命", "Lifetimes of batteries";
        battery: "寿命", "Lasts";
        every_one: "すべて", "all";
        scenario: "試算", "Scenario";
        different: "変わる点", "What is different";
        no_difference: "現行制度のまま", "nothing";
        invented_counts: "架空の制度も使う", "programmes that are invented count";
        tax: "地方交付税", "Local allocation tax";
        renew_after: "次の更新までの年数", "Years until renewed again";
        device_price: "端末の価格(税込)", "Price of a device, with tax";
        spare_price: "予備機の価格(税込)", "Price of a spare, with tax";
        nothing: "登録されていません。", "Nothing is said.";
        history: "これまでの変更", "History";
        said: "条件を登録", "rules said";
        given_up: "固有の条件を取りやめ", "own rules given up";
        editor_lead: "変更後の数字を確かめてから登録します。確かめるだけでは、何も保存されません。", "See what it does to the figures first, then set it. A preview stores nothing.";
        common: "よく使う変更", "Common changes";
        common_hint: "空欄の項目は変わりません。下の条件に反映し、変更後の数字を表示します。", "What is left empty stays. It goes into the rules below, with a preview of the figures.";
        of_programme: "変える補助制度", "Programme";
        copy_id: "写しのID(新しい制度として加えるとき)", "Id of a copy, to add it as another one";
        copy_name: "写しの名前", "Name of the copy";
        first_year: "最初の年度(例 R6)", "First fiscal year, for example 2024";
        last_year: "最後の年度(例 R10)", "Last fiscal year, for example 2028";
        standard_yen: "補助基準額(円)", "Standard amount, yen";
        rate_field: "補助率(例 2/3)", "Rate, for example 2/3";
        cap: "予備機の上限(例 15%)", "Spares up to, for example 15%";
        line: "置き換える行", "Line to replace";
        new_line: "新しく加える", "a new one";
        models_field: "機種(読点・改行区切り、末尾の * はその後を問わない)", "Models, with commas between; a star at the end for any rest";
        versions_field: "バージョン(機種と同じ書き方)", "Versions, in the same way";
        of_scenario: "変える試算", "Scenario";
        scenario_name: "試算の名前", "Name of the scenario";
        percent: "端末価格の増減(%)", "Price of devices, change in percent";
        unchanged: "変えない", "as it is";
        is_verified: "出典で確認済み", "The source says so";
        put_in: "反映して数字を見る", "Put in and preview";
        json: "条件(JSON)", "Rules (JSON)";
        json_hint: "値ごとに出典(source)、確認日(date)、確認済みか(verified)を書きます。誤りは場所を示してお知らせします。", "Each figure has its source, its date and whether it is verified. What is wrong is told with its place.";
        faults: "条件の誤り", "What is wrong with the rules";
        place: "場所", "Place";
        preview: "変更後の数字を見る", "Preview";
        preview_at: "数字を確かめる区市町村", "Preview the figures of";
        previewed: "変更後の数字(まだ登録していません)", "What it would change (nothing is stored yet)";
        set: "この条件を登録する", "Set these rules";
        give_up: "固有の条件を取りやめる", "Give up own rules";
        preview_give_up: "固有の条件を取りやめた場合の数字を見る", "Preview without own rules";
        text_changed: "確かめたあとで条件が変わりました。数字をもう一度確かめてください。", "The rules changed since the preview. Look at the figures again.";
        nobody: "数字を確かめる区市町村がありません。", "There is no municipality to preview.";
        own_hold: "この区市町村は固有の条件を使っているため、数字は変わりません。", "This municipality has rules of its own, so its figures stay.";
        same: "数字は変わりません。", "No figure changes.";
        before: "変更前", "Before";
        after: "変更後", "After";
        difference: "差", "Difference";
        no_plan_before: "変更前は、計画を作れません。", "Before, there is no plan.";
        no_plan_after: "変更後は、計画を作れません。", "After it, there is no plan.";
        set_done: "条件を登録しました", "The rules are set";
        given_up_done: "固有の条件を取りやめました", "Own rules are given up";
        changes: "前回からの変更", "What changed";
        changes_lead: "前回の報告のあとに加えた記録、取り消した記録、変わった条件と、数字の変化です。", "Entries that were added or taken back since the last report, other rules, and what follows for the figures.";
        since_time: "この日以降の変更", "Changed since";
        since_hint: "日付はその日の初めから。空欄は30日前から。時刻は 2026-11-27T12:00:00+09:00 の形", "a day counts from its beginning; empty for 30 days; a time as 2026-11-27T12:00:00+09:00";
        added: "加えた記録", "Added";
        taken_back: "取り消した記録", "Taken back";
        changed_entries: "記録", "Entries";
        what: "変更", "Change";
        entry_kind: "種類", "Kind";
        holds_from: "いつから", "From";
        changed_rules: "変わった条件", "Other rules";
        changed_cells: "端末整備・更新計画の変化", "Changes of the published plan";
        changed_amounts: "費用の変化", "Changes of the costs";
        no_changes: "この期間に変更はありません。", "Nothing changed in this time.";
        prefecture: "区市町村の一覧", "Municipalities";
        prefecture_lead: "区市町村ごとの更新台数、費用、更新の進み具合を並べ、合計を示します。", "What each municipality has to replace, what it costs and how far it is, and all of them together.";
        together: "合わせた計画", "The plan together";
        devices_next: "来年度の更新台数", "Devices next year";
        cost_next: "来年度の費用", "Cost next year";
        own_next: "うち自治体の負担", "Of that the board";
        own_ten: "10年間の自治体の負担", "The board, ten years";
        one_device: "1台・1年あたり(10年間)", "A device and year, ten years";
        renewed: "⑤ 累積更新率", "⑤ renewed so far";
        spares: "予備機", "Spares";
        find_owner: "区市町村名", "Name";
        left_out: "計画に含まれない区市町村", "Not in the plan";
        no_owner: "該当する区市町村はありません。", "No municipality matches.";
        each_owner: "区市町村ごとの一覧を見る", "Each municipality";
    }
}

/// From one year to another: "令和6年度〜令和10年度" / "FY 2024 (R6) – FY 2028 (R10)".
pub fn span_text(language: Language, first: &str, last: &str) -> String {
    language.choose(format!("{first}〜{last}"), format!("{first} – {last}"))
}

/// So many months.
pub fn months_text(language: Language, months: u16) -> String {
    language.choose(format!("{months}か月"), format!("{months} months"))
}

/// That somebody pays a part of what no programme covers.
pub fn cover_text(language: Language, kinds: &str, payer: &str, rate: &str) -> String {
    language.choose(format!("{kinds}の{rate}を{payer}が負担"), format!("{payer} pays {rate} of {kinds}"))
}

/// That everything is renewed later.
pub fn later_text(language: Language, years: u8) -> String {
    let years = whole_years(language, years);
    language.choose(format!("更新を{years}延期"), format!("renewed {years} later"))
}

/// That something costs more or less.
pub fn price_text(language: Language, kinds: &str, percent: i16) -> String {
    language.choose(format!("{kinds}の価格 {percent:+}%"), format!("{kinds}: {percent:+}% in price"))
}

/// Costs of tickets that came: how many, and how much they add up to.
pub fn ticket_costs_text(language: Language, count: u64, yen: &str) -> String {
    language.choose(
        format!("問い合わせの費用が {count} 件({yen})加わりました。"),
        format!("{count} costs of tickets came, {yen} in all."),
    )
}

/// From when to when changes are told.
pub fn period_text(language: Language, since: &str, until: &str) -> String {
    language.choose(format!("{since} から {until} まで"), format!("{since} to {until}"))
}

/// Of how many owners a list shows which.
pub fn shown_text(language: Language, from: usize, to: usize, all: usize) -> String {
    let [from, to, all] = [from, to, all].map(|count| number(i64::try_from(count).unwrap_or(i64::MAX)));
    language.choose(format!("{all} 区市町村のうち {from}〜{to} を表示"), format!("{from} to {to} of {all}"))
}

/// A difference of an amount, with its sign.
pub fn difference_text(difference: i64) -> String {
    if difference > 0 { format!("+{}", number(difference)) } else { number(difference) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_say_their_figures_in_both_languages() {
        let (ja, en) = (Language::Ja, Language::En);
        assert_eq!(
            [price_text(ja, "端末", 10), price_text(en, "device", -5)],
            ["端末の価格 +10%", "device: -5% in price"]
        );
        assert_eq!([difference_text(1_200), difference_text(0)], ["+1,200", "0"]);
        assert_eq!([later_text(ja, 1), later_text(en, 1)], ["更新を1年延期", "renewed 1 year later"]);
        assert_eq!(later_text(en, 2), "renewed 2 years later");
        assert_eq!(shown_text(en, 1, 200, 1_741), "1 to 200 of 1,741");
        assert!(cover_text(ja, "修理", "都道府県", "2/3").contains("修理の2/3を都道府県"));
    }
}
