//! Words of the shell and of what all pages share.

use super::{Language, words};

words! {
    /// Words of the shell and of what all pages share.
    ShellWords {
        product: "GIGAフリート", "gigafleet";
        skip: "本文へ移動", "Skip to content";
        menu: "メニュー", "Menu";
        nav_home: "ホーム", "Home";
        nav_devices: "端末", "Devices";
        nav_schools: "学校", "Schools";
        nav_municipalities: "区市町村", "Municipalities";
        nav_renewal: "更新と費用", "Renewal";
        nav_imports: "取り込み", "Import";
        nav_tickets: "問い合わせ", "Tickets";
        nav_network: "ネットワーク", "Network";
        nav_reviews: "確認待ち", "Reviews";
        nav_staff: "職員と権限", "Staff";
        nav_audit: "監査記録", "Audit";
        nav_account: "アカウント", "Account";
        sign_out: "サインアウト", "Sign out";
        language_other: "English", "日本語";
        you_are_here: "現在地", "You are here";
        search: "検索", "Search";
        filter: "絞り込み", "Filter";
        apply: "適用", "Apply";
        clear: "条件を解除", "Clear filters";
        save: "保存", "Save";
        cancel: "やめる", "Cancel";
        change: "変更", "Change";
        back: "戻る", "Back";
        details: "詳細", "Details";
        actions: "操作", "Actions";
        all: "すべて", "All";
        none: "なし", "None";
        never: "なし", "Never";
        unknown: "不明", "Unknown";
        yes: "はい", "Yes";
        no: "いいえ", "No";
        required: "必須", "required";
        optional: "任意", "optional";
        first_page: "先頭へ", "First page";
        next_page: "次のページ", "Next page";
        previous_page: "前のページ", "Previous page";
        loading: "読み込んでいます…", "Loading…";
        working: "処理しています…", "Working…";
        working_note: "このページを閉じても処理は続きます。結果は一覧から確かめられます。", "The work goes on if you close this page; its list shows how it ended.";
        onward: "結果を見る", "See the result";
        sending: "送信しています…", "Sending…";
        live: "自動更新中", "Updates by itself";
        live_stopped: "自動更新が止まっています。再読み込みしてください。", "Updates have stopped. Reload the page.";
        updated: "更新しました", "Updated";
        empty: "該当するものはありません", "Nothing matches";
        errors_title: "入力内容を確認してください", "Please check what you entered";
        chart_table: "表で見る", "Show as a table";
        saved: "保存しました", "Saved";
        print: "印刷", "Print";
        download_csv: "CSVで書き出す", "Download CSV";
        keys_title: "キーボード操作", "Keyboard";
        keys_help: "この一覧を表示", "Show this list";
        keys_search: "検索欄へ移動", "Go to search";
        keys_home: "ホームへ", "Go home";
        keys_devices: "端末へ", "Go to devices";
        keys_schools: "学校へ", "Go to schools";
        keys_municipalities: "区市町村へ", "Go to municipalities";
        keys_tickets: "問い合わせへ", "Go to tickets";
        keys_network: "ネットワークへ", "Go to network";
        keys_reviews: "身元の確認へ", "Go to reviews";
        keys_renewal: "更新と費用へ", "Go to renewal";
        keys_close: "閉じる", "Close";
        state_ok: "正常", "OK";
        state_warning: "注意", "Attention";
        state_bad: "異常", "Problem";
        state_off: "未報告", "Silent";
        time_zone: "日本時間", "Japan time";
    }
}

/// How many of something, with the thousands apart: "1,234 件" / "1,234".
pub fn count_items(language: Language, count: i64) -> String {
    let number = crate::console::format::number(count);
    language.choose(format!("{number} 件"), number.clone())
}

/// How much of a list a page shows: "50 件を表示" / "50 shown".
pub fn showing(language: Language, shown: i64) -> String {
    let number = crate::console::format::number(shown);
    language.choose(format!("{number} 件を表示"), format!("{number} shown"))
}
