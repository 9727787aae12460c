//! Words of the list of devices, its filters and its file.

use super::{Language, words};
use crate::error::Both;

words! {
    /// Words of the list of devices.
    ListWords {
        title: "端末", "Devices";
        search: "管理番号・シリアル番号", "Label or serial number";
        municipality: "区市町村", "Municipality";
        school: "学校", "School";
        school_first: "区市町村を選ぶと、学校を選べます", "Choose a municipality first";
        more: "さらに絞り込む", "More filters";
        lifecycle: "状態", "State";
        purpose: "用途", "Use";
        os: "OS", "OS";
        model: "機種名（完全一致）", "Model, exactly";
        model_chip: "機種名", "Model";
        presence: "報告", "Reports";
        grade: "学年", "Grade";
        class: "組", "Class";
        review: "身元の確認", "Identity";
        review_open: "確認待ちあり", "Review open";
        review_none: "確認待ちなし", "No review open";
        sort: "並べ替え", "Order";
        order_default: "登録順", "As they became known";
        column_label: "管理番号", "Label";
        column_serial: "シリアル番号", "Serial number";
        column_model: "機種・OS", "Model, OS";
        column_school: "学校", "School";
        column_class: "学年・組", "Class";
        column_report: "報告", "Reports";
        column_last: "最終報告", "Last report";
        no_label: "管理番号なし", "No label";
        no_school: "学校なし", "No school";
        filters_on: "絞り込み中", "Filtered by";
        remove: "解除", "Remove";
        clear: "すべて解除", "Clear all";
        by_lifecycle: "状態別の台数", "Devices by state";
        csv: "CSVで書き出す", "Download CSV";
        csv_lead: "いまの絞り込みと並び順のまま、全件を書き出します。操作は監査記録に残ります。", "Takes out all that match, in this order. The audit log notes it.";
        encoding: "文字コード", "Encoding";
        download: "書き出す", "Download";
        import: "取り込み", "Import";
        empty: "条件に合う端末はありません。", "No device matches.";
        empty_hint: "条件を減らすか、つづりを確かめてください。", "Take a filter away or check the spelling.";
        empty_at_all: "まだ端末が登録されていません。", "There are no devices yet.";
        empty_at_all_hint: "台帳を取り込むか、端末を登録すると、ここに表示されます。", "They appear here once a ledger is imported or a device enrols.";
        empty_page: "ここまでに該当はありません。続きがあります。", "Nothing up to here, but there is more.";
        wrong_lead: "表示できない条件があります。直すか、解除してください。", "Some filters make no sense. Correct or clear them.";
        from_start: "先頭から表示", "From the start";
    }
}

/// What is wrong with a filter, by the name of the fault.
pub fn wrong_said(wrong: &str) -> Both {
    let (ja, en) = match wrong {
        "choice" => ("選択肢にない値です。選び直してください", "This is none of the choices. Choose again"),
        "fragment" => (
            "管理番号かシリアル番号の一部を、空白とハイフンを除いて2〜64文字で入力してください",
            "Enter 2 to 64 characters of a label or serial number; spaces and dashes do not count",
        ),
        "length" => ("長すぎます", "This is too long"),
        "grade" => ("学年は1〜12で入力してください", "A grade is a number from 1 to 12"),
        "missing" => (
            "見つかりません。削除されたか、表示する権限がありません",
            "Not found: it was removed, or you may not see it",
        ),
        "alone" => ("学校で絞り込むには、区市町村も選んでください", "Choose the municipality of the school as well"),
        "page" => (
            "このページの続きが見つかりません。条件が変わったときは、先頭から表示してください",
            "This page is not part of the list. If the filters have changed, begin at the start",
        ),
        _ => ("値が正しくありません", "This value is not right"),
    };
    Both::fixed(ja, en)
}

/// How many devices match and how many of them are shown: "1,150台中 100台を表示" / "100 of 1,150 shown".
pub fn shown_of(language: Language, shown: i64, all: Option<i64>) -> String {
    let number = crate::console::format::number;
    let shown_text = number(shown);
    match all {
        Some(all) => language.choose(
            format!("{}台中 {shown_text}台を表示", number(all)),
            format!("{shown_text} of {} shown", number(all)),
        ),
        None => language.choose(format!("{shown_text}台を表示"), format!("{shown_text} shown")),
    }
}

/// A grade and a class: "3年2組" / "3-2"; what nobody said is left out.
pub fn class_text(language: Language, grade: Option<i16>, class_name: Option<&str>) -> String {
    let grade = grade.map(|grade| language.choose(format!("{grade}年"), grade.to_string()));
    let class = class_name.map(|class| language.choose(format!("{class}組"), class.to_owned()));
    let parts: Vec<_> = [grade, class].into_iter().flatten().collect();
    parts.join(language.choose("", "-"))
}

/// An order: "管理番号 昇順" / "Label, ascending".
pub fn order_text(language: Language, field: &str, descending: bool) -> String {
    let (ja, en) = match field {
        "label" => ("管理番号", "Label"),
        "serial_number" => ("シリアル番号", "Serial number"),
        "model" => ("機種名", "Model"),
        "school_name" => ("学校", "School"),
        "lifecycle" => ("状態", "State"),
        "last_checkin_time" => ("最終報告", "Last report"),
        _ => ("登録順", "As they became known"),
    };
    let direction = match (field, descending) {
        ("last_checkin_time", true) => language.choose("新しい順", "newest first"),
        ("last_checkin_time", false) => language.choose("古い順", "oldest first"),
        ("device_id", true) => language.choose("新しい順", "newest first"),
        ("device_id", false) => return language.choose(ja, en).to_owned(),
        (_, true) => language.choose("降順", "descending"),
        (_, false) => language.choose("昇順", "ascending"),
    };
    language.choose(format!("{ja}（{direction}）"), format!("{en}, {direction}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phrases_with_numbers_read_well() {
        assert_eq!(shown_of(Language::Ja, 100, Some(1_150)), "1,150台中 100台を表示");
        assert_eq!(shown_of(Language::En, 3, None), "3 shown");
        assert_eq!(class_text(Language::Ja, Some(3), Some("2")), "3年2組");
        assert_eq!(class_text(Language::En, Some(3), Some("2")), "3-2");
        assert_eq!(class_text(Language::Ja, None, None), "");
        assert_eq!(order_text(Language::Ja, "last_checkin_time", true), "最終報告（新しい順）");
    }
}
