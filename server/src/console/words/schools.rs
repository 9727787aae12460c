//! Words of municipalities and schools, their health, calendars and lines.

use super::{Language, words};

words! {
    /// Words of municipalities and schools.
    SchoolWords {
        title: "学校", "Schools";
        municipalities: "区市町村", "Municipalities";
        municipality: "区市町村", "Municipality";
        name: "名称", "Name";
        search_owner: "区市町村名・団体コード", "Name or code";
        search_school: "学校名・学校コード", "Name or code";
        code: "団体コード", "Code";
        kind: "区分", "Kind";
        school: "学校", "School";
        school_name: "学校名", "Name";
        school_code: "学校コード", "School code";
        school_kind: "学校種", "Kind";
        no_code: "コードなし", "No code";
        schools: "学校数", "Schools";
        devices: "端末", "Devices";
        devices_note: "台帳にある端末", "All in the registry";
        tracked: "報告対象", "Set up to report";
        tracked_note: "エージェントを登録した端末", "With an agent that enrolled";
        reporting: "報告中", "Reporting";
        silent: "未報告", "Silent";
        silent_note: "休日や夜間は、未報告でも故障とは限りません。", "At night and on holidays silence is no fault.";
        storage_low: "空き容量わずか", "Storage low";
        storage_note: "空きが1割未満", "Less than a tenth free";
        charge: "平均電池残量", "Mean battery charge";
        state: "状態", "State";
        last: "最後の報告", "Last report";
        no_agents: "報告対象なし", "None set up";
        resting: "時間外・休業日", "Out of hours";
        closed: "閉校", "Closed";
        with_closed: "閉校も表示", "Also closed ones";
        shelter: "避難所", "Shelter";
        shelter_yes: "避難所に指定されています", "It is a shelter";
        shelter_no: "避難所ではありません", "It is no shelter";
        part: "ほかにもあります。名称で絞り込んでください。", "There are more. Search for a name.";
        empty_owners: "該当する区市町村はありません。", "No municipality matches.";
        empty_schools: "該当する学校はありません。", "No school matches.";
        none_yet: "まだ学校が登録されていません。", "There are no schools yet.";
        all_schools: "すべての学校を表示", "Show all schools";
        show_devices: "端末の一覧", "List of devices";
        show_silent: "未報告の端末", "Silent devices";
        show_reviews: "身元の確認待ち", "Reviews of identity";
        show_import: "取り込み", "Import";
        show_audit: "監査記録", "Audit log";
        links: "関連するページ", "See also";
        chart_reports: "端末の報告状況", "What devices report";
        by_lifecycle: "状態別", "By state";
        by_purpose: "用途別", "By use";
        by_os: "OS別", "By OS";
        breakdown: "端末の内訳", "Devices by kind";
        health: "稼働状況", "Health";
        profile: "基本情報", "About the school";
        about_owner: "基本情報", "About the municipality";
        keeps_names: "利用者名の保存", "Names of holders";
        keeps_names_yes: "保存する", "Kept";
        keeps_names_no: "保存しない", "Dropped";
        pupils: "児童生徒数", "Pupils";
        pupils_now: "今年度の児童生徒数", "Pupils this fiscal year";
        pupils_empty: "まだ登録されていません。", "Nobody has said how many.";
        pupils_add: "児童生徒数を記録", "Record pupils";
        fiscal_year: "年度", "Fiscal year";
        fiscal_year_hint: "例: 令和8年度、R8、2026", "For example 2026, R8";
        source: "情報源", "Source";
        recorded: "記録日時", "Recorded";
        per_pupil: "端末 ÷ 児童生徒", "Devices per pupil";
        lines: "回線", "Lines";
        lines_empty: "回線が登録されていません。", "No line is known.";
        line: "回線", "Line";
        contract: "契約", "Contract";
        isp: "プロバイダー", "Provider";
        speed: "契約速度", "Contract speed";
        hub: "集約拠点", "Hub";
        hubs: "集約拠点", "Hubs";
        internet: "インターネット", "Internet";
        line_edit: "回線を登録・変更", "Add or change a line";
        line_number: "回線番号", "Line number";
        line_delete: "削除", "Delete";
        this_year: "今年度", "This year";
        topology: "接続方式", "Topology";
        contract_mbps: "契約速度（Mbps）", "Contract speed in Mbps";
        no_hub: "なし", "None";
        calendar: "学校暦", "School calendar";
        today: "今日", "Today";
        is_school_day: "授業日", "School day";
        is_no_school_day: "授業なし", "No school";
        upcoming: "今後の休業日・祝日", "Days off ahead";
        upcoming_empty: "120日以内の予定はありません。", "None within 120 days.";
        terms: "学期", "Terms";
        lessons: "今日の時程", "Lessons today";
        lessons_empty: "時程が登録されていません。", "No lesson times are known.";
        lesson_now: "いま", "now";
        edit: "学校を編集", "Edit the school";
        edit_owner: "区市町村を編集", "Edit the municipality";
        code_hint: "13文字。学校種はコードから決まります。", "13 characters; the kind of school comes from it.";
        is_shelter: "避難所に指定されている", "It is a shelter";
        keeps_names_field: "取り込みで利用者名を保存する", "Keep names of holders from files";
        add_school: "学校を追加", "Add a school";
        added: "学校を追加しました", "The school was added";
        close: "閉校にする", "Close the school";
        close_lead: "一覧から外れ、名称が空きます。端末と履歴は残ります。", "It leaves the lists and its name is free. Devices and history stay.";
        closed_now: "閉校にしました", "The school was closed";
        open_latest: "最新の内容を開く", "Open the latest version";
        from_owner: "区市町村の設定", "Of the municipality";
    }
}

/// What kind a school is, by the first two characters of its code; none where that says nothing.
pub fn kind_text(language: Language, prefix: &str) -> Option<&'static str> {
    let (ja, en) = match prefix {
        "A1" => ("幼稚園", "Kindergarten"),
        "A2" => ("認定こども園", "Kindergarten with care"),
        "B1" => ("小学校", "Elementary school"),
        "C1" => ("中学校", "Junior high school"),
        "C2" => ("義務教育学校", "Compulsory education school"),
        "D1" => ("高等学校", "High school"),
        "D2" => ("中等教育学校", "Secondary school"),
        "E1" => ("特別支援学校", "Special needs school"),
        _ => return None,
    };
    Some(language.choose(ja, en))
}

/// How a line goes, by its number.
pub fn topology_text(language: Language, number: i64) -> &'static str {
    let (ja, en) = match number {
        1 => ("直接接続", "Direct"),
        2 => ("自治体集約", "Through the municipal hub"),
        3 => ("都道府県集約", "Through the prefectural hub"),
        4 => ("LTE", "Mobile network"),
        _ => ("不明", "Unknown"),
    };
    language.choose(ja, en)
}

/// What a hub is, by its number.
pub fn hub_text(language: Language, number: i64) -> &'static str {
    let (ja, en) = match number {
        1 => ("自治体の集約拠点", "Municipal hub"),
        2 => ("都道府県の集約拠点", "Prefectural hub"),
        3 => ("プロバイダーの設備", "Node of the provider"),
        _ => ("集約拠点", "Hub"),
    };
    language.choose(ja, en)
}

/// With how many other owners a hub is shared; never with whom.
pub fn shared_text(language: Language, others: u32) -> String {
    match others {
        0 => language.choose("ほかの団体とは共用していません", "Not shared with other owners").to_owned(),
        1 => language.choose("ほか1団体と共用", "Shared with 1 other owner").to_owned(),
        others => language.choose(format!("ほか{others}団体と共用"), format!("Shared with {others} other owners")),
    }
}

/// Who says how many pupils there are, by its number.
pub fn pupils_source_text(language: Language, number: i64) -> &'static str {
    let (ja, en) = match number {
        1 => ("職員の入力", "Person"),
        2 => ("ファイル", "File"),
        3 => ("学校基本調査", "Survey of 1 May"),
        4 => ("推計", "Forecast"),
        _ => ("不明", "Unknown"),
    };
    language.choose(ja, en)
}

/// How many pupils: "412人" / "412".
pub fn pupils_text(language: Language, pupils: i64) -> String {
    let number = crate::console::format::number(pupils);
    language.choose(format!("{number}人"), number.clone())
}

/// A fiscal year: "令和8年度" / "FY 2026".
pub fn year_text(language: Language, year: i32, japanese: &str) -> String {
    language.choose(japanese.to_owned(), format!("FY {year}"))
}

/// Why there is school on a day, or none, by the name of the reason.
pub fn why_text(language: Language, why: &str) -> &'static str {
    let (ja, en) = match why {
        "ordinary" => ("平日の授業日", "An ordinary weekday"),
        "extra" => ("休日の授業日", "School on a day that else has none"),
        "vacation" => ("長期休業", "Vacation"),
        "day_off" => ("休業日", "A day off of the school"),
        "national_holiday" => ("国民の祝日", "National holiday"),
        "weekend" => ("土・日曜日", "Weekend"),
        _ => ("学期の外", "Outside the terms"),
    };
    language.choose(ja, en)
}

/// The number of a lesson: "1時間目" / "Lesson 1".
pub fn lesson_text(language: Language, period: i16) -> String {
    language.choose(format!("{period}時間目"), format!("Lesson {period}"))
}

/// A day of the week, 1 Monday to 7 Sunday, in short.
pub fn weekday_text(language: Language, weekday: u8) -> &'static str {
    let (ja, en) = match weekday {
        1 => ("月", "Mon"),
        2 => ("火", "Tue"),
        3 => ("水", "Wed"),
        4 => ("木", "Thu"),
        5 => ("金", "Fri"),
        6 => ("土", "Sat"),
        _ => ("日", "Sun"),
    };
    language.choose(ja, en)
}

/// A speed: "1 Gbps", "100 Mbps".
pub fn speed_text(mbps: i64) -> String {
    if mbps >= 1_000 && mbps % 1_000 == 0 {
        format!("{} Gbps", mbps / 1_000)
    } else {
        format!("{} Mbps", crate::console::format::number(mbps))
    }
}

/// How a number of lines is said: "3校" / "3 schools".
pub fn schools_text(language: Language, count: i64) -> String {
    let number = crate::console::format::number(count);
    let plural = if count == 1 { "school" } else { "schools" };
    language.choose(format!("{number}校"), format!("{number} {plural}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shared_hub_says_how_many_and_never_who() {
        assert_eq!(shared_text(Language::Ja, 3), "ほか3団体と共用");
        assert_eq!(shared_text(Language::En, 1), "Shared with 1 other owner");
        assert_eq!(shared_text(Language::En, 0), "Not shared with other owners");
    }

    #[test]
    fn speeds_and_counts_read_well() {
        assert_eq!([speed_text(1_000), speed_text(100), speed_text(1_500)], ["1 Gbps", "100 Mbps", "1,500 Mbps"]);
        assert_eq!(schools_text(Language::En, 1), "1 school");
        assert_eq!(pupils_text(Language::Ja, 1_200), "1,200人");
        assert_eq!(lesson_text(Language::Ja, 2), "2時間目");
    }
}
