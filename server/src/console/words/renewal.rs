//! Words of renewal.

use super::{Language, words};
use crate::console::format::number;

words! {
    /// Words of renewal.
    RenewalWords {
        title: "更新と費用", "Renewal and costs";
        lead: "いつ、何台を更新し、いくらかかり、だれが負担するかを、記録した内容から計算します。", "What must be replaced when, what it costs and who pays, out of what is recorded.";
        municipality: "区市町村", "Municipality";
        all_owners: "すべて(合計)", "All together";
        as_of: "時点", "As of";
        as_of_hint: "空欄は今。日付(例 R8.11.27)はその日の終わり、時刻は 2026-11-27T12:00:00+09:00 の形", "empty for now; a day (2026-11-27) counts whole; a time as 2026-11-27T12:00:00+09:00";
        due_next: "来年度に更新が必要な端末", "Devices due next fiscal year";
        own_next: "来年度の自治体の負担", "What it costs the board itself";
        spares_enough: "予備機は足りるか", "Do spares suffice?";
        enough: "足りる見込み", "Likely enough";
        not_enough: "不足のおそれ", "May run short";
        spares_unknown: "不明", "Not known";
        spares_none: "使用中・予備の端末が台帳に登録されていません。", "No devices in use and no spares are in the registry.";
        spares_now: "予備機は、指定した時点ではなく現在の台帳と修理の記録から計算しています。", "Spares are reckoned from the registry and the repairs of now, whatever time the rest is as of.";
        ten_years: "10年間の費用", "Ten years to come";
        by_payer: "年度ごとの費用(負担者別)", "Costs by fiscal year and payer";
        recorded: "これまでの実績・契約", "Recorded so far";
        year: "年度", "Fiscal year";
        total: "合計", "Total";
        devices: "更新台数", "Devices";
        own: "自治体の負担", "Board itself";
        state: "国(基金・その他)", "State";
        prefecture: "都道府県", "Prefecture";
        allocation: "地方財政措置", "Local allocation";
        guardian: "保護者", "Guardians";
        expected_note: "見込みは、記録した調達・費用と補助制度から計算したものです。今と同じ価格で、昨年度と同じ運用費がかかると仮定しています。契約済みの支払いも含みます。", "What is to come follows from lots, costs and programmes: at today's prices, with last year's running costs and what is agreed already.";
        empty: "まだ何も記録されていません。", "Nothing is recorded yet.";
        empty_lead: "次の内容を記録すると、この画面に更新時期・費用・計画が表示されます。CSVかExcelのファイルでも取り込めます。", "Record this, and the page shows what is due, what it costs and the plan. Files of CSV or Excel work too.";
        enter_pupils: "年度ごとの児童生徒数", "Pupils of each fiscal year";
        enter_lots: "端末と予備機の調達(購入・リース)と負担者", "Devices and spares that were bought or leased, and who paid";
        enter_costs: "運用費(通信、ライセンス、修理、保険など)", "Running costs: lines, licences, repairs, insurance";
        enter_planned: "これからの整備予定", "Devices that are planned";
        enter_file: "ファイルの取り込み", "A file";
        plan: "端末整備・更新計画", "Published plan";
        plan_lead: "公表する様式のとおりに、記録した内容から作ります。", "In the form in which it is published, out of what is recorded.";
        plan_empty: "計画に入る記録がありません。児童生徒数と整備予定、または調達を記録してください。", "Nothing of a plan is recorded. Record pupils and planned devices, or lots.";
        cap_after: "②(整備の最終年度より後)", "② after the last year of installation";
        spare_share: "⑧ 予備機整備率", "⑧ share of spares";
        programme: "補助制度", "Programme";
        notes: "注", "Notes";
        disposal_block: "更新対象端末のリユース、リサイクル、処分について", "What becomes of devices that are replaced";
        disposal_devices: "対象台数", "Devices";
        disposal_route: "処分方法", "Route";
        erasers: "端末のデータの消去方法", "Who erases the data";
        schedule: "スケジュール", "Schedule";
        network_item: "必要なネットワーク速度が確保できている学校数、総学校数に占める割合", "Schools that reach the speed that is needed, and their share";
        schools_reached: "確保できている学校", "Reach it";
        schools_all: "総学校数", "All schools";
        schools_unknown: "うち不明", "Not known";
        problems: "足りない記録", "What is missing";
        refused: "記録された内容が計画の様式に収まりません。次を直してください。", "What is recorded cannot stand in the form of the plan. Put this right:";
        plan_none: "計画を作れません。", "There is no plan.";
        row: "項目", "Row";
        why: "理由", "Why";
        left_out: "計画に含まれない区市町村", "Municipalities that are left out";
        hash: "この内容のハッシュ(SHA-256)", "Hash of this content (SHA-256)";
        hash_note: "同じ時点・同じ条件なら、いつ作っても同じ値になります。", "The same time and terms give the same value whenever it is made.";
        sources: "根拠", "Sources";
        unverified: "未確認", "not confirmed";
        scenarios: "試算の比較", "Scenarios side by side";
        scenarios_lead: "価格、更新時期、補助を変えたときに、自治体が毎年用意する額を比べます。", "What the board must find each year with other prices, a later renewal, or more support.";
        choose_scenarios: "比べる試算", "Scenarios";
        own_terms: "条件を決めて試算する", "Terms of your own";
        price_percent: "端末価格の増減(%)", "Price of devices, change in percent";
        later_years: "更新の延期(年)", "Renewal later, in years";
        most_devices: "1年の上限(台)", "Most devices a year";
        most_yen: "1年の上限(円)", "Most yen a year";
        most_a_year: "1年の上限", "at most a year:";
        prefer: "上限を超える分", "What is above it goes";
        covered: "更新費用とランニングコストを国が補助", "Renewal and running costs covered";
        reckon: "試算する", "Compare";
        scenario: "試算", "Scenario";
        must_find: "自治体が用意する額", "What the board must find";
        difference: "最初の試算との差", "Against the first";
        ten_year_total: "10年間の合計(負担者別)", "Ten years together, by payer";
        what_if_note: "画面で決めた条件は保存されません。報告に残すときは、試算の条件として記録してください。", "Terms of your own are not kept. For a report, record them as a scenario.";
        no_scenarios: "比べる試算を選んでください。", "Choose what to compare.";
        costs: "費用の内訳", "What the amounts are of";
        costs_lead: "金額から、元になった記録とシリアル番号までたどれます。", "From an amount to the entry, the ticket or the serial numbers behind it.";
        choose_owner: "区市町村を選んでください。", "Choose a municipality.";
        payer: "負担者", "Payer";
        kind: "費用の種類", "Kind";
        school: "学校", "School";
        model: "機種", "Model";
        amount: "金額", "Amount";
        basis: "区分", "Basis";
        source: "記録", "Source";
        sums: "内訳の合計", "Sums";
        parts: "もとになった記録", "Entries and tickets";
        whole_owner: "全体", "Owner as a whole";
        no_device: "端末以外", "No device";
        no_parts: "この条件で記録された金額はありません。", "No amount is recorded that matches.";
        expected_parts: "見込みの額は、次の調達の更新時期から計算しています。", "What is expected comes from these lots being due.";
        due_lots: "更新時期を迎える調達", "Lots that are due";
        reason: "更新の理由", "Reason";
        count: "台数", "Devices";
        past_os_end: "OSサポート終了後も使用", "runs without support";
        ticket: "問い合わせ", "Ticket";
        entry: "台帳の記録", "Entry of the ledger";
        recorder: "記録した人", "Recorded by";
        recorded_at: "記録日時", "Recorded";
        valid: "期間", "Holds";
        reversed: "取り消し済み", "taken back";
        reversal: "取り消し", "reversal";
        corrected_by: "取り消した記録", "Taken back by";
        note: "メモ", "Note";
        vendor: "支払先", "Paid to";
        delivered: "納品日", "Delivered";
        warranty: "保証期限", "Warranty until";
        restriction_end: "処分制限の最終日", "Disposal restricted until";
        maker: "メーカー", "Maker";
        acquisition: "調達方法", "How";
        unit_price: "単価", "Price of one";
        monthly: "月額", "Each month";
        entry_devices: "端末ごとの金額", "Devices with their share";
        number: "番号", "Number";
        serial: "シリアル番号", "Serial number";
        no_serial: "未登録", "not known";
        share: "この端末の分", "Its share";
        disposals: "処分の記録", "Disposal register";
        disposals_lead: "処分した端末の方法、データ消去、証明書、処分制限期間を一覧にします。", "Devices that were disposed of: route, who erased them, certificate and restriction.";
        no_disposals: "処分は記録されていません。", "No disposal is recorded.";
        disposed_on: "処分日", "Day";
        eraser: "データ消去", "Erased by";
        certificate: "消去証明書", "Certificate";
        no_certificate: "証明書なし", "no certificate";
        restriction: "処分制限", "Restriction";
        within: "期間内(承認あり)", "within, with approval";
        outside: "期間外", "none";
        approval: "承認番号", "Approval";
        more_devices: "この記録の端末をすべて見る", "All devices of this entry";
        export_utf8: "CSV (UTF-8)", "CSV (UTF-8)";
        export_cp932: "CSV (Shift_JIS)", "CSV (Shift_JIS)";
        export_xlsx: "Excel (XLSX)", "Excel (XLSX)";
        lives: "機種ごとの寿命", "Lives of devices";
        lives_lead: "機種ごとに、どれだけ長く故障せずに使えたかと、これからの故障とバッテリー交換の見込みを示します。", "How long devices of each model last without a failure, and how many failures and batteries are to come.";
        life_kind: "故障の種類", "What ends a life";
        life_definition: "始まりは調達の納品日、なければ導入日か台帳への登録日。終わりは最初の確認済みの故障か修理。返却・廃棄・紛失した端末と使用中の端末は、そこまで故障しなかったものとして数えます。登録より前の故障は分からないため、登録日から観察しています。", "A life begins with the delivery of its lot, or else on the day of acquisition or of registration, and ends with the first confirmed failure or repair. Devices that left, and those still there, lasted that long at least. What failed before a device was registered is not known, so it counts from then on.";
        lives_axis: "横の線は、故障せずに残る割合 100%、75%、50%、25%、0%。縦の線は1年ごと。帯は95%区間。", "Lines across: 100, 75, 50, 25 and 0% last without a failure. Upright lines: years. The band: the interval of 95%.";
        lives_none: "端末が台帳に登録されていません。", "No devices are in the registry.";
        model_unknown: "機種不明", "Model not known";
        devices_now: "現在の台数", "Devices now";
        life_count: "数えた台数", "Lives counted";
        failure_count: "故障した台数", "Failed";
        median: "半数が故障するまで", "Half have failed after";
        not_reached: "未到達", "not yet";
        counted: "実績", "counted";
        assumed: "既定値", "default";
        basis_of: "根拠", "Rests on";
        expected_failures: "これからの故障の見込み(件)", "Failures to come";
        curve: "故障せずに残る割合", "Share that lasts";
        methods: "見込みの方法", "How it was reckoned";
        advice: "修理か更新か", "Repair or replace";
        advice_lead: "端末1台を修理した場合と更新した場合の費用を、使える年数で割って比べます。修理は補助の対象外、更新はその日の補助制度によります。", "What a repair and a replacement of one device come to for each year that it is there then. No programme pays for repairs; a replacement is paid by the programme that covers the day.";
        device: "端末", "Device";
        device_id: "端末のID", "Id of the device";
        repair_price: "修理費(税込)", "Price of the repair, with tax";
        new_price: "新しい端末の価格(空欄は条件の価格か、この端末の価格)", "Price of a new device (empty: what is assumed, or what this one cost)";
        way: "方法", "Way";
        repair: "修理", "Repair";
        replace: "更新", "Replacement";
        years_there: "使える年数", "Years";
        yearly: "1年あたり", "Each year";
        own_yearly: "1年あたりの自治体の負担", "Each year, board itself";
        paid_by: "負担者", "Paid by";
        cheaper: "自治体の負担が少ない", "less for the board";
        due_anyway: "修理しなくても更新する年度", "Renewed anyway in";
        due_unknown: "不明(条件の更新年数で計算)", "not known (the years between renewals are assumed)";
        restricted_until: "処分制限期間", "Disposal restricted";
        not_restricted: "処分制限なし", "Not restricted";
        per_device: "端末1台・1年あたりの費用", "Cost of a device and year";
        per_device_note: "端末数は年度末(3月31日)に使われている台数で、予備機は数えず、その費用は含めます。これからの年度は、更新する端末が同じ台数の端末に替わるものとして数えます。今年度の費用は、これまでに記録した分です。", "Devices are those of 31 March, without spares, whose cost counts. In years to come devices that are renewed stay as many. Costs of the current year are those recorded so far.";
        devices_at_end: "年度末の端末数", "Devices at its end";
        devices_and_spares: "端末・予備機", "Devices and spares";
        running: "運用", "Running costs";
        cost: "費用", "Costs";
        own_of_it: "うち自治体の負担", "Board itself";
        one_device: "1台・1年あたり", "A device and year";
        own_one_device: "うち自治体の負担(1台・1年)", "Board itself, a device and year";
        all_years: "全年度(端末数は延べ)", "All years (devices added up)";
        without_owner_note: "一部の学校だけを担当する人には、費用は表示されません。", "Who looks after single schools only sees no costs.";
    }
}

/// An amount: "1,234円" / "¥1,234".
pub fn yen_text(language: Language, yen: i64) -> String {
    language.choose(format!("{}円", number(yen)), format!("¥{}", number(yen)))
}

/// So many devices: "1,234台" / "1,234".
pub fn devices_text(language: Language, count: u64) -> String {
    let number = number(i64::try_from(count).unwrap_or(i64::MAX));
    language.choose(format!("{number}台"), number.clone())
}

/// What the number of devices that are due means.
pub fn due_sentence(language: Language, year: &str, spares: u64, overdue: u64) -> String {
    let (spares, overdue) = (devices_text(language, spares), devices_text(language, overdue));
    language.choose(
        format!("{year}に更新します。うち予備機 {spares}、前年度までに時期が来たもの {overdue}。"),
        format!("To be replaced in {year}; {spares} of them are spares, {overdue} were due before."),
    )
}

/// What the share of the board is made of.
pub fn own_sentence(language: Language, renewal: i64, running: i64, whole: i64) -> String {
    let [renewal, running, whole] = [renewal, running, whole].map(|yen| yen_text(language, yen));
    language.choose(
        format!("全体 {whole} のうち、基金や補助を除いた額です。更新 {renewal}、運用 {running}。"),
        format!("Of {whole} in all, what no fund and no subsidy pays: {renewal} for renewal, {running} to run it."),
    )
}

/// What a device costs a year, over the years from a first to a last one.
pub fn per_device_sentence(language: Language, (first, last): (&str, &str), one: i64, own: i64) -> String {
    let [one, own] = [one, own].map(|yen| yen_text(language, yen));
    language.choose(
        format!("{first}から{last}までの平均で、端末1台に1年あたり {one}(うち自治体の負担 {own})かかります。"),
        format!("From {first} to {last} a device costs {one} a year on average, of which the board pays {own}."),
    )
}

/// How likely spares last, and what that rests on.
pub fn spares_sentence(
    language: Language,
    (free, away): (u32, u32),
    until: &str,
    percent: u32,
    is_counted: bool,
) -> String {
    let (free, away) = (devices_text(language, free.into()), devices_text(language, away.into()));
    let basis = match is_counted {
        true => language.choose("実績の故障率", "the failures that were counted"),
        false => language.choose("既定の故障率", "a default rate of failures"),
    };
    language.choose(
        format!("空いている予備機 {free}、修理中 {away}。{until}まで不足しない確率は {percent}%({basis})。"),
        format!("{free} spares are free, {away} devices in repair. Never short until {until}: {percent}%, by {basis}."),
    )
}

/// Of how many owners spares may run short.
pub fn spares_of_several(language: Language, short: usize, all: usize) -> String {
    language.choose(
        format!("{all} 区市町村のうち {short} で、年度末までに不足するおそれがあります。"),
        format!("In {short} of {all} municipalities they may run short before the fiscal year ends."),
    )
}

/// So many years of days: "4.2年" / "4.2 years".
pub fn years_of_days(language: Language, days: u32) -> String {
    let years = f64::from(days) / 365.25;
    language.choose(format!("{years:.1}年"), format!("{years:.1} years"))
}

/// So many whole years.
pub fn whole_years(language: Language, years: u8) -> String {
    language.choose(format!("{years}年"), if years == 1 { String::from("1 year") } else { format!("{years} years") })
}

/// Above the share that fails within so many years.
pub fn within_years(language: Language, years: u8) -> String {
    language.choose(format!("{years}年以内に故障"), format!("Within {years} y"))
}

/// Above the failures of a fiscal year.
pub fn failures_in(language: Language, year: &str) -> String {
    language.choose(format!("{year}の見込み"), format!("To come in {year}"))
}

/// What a curve rests on, and since which age its devices were seen.
pub fn lives_sentence(language: Language, lives: u32, failures: u32, seen: Option<(u32, u32)>) -> String {
    let (lives, failed) = (devices_text(language, lives.into()), devices_text(language, failures.into()));
    let counted = language.choose(format!("{lives}のうち {failed} が故障。"), format!("{failed} of {lives} failed. "));
    let Some((from, until)) = seen else { return counted.trim_end().to_owned() };
    let [from, until] = [from, until].map(|days| years_of_days(language, days));
    counted
        + &language
            .choose(format!("観察は使用 {from}から {until}まで。"), format!("Seen from {from} to {until} of use."))
}

/// A curve in words, for who does not see it: within so many years a share, with its interval where there is one.
pub fn curve_text(language: Language, model: &str, shares: &[(u8, (String, String))]) -> String {
    let part = |(years, (share, interval)): &(u8, (String, String))| {
        let text = format!("{} {share} {interval}", within_years(language, *years));
        text.trim_end().to_owned()
    };
    let parts: Vec<_> = shares.iter().map(part).collect();
    let parts = parts.join(language.choose("、", ", "));
    language.choose(format!("{model}: {parts}"), format!("{model}: {parts}"))
}

/// More devices than are shown.
pub fn more_text(language: Language, more: usize) -> String {
    let more = number(i64::try_from(more).unwrap_or(i64::MAX));
    language.choose(format!("ほか {more} 台"), format!("{more} more"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_say_their_figures_in_both_languages() {
        let (ja, en) = (Language::Ja, Language::En);
        assert_eq!(
            [yen_text(ja, 55_000), yen_text(en, 55_000), devices_text(ja, 1_200)],
            ["55,000円", "¥55,000", "1,200台"]
        );
        assert!(due_sentence(ja, "令和9年度", 30, 4).contains("予備機 30台"));
        assert!(own_sentence(en, 1_000, 2_000, 9_000).contains("¥9,000"));
        assert!(spares_sentence(ja, (3, 1), "3月31日", 97, false).contains("97%(既定の故障率)"));
        assert!(spares_of_several(en, 2, 60).contains("2 of 60"));
        assert!(
            per_device_sentence(ja, ("令和6年度", "令和18年度"), 15_892, 12_000)
                .contains("15,892円(うち自治体の負担 12,000円)")
        );
        assert_eq!([years_of_days(ja, 1_461), years_of_days(en, 731)], ["4.0年", "2.0 years"]);
        assert!(lives_sentence(ja, 1_200, 30, Some((0, 731))).contains("30台 が故障。観察は使用 0.0年から"));
        assert_eq!(lives_sentence(en, 5, 0, None), "0 of 5 failed.");
        let shares = |interval: &str| [(1_u8, (String::from("3%"), interval.to_owned()))];
        assert_eq!(curve_text(en, "K-1", &shares("")), "K-1: Within 1 y 3%");
        assert_eq!(curve_text(en, "K-1", &shares("(2–4)")), "K-1: Within 1 y 3% (2–4)");
    }
}
