//! Words of the ledger of renewal: recorded, corrected, taken back, listed, taken in from files.

use super::{Language, words};
use crate::console::format::number;

words! {
    /// Words of the ledger of renewal.
    LedgerWords {
        title: "帳簿", "Ledger";
        lead: "記録した内容を新しい順に並べます。だれが、いつ、何を記録し、取り消したかがわかります。", "What was recorded, the newest first: who recorded and took back what, and when.";
        standing: "有効な記録", "What stands";
        with_reversals: "すべて（取り消しを含む）", "All, with what was taken back";
        shown: "表示", "Shown";
        entry_kind: "種別", "Kind";
        what: "内容", "What";
        state: "状態", "State";
        stands: "有効", "stands";
        none: "記録はありません。", "Nothing is recorded.";
        record: "記録する", "Record";
        record_lead: "記録する内容を選びます。記録は消えません。まちがえたときは、訂正か取り消しを記録します。", "Choose what to record. Nothing recorded is ever lost: what is wrong is corrected or taken back by another entry.";
        record_this: "記録する", "Record";
        recorded: "記録しました", "It was recorded";
        lot_lead: "購入・リースした端末や予備機、だれがいくら負担したか", "Devices and spares that were bought or leased, and who paid";
        cost_lead: "通信、ライセンス、修理、保険など、端末以外の費用", "Lines, licences, repairs, insurance: everything but devices";
        disposal_lead: "処分した端末、データ消去の証明書", "Devices that were disposed of, with certificates of erasure";
        pupils_lead: "年度ごとの児童生徒数（計画の①）", "Pupils of a fiscal year (① of the plan)";
        planned_lead: "年度ごとの整備予定台数（計画の③④⑥⑦）", "Devices to be got in a fiscal year (③ ④ ⑥ ⑦ of the plan)";
        disposal_plan_lead: "更新対象端末のリユース、リサイクル、処分の予定", "What is to become of devices that are replaced";
        network_lead: "必要な通信速度に届いている学校を、今の測定結果から数えて記録します。", "Schools that reach the speed that is needed, counted now from what was measured.";
        correct: "訂正する", "Correct";
        correct_lead: "元の記録を取り消し、正しい内容を新しく記録します。両方が帳簿に残ります。", "Takes the entry back and records what is right as a new one. Both stay in the ledger.";
        corrected: "訂正を記録しました", "The correction was recorded";
        take_back: "取り消す", "Take back";
        take_back_lead: "取り消した記録も帳簿に残り、理由と担当者が表示されます。", "What is taken back stays in the ledger, with the reason and who did it.";
        taken_back: "取り消しを記録しました", "It was taken back";
        reason: "理由", "Reason";
        whole: "学校を指定しない（全体）", "No single school";
        lot_kind: "端末・予備機", "Devices or spares";
        purchase: "購入のとき", "If they were bought";
        lease: "リースのとき", "If they are leased";
        tax: "税", "Tax";
        tax_percent: "消費税率（%）", "Tax in percent";
        lease_months: "リース月数", "Months of the lease";
        funding: "負担者ごとの金額", "Who pays how much";
        funding_hint: "合計が総額と同じになるように、円単位で入力します。負担しない人は空欄のままにします。", "In whole yen; all of them add up to the whole. Leave empty who pays nothing.";
        day_hint: "例 2026-04-01、R8.4.1", "for example 2026-04-01 or R8.4.1";
        year_hint: "例 R8、2026", "for example R8 or 2026";
        yen_hint: "円、税込", "whole yen, with tax";
        restriction_hint: "空欄なら、国の補助があるときに制度の年数から計算します", "left empty it follows from the programme, where the state pays";
        serials: "シリアル番号", "Serial numbers";
        serials_hint: "1行に1台。わかっている分だけ", "one a line, as far as they are known";
        from: "開始日", "First day";
        to: "終了日", "Last day";
        to_hint: "1日だけの費用は空欄", "empty for a single day";
        disposed: "処分した端末", "Devices";
        disposed_hint: "1行に1台。シリアル番号,消去証明書の番号", "one a line: serial number, number of the certificate";
        approval_hint: "財産処分の承認番号。処分制限期間内のときに必要", "of the disposal, needed within the restriction";
        pupils_source: "出典", "Source";
        pupils_source_hint: "例 学校基本調査", "for example a survey";
        installed: "③ 整備台数（予備機を除く）", "③ devices without spares";
        installed_by_fund: "④ ③のうち基金事業によるもの", "④ of them by the fund";
        spares: "⑥ 予備機整備台数", "⑥ spares";
        spares_by_fund: "⑦ ⑥のうち基金事業によるもの", "⑦ of them by the fund";
        by_route: "処分方法ごとの台数", "Devices by route";
        schedule_hint: "1行に1つ。時期,内容", "one a line: when, what";
        import: "ファイルの取り込み", "Import a file";
        import_lead: "CSVかExcelのファイルから記録します。確かめるまで何も記録されません。まちがいが1行でもあれば、すべて記録されません。", "Record from a CSV or Excel file. Nothing is recorded before you have looked; with one row that is wrong, none is.";
        import_limits: "CSV（Shift_JIS・UTF-8・UTF-16）かXLSX、1 MBまで。同じファイルを2回取り込んでも、2重には記録されません。", "CSV (Shift_JIS, UTF-8, UTF-16) or XLSX, up to 1 MB. The same file twice records nothing twice.";
        import_result: "確かめた結果", "What it would record";
        added: "新しい記録", "New";
        changed: "訂正", "Corrected";
        unchanged: "記録済み", "Recorded already";
        faulty_note: "次の行を直して、もう一度確かめてください。何も記録されていません。", "Put these rows right and check the file again. Nothing is recorded.";
        nothing_new: "すべて記録済みです。", "Everything in it is recorded already.";
        columns: "列の見出し", "Headers of the columns";
        columns_hint: "1行目に見出しを書きます。列の順は自由で、必要な列のほかは省けます。", "The first line holds the headers, in any order; those that are not needed can be left out.";
        needed_columns: "必要な列", "Needed";
        header: "見出し", "Header";
        more_faults: "ここに示していないまちがい", "Faults not shown here";
    }
}

/// What a file recorded: "3件を記録し、1件を訂正しました" / "3 recorded, 1 corrected".
pub fn imported_text(language: Language, added: u32, changed: u32) -> String {
    let (added, changed) = (number(added.into()), number(changed.into()));
    language.choose(
        format!("{added}件を記録し、{changed}件を訂正しました"),
        format!("{added} recorded, {changed} corrected"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_file_recorded_is_counted() {
        assert_eq!(imported_text(Language::Ja, 1_200, 1), "1,200件を記録し、1件を訂正しました");
        assert_eq!(imported_text(Language::En, 3, 0), "3 recorded, 0 corrected");
    }
}
