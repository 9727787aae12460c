//! Municipalities and schools, calendars, pupils and lines.

use super::super::both::says;

says! {
    // Codes and names.
    municipality_code: "6桁の数字にしてください(例 131130)", "needs six digits, for example 131130";
    school_code: "英字A〜Hの1文字と数字12桁にしてください(例 B113210000005)", "needs a letter A to H and twelve digits, for example B113210000005";
    check_digit(text, right): "{text} の検査数字が合いません。正しくは {right} です", "the check digit of {text} is wrong: {right} would be right";
    municipality_kind: "都、道、府、県、特別区、市、町、村、組合のどれか、または空にしてください", "is none of 都, 道, 府, 県, 特別区, 市, 町, 村, 組合, nor empty";
    municipality_exists(code): "区市町村 {code} か、このrequest_idのものは、すでにあります", "the municipality {code} or one of this request_id exists";
    school_exists: "この学校コードの学校は、この区市町村にすでにあります", "a school with this code exists in the municipality";
    school_key_taken: "この学校コード・名前・request_idのどれかの学校は、この区市町村にすでにあります", "a school with this code, name or request_id exists in the municipality";
    school_name_taken(name): "「{name}」という学校はすでにあります(文字の幅と空白は区別しません)", "a school of the municipality is called {name} already; width and spaces make no difference";
    school_kind(choices): "次のどれかにしてください: {choices}", "is none of {choices}";
    school_unknown(id): "学校 {id} はありません", "there is no school {id}";
    place_unknown: "その場所はありません", "there is no such place";
    adding_needs_municipality: "学校の追加には区市町村全体の権限が必要です", "adding a school needs a right for the municipality";
    changed_since: "開いたあとに変更されました。読み直してください", "it was changed since it was read; read it again";

    // Files.
    school_not_found: "この区市町村に、この名前や学校コードの学校はありません。先に学校を登録してください", "is no name and no code of a school of this municipality; add the school first";
    name_in_row(row): "{row}行目にもあります。同じ名前の学校は2つ登録できません", "stands in row {row} too; two schools may not share a name";
    in_row(row): "{row}行目にもあります", "stands in row {row} too";
    year_in_row(row): "この学校のこの年度は{row}行目にもあります", "stands for this school in row {row} too";
    period_twice: "同じ対象・種別・年度のものが、ファイルに2回あります", "stands in the file twice for this place, kind and fiscal year";
    yes_or_no: "○か×にしてください。わからないときは空欄にしてください", "is neither ○ nor ×; leave it empty where it is not known";
    period_kind_words: "学期、長期休業、休業日、授業日のどれかにしてください", "is none of 学期 (term), 長期休業 (vacation), 休業日 (day_off), 授業日 (extra)";
    rows_too_many(count, most): "{count}行あります。{most}行以内にしてください", "are {count}, may be {most} at most";
    code_of_closed(name): "閉校した「{name}」の学校コードです", "is the code of {name}, which is closed";
    name_of_other(code): "学校コード {code} とは別の学校の名前です", "is the name of another school, not of the one with the code {code}";
    code_differs(code, name): "「{name}」の学校コードは {code} です", "differs from {code}, the code that {name} has";
    named_before: "前の行が学校コードで指している学校です", "is a school that an earlier row names by its code";

    // Pupils.
    pupils: "0〜5,000の整数にしてください", "is no whole number from 0 to 5,000";

    // Calendars.
    period_kind: "期間の種別を指定してください", "names no kind of period";
    last_before_first(first): "最初の日({first})より前です", "lies before the first day, {first}";
    period_too_long(days, most): "{days}日間になります。{most}日以内にしてください", "makes {days} days, may be {most} at most";
    range_days(count, most): "最初の日から{count}日間になります。1〜{most}日にしてください", "makes {count} days from first_date on, may be 1 to {most}";
    outside_fiscal_years: "2000〜2100年度の外です", "lies outside of the fiscal years 2000 to 2100";
    calendar_full(most): "学校暦に登録できる期間は、1年度に{most}件までです。先にどれかを消してください", "a calendar has at most {most} periods of a fiscal year; take one away first";
    period_unknown(name, year): "{year}の学校暦に、その種別の「{name}」はありません", "this calendar has no period {name} of that kind in {year}";
    weekday: "1(月曜日)〜7(日曜日)にしてください", "is from 1, Monday, to 7, Sunday";
    lesson_number(most): "1〜{most}にしてください", "is from 1 to {most}";
    lesson_minute: "0時からの分を、0〜1,440で指定してください", "is from 0 to 1,440, minutes after midnight";
    lesson_end: "始まりより後にしてください", "is not after begin_minute";
    lesson_twice: "この曜日に2回あります", "is named twice on this weekday";
    lesson_overlaps(period): "{period}時間目の終わりより前です", "lies before the end of lesson {period}";
    holiday_twice(day): "{day} が2回あります", "{day} stands twice";
    holiday_other_year(day, year): "{day} は{year}年の日ではありません", "{day} is no day of {year}";
    holiday_source: "だれがいつ定めたかを入力してください", "is empty; say who says so, with a date";

    // Lines.
    topology: "接続方式を選んでください", "names no topology";
    hub_kind: "集約拠点の種類を指定してください", "names no kind of hub";
    needs_municipal_hub: "接続方式に合う、自治体の集約拠点を選んでください", "is no hub of a municipality, which this topology needs";
    needs_prefectural_hub: "接続方式に合う、都道府県の集約拠点を選んでください", "is no hub of a prefecture, which this topology needs";
    needs_isp_node: "プロバイダーの設備を選んでください。ほかの集約拠点を通る回線は、別の接続方式です", "is no node of a provider; a line through another hub has another topology";
    contract_mbps(mbps): "{mbps} は範囲外です。1〜400,000にするか、不明なら空にしてください", "is {mbps}, may be 1 to 400,000; leave it out where unknown";
    line_unknown(number): "この学校に回線 {number} はありません", "the school has no line {number}";
    hub_unknown(id): "集約拠点 {id} はありません", "there is no hub {id}";
    hub_exists: "この名前かrequest_idの集約拠点はすでにあります", "a hub with this name or request_id exists";
    operator_missing: "自治体の集約拠点には、運用する区市町村を指定してください", "is empty; a hub of a municipality needs who runs it";
    operator_not_here: "自治体の集約拠点だけに指定できます", "is only for hubs of a municipality";
}
