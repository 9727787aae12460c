//! Renewal: money, programmes, plans, the ledger.

use super::super::both::says;

says! {
    no_yen(text): "「{text}」は金額として読めません(例 55000、55,000円)", "\"{text}\" is no amount of yen, for example 55000 or 55,000円";
    negative_yen(text): "「{text}」は負の金額です。0円以上にしてください", "\"{text}\" is below nothing: needs 0 yen or more";
    fractional_yen(text): "「{text}」には円未満の端数があります。整数にしてください", "\"{text}\" has a part of a yen: needs whole yen";
    yen_limit(most): "{most} 円を超えています", "is above {most} yen";
    no_fraction(text): "「{text}」は割合として読めません(例 2/3、15%)", "\"{text}\" is no fraction, for example 2/3 or 15%";
    above_one(text): "「{text}」は1を超えています", "{text} is more than the whole";
    no_object: "項目の組(JSONのオブジェクト)にしてください", "needs an object";
    no_list(most): "0〜{most} 件の一覧にしてください", "needs a list of 0 to {most}";
    no_text: "文字列にしてください", "needs a text";
    no_flag: "true か false にしてください", "needs true or false";
    unknown_field: "この版にない項目です", "is no field of this version";
    no_json(line, column): "JSONとして読めません({line} 行 {column} 文字目)", "is no JSON at line {line}, column {column}";
    id(most): "小文字の英数字とハイフンで、1〜{most} 文字にしてください", "needs 1 to {most} small letters, digits and hyphens";
    mid_year_start(day, first): "{day} は年度の途中です。年度の初日(例 {first})にしてください", "begins on {day}, within a fiscal year: needs its first day, for example {first}";
    mid_year_end(day, last): "{day} は年度の途中です。年度の最終日(例 {last})にしてください", "ends on {day}, within a fiscal year: needs its last day, for example {last}";
    ends_before(first): "{first} より前に終わっています", "ends before it begins on {first}";
    covered_twice(kind): "{kind} が2回あります", "covers {kind} twice";
    standard_zero: "1円以上にするか、省いてください", "needs 1 yen or more, or to be left out";
    rest_unpaid: "最後は、LOCAL_ALLOCATION 以外の負担者が TOTAL を受け持つようにしてください", "needs one at its end, other than LOCAL_ALLOCATION, who pays TOTAL";
    programme_twice: "同じIDの制度がほかにもあります", "another programme has the same id";
    programmes_overlap(other, kind): "「{other}」と期間が重なっています({kind})", "overlaps {other}, which covers {kind} too";
    no_pattern(most): "1〜{most} 文字の名前にしてください(末尾の * はその後を問わない)", "needs names of 1 to {most} characters; a star at the end stands for any rest";
    end_of_nothing: "機種かバージョンを指定してください", "needs a model or a version";
    lifetime_of_nothing: "機種を指定してください(すべては *)", "needs a model, or * for all";
    limit_devices: "1台以上にしてください", "needs 1 device or more";
    limit_yen(most, dearest): "年 {most} 円では、1台 {dearest} 円の端末を更新できません", "of {most} yen a year is below the price of one device, {dearest} yen";
    no_room(left): "2100年度までに {left} 台の更新が収まりません", "leaves no room for {left} devices until 2100";
    year_outside: "計画の期間にない年度です", "is no year of the plan";
    more_of_the_fund(fund, all): "基金事業による {fund} 台は、全体の {all} 台を超えています", "{fund} by the fund are more than {all} in all";
    above_the_cap(bought, cap): "予備機を含む {bought} 台は、上限の {cap} 台を超えています", "{bought} with spares are above the cap of {cap}";
    spares_above(spares, allowed): "予備機の累計 {spares} 台は、上限の {allowed} 台を超えています", "{spares} spares up to this year are above the {allowed} that are allowed";
    more_schools(counted, schools): "{counted} 校は、総学校数の {schools} 校を超えています", "{counted} are more than all {schools} schools";
    routes(sum, devices): "処分方法ごとの合計 {sum} 台が、対象台数 {devices} 台と合いません", "routes add up to {sum}, not to {devices} devices";
    eraser_needed: "データを消去する者を選んでください", "say who erases the data";
    schedule(lines, characters): "{lines} 行まで、時期と内容をそれぞれ1〜{characters} 文字にしてください", "needs at most {lines} lines, each with a time and what is done, of 1 to {characters} characters";
    footnote_cap(definition): "②は①と予備機の上限台数(端数切り捨て)の合計です。{definition}としています", "② is ① and the spares that are allowed, rounded down: {definition}";
    footnote_renewed: "⑤は③の累計÷①で、100%を上限としています", "⑤ is ③ up to the year ÷ ①, at most 100 %";
    footnote_spares(definition): "⑧は{definition}としています", "⑧ is {definition}";
    footnote_percent: "割合は小数第2位以下を切り捨てています", "shares are rounded down to tenths of a percent";
    scenario_twice: "同じIDの試算がほかにもあります", "another scenario has the same id";
}
