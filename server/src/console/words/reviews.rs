//! Words of the reviews of identities and of what was decided on them.

use super::{Language, words};

words! {
    /// Words of the reviews of identities.
    ReviewWords {
        title: "身元の確認", "Identity reviews";
        lead: "同じ端末が二重に登録されているか、別の端末が同じ身元を名乗っている可能性があります。見比べて判断してください。判断は履歴から取り消せます。", "Records that may be one device, or devices that may share one identity. Compare and decide; decisions can be taken back.";
        waiting: "確認待ち", "Waiting";
        decided: "判断の履歴", "Decided";
        municipality: "区市町村", "Municipality";
        empty: "確認待ちはありません。", "Nothing waits for you.";
        empty_decided: "まだ判断した履歴はありません。", "Nothing has been decided yet.";
        evidence: "根拠", "Evidence";
        first_seen: "最初に検知", "First seen";
        last_seen: "最後に検知", "Last seen";
        field: "項目", "Field";
        kept: "残る端末", "Goes on";
        board: "基板のID", "Board";
        last_report: "最終報告", "Last report";
        enrolled: "登録日時", "Enrolled";
        same: "同じ", "Same";
        differs: "異なる", "Differs";
        hidden: "もう一方は表示できません", "You may not see the other one";
        merge: "同じ端末として統合", "Merge: one device";
        merge_lead: "左の端末に右の記録をまとめ、右の端末の接続は終わります。", "The right record becomes part of the left device, and its access ends.";
        keep_apart: "別の端末のまま", "Keep apart";
        dismiss: "問題なし", "Nothing to do";
        undo: "取り消す", "Take back";
        merged: "統合しました。「判断の履歴」から取り消せます。", "Merged. It can be taken back under Decided.";
        kept_apart: "記録しました。「判断の履歴」から取り消せます。", "Noted. It can be taken back under Decided.";
        undone: "判断を取り消しました。", "The decision was taken back.";
        when: "日時", "When";
        what: "判断", "Decision";
        device: "端末", "Device";
        other: "もう一方", "Other record";
        who: "判断した人", "By";
        state: "状態", "State";
        in_force: "有効", "In force";
        taken_back: "取り消し済み", "Taken back";
        no_name: "番号なし", "No number";
    }
}

/// What was decided, by the name of the kind.
pub fn decision_text(language: Language, kind: &str, of_two: bool) -> &'static str {
    let (ja, en) = match (kind, of_two) {
        ("merged", _) => ("同じ端末として統合", "Merged into one"),
        ("kept_apart", true) => ("別の端末のまま", "Kept apart"),
        ("kept_apart", false) => ("問題なし", "Nothing to do"),
        ("joined", _) => ("台帳と自動で結合", "Joined with the ledger"),
        _ => ("不明", "Unknown"),
    };
    language.choose(ja, en)
}

/// What was seen, in the person's words, by the reason in the contract; the numbers of the evidence stay.
pub fn evidence_text(language: Language, reason: &str, evidence: &str) -> String {
    let numbers: Vec<_> = evidence.split(|c: char| !c.is_ascii_digit()).filter(|digits| !digits.is_empty()).collect();
    let text = |ja: &str, en: &str| language.choose(ja, en).to_owned();
    match (reason, numbers.as_slice()) {
        ("REVIEW_REASON_SEQUENCE_BEHIND", [new, stored]) => language.choose(
            format!("起動し直したあとの報告番号 {new} が、保存済みの番号 {stored} より前でした。古いイメージから復元された可能性があります。"),
            format!("After a new start it reported number {new} while {stored} is stored. An old image may have been restored."),
        ),
        ("REVIEW_REASON_FORKED", _) => text(
            "2つのエージェントが、同じ身元で交互に報告しました。端末が複製された可能性があります。",
            "Two agents took turns under one identity. The device may have been cloned.",
        ),
        ("REVIEW_REASON_CERTIFICATE_SUPERSEDED", [certificate]) => language.choose(
            format!("証明書 {certificate} が、新しい証明書に替わったあとに使われました。"),
            format!("Certificate {certificate} was used after its successor had been."),
        ),
        ("REVIEW_REASON_SERIAL_SHARED", _) => {
            text("両方の端末が同じシリアル番号を報告しています。", "Both report the same serial number.")
        }
        ("REVIEW_REASON_REIMAGED", _) => text(
            "ハードウェアが同じです。初期化したあとに、新しい端末として登録された可能性があります。",
            "The hardware is the same. It may have been set up anew and enrolled as a new device.",
        ),
        ("REVIEW_REASON_BOARD_SWAPPED", _) => text(
            "シリアル番号は同じですが、基板が異なります。修理で基板が交換された可能性があります。",
            "The serial number is the same, the board is another one. A repair may have swapped it.",
        ),
        ("REVIEW_REASON_BOARD_SHARED", _) => text(
            "基板は同じですが、シリアル番号が異なります。",
            "The board is the same under another serial number.",
        ),
        ("REVIEW_REASON_LEDGER_AMBIGUOUS", _) => text(
            "台帳の複数の記録が、この端末に当てはまります。",
            "Several records of ledgers could be this device.",
        ),
        ("REVIEW_REASON_HARDWARE_CHANGED", _) => text(
            "同じ身元のまま、以前と違うシリアル番号か基板を報告しました。",
            "Under the same identity it reports another serial number or board than before.",
        ),
        _ => evidence.to_owned(),
    }
}

/// Why a decision could not be made or taken back, by the reason of the contract; none for another reason.
pub fn refusal_text(language: Language, reason: &str) -> Option<&'static str> {
    let (ja, en) = match reason {
        "ETAG_MISMATCH" => (
            "この画面を開いたあとに端末が変更されました。下に最新の内容を表示しています。見直してから判断してください。",
            "The device was changed after you opened this page. Below is the latest; look again, then decide.",
        ),
        "ALREADY_MERGED" => {
            ("この記録は、すでに別の端末に統合されています。", "This record is part of another device already.")
        }
        "OWNERS_DIFFER" => {
            ("区市町村が異なる端末は統合できません。", "Records of different municipalities cannot be one device.")
        }
        "REVIEW_NOT_FOUND" => ("この確認は、すでに判断されています。", "This review has been decided already."),
        "DEVICE_NOT_FOUND" => (
            "端末が見つかりません。統合されたか、表示する権限がありません。",
            "The device is not found: it was merged, or you may not see it.",
        ),
        "DECISION_UNDONE" => ("この判断は、すでに取り消されています。", "This decision was taken back already."),
        "DECISION_OVERTAKEN" => (
            "そのあとに別の統合が行われています。新しい判断から先に取り消してください。",
            "The records were merged on since. Take the newer decisions back first.",
        ),
        "DECISION_NOT_FOUND" => ("この判断は見つかりません。", "There is no such decision."),
        _ => return None,
    };
    Some(language.choose(ja, en))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evidence_is_told_in_the_readers_words_and_keeps_its_numbers() {
        let seen = "a new run reported sequence 12 while 340 is stored";
        let told = evidence_text(Language::Ja, "REVIEW_REASON_SEQUENCE_BEHIND", seen);
        assert!(told.contains("報告番号 12") && told.contains("番号 340"), "{told}");
        let other = "device 019ab12c-3d4e-7f56-8a9b-0c1d2e3f4a5b has the same serial number";
        assert!(!evidence_text(Language::En, "REVIEW_REASON_SERIAL_SHARED", other).contains("019"));
        assert_eq!(evidence_text(Language::Ja, "REVIEW_REASON_NEW", "something"), "something");
    }
}
