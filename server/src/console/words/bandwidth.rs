//! Words of bandwidth.

use super::{Language, words};

words! {
    /// Words of bandwidth.
    BandwidthWords {
        title: "ネットワークの帯域", "Bandwidth";
        lead: "授業外に測った速度を、当面の推奨帯域と比べます。未達は障害ではありません。", "What was measured outside lessons, compared with the recommended bandwidth. Missing it is no fault.";
        choose: "区市町村を選んでください。", "Choose a municipality.";
        municipality: "区市町村", "Municipality";
        year: "年度", "Fiscal year";
        outcome: "判定", "Verdict";
        reached: "達", "Reached";
        missed: "未達", "Missed";
        unknown: "不明", "Unknown";
        share: "推奨帯域に達している学校の割合", "Share of schools that reach it";
        share_note: "別添2の1に記入する学校数と割合です。割合の分母には不明の学校も含みます。", "Count and share as annex 2, item 1 asks for them. Schools of which nobody knows are part of the whole.";
        schools_all: "学校数", "Schools";
        chart: "判定ごとの学校数", "Schools by verdict";
        school: "学校", "School";
        pupils: "児童生徒数", "Pupils";
        recommended: "推奨帯域 (Mbit/s)", "Recommended (Mbit/s)";
        measured: "授業外の速度 (Mbit/s)", "Outside lessons (Mbit/s)";
        percent: "推奨比", "Of recommended";
        measurements_count: "測定", "Measurements";
        last: "最後の測定", "Last measured";
        advice: "次にすること", "What to do next";
        as_of: "測定の締め切り", "Measurements up to";
        edition: "推奨帯域の版", "Edition";
        no_edition: "この時点で有効な版がありません", "no edition held then";
        no_schools: "この条件に合う学校はありません。", "No school matches.";
        export_utf8: "CSV (UTF-8)", "CSV (UTF-8)";
        export_cp932: "CSV (Shift_JIS)", "CSV (Shift_JIS)";
        rule: "測定値は、授業外の最新の測定とその前30日の中央値です。365日より古い測定では判定しません。日数はgigafleetの基準です。", "Measured is the median of the newest measurement outside lessons and the 30 days before it. What is older than 365 days does not count. The days are gigafleet's own.";
        assessment: "ネットワークアセスメント", "Network assessment";
        verdict: "帯域の判定", "Verdict on bandwidth";
        evidence: "根拠", "Evidence";
        contract: "契約速度 (Mbit/s)", "By contract (Mbit/s)";
        contract_note: "契約速度は判定に使いません", "the contract is no part of the verdict";
        place: "疑われる場所 (文部科学省の4分類)", "Suspected place (the ministry's four)";
        no_place: "不明", "unknown";
        advice_note: "「次にすること」はgigafleetの基準による目安です。", "What to do next follows gigafleet's own rules.";
        measurements: "測定の記録", "Measurements";
        no_measurements: "測定はまだ記録されていません。", "Nothing has been recorded yet.";
        idle_note: "授業中の測定は、判定には使いません。", "What was measured in lessons is never compared.";
        time: "測定日時", "Measured at";
        receive: "下り (Mbit/s)", "Towards the school (Mbit/s)";
        send: "上り (Mbit/s)", "From the school (Mbit/s)";
        method: "測定方法", "How";
        moment: "時間帯", "When";
        moment_auto: "校時と行事から判断", "By calendar and timetable";
        outside: "授業外", "Outside lessons";
        in_lessons: "授業中", "In lessons";
        note: "メモ", "Note";
        record: "測定を記録", "Record a measurement";
        recorded: "測定を記録しました。", "The measurement is recorded.";
        delete: "削除", "Delete";
        deleted: "測定を削除しました。", "The measurement is taken away.";
        incidents: "この学校に関わる最近の障害", "Recent incidents that concern this school";
        no_incidents: "記録された障害はありません。", "No incident is recorded.";
        printed: "作成", "Made";
        latency: "時間帯ごと、アクセスポイントごとの値は、学校のネットワークの画面を見てください。", "By time and by access point they are on the page of the school's network.";
        checks: "遅延と応答（過去30日）", "Latency and answers, last 30 days";
        checked: "確認した先", "What was checked";
        no_checks: "過去30日の確認はありません。", "Nothing was checked in the last 30 days.";
    }
}

/// Whether a school reaches what is recommended, by the number of the contract.
pub fn outcome_text(language: Language, number: i32) -> &'static str {
    let w = &language.words().bandwidth;
    match number {
        1 => w.missed,
        3 => w.reached,
        _ => w.unknown,
    }
}

/// Why nobody knows, by the number of the contract.
pub fn unknown_text(language: Language, number: i32) -> &'static str {
    let (ja, en) = match number {
        1 => ("推奨帯域の版がない", "No edition of the table"),
        2 => ("児童生徒数が登録されていない", "Pupils are not known"),
        3 => ("測定がない", "Nothing was measured"),
        4 => ("授業中の測定しかない", "Measured in lessons only"),
        5 => ("測定が365日より古い", "Measured more than 365 days ago"),
        _ => ("", ""),
    };
    language.choose(ja, en)
}

/// How a recommended value comes from the table, by the number of the contract.
pub fn basis_text(language: Language, number: i32) -> &'static str {
    let (ja, en) = match number {
        1 => ("公表値", "published"),
        2 => ("補間値", "interpolated"),
        3 => ("1人あたりの値から", "by pupil"),
        4 => ("外挿値", "extrapolated"),
        _ => ("", ""),
    };
    language.choose(ja, en)
}

/// How it was measured, by the number that is stored.
pub fn method_text(language: Language, number: i16) -> &'static str {
    let (ja, en) = match number {
        1 => ("簡易帯域測定", "Simple measurement"),
        2 => ("速度測定サービス", "Speed test"),
        3 => ("回線・保守の事業者", "Provider"),
        4 => ("端末による測定", "By an agent"),
        _ => ("不明", "Unknown"),
    };
    language.choose(ja, en)
}

/// What to do next, by the number of the contract.
pub fn advice_text(language: Language, number: i32) -> &'static str {
    let (ja, en) = match number {
        1 => ("児童生徒数を登録してください", "Say how many pupils there are"),
        2 => ("授業外に速度を測定してください", "Measure outside lessons"),
        3 => (
            "契約速度が推奨帯域を下回っています。契約の見直しを検討してください",
            "The contract promises less than is recommended: look at the contract",
        ),
        4 => (
            "契約速度の半分も出ていません。機器の設定・性能・配線を確認してください",
            "Less than half of the contract arrives: look at equipment, settings and cabling",
        ),
        5 => (
            "契約速度は足りていますが、実際の速度が届いていません。共用回線や集約拠点を事業者と確認してください",
            "The contract would be enough: look at the shared line or hub with the provider",
        ),
        6 => ("回線の契約速度を登録してください", "Say what the line's contract promises"),
        7 => (
            "1年以内に、また児童生徒数が増えたときに、もう一度測定してください",
            "Measure again within a year, and when pupils rise",
        ),
        8 => ("推奨帯域の版を登録してください", "Add an edition of the table"),
        _ => ("", ""),
    };
    language.choose(ja, en)
}

/// kbit/s in Mbit/s, without zeros at its end.
pub fn mbps_text(kbps: i64) -> String {
    let text = format!("{}.{:03}", kbps / 1_000, kbps % 1_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speeds_are_said_without_needless_zeros() {
        assert_eq!([108_000, 106_200, 834_352, 500].map(mbps_text), ["108", "106.2", "834.352", "0.5"]);
    }

    #[test]
    fn every_number_of_the_contract_has_words() {
        for language in [Language::Ja, Language::En] {
            assert!((1..=8).all(|number| !advice_text(language, number).is_empty()));
            assert!((1..=5).all(|number| !unknown_text(language, number).is_empty()));
            assert!((1..=4).all(|number| !basis_text(language, number).is_empty()));
        }
    }
}
