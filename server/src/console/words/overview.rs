//! Words of home.

use super::words;

words! {
    /// Words of home.
    OverviewWords {
        schools: "学校", "Schools";
        devices: "端末", "Devices";
        reporting: "報告あり", "Reporting";
        silent: "未報告", "Silent";
        silent_note: "休日や夜間は、未報告でも故障とは限りません。", "At night and on holidays silence is no fault.";
        storage_low: "空き容量わずか", "Storage low";
        chart: "端末の報告状況", "What devices report";
        name: "名称", "Name";
        state: "状態", "State";
        last: "最後の報告", "Last report";
        no_devices: "端末なし", "No devices";
        no_schools: "まだ学校が登録されていません。", "There are no schools yet.";
        no_grant: "まだ権限がありません。管理者に、担当する区市町村や学校の権限付与を依頼してください。", "You have no grant yet. Ask an administrator for one in your municipality or school.";
        part: "学校が多いため、ここでは台帳の端末数だけを示します。報告状況は学校ごとに見られます。", "There are many schools: here are the devices of the registry only. What they report is shown by school.";
    }
}
