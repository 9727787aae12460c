//! Words of files in and out.

use super::words;

words! {
    /// Words of files in and out.
    ImportWords {
        title: "取り込み", "Import";
        lead: "台帳やベンダー管理コンソールの書き出しを取り込みます。内容を確かめてから適用するまで、何も変わりません。", "Take in ledgers or exports of vendors' consoles. Nothing changes until you have looked at it and applied it.";
        municipality: "区市町村", "Municipality";
        kind: "内容", "Content";
        kind_devices: "端末", "Devices";
        kind_schools: "学校", "Schools";
        kind_pupils: "児童生徒数", "Pupils";
        kind_calendar: "学校暦", "School calendar";
        file: "ファイル", "File";
        file_hint: "CSV（Shift_JIS・UTF-8・UTF-16）かXLSX、32 MiBまで", "CSV (Shift_JIS, UTF-8, UTF-16) or XLSX, up to 32 MiB";
        header_row: "見出しの行番号", "Row of the header";
        mapping: "列の対応（1行に1つ、「列=項目」）", "Columns, one COLUMN=FIELD a line";
        skip_errors: "エラーのある行を除いて適用する", "Leave rows with errors out";
        options: "見出しや列を指定する", "Say where the header is and what columns mean";
        look: "内容を確かめる", "Check the file";
        runs: "最近の取り込み", "Recent imports";
        when: "日時", "When";
        who: "担当", "By";
        state: "状態", "State";
        state_previewed: "確認待ち", "Waiting";
        state_applied: "適用済み", "Applied";
        state_expired: "期限切れ", "Expired";
        read_as: "形式", "Read as";
        ledger: "台帳", "Ledger";
        rows: "行", "Rows";
        new: "新規", "New";
        changed: "変更", "Changed";
        unchanged: "変更なし", "Unchanged";
        rows_with_errors: "エラーのある行", "Rows with errors";
        errors: "エラー", "Errors";
        errors_more: "ここに示していないエラー", "Errors not shown here";
        row: "行番号", "Row";
        column: "列", "Column";
        value: "値", "Value";
        problem: "問題", "Problem";
        right: "直し方", "What would be right";
        columns: "列の対応", "What the columns mean";
        meaning: "項目", "Field";
        ignored: "取り込まない", "Ignored";
        dropped: "個人情報のため取り込みません", "Personal, dropped";
        keep: "この対応を次回も使う", "Keep this for the next file";
        again: "この対応で確かめ直す", "Check again with these";
        samples: "読み取った内容（先頭の行）", "The first rows as understood";
        apply: "適用する", "Apply";
        applied: "取り込みました", "The file was imported";
        has_errors: "エラーがあるため適用できません。ファイルか列の対応を直すか、エラーのある行を除いて確かめ直してください。", "It cannot be applied because of errors. Correct the file or the columns, or check again without the rows with errors.";
        file_missing: "ファイルを選んでください。", "Choose a file.";
        export: "書き出し", "Export";
        export_lead: "端末の一覧をCSVで書き出します。操作は監査記録に残ります。", "Take the devices out as CSV. The audit log notes it.";
        encoding: "文字コード", "Encoding";
        encoding_utf8: "UTF-8（Excel対応）", "UTF-8 (for Excel)";
        encoding_cp932: "Shift_JIS（CP932）。無い文字は〓になります", "Shift_JIS (CP932); characters it lacks become 〓";
        download: "書き出す", "Download";
    }
}
