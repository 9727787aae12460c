//! Words of tickets.

use super::{Language, words};

words! {
    /// Words of tickets.
    TicketWords {
        title: "問い合わせ", "Tickets";
        lead: "次に対応するものが上にあります。", "The next to do is on top.";
        file: "写真・ログの添付", "Attach a photo or a log";
        file_hint: "写真は縮小し、撮影場所などの情報を消して保存します。1回に4つ、1つ10 MiBまで。テキスト(.txt・.log)は256 KiBまで。", "Photos are made smaller and kept without where they were taken. Four at a time, 10 MiB each; texts (.txt, .log) up to 256 KiB.";
        file_internal: "内部だけで見る(申告者に見せない)", "Among staff only";
        attach: "添付する", "Attach";
        attached: "添付しました。", "It is attached.";
        open_file: "ダウンロード", "Download";
        remove_file: "添付を削除", "Remove";
        removed_file: "添付を削除しました。", "The attachment is removed.";
        team: "チーム", "Team";
        team_lead: "対応できる人と、いまの勤務・担当件数です。担当者の候補は、勤務中・常駐校・担当地域・得意分野・担当件数の順に並びます。", "Those who work on tickets, whether they work now, and how many tickets they have. Who is proposed for a ticket is ordered by who works now, is stationed there, looks after the area, is good at it and has least.";
        team_now: "いま", "Now";
        team_load: "担当中", "Has";
        team_hours: "勤務", "Works";
        team_skills: "得意な種類", "Good at";
        team_areas: "担当地域", "Looks after";
        team_station: "常駐校", "Stationed at";
        team_absences: "不在の期間", "Away";
        team_absences_hint: "1行に1つ、初日と最終日(例 2026-12-01 2026-12-04)。理由は書かないでください。", "One a line: first and last day (for example 2026-12-01 2026-12-04). No reasons, please.";
        team_all_alike: "すべて", "All alike";
        team_own: "自分の勤務", "How you work";
        team_days: "曜日", "Days";
        team_begin: "始業", "From";
        team_end: "終業", "To";
        team_station_none: "常駐校なし", "Nowhere";
        team_default: "未登録(既定の勤務)", "nothing said: the default";
        team_saved: "勤務を保存しました。", "It is kept.";
        follow: "フォローする", "Follow";
        unfollow: "フォローをやめる", "Stop following";
        followed: "フォロー中", "Followed";
        followed_lead: "フォローしている問い合わせと、内部メモであなたが呼ばれた問い合わせです。変化があったものが上にあります。", "Tickets that you follow, and those in whose notes you were named. What is new is on top.";
        followed_now: "フォローしました。変化があると「フォロー中」に出ます。", "You follow it: what happens shows under Followed.";
        unfollowed: "フォローをやめました。", "You follow it no longer.";
        followed_none: "フォローしている問い合わせはありません。", "You follow no ticket.";
        followed_hint: "問い合わせの画面の「フォローする」か、内部メモに @サインイン名 と書くと、ここに出ます。", "Follow on a ticket's page, or be named in a note with @ and your name to sign in.";
        news: "変化あり", "new";
        changed_at: "最終更新", "Changed";
        named_you: "が呼んでいます", "named you";
        looks_too: "ほかに見ている人", "Also looking";
        prepared: "定型文", "Prepared answer";
        prepared_title: "定型文", "Prepared answers";
        prepared_lead: "返信欄の「定型文」から選べます。{番号}・{学校}・{件名} は問い合わせのものに置き換わります。", "To choose from beside the reply. {number}, {school} and {subject} become those of the ticket.";
        prepared_none: "定型文はまだありません。", "There are no prepared answers yet.";
        prepared_for: "対象", "For";
        prepared_all: "すべての区市町村", "All municipalities";
        prepared_new: "定型文を追加", "Add a prepared answer";
        prepared_edit: "定型文を編集", "Change the prepared answer";
        prepared_kept: "定型文を保存しました。", "The answer is kept.";
        prepared_deleted: "定型文を削除しました。", "The answer is deleted.";
        delete: "削除", "Delete";
        edit: "編集", "Change";
        search: "キーワード", "Words";
        search_hint: "件名・本文・回答から探します。2文字から探せます。", "Looks in subjects, texts and answers, from two characters on.";
        municipality: "区市町村", "Municipality";
        school: "学校", "School";
        state: "状態", "State";
        category: "種類", "Category";
        priority: "優先度", "Priority";
        holder: "担当", "Works on it";
        due: "期限", "Due";
        waiting: "待ち", "Waits for";
        older: "経過日数", "Age";
        older_days: "この日数以上", "Days at least";
        incident: "障害", "Incident";
        number: "番号", "Number";
        subject: "件名", "Subject";
        age: "受付", "Came in";
        all_open: "未完了", "Open";
        mine: "自分の担当", "Mine";
        unassigned: "担当なし", "Nobody's";
        late: "期限超過", "Late";
        today: "今日中", "Due today";
        waits_for_school: "学校の回答待ち", "Waits for the school";
        waits_elsewhere: "事業者・部品待ち", "Waits for vendor or part";
        done: "解決・完了", "Done";
        views: "ビュー", "Views";
        keep: "この条件を保存", "Keep this view";
        keep_lead: "いまの絞り込みをビューとして保存します。件数がいつも見えます。", "Keeps these filters as a view with its count.";
        name: "名前", "Name";
        share: "対応する全員に見せる", "For all who work on tickets";
        kept: "ビューを保存しました。", "The view is kept.";
        forget: "このビューを削除", "Delete this view";
        forgotten: "ビューを削除しました。", "The view is deleted.";
        shared: "共有", "shared";
        new: "問い合わせを登録", "New ticket";
        empty: "対応を待つ問い合わせはありません。", "Nothing waits to be done.";
        empty_found: "条件に合う問い合わせはありません。", "No ticket matches.";
        empty_hint: "条件を減らすか、つづりを確かめてください。", "Take a filter away or check the spelling.";
        choose: "選ぶ", "Select";
        choose_all: "すべて選ぶ", "Select all";
        take: "担当する", "Take";
        open: "開く", "Open";
        nobody: "担当なし", "Nobody";
        with_chosen: "選んだ問い合わせを", "With those selected";
        chosen: "件を選択中", "selected";
        what_to_do: "行うこと", "What to do";
        text: "本文", "Text";
        run: "まとめて実行", "Do it";
        none_chosen: "問い合わせを選んでください。", "Select tickets first.";
        refused_some: "できなかった問い合わせがあります。", "Some could not be changed.";
        refused_lead: "ほかは済んでいます。理由を確かめて、一覧からやり直してください。", "The others are done. See why, and try again from the list.";
        why: "理由", "Why";
        back: "一覧へ戻る", "Back to the list";
        triage: "トリアージ", "Triage";
        impact: "影響", "Impact";
        urgency: "緊急度", "Urgency";
        judge: "判断を保存", "Save the judgement";
        give_to: "担当を決める", "Give to";
        person: "担当者", "Person";
        give: "割り当てる", "Assign";
        release: "キューに戻す", "Give back";
        start: "対応を始める", "Start";
        resume: "待ちを終える", "Stop waiting";
        close: "完了にする", "Close";
        reopen: "再開する", "Reopen";
        undo: "直前の操作を取り消す", "Take back my last step";
        unmerge: "統合を取り消す", "Take out again";
        merge: "別の問い合わせに統合", "Merge into another";
        merge_number: "統合先の番号", "Number of the other one";
        merge_do: "統合する", "Merge";
        write: "書く", "Write";
        write_hint: "児童生徒の氏名は書かないでください。Ctrl+Enter で返信します。内部メモの @サインイン名 は、その人に知らせます。", "No names of pupils, please. Ctrl+Enter replies. In an internal note, @ and a name to sign in tells that person.";
        reply: "返信する", "Reply";
        reply_wait: "返信して回答を待つ", "Reply and wait";
        note: "内部メモを残す", "Internal note";
        answer: "申告者の発言を記録", "What the caller said";
        answer_own: "学校から伝える", "Tell the engineers";
        resolve: "解決にする", "Resolve";
        wait: "待ちにする", "Wait for";
        wait_do: "待つ", "Wait";
        internal: "内部", "internal";
        timeline: "経過", "What happened";
        place: "場所", "Place";
        room: "教室など", "Room";
        room_hint: "例: 3年2組", "For example 3-2";
        reported_by: "申告者", "Reported by";
        contact: "連絡先", "How to reach";
        contact_hint: "内線番号など。児童生徒の氏名は書かないでください。", "An extension, for example. No names of pupils.";
        came_by: "受付方法", "Came by";
        came: "受付日時", "Came in";
        device: "端末", "Device";
        device_then: "申告時の端末", "The device when it was reported";
        part_of: "紐付いた障害", "Incident";
        into: "統合先", "Merged into";
        merged: "統合された問い合わせ", "Merged into this one";
        answer_by: "初回回答", "First answer";
        restore_by: "復旧", "Works again";
        why_priority: "優先度の理由", "Why this priority";
        why_here: "並び順の理由", "Why it stands here";
        also: "ほかの人も同じ", "Others have it too";
        reopened: "再発", "Came back";
        created: "問い合わせを登録しました。", "The ticket is made.";
        changed: "更新しました。", "Done.";
        new_lead: "学校で起きていることを登録します。障害が起きている学校なら、自動で障害に紐付きます。", "Says what happens at a school. Where an incident is open, it is attached by itself.";
        what: "何が起きていますか", "What happens";
        create: "登録する", "Make the ticket";
        known_incidents: "この学校では、いま障害が起きています", "An incident is open at this school";
        similar: "似た問い合わせ", "Similar tickets";
        similar_hint: "同じ件なら、新しく登録せずに開いて追記してください。", "If it is the same, open it and write there instead.";
        no_similar: "似た問い合わせは見つかりません。", "No ticket is like this one.";
        find_similar: "似た問い合わせを探す", "Find similar tickets";
        causes: "考えられる原因", "Likely cause";
        first_steps: "はじめに行うこと", "What to do first";
        rule_source: "ルールの出典", "Source of the rule";
        rules: "原因のルール", "Rules of causes";
        rules_lead: "問い合わせの画面に出る「考えられる原因」のルールです。保存する前に、過去の問い合わせで試せます。試しても何も変わりません。", "The rules by which likely causes are suggested on a ticket's page. Try them on past tickets before they hold; a trial changes nothing.";
        rules_where: "対象", "For";
        rules_installation: "すべての区市町村の既定", "All municipalities, unless they say their own";
        rules_of_product: "いまは、製品の既定のルールです。", "The product's own rules hold now.";
        rules_of_installation: "いまは、この環境で決めたルールです。", "The installation's rules hold now.";
        rules_of_owner: "いまは、この区市町村のルールです。", "This municipality's own rules hold now.";
        rules_json: "ルール(JSON)", "Rules (JSON)";
        rules_hint: "すべての条件を満たすときだけ示します。出典と日付が必要です。100件まで。", "A rule speaks only where all its conditions hold. Each needs a source and a date; at most 100.";
        rules_try_at: "試す区市町村", "Try on the tickets of";
        rules_try: "過去の問い合わせで試す", "Try on past tickets";
        rules_reset: "既定に戻す", "Back to the default";
        rules_said: "保存しました。いまから使います。", "Saved. They hold from now on.";
        rules_tried: "試した結果", "What they would have said";
        rules_rule: "ルール", "Rule";
        rules_fits: "当てはまる", "Fits";
        rules_first: "1番目", "First";
        rules_agreed: "結果と一致", "Agreed";
        rules_examples: "例", "For example";
        rules_need_present: "現在の情報が必要", "needs the present";
        of_school: "この学校の問い合わせ", "Tickets of this school";
        of_device: "この端末の問い合わせ", "Tickets of this device";
        none_open: "未完了の問い合わせはありません。", "No open ticket.";
        of_incident: "この障害の問い合わせ", "Tickets of this incident";
        figures: "問い合わせの集計", "Figures of tickets";
        figures_lead: "件数・約束の達成・未完了の年齢を集計します。個々の問い合わせの内容は含みません。", "How many came in, how promises were kept, how old is what is open. No single ticket is shown.";
        figures_note: "未完了は、受付日に関係なく現在の件数です。そのほかは期間内に受け付けた問い合わせで、統合されたものは統合先だけを数えます。時間は授業日の対応時間(分)で、学校の回答を待った時間を除きます。中央値の右の小さな数は90%値です。期限は各区市町村が約束した値(SLA)と、いまの授業日カレンダーで判定します。再発は、解決後に再開した問い合わせの割合です。", "Open counts what is open now, whenever it came in. All else is of tickets that came in within the period; of those that went into another one only the other counts. Times are minutes of service on school days, without waiting for the school; the small number is the ninth of ten. Deadlines are those that each municipality promised (SLA), by the calendar as it is now. Came back is the share of tickets that were reopened after they were resolved.";
        ticket: "問い合わせ", "Ticket";
        failures: "故障率", "Failure rates";
        failures_lead: "端末の故障を、使用中の端末100台・1年あたりで比べます。個々の問い合わせの内容は含みません。", "Failures of devices, for 100 devices in use for a year. No single ticket is shown.";
        failures_note: "故障は、期間内に受け付け、トリアージ以降に進んだ問い合わせ(画面・キーボード・バッテリー・起動しない・ペンや周辺機器)のある端末です。同じ端末の同じ種類は1回だけ数え、統合されたもの、通信障害に紐付いたものは数えません。使用時間は、台帳に登録された時から使用を終えた時までで、修理中を含み、予備機を含みません。故障率=故障 ÷ 延べ使用年数 × 100。95%区間はポアソン分布の正確な区間(Garwood 1936)で、故障が少ないほど幅が広くなります。機種と学校は、区間の下限が高い順に並びます。故障端末の割合=故障した端末 ÷ 期間中の平均使用台数。機種名は、全角・半角、大文字・小文字、空白、ハイフンの違いをまとめます。", "A failure is a device with a ticket about its screen, keyboard, battery, start or peripherals that came in within the period and was triaged or went further. One device counts once for each kind; what was merged or belongs to an outage does not count. A device is in use from when the registry knows it until it left use, also while in repair, but not as a spare. Rate = failures ÷ device-years × 100. The interval of 95 % is the exact one for Poisson counts (Garwood 1936): the fewer failures, the wider. Models and schools stand in the order of its low end. Share = devices that failed ÷ devices in use on average. Names of models are taken together whatever their width, case, spaces and hyphens.";
        failures_alarms: "故障が増えている機種", "Models that fail more often";
        failures_alarms_note: "直近の故障率が、同じ機種の以前とも、ほかの機種の直近とも違い、偶然では説明しにくい機種です(2つのポアソン率の正確な条件付き検定、調べた組の数でボンフェローニ補正)。基準は、区市町村ごとの端末の状態の基準にあります。", "Models whose failures of late differ from their own before and from those of other models, so that chance hardly explains it (exact conditional test of two Poisson rates, corrected by Bonferroni for all that is looked at). Its thresholds are part of each municipality's policy of device health.";
        failure_kind: "故障の種類", "Kind of failure";
        failure_count: "故障", "Failures";
        failed_devices: "故障した端末", "Devices that failed";
        devices_in_use: "使用中の端末", "Devices in use";
        device_years: "延べ使用年数", "Device-years";
        failure_rate: "故障率(100台・年)", "Per 100 a year";
        interval_95: "95%区間", "95 % interval";
        failure_share: "故障端末の割合", "Share that failed";
        no_failures: "使用中の端末がありません。", "No device was in use.";
        by_rate: "故障率と95%区間", "Rates with their 95 % intervals";
        first_date: "受付日(から)", "Came in from";
        last_date: "受付日(まで)", "Until";
        by: "集計の単位", "Counted by";
        came_in: "受付", "Came in";
        of_these_merged: "うち統合", "merged";
        open_now: "未完了", "Open";
        open_old: "7日以上", "7 days and older";
        open_by_age: "未完了の経過日数", "Age of open tickets";
        answered_in_time: "期限内に回答", "Answered in time";
        restored_in_time: "期限内に復旧", "Over in time";
        to_answer: "回答まで", "To the answer";
        to_restore: "復旧まで", "Until it was over";
        median: "中央値", "Median";
        came_back: "再発率", "Came back";
        as_of: "集計時刻", "Counted at";
        no_figures: "この期間の問い合わせはありません。", "No tickets in this period.";
        keys: "問い合わせ", "Tickets";
        key_move: "次・前の問い合わせへ", "Next, previous ticket";
        key_open: "開く", "Open";
        key_take: "担当する", "Take";
        key_write: "返信を書く", "Write a reply";
        key_resolve: "解決にする", "Resolve";
        key_triage: "トリアージ", "Triage";
        key_choose: "選ぶ・外す", "Select";
        key_back: "一覧へ戻る", "Back to the list";
        key_new: "問い合わせを登録", "New ticket";
    }
}

/// What an alarm of a model says: model, kind, failed of devices within days, at how many other owners.
pub fn alarm_text(
    language: Language,
    (model, kind): (&str, &str),
    (failed, devices, days): (i64, i64, i64),
    others: i64,
) -> String {
    let said = language.choose(
        format!(
            "{model}:{kind}の故障が増えています。直近{days}日に、使用中の{devices}台のうち{failed}台で起きました。"
        ),
        format!("{model}: more failures of {kind}. {failed} of {devices} devices in use within {days} days."),
    );
    let elsewhere = language.choose(
        format!("ほかの{others}区市町村でも起きています。"),
        format!(" It happens at {others} other municipalities too."),
    );
    if others > 0 { said + &elsewhere } else { said }
}

/// Lines that a page does not show: "ほか 12 行はファイルにあります。"
pub fn more_in_file(language: Language, count: usize) -> String {
    language.choose(format!("ほか {count} 行はファイルにあります。"), format!("{count} more lines are in the file."))
}

/// The way to all tickets in a queue: "未完了 12 件をすべて見る".
pub fn all_open_text(language: Language, count: usize) -> String {
    language.choose(format!("未完了 {count} 件をすべて見る"), format!("All {count} that are open"))
}

/// The way to all tickets there are, done or not: "完了を含む 12 件をすべて見る".
pub fn all_text(language: Language, count: usize) -> String {
    language.choose(format!("完了を含む {count} 件をすべて見る"), format!("All {count}, done or not"))
}

/// How long until something is due, or since when it is late: "あと 45 分" / "45 min left".
pub fn due_text(language: Language, minutes: i64) -> String {
    let amount = minutes.abs();
    let span = |ja: &str, en: &str, amount: i64| language.choose(format!("{amount} {ja}"), format!("{amount} {en}"));
    let span = match amount {
        ..120 => span("分", "min", amount),
        120..2_880 => span("時間", "h", amount / 60),
        _ => span("日", "days", amount / 1_440),
    };
    match minutes {
        ..0 => language.choose(format!("{span} 超過"), format!("{span} late")),
        0.. => language.choose(format!("あと {span}"), format!("{span} left")),
    }
}

/// So many minutes of service.
pub fn minutes_text(language: Language, minutes: u32) -> String {
    language.choose(format!("{minutes} 分"), format!("{minutes} min"))
}

/// An age below so many days, or all beyond.
pub fn age_text(language: Language, below: Option<i64>) -> String {
    match below {
        Some(1) => language.choose("1日未満", "Less than a day").to_owned(),
        Some(days) => language.choose(format!("{days}日未満"), format!("Less than {days} days")),
        None => language.choose("30日以上", "30 days and older").to_owned(),
    }
}

/// What a trial looked at: "120 件のうち 80 件に、いずれかのルールが当てはまります。"
pub fn tried_text(language: Language, tickets: u64, explained: u64) -> String {
    language.choose(
        format!("{tickets} 件のうち {explained} 件に、いずれかのルールが当てはまります。"),
        format!("Some rule fits {explained} of {tickets} tickets."),
    )
}

/// What became of several: "3 件を更新しました。"
pub fn changed_many(language: Language, count: usize) -> String {
    language.choose(format!("{count} 件を更新しました。"), format!("{count} done."))
}

/// A number of a ticket in a sentence: "#12 を担当にしました。"
pub fn taken_text(language: Language, number: i64) -> String {
    language.choose(format!("#{number} の担当になりました。"), format!("You work on #{number} now."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_due_is_said_as_coarsely_as_it_is_far() {
        assert_eq!(due_text(Language::Ja, 45), "あと 45 分");
        assert_eq!(due_text(Language::En, -150), "2 h late");
        assert_eq!(due_text(Language::En, 3 * 1_440), "3 days left");
    }
}
