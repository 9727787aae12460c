//! Words of home.

use super::{Language, words};

words! {
    /// Words of home.
    OverviewWords {
        schools: "学校", "Schools";
        name: "名称", "Name";
        no_schools: "まだ学校が登録されていません。", "There are no schools yet.";
        no_grant: "まだ権限がありません。管理者に、担当する区市町村や学校の権限付与を依頼してください。", "You have no grant yet. Ask an administrator for one in your municipality or school.";
        open_reviews: "確認待ちの照合", "Reviews to decide";
        schools_hurt: "ネットワークの障害が起きている学校", "Schools with a broken network";
        counted: "集計時刻", "Counted";
        never_counted: "まだ集計されていません。まもなく表示されます。", "Not counted yet; figures come in a moment.";
        find_device: "端末を探す", "Find a device";
        find_hint: "管理番号またはシリアル番号の一部", "Part of a label or serial number";
        all_lines: "すべて見る", "See all";
    }
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
