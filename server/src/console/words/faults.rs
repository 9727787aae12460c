//! Words of refusals and faults: by kind, by reason, and for the message beside a field.

use super::{Language, words};

words! {
    /// Words of refusals and faults.
    FaultWords {
        not_found: "ページが見つかりません", "Page not found";
        not_found_text: "削除されたか、表示する権限がないか、アドレスが違います。", "It was removed, you may not see it, or the address is wrong.";
        denied: "権限がありません", "You may not do this";
        denied_text: "この操作にはほかの役割が必要です。管理者に依頼してください。", "This needs another role. Ask an administrator.";
        conflict: "ほかの人が先に変更しました", "Somebody else changed this first";
        conflict_text: "最新の内容を開いて、もう一度変更してください。入力した内容は保存されていません。", "Open the latest version and change it again. What you entered was not saved.";
        exists: "すでに存在します", "It exists already";
        precondition: "今の状態ではできません", "Not possible in this state";
        link: "このリンクは使えません", "This link is no longer good";
        invalid: "入力内容に誤りがあります", "Something you entered is not right";
        invalid_text: "戻って、内容を直してください。", "Go back and correct it.";
        too_large: "データが大きすぎます", "Too large";
        too_large_text: "ファイルを分けて送ってください。", "Send it in smaller parts.";
        exhausted: "混み合っています", "Too much at once";
        exhausted_text: "少し待ってから、もう一度試してください。", "Wait a moment, then try again.";
        unavailable: "一時的に利用できません", "Not available for the moment";
        unavailable_text: "少し待ってから、もう一度試してください。操作は保存されていません。", "Wait a moment, then try again. Nothing was saved.";
        internal: "エラーが発生しました", "Something went wrong on our side";
        internal_text: "記録しました。続くときは、下の番号を管理者に伝えてください。", "It was recorded. If it happens again, give the number below to an administrator.";
        method: "この方法では開けません", "This cannot be opened in this way";
        forged: "送信を受け付けられませんでした", "The form was not accepted";
        forged_text: "画面を開いたままサインインし直したか、ほかのサイトから送られました。ページを開き直して、もう一度送信してください。", "You signed in again meanwhile, or it was sent from another site. Open the page again and send it once more.";
        reason: "理由", "Reason";
        request_id: "受付番号", "Request number";
        go_home: "ホームへ戻る", "Go home";
        try_again: "もう一度試す", "Try again";
    }
}

/// What a reason of the contract means; none where the message itself must do.
pub fn reason_text(language: Language, reason: &str) -> Option<&'static str> {
    let (ja, en) = match reason {
        "RIGHT_MISSING" => (
            "あなたの役割ではこの操作はできません。管理者に依頼してください。",
            "Your role does not allow this. Ask an administrator.",
        ),
        "ETAG_MISMATCH" => (
            "この画面を開いたあとに、ほかの人が変更しました。最新の内容を開いてやり直してください。",
            "Somebody changed this after you opened it. Open the latest version and do it again.",
        ),
        "SIGN_IN_FAILED" => (
            "サインインできません。名前とパスワードを確認してください。何度も失敗すると、しばらくロックされます。",
            "Sign-in failed. Check name and password. After several failures the account is locked for a while.",
        ),
        "SECOND_FACTOR_WRONG" | "CODE_WRONG" | "SECOND_FACTOR_FAILED" => (
            "コードが違います。アプリに表示されている新しいコードを入力してください。",
            "The code is wrong. Enter a new one from your app.",
        ),
        "SESSION_ENDED" => (
            "サインインの有効期限が切れました。もう一度サインインしてください。",
            "Your session has ended. Sign in again.",
        ),
        "LINK_INVALID" | "LINK_NOT_FOUND" | "LINK_EXPIRED" | "LINK_USED" => (
            "使用済みか、期限切れです。管理者に新しいリンクを依頼してください。",
            "It was used already or has expired. Ask an administrator for a new one.",
        ),
        "UNAVAILABLE" | "DATABASE_UNAVAILABLE" => (
            "データベースに接続できません。少し待ってから試してください。",
            "The database does not answer. Wait a moment, then try again.",
        ),
        _ => return None,
    };
    Some(language.choose(ja, en))
}

/// The message beside a field, for a person; where the Japanese is not known, the English of the contract.
pub fn field_message(language: Language, message: &str) -> String {
    if !language.is_ja() {
        return message.to_owned();
    }
    let known = [
        ("needs 3 to 64 of a–z", "半角の英数字と . _ - @ + で、3〜64文字にしてください（例: メールアドレス）"),
        ("needs 1 to 100 characters", "1〜100文字で入力してください"),
        ("needs 1 to 200 characters", "理由を200文字以内で入力してください"),
        ("needs 1 to 366", "1〜366日で入力してください"),
        ("lies before the start", "開始日より後にしてください"),
        ("lies in the past", "過去の日付です"),
        ("choose", "選んでください"),
        ("no such school", "この区市町村にその学校はありません。学校コードか正式名を入力してください"),
        ("several schools", "同じ名前の学校があります。学校コードを入力してください"),
        ("needs a municipality above it", "学校を入力するときは、上で区市町村を選んでください"),
        ("is empty", "入力してください"),
        ("is missing", "入力してください"),
        ("is required", "入力してください"),
        ("is no number", "数字で入力してください"),
        ("is no date", "日付で入力してください"),
        ("is not a date", "日付で入力してください"),
        ("is too long", "長すぎます"),
        ("is too short", "短すぎます"),
        ("is too common", "よく使われるパスワードなので使えません"),
        ("is taken", "すでに使われています"),
        ("is in the past", "過去の日時です"),
        ("check digit", "検査数字が合いません"),
        ("needs a letter A to H", "学校コードは英字1文字と数字12桁です（例: B113210000005）"),
        ("is no fiscal year", "年度を入力してください（例: 令和8年度、R8、2026）"),
        ("may be 5,000 at most", "5,000人以下で入力してください"),
        ("may be 1 to 400,000", "1〜400,000で入力してください。わからないときは空欄にします"),
        ("is no hub of", "接続方式に合う集約拠点を選んでください"),
        ("is no node of a provider", "接続方式に合う集約拠点を選んでください"),
        ("is called", "この区市町村に同じ名前の学校があります"),
        ("a school with this code", "この区市町村に同じコードの学校があります"),
    ];
    match known.iter().find(|(english, _)| message.contains(english)) {
        Some((_, japanese)) => (*japanese).to_owned(),
        None => message.to_owned(),
    }
}
