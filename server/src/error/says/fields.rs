//! What can be wrong with a value, whatever it is of.

use super::super::both::says;

says! {
    needed: "入力してください", "needs a value";
    time_needed: "日時を指定してください", "needs a time";
    empty: "入力してください", "is empty";
    missing: "指定してください", "is missing";
    needs_characters(most): "1〜{most}文字で入力してください", "is empty, needs 1 to {most} characters";
    too_many_characters(has, most): "{has}文字あります。{most}文字以内にしてください", "has {has} characters, may have {most}";
    lone_character(word): "「{word}」だけでは検索できません。2文字以上の言葉を入れてください", "\"{word}\" alone cannot be searched, needs a word of two characters or more";
    control_characters: "改行などの制御文字は使えません", "has control characters";
    nul_character: "NUL文字は使えません", "has a NUL character";
    too_many_bytes(has, most): "{has}バイトあります。{most}バイト以内にしてください", "has {has} bytes, may have {most}";
    needs_bytes(count): "{count}バイトにしてください", "needs {count} bytes";
    needs_bytes_or_none(has, count): "{has}バイトあります。{count}バイトか、空にしてください", "has {has} bytes, needs {count} or none";
    bytes_or_nul(has, most): "{has}バイトあります。NUL文字なしで{most}バイト以内にしてください", "has {has} bytes, may have {most} and no NUL character";
    too_many(has, most): "{has}件あります。{most}件以内にしてください", "has {has}, may have {most}";
    more_than(most): "{most}件を超えています", "has more than {most}";
    too_large(value, most): "{value} は大きすぎます。{most} 以下にしてください", "is {value}, may be {most} at most";
    out_of_range(value, least, most): "{value} は範囲外です。{least}〜{most} にしてください", "is {value}, may be {least} to {most}";
    whole_number(least, most): "{least}〜{most} の整数にしてください", "needs a whole number from {least} to {most}";
    above(most): "{most} を超えています", "is above {most}";
    above_percent(most): "{most}%を超えています", "is above {most} percent";
    no_number: "数字で入力してください", "is no number";
    lifetime(seconds): "{seconds}秒は範囲外です。60〜31,622,400秒(366日)にしてください", "is {seconds}, needs 60 to 31,622,400 (366 days)";
    no_uuid: "IDの形ではありません(例 019ab12c-3d4e-7f56-8a9b-0c1d2e3f4a5b)", "is no UUID, which looks like 019ab12c-3d4e-7f56-8a9b-0c1d2e3f4a5b";
    no_day(text): "「{text}」は日付として読めません(例 2026-04-01、R8.4.1、令和8年4月1日)", "\"{text}\" is no day, for example 2026-04-01, R8.4.1 or 令和8年4月1日";
    impossible_day(text): "「{text}」は暦にない日付です", "\"{text}\" is a day that the calendar does not have";
    era_ended(text, era, last): "「{text}」: {era}は{last}年までです", "\"{text}\": {era} ended in its year {last}";
    no_fiscal_year(text): "「{text}」は2000〜2100年度の年度として読めません(例 2025、R7、令和7年度)", "\"{text}\" is no fiscal year from 2000 to 2100, for example 2025, R7 or 令和7年度";
    no_time: "1970〜9999年の日時ではありません", "is no time between the years 1970 and 9999";
    unknown_value: "この版にない値です", "has a value that the contract does not know";
    none_of(text, choices): "「{text}」は選べません。次のどれかにしてください: {choices}", "{text} is none of {choices}";
    unknown_name(name): "「{name}」という項目はありません", "{name} names no field";
    names_no_field: "項目が指定されていません", "names no field";
    named_twice: "2回指定されています", "is named twice";
    mask_unknown(path, choices): "「{path}」は指定できません。指定できるもの: {choices}", "names {path}, may name {choices}";
    etag_unknown: "ここで読んだetagではありません。読み直してください", "is not an etag that was read here";
    page_token_unknown: "この一覧の前のページのnext_page_tokenではありません", "is not the next_page_token of an earlier page of this list";
    version_missing: "画面が古くなっています。開き直してください", "is missing; open the page again";
    needs_language: "ja か en にしてください", "needs ja or en";
}
