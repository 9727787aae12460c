//! Words of sign-in, account, staff and audit.

use super::words;

words! {
    /// Words of sign-in, account, staff and audit.
    AccessWords {
        sign_in: "サインイン", "Sign in";
        sign_in_lead: "学校端末の状況を見るには、サインインしてください。", "Sign in to see the state of the schools' devices.";
        name: "サインイン名", "Sign-in name";
        display_name: "表示名", "Your name";
        display_name_hint: "画面と監査記録に表示されます。", "Shown on pages and in the audit log.";
        password: "パスワード", "Password";
        forgot: "パスワードや認証アプリを失くしたときは、管理者にリンクの発行を依頼してください。", "If you lost your password or your app, ask an administrator for a link.";
        second_factor: "確認コード", "Confirmation code";
        second_factor_lead: "認証アプリに表示されている6桁の数字を入力してください。", "Enter the six digits that your authenticator app shows.";
        second_factor_recovery: "アプリが使えないときは、回復コードを1つ入力してください。", "Without the app, enter one of your recovery codes.";
        confirm: "確認", "Confirm";
        start_over: "最初からやり直す", "Start over";
        setup_first: "最初の管理者を登録", "Register the first administrator";
        setup_first_lead: "このリンクは1回だけ使えます。登録すると、ほかの職員を招待できます。", "This link works once. After it you can invite other staff.";
        setup_invitation: "ようこそ", "Welcome";
        setup_invitation_lead: "パスワードを決めてください。次の画面で認証アプリを登録します。", "Choose a password. The next page sets up your authenticator app.";
        setup_reset: "新しいパスワードを決める", "Choose a new password";
        setup_reset_lead: "新しいパスワードを決めると、ほかの端末のサインインはすべて終了します。", "With a new password all your other sessions end.";
        password_hint: "12文字以上。長い文章がおすすめです。名前やよくある言葉は使えません。", "At least 12 characters; a long phrase is best. Not your name, nothing common.";
        next: "次へ", "Next";
        authenticator: "認証アプリを登録", "Set up your authenticator app";
        authenticator_1: "スマートフォンの認証アプリ（Google Authenticator、Microsoft Authenticatorなど）を開きます。", "Open an authenticator app on your phone, such as Google Authenticator or Microsoft Authenticator.";
        authenticator_2: "次のQRコードを読み取ります。読み取れないときは、下のキーを入力します。", "Scan this code. If you cannot, type the key below it.";
        authenticator_3: "アプリに表示された6桁の数字を入力します。", "Enter the six digits that the app shows.";
        authenticator_key: "キー", "Key";
        qr_alt: "認証アプリ用のQRコード", "QR code for the authenticator app";
        recovery: "回復コード", "Recovery codes";
        recovery_lead: "スマートフォンを失くしたとき、1回に1つ使えます。印刷するか、安全な場所に保管してください。この画面は二度と表示されません。", "If you lose your phone, each of these works once. Print them or keep them in a safe place. This page is never shown again.";
        recovery_done: "保管しました。ホームへ", "I have kept them. Go home";
        recovery_left: "残りの回復コード", "Recovery codes left";
        recovery_new: "新しい回復コードを作る", "Make new recovery codes";
        recovery_new_lead: "古い回復コードは使えなくなります。", "The old ones stop working.";
        account: "アカウント", "Account";
        roles: "あなたの役割", "Your roles";
        role: "役割", "Role";
        place: "範囲", "Where";
        everywhere: "全体", "Everywhere";
        sessions: "サインイン中の端末", "Where you are signed in";
        session_this: "この画面", "This one";
        session_client: "ブラウザー", "Browser";
        session_address: "アドレス", "Address";
        session_begun: "開始", "Since";
        session_seen: "最後の操作", "Last used";
        session_pending: "確認コード待ち", "Code awaited";
        session_end: "終了", "End";
        session_ended: "サインインを終了しました", "The session was ended";
        change_password: "パスワードを変更", "Change password";
        change_password_lead: "変更すると、ほかの端末のサインインはすべて終了し、確認コードをもう一度入力します。", "All your other sessions end, and you enter a code once more.";
        old_password: "今のパスワード", "Present password";
        new_password: "新しいパスワード", "New password";
        password_changed: "パスワードを変更しました", "The password was changed";
        replace_authenticator: "認証アプリを登録し直す", "Set up another authenticator";
        replace_authenticator_lead: "今の認証アプリと回復コードは使えなくなります。", "The present app and recovery codes stop working.";
        signed_out: "サインアウトしました", "You are signed out";
    }
}
