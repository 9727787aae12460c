//! Words of refusals and faults: by kind, by reason, and for the message beside a field.

use super::{Language, words};
use crate::error::Both;

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

/// What the server says, as a sentence of a page.
pub fn sentence(language: Language, said: &Both) -> String {
    if language.is_ja() {
        let end = if said.ja.ends_with(['。', '）', ')']) { "" } else { "。" };
        return format!("{}{end}", said.ja);
    }
    let mut letters = said.en.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::says;

    #[test]
    fn what_the_server_says_is_a_sentence_of_the_page() {
        let said = says::access::role_forbids();
        assert_eq!(sentence(Language::En, &said), "Your role does not allow this; ask an administrator.");
        assert!(sentence(Language::Ja, &said).ends_with("管理者に依頼してください。"));
    }
}
