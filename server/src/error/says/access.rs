//! Who may do what, and signing in.

use super::super::both::says;

says! {
    // Rights.
    role_forbids: "あなたの役割ではこの操作はできません。管理者に依頼してください", "your role does not allow this; ask an administrator";
    role_forbids_here: "あなたの役割ではここでのこの操作はできません。管理者に依頼してください", "your role does not allow this here; ask an administrator";
    needs_installation_right: "全体を管理する権限が必要です。管理者に依頼してください", "this needs a right for the whole installation; ask an administrator";
    needs_municipality_right: "区市町村全体の権限が必要です。管理者に依頼してください", "this needs a right for the whole municipality; ask an administrator";
    audit_needs_whole: "監査記録は区市町村全体のものです。その管理者に依頼してください", "the audit log belongs to the whole municipality; ask an administrator of it";
    reaches_too_far: "あなたが管理できる範囲を超えています。その範囲全体の管理者に依頼してください", "this reaches further than what you manage; ask an administrator of the whole place";
    not_all_rights: "その範囲でこの役割のすべての権限を持っていません。役割か範囲を小さくしてください", "you have not all rights of this role there yourself; choose a smaller role or place";
    municipality_unknown(id): "区市町村 {id} はありません", "there is no municipality {id}";
    school_unknown_here(school): "この区市町村に学校 {school} はありません", "the municipality has no school {school}";

    // Fields of people, places and grants.
    sign_in_name: "半角の英数字と . _ - @ + で、3〜64文字にしてください(例: メールアドレス)", "needs 3 to 64 of a–z, 0–9 and . _ - @ +, for example an e-mail address";
    role_unknown: "役割を選んでください", "is missing or not known here";
    role_missing: "役割を選んでください", "is missing; choose one";
    place_missing: "範囲を選んでください", "is missing; choose where";
    place_prefecture: "都道府県は01〜47の2桁にしてください", "needs two digits from 01 to 47 as its prefecture";
    place_one_of: "全体、都道府県、区市町村、区市町村とその学校のうち、どれか1つにしてください", "needs exactly one of everywhere, a prefecture, a municipality, a school with its municipality";
    school_needs_municipality: "学校を入力するときは、上で区市町村を選んでください", "needs a municipality above it, or is empty";
    school_ambiguous: "同じ名前の学校があります。学校コードを入力してください", "several schools have this name; needs the code of one";
    school_not_called: "この区市町村にその学校はありません。学校コードか正式な名前を入力してください", "the municipality has no such school; needs its code or its whole name";
    days: "1〜366日で入力してください", "needs 1 to 366";
    end_before_start: "開始日より後にしてください", "lies before the start";
    end_in_past: "過去の日付です", "lies in the past";
    engineer_too_long: "ICTエンジニアの権限付与は最長366日です。契約とともに更新してください", "an engineer's grant lasts 366 days at most; renew it with the contract";
    engineer_needs_end: "ICTエンジニアの権限付与には終わりの日が必要です(最長366日)", "an engineer's grant needs an end, 366 days at most";
    school_staff_place: "学校の教職員には学校を指定してください", "school staff belong to a school: name one";
    prefecture_viewer_place: "都道府県の閲覧者には都道府県を2桁で指定してください", "a viewer of a prefecture needs one: two digits";
    board_place: "教育委員会には区市町村を指定してください", "a board of education belongs to a municipality: name one";

    // Passwords.
    password_too_long(most): "長すぎます。{most}文字以内にしてください", "is too long, may have {most} characters";
    password_length(has, least, most): "{has}文字です。{least}〜{most}文字にしてください", "has {has} characters, needs {least} to {most}";
    password_is_name: "名前から作られています。つながりのない言葉をいくつか並べてください", "is made of a name of the account; choose several words that do not belong together";
    password_common: "最初に試されるパスワードです。つながりのない言葉をいくつか並べてください", "is one of those tried first; choose several words that do not belong together";

    // Credentials.
    token_required: "ヘッダー `authorization: Bearer gfs_…` に職員のトークンが必要です", "this call needs a staff token in the header `authorization: Bearer gfs_…`";
    token_invalid: "この職員のトークンは使えません", "this staff token is not valid";
    token_narrowed: "このトークンの権限は、あなたの権限より狭いものです。自分自身の設定には、すべての権限を持つトークンか、コンソールを使ってください", "this token gives less than you have; what is your own needs all of it, or the console";
    token_exists: "このrequest_idのトークンはすでにあります。秘密の文字列は一度だけ渡されます", "a token of this request_id exists; its secret was given once";
    token_unknown(token): "トークン {token} はありません", "you have no token {token}";
    sign_in_failed: "サインインできません。名前とパスワードを確認してください。何度も失敗したときは、数分待ってから試してください", "the name or the password is wrong, or there were too many wrong tries and you must wait some minutes";
    sign_in_throttled(seconds): "失敗が多すぎます。{seconds}秒後に試してください", "too many wrong tries from your address; try again in {seconds} s";
    sign_in_busy: "いま多くの人がサインインしています。もう一度試してください", "too many people sign in at this moment; try again";
    second_factor_failed: "コードが違うか、使用済みです。アプリに表示される次のコードを入力してください", "the code is wrong or was used; wait for the next one of your authenticator";
    second_factor_missing: "確認コードがまだ入力されていません", "the second factor is missing";
    second_factor_not_set_up: "このアカウントには認証アプリがまだ設定されていません。先に設定してください", "no authenticator is set up for this account yet; set one up first";
    second_factor_set_up: "このアカウントには認証アプリが設定済みです。そのコードを使うか、管理者にリセットを依頼してください", "this account has an authenticator; use a code of it, or ask an administrator for a reset";
    session_ended: "サインインしていないか、有効期限が切れました。サインインしてください", "you are not signed in, or your session has ended; sign in";
    session_unknown(session): "サインイン中のセッション {session} はありません", "you have no open session {session}";
    session_required: "コンソールで、パスワードと確認コードでサインインしてから行ってください", "this is done in the console only, signed in with password and second factor";
    no_person: "呼び出し元は人ではなく、全体用のトークンです", "the caller is a token of the installation, not a person";
    provider_unknown(issuer): "認証プロバイダー {issuer} は設定されていません。パスワードでサインインしてください", "the identity provider {issuer} is not set up here; sign in with a password";
    link_invalid: "このリンクは使用済みか、期限切れか、新しいリンクに置き換えられました。新しいリンクを依頼してください", "this link was used, is too old, or was replaced by a newer one; ask for a new one";

    // Accounts.
    staff_exists: "この名前かrequest_idのアカウントはすでにあります。別の名前にしてください", "an account of this name or request_id exists; take another name";
    staff_unknown(id): "アカウント {id} はありません", "there is no account {id}";
    staff_disabled: "このアカウントは無効です。先に有効にしてください", "the account is disabled; enable it first";
    staff_changed: "アカウントは、開いたあとに変更されました。読み直してください", "the account was changed since it was read; read it again";
    grant_exists: "このrequest_idの権限付与はすでにあります", "a grant of this request_id exists";
    grant_unknown(grant): "権限付与 {grant} はありません", "there is no grant {grant}";
    last_administrator: "全体を管理する人がいなくなります。先にほかの人へ、終わりのない管理者の役割を付与してください", "nobody would be left to administer the installation; give somebody else that role first, without an end";

    // The console's own refusals.
    form_forged: "このフォームは、このサイトの画面から送られたものではありません。画面を開き直してください", "this form did not come from a page of ours; open the page again";
    form_too_large(bytes): "フォームは{bytes}バイトまでです", "a form has {bytes} bytes at most";
    file_too_large: "ファイルが大きすぎます", "the file is too large";
    upload_broken: "アップロードが途中で切れたか、形式が正しくありません。もう一度送信してください", "the upload ended early or is malformed; send it again";
}
