//! Words of home.

use time::{Date, Weekday};

use super::{Language, words};
use crate::console::format;

words! {
    /// Words of home.
    OverviewWords {
        schools: "学校", "Schools";
        devices: "端末", "Devices";
        reporting: "報告あり", "Reporting";
        silent: "未報告", "Silent";
        silent_note: "休日や夜間は、未報告でも故障とは限りません。", "At night and on holidays silence is no fault.";
        storage_low: "空き容量わずか", "Storage low";
        chart: "端末の報告状況", "What devices report";
        name: "名称", "Name";
        state: "状態", "State";
        last: "最後の報告", "Last report";
        no_devices: "端末なし", "No devices";
        no_schools: "まだ学校が登録されていません。", "There are no schools yet.";
        no_grant: "まだ権限がありません。管理者に、担当する区市町村や学校の権限付与を依頼してください。", "You have no grant yet. Ask an administrator for one in your municipality or school.";
        devices_note: "登録済みで、失効していない端末。", "Enrolled and not revoked.";
        open_reviews: "確認待ちの照合", "Reviews to decide";
        counted: "集計時刻", "Counted";
        never_counted: "まだ集計されていません。まもなく表示されます。", "Not counted yet; figures come in a moment.";
        lifecycle_chart: "台帳の状態", "State in the registry";
        lifecycle_links: "状態ごとの端末一覧", "Devices by state";
        find_device: "端末を探す", "Find a device";
        find_hint: "管理番号またはシリアル番号の一部", "Part of a label or serial number";
        weekend: "週末", "weekend";
        outside_term: "学期外", "outside of term";
        all_lines: "すべて見る", "See all";
    }
}

/// A date with its weekday: "11月25日(水)" / "Wed 25 Nov".
pub fn weekday_date(language: Language, date: Date) -> String {
    let (ja, en) = match date.weekday() {
        Weekday::Monday => ("月", "Mon"),
        Weekday::Tuesday => ("火", "Tue"),
        Weekday::Wednesday => ("水", "Wed"),
        Weekday::Thursday => ("木", "Thu"),
        Weekday::Friday => ("金", "Fri"),
        Weekday::Saturday => ("土", "Sat"),
        Weekday::Sunday => ("日", "Sun"),
    };
    let day = format::day_of_year(language, date);
    language.choose(format!("{day}({ja})"), format!("{en} {day}"))
}

/// Whether there is school, in a word, with why where it needs one: a name, or a kind of day.
pub fn school_day(language: Language, is_school_day: bool, why: &str) -> String {
    let text = if is_school_day {
        language.choose("授業日", "school day")
    } else {
        language.choose("休業日", "no school")
    };
    if why.is_empty() { text.to_owned() } else { language.choose(format!("{text}・{why}"), format!("{text}, {why}")) }
}
