//! Words of what becomes of a ticket's device: spares, repairs, losses, costs.

use super::{Language, words};
use crate::console::format::number;

words! {
    /// Words of legs.
    LegWords {
        title: "端末の対応", "The device's way";
        swap: "予備機と交換", "Swap with a spare";
        spare: "予備機", "Spare";
        spare_hint: "同じ学校の予備機が先に並びます。学級・利用者は予備機に引き継がれます。", "Spares of the same school come first. Room, class and holder go over to the spare.";
        no_spares: "使える予備機がありません。", "There is no spare.";
        here: "同じ学校", "Of the school";
        elsewhere: "ほかの学校", "Of other schools";
        becomes: "いまの端末", "The device";
        swap_do: "交換する", "Swap";
        repair: "修理", "Repair";
        vendor: "修理先", "Repaired by";
        quote: "見積 (円)", "Quote (yen)";
        insurance: "保険", "Insurance";
        insurance_number: "保険の受付番号", "Number of the claim";
        sent: "送った日", "Sent on";
        back: "戻る日・戻った日", "Back on";
        cost: "費用 (円)", "Cost (yen)";
        payer: "支払い", "Who pays";
        note: "メモ", "Note";
        start: "修理に出す", "Send to repair";
        save: "保存", "Save";
        end: "終わり方", "How it ends";
        end_repair: "修理を終える", "End the repair";
        open: "進行中", "open";
        loss: "紛失", "Loss";
        noticed: "気づいた日", "Noticed on";
        place: "場所", "Where";
        police_number: "警察の受理番号", "Police report number";
        police: "警察への届出日", "Police told on";
        board: "教育委員会への報告日", "Board told on";
        lock_note: "ロック・位置確認", "Locked, located";
        record: "紛失を記録", "Record the loss";
        end_loss: "紛失の対応を終える", "End the loss";
        costs: "費用", "Costs";
        kind: "内容", "For";
        amount: "金額 (円)", "Amount (yen)";
        date: "日付", "Day";
        corrects: "訂正する費用", "Corrects";
        corrects_none: "訂正ではない", "None";
        corrects_hint: "訂正は負の金額で入力します。内容と支払いは元の費用と同じになります。", "A correction is negative. It has kind and payer of the cost that it corrects.";
        record_cost: "費用を記録", "Record the cost";
        correction: "訂正", "correction";
        total: "合計", "Total";
        not_said: "未定", "Not known";
        no_names: "児童生徒の氏名は書かないでください。", "No names of pupils, please.";
    }
}

/// An amount: "12,000 円".
pub fn yen_text(language: Language, amount: i64) -> String {
    let amount = number(amount);
    language.choose(format!("{amount} 円"), format!("{amount} yen"))
}

/// A device in a list to choose from, with when it was last heard.
pub fn spare_text(language: Language, name: &str, model: &str, school: &str, heard: Option<&str>) -> String {
    let heard = match heard {
        Some(heard) => language.choose(format!("最終報告 {heard}"), format!("heard {heard}")),
        None => language.choose(String::from("報告なし"), String::from("never heard")),
    };
    [name, model, school, &heard].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_grouped_and_spares_say_what_is_known() {
        assert_eq!(yen_text(Language::Ja, 1_234_567), "1,234,567 円");
        assert_eq!(yen_text(Language::En, -600), "−600 yen");
        assert_eq!(yen_text(Language::Ja, 1_000), "1,000 円");
        assert_eq!(spare_text(Language::Ja, "M-9", "", "緑小学校", None), "M-9 · 緑小学校 · 報告なし");
    }
}
