//! Words of reports from a phone, which pupils read, and of labels, which staff read.

use super::{Language, words};

words! {
    /// Words of reports from a phone, and of labels.
    ReportWords {
        title: "こまったことを知らせる", "Report a problem";
        no_names: "名前は書かないでください。", "Please write no names.";
        what: "どうしましたか", "What is wrong?";
        who: "あなたは", "Who are you?";
        pupil: "児童・生徒", "Pupil";
        teacher: "先生", "Teacher";
        stopped: "授業は止まっていますか", "Is the lesson stopped?";
        stopped_yes: "止まっている", "Yes, stopped";
        stopped_no: "止まっていない", "No";
        text: "どうなりましたか(ひとことで)", "What happened, in a few words";
        text_note: "500文字まで。", "At most 500 characters.";
        photo: "写真(なくてもよい)", "Photos, if you like";
        photo_note: "4枚まで。こわれたところが分かるように。人の顔や名前はうつさないでください。", "At most four. Show what is broken; no faces and no names, please.";
        photos_refused: "届きましたが、送れなかった写真があります。", "It has arrived, but not every photo could be taken.";
        send: "送る", "Send";
        sent: "届きました。ありがとうございます。", "It has arrived. Thank you.";
        number: "受付番号", "Number";
        keep: "このページを開くと、あとで進みぐあいが分かります。リンクを保存しておいてください。", "This page shows later how it stands. Keep its link.";
        now: "いまのようす", "How it stands";
        merged: "ほかの人からの同じ連絡と、まとめて調べています。", "Others reported the same; it is worked on together.";
        of_incident: "ネットワークの故障として調べています。", "It is part of a network fault that is known.";
        asked: "教えてほしいことがあります。下の欄から返事をしてください。", "We need to know something. Please answer below.";
        history: "これまでのこと", "What happened";
        more: "伝えたいこと", "More to say";
        add: "伝える", "Send";
        fixed: "なおりました", "It works again";
        came_back: "また起きました", "It came back";
        came_back_text: "また同じことが起きました。", "It happened again.";
        is_closed: "この連絡は終わりました。また困ったら、もう一度コードを読み取ってください。", "This report is closed. If there is trouble again, scan the code again.";
        known: "いま、この学校のネットワークの故障を確認しています。なおるまで、すこし待ってください。", "We know that this school's network has a fault now. Please wait until it works again.";
        known_since: "はじまり", "Since";
        also: "うちも同じです", "We have it too";
        also_note: "1回押すだけで、数に入ります。ほかのことで困っているときは、下から送ってください。", "One tap counts. For other trouble, use the form below.";
        also_done: "ありがとうございます。数に入れました。", "Thank you. You are counted.";
        same: "同じことが、もう連絡されています。", "The same is reported already.";
        same_since: "連絡があったとき", "Reported";
        same_what: "どうしますか", "What would you like to do?";
        same_add: "その連絡に加える", "Add to that report";
        same_other: "べつのこととして送る", "Send it as something else";
        same_photo: "写真をつけるときは、もう一度えらんでください。", "Choose photos once more if you send some.";
        same_added: "届きました。もう出ている連絡に加えました。", "It has arrived, and was added to the report that is there.";
        gone: "このページは使えません", "This page is not available";
        gone_help: "コードをもう一度読み取ってみてください。それでもだめなときは、先生に伝えてください。", "Scan the code once more. If that does not help, tell a teacher.";
        labels: "QRラベル", "QR labels";
        labels_lead: "端末や教室に貼るラベルです。読み取ると、サインインなしで困りごとを知らせるページが開きます。コードから製造番号などは分かりません。", "Labels for devices and rooms. A scan opens a page to report a problem, without sign-in. The code tells nothing of the device.";
        grade: "学年", "Grade";
        class: "組", "Class";
        layout: "用紙", "Sheet";
        layout_24: "A4 24面(70 × 33.9 mm)", "A4, 24 labels (70 × 33.9 mm)";
        layout_65: "A4 65面(38.1 × 21.2 mm)", "A4, 65 labels (38.1 × 21.2 mm)";
        with_label: "ラベルのある端末", "Devices with a label";
        without_label: "ラベルのない端末", "Devices without a label";
        make: "ラベルを作る", "Make labels";
        made: "ラベルを作りました。", "Labels are made.";
        none_missing: "ラベルのない端末はありません。", "Every device has a label.";
        sheet: "印刷用のページを開く", "Open the sheet to print";
        sheet_note: "印刷の倍率は100%、余白は「なし」にしてください。", "Print at 100 percent, without margins.";
        room: "教室のラベル", "Label of a room";
        room_name: "教室名(空欄なら学校全体)", "Room (empty for the whole school)";
        room_make: "教室のラベルを開く", "Open the label of the room";
        void: "ラベルを無効にする", "Void a label";
        void_note: "なくしたラベルのコードを入力してください。無効にすると元に戻せません。", "Enter the code of a lost label. It can not be made good again.";
        code: "コード", "Code";
        voided: "ラベルを無効にしました。", "The label is void.";
        device: "管理番号", "Label number";
        scan: "こまったときはこちら", "Trouble? Scan this";
    }
}

/// What a category is called for pupils, by its number.
pub fn category_text(language: Language, number: i16) -> &'static str {
    let (ja, en) = match number {
        1 => ("画面がおかしい", "Screen is broken"),
        2 => ("キーボードの故障", "Keyboard trouble"),
        3 => ("充電できない", "Does not charge"),
        4 => ("電源が入らない", "Does not start"),
        5 => ("ペンなどの故障", "Pen or other part"),
        6 => ("ログインできない", "Cannot sign in"),
        7 => ("Wi-Fiが使えない", "No Wi-Fi"),
        8 => ("とてもおそい", "Very slow"),
        9 => ("アプリが使えない", "App does not work"),
        _ => ("そのほか", "Something else"),
    };
    language.choose(ja, en)
}

/// Where a report is, by the number of its state.
pub fn state_text(language: Language, number: i16) -> &'static str {
    let (ja, en) = match number {
        1 => ("受け付けました。これから調べます。", "It has arrived. Somebody will look at it."),
        2 => ("内容を確認しました。担当の人を決めています。", "It was read. Somebody will work on it."),
        3 => ("担当の人が対応しています。", "Somebody is working on it."),
        4 => ("部品や返事を待っています。", "It waits for a part or an answer."),
        5 => ("なおったと思います。たしかめてください。", "It should work again. Please check."),
        _ => ("終わりました。", "It is done."),
    };
    language.choose(ja, en)
}

/// What happened to a report, by the number of its kind.
pub fn event_text(language: Language, number: i16) -> &'static str {
    let (ja, en) = match number {
        1 => ("あなたの連絡", "You reported"),
        5 => ("対応をはじめました", "Work began"),
        6 => ("待っています", "It waits"),
        8 => ("サポートから", "From support"),
        10 => ("あなたから", "You said"),
        28 => ("ほかの人も、同じことで困っています", "Somebody else has it too"),
        11 => ("なおしました", "Solved"),
        12 => ("終わりました", "Closed"),
        13 => ("もう一度調べています", "Looked at again"),
        14 => ("同じ連絡とまとめました", "Put together with the same report"),
        25 => ("なおったと教えてくれました", "You said that it works"),
        30 => ("べつの端末にかえました", "You got another device"),
        31 => ("修理に出しました", "Sent to repair"),
        33 => ("修理が終わりました", "The repair is over"),
        26 => ("写真・ファイル", "A photo or a file"),
        _ => ("進みました", "Went on"),
    };
    language.choose(ja, en)
}

/// "同じ知らせ: 12台".
pub fn also_count(language: Language, count: i64) -> String {
    language.choose(format!("同じ知らせ: {count}件"), format!("{count} others have it too"))
}
