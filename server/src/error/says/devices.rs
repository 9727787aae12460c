//! The registry: single devices, lists of them, identities, enrolment and reports.

use super::super::both::says;

says! {
    check_unknown: "ネットワークの確認に知らない層か結果が含まれています", "a check has a layer or an outcome that is not known";
    // One device.
    device_unknown(device): "端末 {device} はありません", "there is no device {device}";
    device_changed: "この端末は、開いたあとにほかの人が変更しました。最新の内容を開いてやり直してください", "the device was changed since it was read; read it again";
    device_exists: "このrequest_idの端末はすでにあります", "a device of this request_id exists";
    role_forbids_device: "あなたの役割では、この端末にこの操作はできません。管理者に依頼してください", "your role does not allow this for the device; ask an administrator";
    needs_label_or_serial: "管理番号かシリアル番号を入力してください(端末を見つけるために必要です)", "needs a label or a serial number, so that the device is found";
    no_school_id: "学校のIDではありません(例 019ab12c-3d4e-7f56-8a9b-0c1d2e3f4a5b)", "is not the id of a school, which looks like 019ab12c-3d4e-7f56-8a9b-0c1d2e3f4a5b";
    school_not_reached: "この区市町村にその学校がないか、その学校の端末を変更する権限がありません", "the municipality has no such school, or you may not change devices of it";
    date_range: "1990〜2099年の日付ではありません(例 2026-04-01、R8.4.1)", "is no date between 1990 and 2099, for example 2026-04-01 or R8.4.1";
    lifecycle_by_verb: "状態は、修理に出すなどの操作で変えます。直接は書けません", "is moved by a verb such as send_to_repair, not written";
    verb_unknown: "操作を選んでください", "is none of the verbs";
    move_not_allowed(state, verb, right): "端末の状態は {state} です。{verb} は {right} の端末にできます", "the device is {state}; {verb} is for one that is {right}";
    disposal_final: "廃棄から1日を過ぎたため、取り消せません", "the disposal is older than a day and final";
    command_unknown: "コマンドを選んでください", "names no command";
    commands_pending(count): "この端末にはすでに{count}件のコマンドが待っています", "{count} commands wait for this device already";
    access_ended: "この端末のアクセスは終了しています", "the access of this device was ended";

    // Identities.
    same_device: "同じ端末です。もう一方の記録を指定してください", "is the same device; name the other record";
    already_merged(record): "記録 {record} は、すでに別の記録に統合されています", "record {record} is folded into another one already";
    owners_differ: "2つの記録は別の区市町村のものなので、1台の端末にはできません", "the two records belong to different owners; they cannot be one device";
    review_unknown: "この端末に、その理由の確認待ちはありません。一覧を開き直してください", "the device has no open review of this reason; list them again";
    review_reason: "理由を選んでください", "names no reason";
    other_unknown: "もう一方の端末を選んでください", "names no device";
    decision_unknown(decision): "この端末に判断 {decision} はありません", "the device has no decision {decision}";
    decision_undone: "この判断はすでに取り消されています", "this decision was taken back already";
    decision_overtaken: "その後、さらに統合されています。新しい判断から順に取り消してください", "the records were merged on since; take the newer decisions back first";

    // Lists and counts.
    needs_municipality_beside: "区市町村のIDも指定してください", "needs municipality_id beside it";
    fragment_length(has, least, most): "空白とハイフンを除いて{has}文字です。管理番号かシリアル番号の一部を{least}〜{most}文字で入力してください", "has {has} characters besides spaces and dashes, needs {least} to {most} of a label or serial number";
    order_by(names): "並び順は次のどれか1つで、降順なら後ろに \" desc\" を付けてください: {names}", "is one field, \" desc\" behind it or not: {names}";
    count_needs_municipality: "学校別・機種別に数えるには、区市町村を指定してください", "is needed to count by school or by model";
    count_model_alone: "機種別は、ほかの区分と組み合わせられません", "counts by model alone or not at all";
    counts_too_many(most): "件数の行が{most}を超えます。区市町村を指定してください", "gives more than {most} counts; name a municipality";
    watch_too_wide(most): "{most}台を超える端末が該当します。区市町村か学校を指定してください", "more than {most} devices match; name a municipality or a school";
    watch_ends: "サーバーが停止します。もう一度開いてください", "this server is shutting down; watch again";

    // Enrolment.
    csr_too_large: "4 KiBを超えています", "is larger than 4 KiB";
    csr_unreadable: "DER形式のPKCS #10要求ではありません", "is no PKCS #10 request in DER";
    csr_has_more: "末尾の後に余分なバイトがあります", "has bytes after its end";
    csr_key: "曲線P-256のECDSA鍵が必要です", "needs an ECDSA key on the curve P-256";
    csr_unsigned: "記載の鍵で署名されていません", "is not signed by the key it names";
    csr_name: "別の端末の名前が書かれています。件名を空にするか、自分のIDにしてください", "names another device; leave the subject empty or use your own id";
    instance_id: "16バイトのUUIDが必要です", "needs the 16 bytes of a UUID";
    enrollment_school: "この区市町村にその学校がないか、その学校の端末を登録する権限がありません", "the municipality has no such school, or you may not enrol devices for it";
    enrollment_token_exists: "このrequest_idのトークンはすでにあります。秘密の文字列は一度だけ渡されます", "a token of this request_id exists; its secret was given once";
    enrollment_token_unknown(token): "登録トークン {token} はありません", "there is no enrolment token {token}";
    enrollment_token_not_known: "この登録トークンは、このサーバーにありません", "this enrolment token is not known here";
    enrollment_token_expired: "この登録トークンは期限切れです。新しいものを依頼してください", "the time of this enrolment token is over; ask for a new one";
    enrollment_token_used_up: "この登録トークンは使い切られました。新しいものを依頼してください", "all uses of this enrolment token are taken; ask for a new one";
    enrollment_token_revoked: "この登録トークンは取り消されました。新しいものを依頼してください", "this enrolment token was revoked; ask for a new one";
    access_ended_ask: "この端末のアクセスは終了しています。担当者に確認してください", "the access of this device was ended; ask staff";
    instance_enrolled: "この端末は別の鍵で登録済みです。エージェントの状態を消して、新しい端末として登録してください", "this installation is enrolled with another key; remove the agent's state and enrol it as a new one";
    device_not_known: "この端末はこのサーバーにありません。登録し直してください", "this server does not know the device; enrol it again";
    certificate_revoked: "この証明書はもう使えません。端末を登録し直してください", "this certificate is not good any more; enrol the device again";
    certificate_required: "端末のクライアント証明書が必要です。先に登録してください", "this call needs the client certificate of a device; enrol first";
    certificate_expired: "この端末の証明書は期限切れです。登録し直してください", "the certificate of this device has expired; enrol it again";
    separation_not_asked: "この端末に、別の端末になるよう求めたことはありません", "nobody asked this device to take an identity of its own";

    // Reports.
    needs_from(value, least): "{value} は範囲外です。{least}〜2^63-1 にしてください", "is {value}, needs {least} to 2^63 - 1";
    needs_positive: "1〜2^63-1 にしてください", "needs 1 to 2^63 - 1";
    above_signed: "2^63-1 を超えています", "is above 2^63 - 1";
    run_id_zero: "0です。乱数が必要です", "is 0, needs a random number";
    facts_missing: "完全な報告に含まれていません", "is missing in a full report";
    base_not_below: "sequenceより小さくありません", "is not below sequence";
    mac_hashes(most): "16バイトのハッシュを{most}個以内にしてください", "needs at most {most} hashes of 16 bytes";
    bssid: "6バイトのBSSIDが必要です", "needs a bssid of 6 bytes";
    report_not_stored: "報告を保存できませんでした。もう一度送信してください", "the report could not be stored; send it again";
    reports_stop: "サーバーが停止します。報告をもう一度送信してください", "this server is shutting down; send the report again";
    reports_wait: "待っている報告が多すぎます。あとで送信してください", "too many reports wait; send it again later";
}
