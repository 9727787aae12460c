//! Words of devices and reviews.

use super::{Language, words};

words! {
    /// Words of devices and reviews.
    DeviceWords {
        title: "端末", "Devices";
        what_it_is: "端末の情報", "What it is";
        how_it_is: "現在の状態", "How it is";
        timeline: "履歴", "Timeline";
        older: "以前の履歴", "Older";
        edit: "端末を編集", "Edit the device";
        open_latest: "最新の内容を開く", "Open the latest version";
        field: "項目", "Field";
        value: "値", "Value";
        source: "情報源", "Source";
        said: "確認日時", "Said";
        reporting: "報告中", "Reporting";
        silent: "未報告", "Silent";
        never_reported: "報告なし", "Never reported";
        last_report: "最終報告", "Last report";
        battery_charge: "電池残量", "Battery charge";
        battery_health: "電池の健全度", "Battery health";
        storage_free: "空き容量", "Free storage";
        storage_size: "ストレージ", "Storage";
        memory_size: "メモリ", "Memory";
        enrolled: "登録日時", "Enrolled";
        compared: "比較", "Compared";
        review_waits: "この端末には、身元の確認待ちがあります。", "Its identity waits for a review.";
    }
}

/// What a field is called.
pub fn field_text(language: Language, name: &str) -> &'static str {
    known_field(language, name).unwrap_or(language.words().shell.unknown)
}

/// What a field is called; none if there is no such field.
pub fn known_field(language: Language, name: &str) -> Option<&'static str> {
    let (ja, en) = match name {
        "label" => ("管理番号", "Label"),
        "serial_number" => ("シリアル番号", "Serial number"),
        "maker" => ("メーカー", "Maker"),
        "model" => ("機種名", "Model"),
        "os_kind" => ("OS種別", "OS"),
        "os_version" => ("OSバージョン", "OS version"),
        "purpose" => ("用途", "Purpose"),
        "lifecycle" => ("状態", "State"),
        "school" => ("学校", "School"),
        "room" => ("教室", "Room"),
        "cart" => ("充電保管庫", "Cart"),
        "grade" => ("学年", "Grade"),
        "class_name" => ("組", "Class"),
        "seat_number" => ("出席番号", "Seat number"),
        "holder_id" => ("利用者ID", "Holder"),
        "purchase_reference" => ("購入番号", "Purchase reference"),
        "acquired_on" => ("導入日", "Acquired on"),
        "warranty_until" => ("保証期限", "Warranty until"),
        "lease_until" => ("リース満了日", "Lease until"),
        "price_yen" => ("取得価格", "Price in yen"),
        _ => return None,
    };
    Some(language.choose(ja, en))
}

/// Who says something.
pub fn source_text(language: Language, name: &str) -> &'static str {
    let (ja, en) = match name {
        "person" => ("職員", "Person"),
        "agent" => ("端末", "Agent"),
        "vendor_console" => ("管理コンソール", "Vendor console"),
        "ledger" => ("台帳", "Ledger"),
        _ => ("不明", "Unknown"),
    };
    language.choose(ja, en)
}

/// What a person does with a device.
pub fn verb_text(language: Language, name: &str) -> &'static str {
    let (ja, en) = match name {
        "put_in_use" => ("使用を開始", "Put in use"),
        "make_spare" => ("予備機にする", "Make spare"),
        "send_to_repair" => ("修理に出す", "Send to repair"),
        "report_lost" => ("紛失として記録", "Report lost"),
        "found" => ("発見済みにする", "Found"),
        "retire" => ("使用を終了", "Retire"),
        "dispose" => ("廃棄済みにする", "Dispose"),
        "undo_disposal" => ("廃棄を取り消す", "Undo disposal"),
        _ => ("不明", "Unknown"),
    };
    language.choose(ja, en)
}

/// What happened to a device.
pub fn event_text(language: Language, name: &str) -> &'static str {
    let (ja, en) = match name {
        "enrolled" => ("登録", "Enrolled"),
        "created" => ("手入力で追加", "Added by hand"),
        "imported" => ("取り込みで追加", "Imported"),
        "changed" => ("変更", "Changed"),
        "moved" => ("状態の変更", "Moved"),
        "merged" => ("統合", "Merged"),
        "merge_undone" => ("統合の取り消し", "Merge undone"),
        "kept_apart" => ("別の端末と判断", "Kept apart"),
        "kept_apart_undone" => ("判断の取り消し", "Decision undone"),
        "access_ended" => ("接続の停止", "Access ended"),
        "review_opened" => ("確認待ちに追加", "Review opened"),
        "transition" => ("ネットワークの変化", "Network changed"),
        _ => ("不明", "Unknown"),
    };
    language.choose(ja, en)
}

/// Why a person should look, by the name in the contract.
pub fn review_text(language: Language, name: &str) -> &'static str {
    let (ja, en) = match name {
        "REVIEW_REASON_SEQUENCE_BEHIND" => ("報告の番号が戻りました", "Its reports went back in number"),
        "REVIEW_REASON_FORKED" => ("二つの端末が同じ身元で報告しています", "Two devices report under one identity"),
        "REVIEW_REASON_CERTIFICATE_SUPERSEDED" => ("古い証明書で報告しています", "It reports with an old certificate"),
        "REVIEW_REASON_SERIAL_SHARED" => ("同じシリアル番号の端末があります", "Another device has its serial number"),
        "REVIEW_REASON_REIMAGED" => ("再セットアップされた可能性があります", "It may have been set up anew"),
        "REVIEW_REASON_BOARD_SWAPPED" => ("基板が交換された可能性があります", "Its board may have been swapped"),
        "REVIEW_REASON_BOARD_SHARED" => ("同じ基板の端末があります", "Another device has its board"),
        "REVIEW_REASON_LEDGER_AMBIGUOUS" => ("台帳の複数の行に一致します", "It matches several rows of the ledger"),
        "REVIEW_REASON_HARDWARE_CHANGED" => ("ハードウェアが変わりました", "Its hardware changed"),
        _ => ("不明", "Unknown"),
    };
    language.choose(ja, en)
}

/// An amount of money: "55,000円" / "¥55,000".
pub fn yen(language: Language, yen: i64) -> String {
    let number = crate::console::format::number(yen);
    language.choose(format!("{number}円"), format!("¥{number}"))
}

/// A value that is one of a few, in words; others as they are.
pub fn value_text(language: Language, value: &str) -> String {
    let (ja, en) = match value {
        "unknown" => ("不明", "Unknown"),
        "learner" => ("学習者用", "Learner"),
        "teacher" => ("指導者用", "Teacher"),
        "spare" => ("予備", "Spare"),
        "office" => ("校務用", "Office"),
        "probe" => ("校内プローブ", "Probe"),
        "in_use" => ("使用中", "In use"),
        "in_repair" => ("修理中", "In repair"),
        "lost" => ("紛失", "Lost"),
        "retired" => ("使用終了", "Retired"),
        "disposed" => ("廃棄済", "Disposed"),
        "chromeos" => ("ChromeOS", "ChromeOS"),
        "ipados" => ("iPadOS", "iPadOS"),
        "windows" => ("Windows", "Windows"),
        "linux" => ("Linux", "Linux"),
        "macos" => ("macOS", "macOS"),
        other => return other.to_owned(),
    };
    language.choose(ja, en).to_owned()
}
