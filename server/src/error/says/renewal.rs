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
}
