//! Words of files in and out.

use super::{Language, words};

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

/// A problem of a file in the person's language, by its reason; none for another reason.
pub fn file_problem(language: Language, reason: &str) -> Option<&'static str> {
    let (ja, en) = match reason {
        "IMPORT_EMPTY" => ("ファイルが空です。", "The file is empty."),
        "IMPORT_TOO_LARGE" | "BODY_TOO_LARGE" => {
            ("ファイルが32 MiBを超えています。分割してください。", "The file is larger than 32 MiB. Split it.")
        }
        "IMPORT_NUL" | "IMPORT_ENCODING" => (
            "文字コードがわかりません。UTF-8かShift_JISのCSV、またはXLSXで保存し直してください。",
            "The encoding is not known. Save it as CSV in UTF-8 or Shift_JIS, or as XLSX.",
        ),
        "IMPORT_OLD_WORKBOOK" | "IMPORT_WORKBOOK_LOCKED" => (
            "古いExcel形式か、パスワード付きです。パスワードを外し、.xlsxで保存し直してください。",
            "It is an old Excel file or has a password. Save it as .xlsx without one.",
        ),
        "IMPORT_WORKBOOK_DAMAGED" => (
            "XLSXファイルが壊れています。開いて保存し直してください。",
            "The XLSX file is damaged. Open it and save it anew.",
        ),
        "IMPORT_WORKBOOK_TOO_LARGE" => (
            "XLSXファイルを展開すると大きすぎます。不要なシートや画像を除いてください。",
            "The XLSX file unpacks to too much. Leave out sheets and pictures.",
        ),
        "IMPORT_QUOTE_OPEN" => {
            ("閉じられていない引用符（\"）があります。取り除いてください。", "A quote is never closed. Take it out.")
        }
        "IMPORT_TOO_MANY_ROWS" => {
            ("行数が20万行を超えています。分割してください。", "More than 200,000 rows. Split the file.")
        }
        "IMPORT_TOO_MANY_COLUMNS" => {
            ("列数が200列を超えています。不要な列を除いてください。", "More than 200 columns. Leave out some.")
        }
        "IMPORT_CELL_TOO_LONG" => ("1,000文字を超えるセルがあります。", "A cell has more than 1,000 characters."),
        "IMPORT_HEADER_UNKNOWN" => (
            "見出しの行が見つかりません。見出しの行番号か、列の対応（例: 札=label）を指定してください。",
            "No header was found. Say its row, or which column means what (for example 札=label).",
        ),
        "IMPORT_COLUMN_UNKNOWN" => {
            ("指定した列がファイルにありません。", "A column that you named is not in the file.")
        }
        "IMPORT_FIELD_UNKNOWN" => ("指定した項目の名前がありません。", "A field that you named does not exist."),
        "IMPORT_FIELD_TWICE" => ("1つの項目に複数の列が対応しています。", "Several columns mean the same field."),
        "IMPORT_FIELD_MISSING" => (
            "必要な列がありません。端末には管理番号かシリアル番号の列が要ります。列の対応を指定してください。",
            "A needed column is missing. Devices need a label or a serial number. Say which column means it.",
        ),
        "IMPORT_NO_ROWS" => ("見出しの下にデータの行がありません。", "There is no row below the header."),
        "IMPORT_HAS_ERRORS" => ("エラーがあるため適用できません。", "It cannot be applied because of errors."),
        "IMPORT_APPLIED" => ("この取り込みは適用済みです。", "This import was applied already."),
        "IMPORT_EXPIRED" => (
            "ファイルの保管期限（1日）が過ぎました。もう一度選んでください。",
            "The file is gone after a day. Hand it in again.",
        ),
        _ => return None,
    };
    Some(language.choose(ja, en))
}
