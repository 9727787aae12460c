//! Causes of tickets and duplicates: why one is suggested, and what is wrong with a rule.

use super::super::both::says;

says! {
    when_reported: "申告のとき", "when it was reported";
    when_now: "いま", "now";
    category(label): "種類が「{label}」です", "its category is {label}";
    word(word): "申告に「{word}」とあります", "the report says \"{word}\"";
    battery(has, least, when): "バッテリーの状態が {has} %で、{least} %を下回っています({when})", "the battery keeps {has} %, below {least} % ({when})";
    charge(has, least, when): "充電が {has} %で、{least} %を下回っています({when})", "it is charged to {has} %, below {least} % ({when})";
    storage(has, least, when): "ストレージの空きが {has} %で、{least} %を下回っています({when})", "{has} % of the storage are free, below {least} % ({when})";
    radio(has, least, when): "電波が {has} dBmで、{least} dBmより弱い状態です({when})", "the radio has {has} dBm, weaker than {least} dBm ({when})";
    os_ended(when): "OSのサポートが終了しています({when})", "the operating system is past its end ({when})";
    silent(hours, when): "{hours} 時間、報告がありません({when})", "nobody heard of the device for {hours} hours ({when})";
    link(link, when): "{link}で接続しています({when})", "it is connected through {link} ({when})";
    layer(layer, when): "端末の確認で「{layer}」に失敗しています({when})", "the device's check fails: {layer} ({when})";
    lifecycle(state, when): "台帳の状態が「{state}」です({when})", "by the ledger the device is {state} ({when})";
    incident(element): "障害が起きています:{element}", "an incident is open: {element}";
    no_spare: "この学校に予備機がありません", "the school has no spare";
    others_school(count, minutes): "同じ学校で、前後 {minutes} 分にほかに {count} 件あります", "{count} other tickets of the school within {minutes} minutes";
    others_room(count, minutes): "同じ教室で、前後 {minutes} 分にほかに {count} 件あります", "{count} other tickets of the room within {minutes} minutes";
    others_model(count, minutes): "同じ機種で、前後 {minutes} 分にほかに {count} 件あります", "{count} other tickets of the model within {minutes} minutes";
    same_device: "同じ端末です", "it is about the same device";
    same_room(room): "同じ場所です({room})", "it is of the same room ({room})";
    same_incident: "同じ障害に紐付いています", "it belongs to the same incident";
    same_window(minutes): "同じ学校で {minutes} 分以内の申告です", "it came in at the same school within {minutes} minutes";
    same_category(label): "種類が同じです({label})", "it is of the same category ({label})";
    similar_words(percent): "言葉が {percent} %一致しています", "{percent} % of the words are the same";
    of_rule(place, id): "{place} 番目のルール「{id}」です", "rule {place} \"{id}\"";
    characters(most): "1〜{most} 文字で入力してください", "needs 1 to {most} characters";
    both_languages(most): "日本語と英語を、それぞれ1〜{most} 文字で入力してください", "needs Japanese and English, 1 to {most} characters each";
    id(most): "小文字の英数字とハイフンで、1〜{most} 文字にしてください", "needs 1 to {most} small letters, digits and hyphens";
    id_twice: "同じIDのルールがほかにもあります", "another rule has the same id";
    rules(most): "1〜{most} 件のルールにしてください", "needs 1 to {most} rules";
    rules_missing: "ルールを指定するか、既定に戻すことを選んでください", "needs rules, or that the ones of before hold again";
    steps(most, characters): "1〜{most} 件の手順を、日本語と英語でそれぞれ {characters} 文字以内にしてください", "needs 1 to {most} steps in Japanese and English, at most {characters} characters each";
    words(most, characters): "2〜{characters} 文字の言葉を {most} 個までにしてください", "needs at most {most} words of 2 to {characters} characters";
    date: "日付(例 2026-11-26)にしてください", "needs a day, for example 2026-11-26";
    unknown_value: "この版にない値か、重なりがあります", "has a value that the contract does not know, or one twice";
    condition_needed: "条件を1つ以上指定してください", "needs at least one condition";
    at_most(most): "0〜{most} にしてください", "needs 0 to {most}";
    decibels: "-120〜0 にしてください(0は問わない)", "needs -120 to 0; 0 does not ask";
    others(minutes, tickets): "場所を選び、1〜{minutes} 分、1〜{tickets} 件にしてください", "needs a place, 1 to {minutes} minutes and 1 to {tickets} tickets";
    near_needed: "場所(学校・教室・機種)を選んでください", "needs one of school, room and model";
    json_wrong(place, problem): "JSONとして読めません({place}): {problem}", "can not be read as JSON ({place}): {problem}";
    place_needed: "試す区市町村を選んでください", "choose the municipality on whose tickets they are tried";
    too_many(most): "対象が {most} 件を超えています。期間を短くしてください", "more than {most} tickets: choose a shorter period";
}
