//! Tickets: what can not be done with one, what is promised, why one stands where it stands.

use super::super::both::says;

says! {
    unknown(id): "問い合わせ {id} はありません", "there is no ticket {id}";
    number_unknown(number): "番号 {number} の問い合わせはありません", "there is no ticket number {number}";
    exists(id): "ID {id} は別の問い合わせで使われています", "the id {id} is of another ticket";
    changed_meanwhile(who, at): "{who} が {at} に更新しています。最新の内容を確認してください", "{who} changed it at {at}: read it again";
    is_closed: "完了した問い合わせです。再発なら再開してください", "the ticket is closed: reopen it if the trouble came back";
    is_resolved: "解決済みの問い合わせです。再発なら再開してください", "the ticket is resolved: reopen it if the trouble came back";
    is_merged: "別の問い合わせに統合されています。統合先で対応してください", "the ticket went into another one: work on that one, or take it out again";
    not_resolved: "解決済みの問い合わせだけが対象です", "the ticket is not resolved";
    not_waiting: "待ちの状態ではありません", "the ticket does not wait";
    not_taken: "担当者がいません", "nobody works on the ticket";
    nothing_to_undo: "取り消せる操作がありません。取り消せるのは、自分が15分以内に最後に行った操作です", "there is nothing to take back: that is what you did last, within 15 minutes";
    not_merged: "統合されていません", "the ticket went into no other";
    already_taken: "ほかの人が担当しています", "somebody else works on the ticket";
    already_taken_by(who): "{who} が担当しています", "{who} works on the ticket";
    merge_itself: "同じ問い合わせには統合できません", "a ticket can not go into itself";
    merge_target_merged: "統合先が、さらに別の問い合わせに統合されています", "the other ticket went into another one itself";
    merge_has_merged: "統合された問い合わせを持っています。先にそれらの統合を取り消してください", "other tickets went into this one: take them out first";
    assignee_without_right(who): "{who} には、ここの問い合わせに対応する権限がありません", "{who} has no right to work on tickets here";
    person_needed: "個人のアカウントで行ってください", "only a person can do this, not a token of the installation";
    tickets_or_incident: "問い合わせ(500件まで)か障害のどちらかを指定してください", "needs either tickets, at most 500, or an incident";
    none_chosen: "問い合わせを選んでください", "select tickets first";
    needs_number: "問い合わせの番号を入力してください", "needs the number of a ticket";
    other_owner: "ほかの区市町村を指定しています", "names another municipality";
    holder_ambiguous: "自分・担当なし・担当者のうち1つを指定してください", "needs one of mine, unassigned and a person";
    days_needed(most): "0〜{most} 日にしてください", "needs 0 to {most} days";
    filter_unknown: "条件に正しくない値があります", "the filter has a value that does not exist";
    views_full(most): "保存できるビューは {most} 件までです", "a person keeps at most {most} views";
    view_unknown(id): "ビュー {id} はありません", "there is no view {id} of yours";
    verb_needed: "行うことを1つ指定してください", "needs one thing to do";
    word_needed(field): "{field} を選んでください", "choose a {field}";
    text_needed: "1〜10000文字で入力してください", "needs 1 to 10000 characters";
    text_long(count, most): "{most} 文字以内で入力してください(現在 {count} 文字)", "needs at most {most} characters, has {count}";
    school_of_device(name): "端末は {name} にあります", "the device is at {name}";
    figures_needed(count): "{count} 個の数値が必要です", "needs {count} figures";
    promise_source: "1〜200文字で入力してください", "needs 1 to 200 characters";
    promise_hours: "開始は終了より前で、どちらも24時以内にしてください", "the first must come before the second, both within the day";
    promise_minutes(most): "1〜{most} 分で、優先度が下がるほど長くしてください", "needs 1 to {most} minutes that grow from the first priority to the fourth";
    promise_days(most): "0〜{most} 授業日で、優先度が下がるほど長くしてください", "needs 0 to {most} school days that grow from the first priority to the fourth";
    promise_warning: "1〜99 %にしてください", "needs 1 to 99 percent";
    promise_priorities: "1〜4にしてください", "needs priorities of 1 to 4";
    why_merged: "別の問い合わせに統合", "went into another ticket";
    why_caller: "学校の回答待ちのため期限は止まっています", "the school is waited for, so the clock stands still";
    why_no_day: "授業日が登録されていないため期限がありません", "no school day comes, so nothing is due";
    why_answer(at): "初回回答の期限は {at}", "the caller is to be answered by {at}";
    why_answer_late(at): "初回回答の期限 {at} を過ぎています", "the caller was to be answered by {at}";
    why_restore(at): "復旧の期限は {at}", "it is to work again by {at}";
    why_restore_late(at): "復旧の期限 {at} を過ぎています", "it was to work again by {at}";
}
