//! Network health: incidents, networks of schools, targets, announced work.

use super::super::both::says;

says! {
    incident_unknown(id): "障害 {id} はありません", "there is no incident {id}";
    measurements_range: "期間は開始が終了より前で、31日以内にしてください", "the time must begin before it ends, and last at most 31 days";
    ssid_length: "Wi-Fiの名前は1から32バイトで入力してください", "a Wi-Fi's name has 1 to 32 bytes";
    access_point_digits: "アクセスポイントのアドレスは16進12桁で入力してください(例 00:1a:2b:3c:4d:5e)", "the address of an access point has 12 hex digits, for example 00:1a:2b:3c:4d:5e";
    gateway_digits: "ゲートウェイは16進32桁で入力してください", "a gateway has 32 hex digits";
    network_kind: "種類を選んでください", "choose a kind";
    network_unknown(value): "{value} は登録されていません", "{value} is not known";
    targets_full(most): "確認先は {most} 件までです", "there can be at most {most} targets";
    target_unknown(number): "確認先 {number} はありません", "there is no target {number}";
    target_kind: "種類を選んでください", "choose what the target is";
    target_host: "確認先は半角の名前かIPアドレスで、253バイトまでです", "a target is a name or an address in ASCII, at most 253 bytes";
    work_element: "作業の対象は学校の回線、学校の校内ネットワーク、自治体の集約拠点のどれかです", "work is on a school's line, on a school's own network or on a hub";
    work_times: "作業は開始が終了より前で、31日以内にしてください", "work must begin before it ends, and last at most 31 days";
    work_exists: "この作業はすでに予告されています", "this work was announced already";
    work_unknown(id): "予告された作業 {id} はありません", "there is no announced work {id}";
    hub_not_run(id): "この自治体が運営する集約拠点 {id} はありません", "this municipality runs no hub {id}";
}
