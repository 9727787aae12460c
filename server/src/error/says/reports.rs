//! Reports from a phone: what whoever stands before a label is told. Pupils read it too.

use super::super::both::says;

says! {
    label_unknown: "このコードは使えません", "this code is not known";
    device_gone: "この端末は、もう使われていません", "this device is no longer in use";
    report_unknown: "この連絡は見つかりません", "this report is not known";
    too_many(minutes): "いま、連絡がとても多くなっています。約{minutes}分後に、もう一度おくってください", "many reports are coming in: send it again in about {minutes} minutes";
    choose: "1つえらんでください", "choose one";
    words_needed: "どうなったか、みじかく書いてください", "say in a few words what happened";
    text_long(count, most): "{most}文字までにしてください(いま{count}文字)", "needs at most {most} characters, has {count}";
    incident_over: "この故障は、もうなおっています。まだ困っていたら、連絡してください", "this trouble is over: report what still does not work";
    room_long: "1〜40文字で入力してください", "needs 1 to 40 characters";
    label_of_school_unknown: "このラベルはこの学校にありません", "the school has no such label";
}
