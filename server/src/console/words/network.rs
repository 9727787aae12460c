//! Words of network health.

use super::{Language, words};

words! {
    /// Words of network health.
    NetworkWords {
        title: "ネットワーク", "Network";
        lead: "授業が止まっている場所、原因、いつからか、どこまで確かか。", "Where lessons stall, why, since when, and how sure it is.";
        incidents: "障害", "Incidents";
        all_incidents: "これまでの障害", "Past incidents";
        no_incidents: "いま起きている障害はありません。", "Nothing is broken now.";
        no_past: "これまでに記録された障害はありません。", "No incident has been recorded yet.";
        not_judged: "まだ判定していません。端末が学校のネットワークから報告を始めると、数分で判定が始まります。", "Nothing has been judged yet. Judging begins a few minutes after devices report from a school's network.";
        judged_until: "判定した時刻", "Judged up to";
        schools_hurt: "影響を受けている学校", "Schools that hurt";
        schools_heard: "報告がある学校", "Schools that are heard";
        schools_silent: "報告がない学校", "Schools not heard";
        devices: "影響を受けている端末", "Devices that hurt";
        lesson_minutes: "失われた授業(端末×分)", "Lesson-minutes × devices lost";
        element: "場所", "Place";
        cause: "原因", "Cause";
        state: "状態", "State";
        since: "いつから", "Since";
        until: "終わり", "Until";
        sure: "確かさ", "How sure";
        schools: "学校", "Schools";
        school: "学校", "School";
        other_owners: "ほかの自治体", "Other owners";
        other_owners_note: "ほかの自治体にも影響していますが、名前は表示しません。", "Other owners are concerned too; they are not named here.";
        heard: "数字は、直近1分に学校のネットワークから届いた報告の数です。", "Numbers are reports from the school's own network in the last minute.";
        wall: "学校の一覧", "All schools";
        municipality: "区市町村", "Municipality";
        mext_place: "文部科学省の4分類", "The ministry's four places";
        began: "始まり", "Began";
        between: "この間", "Between";
        opened: "確定", "Certain since";
        recovered: "復旧", "Recovered";
        closed: "終了", "Closed";
        flaps: "再発", "Came back";
        planned: "予告された作業のため、通知しません", "Announced work explains it; nobody is alerted";
        merged: "ほかの障害の一部でした", "It was part of another incident";
        evidence: "根拠", "Evidence";
        witness: "何から分かるか", "What tells it";
        compared: "影響を受けた側と、比べた側", "Those behind it and those it is compared with";
        affected: "この場所の先にある端末", "Behind this place";
        control: "比べた端末(この場所を通らない、または正常)", "Compared with: not behind it, or well";
        failing: "届かない・失敗", "Missing or failing";
        expected: "見込み", "Expected";
        share: "割合", "Share";
        alternatives: "ほかに考えた説明", "Other explanations";
        likelihood: "もっともらしさ(対数)", "Log odds";
        would_change: "判定を変える観測", "What would change the verdict";
        timeline: "経過", "Timeline";
        judged_at: "判定時刻", "Judged at";
        change: "できごと", "What changed";
        network_of: "学校のネットワーク", "The school's network";
        measured: "測定", "Measurements";
        no_measurements: "この期間の測定はありません。", "Nothing was measured in this time.";
        measured_note: "学校のネットワークにいる端末だけを数えています。線は中央値、帯は中央値から95パーセント点まで、赤は答えがなかった割合です。", "Only devices on the school's own network count. The line is the median, the band reaches to the 95th percentile, red is the share without an answer.";
        day: "1日", "A day";
        week: "1週間", "A week";
        by_layer: "層ごと", "By layer";
        by_access_point: "アクセスポイントごと", "By access point";
        time: "時刻", "Time";
        checks: "確認", "Checks";
        slow: "遅い", "Slow";
        failed: "答えなし", "No answer";
        median: "中央値", "Median";
        p95: "95パーセント点", "95th percentile";
        show_table: "表で見る", "As a table";
        known: "この学校のネットワークと分かる手がかり", "By what the network is known";
        known_empty: "まだ手がかりがありません。授業中に端末が5台以上、かつ報告した端末の2割以上が同じネットワークにいると、自動で覚えます。", "Nothing is known yet. A network is learned when at least five devices, and a fifth of those that report, are on it in the hours of a school day.";
        kind: "種類", "Kind";
        value: "値", "Value";
        source: "出所", "From";
        learned: "自動", "Learned";
        said: "登録", "Said";
        seen: "最後に確認", "Last seen";
        add_known: "手がかりを登録", "Say one";
        delete: "削除", "Delete";
        added: "登録しました。", "Noted.";
        deleted: "削除しました。", "Taken away.";
        kind_ssid: "Wi-Fiの名前", "Name of the Wi-Fi";
        kind_access_point: "アクセスポイント", "Access point";
        kind_gateway: "ゲートウェイ", "Gateway";
        kind_public: "公開アドレス", "Public address";
        work: "予告された作業", "Announced work";
        work_empty: "予告された作業はありません。", "No work is announced.";
        work_lead: "工事や停電を予告すると、その時間の障害は通知されません。記録には残ります。", "Incidents that announced work explains alert nobody; they are still recorded.";
        announce: "作業を予告", "Announce work";
        work_on: "対象", "On";
        on_line: "回線", "The line";
        on_lan: "校内ネットワーク", "The school's own network";
        begin: "開始", "Begin";
        end: "終了", "End";
        reason: "内容", "What is done";
        cancel: "取りやめる", "Call off";
        announced: "作業を予告しました。", "The work is announced.";
        cancelled: "作業の予告を取りやめました。", "The work is called off.";
        assumed: "フィルターとDNSは自治体ごとに共通と仮定しています。", "Filter and resolver are taken to be one for each owner.";
    }
}

/// Kind of an element, by its name.
pub fn element_text(language: Language, name: &str) -> &'static str {
    let (ja, en) = match name {
        "device" => ("端末", "Device"),
        "access_point" => ("アクセスポイント", "Access point"),
        "school_lan" => ("校内ネットワーク", "School's own network"),
        "school_line" => ("学校の回線", "School's line"),
        "hub" => ("集約拠点", "Hub"),
        "isp" => ("プロバイダー", "Provider"),
        "filter" => ("フィルター", "Filter"),
        "dns" => ("DNS", "Resolver"),
        "identity_provider" => ("認証サービス", "Sign-in service"),
        "service" => ("学習サービス", "Service"),
        _ => ("不明", "Unknown"),
    };
    language.choose(ja, en)
}

/// A cause, by its name.
pub fn cause_text(language: Language, name: &str) -> &'static str {
    let (ja, en) = match name {
        "service" => ("サービスの停止", "The service is down"),
        "account" => ("サインインできない", "Nobody can sign in"),
        "line_cut" => ("回線の断", "The line is cut"),
        "line_congestion" => ("回線の混雑", "The line is full"),
        "port_limit" => ("セッション・ポートの不足", "No more sessions or ports"),
        "hub" => ("集約拠点の障害", "The hub fails"),
        "filter" => ("フィルターによる遮断", "The filter blocks"),
        "router" => ("ルーター・ファイアウォール", "Router or firewall"),
        "switch" => ("スイッチ・配線", "Switch or cabling"),
        "access_point_coverage" => ("アクセスポイントの停止・電波", "Access point off or out of reach"),
        "access_point_capacity" => ("アクセスポイントの混雑", "Access point overloaded"),
        "dhcp_exhaustion" => ("アドレスの枯渇(DHCP)", "No more addresses (DHCP)"),
        "dns" => ("名前解決の失敗", "Names are not resolved"),
        "device" => ("端末の不具合", "The device"),
        _ => ("原因は不明", "Not known"),
    };
    language.choose(ja, en)
}

/// One of the ministry's four places.
pub fn place_text(language: Language, number: u8) -> &'static str {
    let (ja, en) = match number {
        1 => ("(1) サービス側", "(1) the service side"),
        2 => ("(2) 回線契約", "(2) the line contract"),
        3 => ("(3) ネットワーク機器", "(3) network equipment"),
        4 => ("(4) 端末", "(4) devices"),
        _ => ("不明", "unknown"),
    };
    language.choose(ja, en)
}

/// Where an incident is in its life, by the name.
pub fn state_text(language: Language, name: &str) -> &'static str {
    let (ja, en) = match name {
        "suspected" => ("疑い", "Suspected"),
        "open" => ("発生中", "Open"),
        "recovering" => ("回復を確認中", "Recovering"),
        "closed" => ("終了", "Closed"),
        _ => ("不明", "Unknown"),
    };
    language.choose(ja, en)
}

/// What kind of observation tells a verdict, by the name.
pub fn witness_text(language: Language, name: &str) -> &'static str {
    let (ja, en) = match name {
        "silence" => ("多くの端末が同時に報告しなくなった", "Many devices fell silent at once"),
        "silence_and_probe" => {
            ("多くの端末とプローブが同時に報告しなくなった", "Many devices and the probe fell silent at once")
        }
        "layers" => ("端末がどの層で失敗するかを報告した", "Devices say which layer fails"),
        "roaming" => (
            "アクセスポイントを失った端末が、ほかから報告した",
            "Devices that lost an access point say so from another one",
        ),
        "probe" => ("プローブが報告した", "A probe says so"),
        _ => ("不明", "Unknown"),
    };
    language.choose(ja, en)
}

/// What changed of an incident, by the name.
pub fn change_text(language: Language, name: &str) -> &'static str {
    let (ja, en) = match name {
        "suspected" => ("疑いがある", "It is likely"),
        "opened" => ("確定し、通知した", "It is certain"),
        "extended" => ("影響する学校が変わった", "Other schools are concerned"),
        "verdict_changed" => ("場所または原因の判定が変わった", "Another place or cause"),
        "start_corrected" => ("遅れて届いた報告で、始まりを訂正した", "Late reports corrected its begin"),
        "recovering" => ("回復したように見える", "It seems to be over"),
        "relapsed" => ("再発した", "It came back"),
        "closed" => ("終わった", "It is over"),
        "merged" => ("ほかの障害の一部と分かった", "It was part of another one"),
        "withdrawn" => ("障害ではなかった", "It never was"),
        _ => ("不明", "Unknown"),
    };
    language.choose(ja, en)
}

/// A layer, by its number in the contract.
pub fn layer_text(language: Language, number: i32) -> &'static str {
    let (ja, en) = match number {
        1 => ("接続(Wi-Fi・ケーブル)", "Link"),
        2 => ("アドレス(DHCP)", "Address"),
        3 => ("ゲートウェイ", "Gateway"),
        4 => ("DNS", "Resolver"),
        5 => ("gigafleetのサーバー", "This server"),
        6 => ("サービス", "Service"),
        7 => ("集約拠点", "Hub"),
        8 => ("プロバイダー", "Provider"),
        9 => ("セッション", "Sessions"),
        _ => ("不明", "Unknown"),
    };
    language.choose(ja, en)
}

/// An explanation that was looked at.
pub fn explanation_text(language: Language, text: &str) -> &'static str {
    let kind = text.split('/').next().unwrap_or_default();
    match kind {
        "benign" => language.choose("障害ではない", "No fault at all"),
        "own_servers" => language.choose("gigafleetのサーバー", "Our own servers"),
        kind => element_text(language, kind),
    }
}

/// A latency in microseconds.
pub fn latency_text(us: Option<f64>) -> String {
    match us {
        None => String::from("–"),
        Some(us) if us < 10_000.0 => format!("{:.1} ms", us / 1_000.0),
        Some(us) => format!("{:.0} ms", us / 1_000.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latencies_are_said_as_finely_as_they_matter() {
        assert_eq!(latency_text(None), "–");
        assert_eq!(latency_text(Some(1_234.0)), "1.2 ms");
        assert_eq!(latency_text(Some(151_700.0)), "152 ms");
    }

    #[test]
    fn explanation_is_named_by_its_kind() {
        assert_eq!(explanation_text(Language::En, "hub/x"), "Hub");
        assert_eq!(explanation_text(Language::En, "benign"), "No fault at all");
    }
}
