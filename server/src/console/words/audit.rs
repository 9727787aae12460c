//! Words of the audit log: what was done, on what, and the names of the details.

use super::Language;

/// What was done, by its name in the log; the name itself where no words are known.
pub fn action_text(language: Language, action: &str) -> &str {
    let (ja, en) = match action {
        "session.sign_in" => ("サインイン", "Signed in"),
        "session.sign_in_failed" => ("サインイン失敗", "Sign-in failed"),
        "session.sign_out" => ("サインアウト", "Signed out"),
        "session.end" => ("サインインの終了", "Session ended"),
        "staff.create" => ("アカウントの作成", "Account made"),
        "staff.password" => ("パスワードの設定", "Password set"),
        "staff.second_factor" => ("認証アプリの登録", "Authenticator set up"),
        "staff.second_factor_end" => ("認証アプリの解除", "Authenticator removed"),
        "staff.recovery_codes" => ("回復コードの作成", "Recovery codes made"),
        "staff.reset" => ("パスワードの初期化", "Password reset"),
        "staff.disable" => ("アカウントの停止", "Account disabled"),
        "staff.enable" => ("アカウントの再開", "Account enabled"),
        "grant.create" => ("権限の付与", "Grant given"),
        "grant.revoke" => ("権限の取り消し", "Grant revoked"),
        "token.create" => ("APIトークンの作成", "API token made"),
        "token.revoke" => ("APIトークンの無効化", "API token revoked"),
        "municipality.create" => ("区市町村の追加", "Municipality added"),
        "municipality.update" => ("区市町村の変更", "Municipality changed"),
        "school.create" => ("学校の追加", "School added"),
        "school.update" => ("学校の変更", "School changed"),
        "school.close" => ("閉校", "School closed"),
        "school.set_pupils" => ("児童生徒数の記録", "Pupils recorded"),
        "school.set_line" => ("回線の登録", "Line recorded"),
        "school.delete_line" => ("回線の削除", "Line deleted"),
        "hub.create" => ("集約拠点の追加", "Hub added"),
        "calendar.set_period" => ("学校暦の登録", "Calendar period set"),
        "calendar.delete_period" => ("学校暦の削除", "Calendar period deleted"),
        "calendar.set_lesson_times" => ("時程の登録", "Lesson times set"),
        "calendar.set_holidays" => ("祝日の登録", "Holidays set"),
        "import.apply" => ("取り込み", "File imported"),
        "import.keep_mapping" => ("列の対応の保存", "Columns kept"),
        "device.create" => ("端末の追加", "Device added"),
        "device.update" => ("端末の変更", "Device changed"),
        "device.clear_fields" => ("端末の項目の取り消し", "Device fields cleared"),
        "device.put_in_use" => ("使用開始", "Device put in use"),
        "device.make_spare" => ("予備機への変更", "Device made spare"),
        "device.send_to_repair" => ("修理に出す", "Device sent to repair"),
        "device.report_lost" => ("紛失の記録", "Device reported lost"),
        "device.found" => ("発見の記録", "Device found"),
        "device.retire" => ("使用終了", "Device retired"),
        "device.dispose" => ("廃棄", "Device disposed of"),
        "device.undo_disposal" => ("廃棄の取り消し", "Disposal undone"),
        "device.revoke" => ("端末の接続の停止", "Device cut off"),
        "device.command" => ("端末への指示", "Device told"),
        "device.export" => ("端末の書き出し", "Devices exported"),
        "device.merge" => ("端末の統合", "Devices merged"),
        "device.keep_apart" => ("別の端末と判断", "Devices kept apart"),
        "device.undo_decision" => ("判断の取り消し", "Decision undone"),
        "enrollment_token.create" => ("登録トークンの作成", "Enrolment token made"),
        "enrollment_token.revoke" => ("登録トークンの無効化", "Enrolment token revoked"),
        "installation.take_built_in" => ("内蔵データの取り込み", "Built-in data taken"),
        other => return other,
    };
    language.choose(ja, en)
}

/// On what it was done, by the kind in the log.
pub fn subject_text(language: Language, kind: &str) -> &str {
    let (ja, en) = match kind {
        "session" => ("セッション", "Session"),
        "staff" => ("職員", "Person"),
        "grant" => ("権限", "Grant"),
        "token" => ("APIトークン", "API token"),
        "municipality" => ("区市町村", "Municipality"),
        "school" => ("学校", "School"),
        "hub" => ("集約拠点", "Hub"),
        "holidays" => ("祝日", "Holidays"),
        "import" => ("取り込み", "Import"),
        "device" => ("端末", "Device"),
        "enrollment_token" => ("登録トークン", "Enrolment token"),
        "audit_chain" => ("監査記録", "Audit log"),
        "installation" => ("全体", "Installation"),
        other => return other,
    };
    language.choose(ja, en)
}

/// What a detail is called; its name in the log where no words are known.
pub fn detail_text(language: Language, name: &str) -> &str {
    let (ja, en) = match name {
        "address" => ("アドレス", "address"),
        "second_factor" => ("確認方法", "second factor"),
        "locked" => ("ロック", "locked"),
        "name" => ("名称", "name"),
        "code" => ("コード", "code"),
        "role" => ("役割", "role"),
        "staff" => ("職員", "person"),
        "school" | "school_id" => ("学校", "school"),
        "reason" => ("理由", "reason"),
        "by" => ("方法", "by"),
        "starts_at" => ("開始", "from"),
        "ends_at" => ("終了", "until"),
        "expires_at" => ("期限", "expires"),
        "recovery_codes" => ("回復コード", "recovery codes"),
        "kind" => ("種類", "kind"),
        "fields" => ("項目", "fields"),
        "new" => ("新規", "new"),
        "changed" => ("変更", "changed"),
        "unchanged" => ("変更なし", "unchanged"),
        "rows" => ("行", "rows"),
        "rows_left_out" => ("除いた行", "rows left out"),
        "file_name" => ("ファイル", "file"),
        "pupils" => ("児童生徒数", "pupils"),
        "fiscal_year" => ("年度", "fiscal year"),
        "uses" | "uses_allowed" => ("回数", "uses"),
        "is_shelter" => ("避難所", "shelter"),
        "topology" => ("接続方式", "topology"),
        "isp" => ("プロバイダー", "provider"),
        "line_number" => ("回線番号", "line"),
        "other" => ("相手の端末", "other device"),
        "decision" => ("判断", "decision"),
        "from" => ("変更前", "before"),
        "to" => ("変更後", "after"),
        other => return other,
    };
    language.choose(ja, en)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_words_keeps_its_name() {
        assert_eq!(action_text(Language::Ja, "grant.create"), "権限の付与");
        assert_eq!(action_text(Language::En, "later.deed"), "later.deed");
        assert_eq!(subject_text(Language::Ja, "later"), "later");
        assert_eq!(detail_text(Language::En, "ends_at"), "until");
    }
}
