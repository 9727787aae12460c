//! Words on paper, Japanese and English side by side.

use crate::error::both::says;

says! {
    made(day, moment): "{day}現在(台帳の記録時点 {moment})", "As of {day}, ledger as recorded by {moment}";
    day_of(day): "{day}現在", "As of {day}";
    recorded(moment): "台帳の記録時点 {moment}", "Ledger as recorded by {moment}";
    recorded_label: "台帳の記録時点", "Ledger as recorded by";
    day_label: "基準日", "As of";
    hash_label: "照合値", "Checksum";
    hash(hash): "照合値 {hash}", "Checksum {hash}";
    page(page, pages): "{page} / {pages}", "{page} / {pages}";
    note(number, text): "注{number} {text}", "Note {number}: {text}";
    sources: "出典", "Sources";
    source(name, day): "{name}({day})", "{name} ({day})";
    assumed_source(name, day): "{name}({day}、未確認の前提)", "{name} ({day}, assumed, not confirmed)";
    untitled: "無題", "Untitled";
    nothing: "該当するデータはありません。", "There is nothing to show.";
    sheet: "シート", "Sheet";
    total: "合計", "Total";
    sum: "計", "Sum";
    years: "年度", "Fiscal year";
    unit_yen: "単位: 円", "Unit: yen";
    unit_thousand: "単位: 千円", "Unit: thousand yen";
    unit_million: "単位: 百万円", "Unit: million yen";
    missing(count): "※ 印字できない文字{count}字を〓で示しています。", "{count} characters that can not be printed are shown as 〓.";

    plan: "端末整備・更新計画", "Plan of installing and renewing devices";
    plan_annex: "別添1", "Annex 1";
    disposal: "更新対象端末のリユース、リサイクル、処分について", "Reuse, recycling and disposal of the devices that are renewed";
    disposal_devices(count): "対象台数: {count}台", "Devices: {count}";
    disposal_routes: "処分方法", "Where they go";
    disposal_route: "方法", "Route";
    disposal_count: "台数", "Devices";
    erasers: "端末のデータの消去方法", "Who erases the data";
    eraser_chosen(eraser): "・{eraser}", "– {eraser}";
    schedule: "スケジュール(予定)", "Schedule (planned)";
    schedule_time: "時期", "Time";
    schedule_what: "内容", "What is done";

    network: "ネットワーク整備計画", "Plan of networks";
    network_annex: "別添2", "Annex 2";
    reaching: "1. 必要なネットワーク速度が確保できている学校数、総学校数に占める割合(%)", "1. Schools that reach the network speed that is needed, and their share of all schools (%)";
    reaching_schools: "総学校数", "All schools";
    reaching_count: "必要なネットワーク速度が確保できている学校数", "Schools that reach the speed that is needed";
    reaching_share: "総学校数に占める割合", "Share of all schools";
    reaching_unknown(count): "速度が測定されていない学校{count}校は、確保できている学校に含めていません", "{count} schools whose speed was not measured do not count as reaching it";
    reaching_percent: "割合は小数第2位以下を切り捨てています", "The share is rounded down to tenths of a percent";
    municipality: "区市町村", "Municipality";

    costs: "端末の更新と運用にかかる費用の見通し", "Costs of renewing and running devices in the years to come";
    scenario(name): "試算の前提: {name}", "Scenario: {name}";
    by_payer: "年度別・負担者別の費用", "Costs by fiscal year and payer";
    by_kind: "費目別・年度別の費用", "Costs by kind and fiscal year";
    kind: "費目", "Kind of cost";
    costs_note: "金額は税込の見込額(円)です。物価の変動と割引は見込んでいません", "Amounts are expected ones in yen with tax; no inflation and no discounting";
    costs_split: "負担者ごとの金額は、補助制度の割合と基準額から計算し、合計は円単位で一致します", "Shares of payers follow the rates and standard amounts of the programmes and add up to the yen";

    scenarios: "財源の試算の比較", "Scenarios of funding side by side";
    scenario_name: "試算", "Scenario";
    scenarios_payers: "試算ごとの負担者別の費用(全年度の合計)", "Costs by payer under each scenario, all years";
    scenarios_own: "試算ごとの一般財源", "Own funds under each scenario";
    scenarios_all: "試算ごとの総額", "All costs under each scenario";
    scenarios_less(name): "一般財源の増減(「{name}」との差)", "Own funds compared with {name}";
    scenario_note(name, note): "「{name}」: {note}", "{name}: {note}";
}
