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

    reaching_year(year): "{year}の計画のために数えたものです", "Counted for {year}";
    left_out: "計画に含まれない設置者", "Owners that are left out";
    left_out_reason: "理由", "Why";
    nobody: "該当する設置者なし", "No owner";
    and_others(first, count): "{first}ほか 計{count}団体", "{first} and others, {count} in all";
    basis: "計算の根拠", "What it rests on";
    incomplete(problem): "未整備の情報: {problem}", "Incomplete: {problem}";

    costs: "端末の更新と運用にかかる費用の見通し", "Costs of renewing and running devices in the years to come";
    by_payer: "年度別・負担者別の費用", "Costs by fiscal year and payer";
    by_kind: "費目別・年度別の費用", "Costs by kind and fiscal year";
    by_owner: "設置者別・年度別の費用", "Costs by owner and fiscal year";
    by_school: "学校別・年度別の費用", "Costs by school and fiscal year";
    by_model: "機種別・年度別の費用", "Costs by model and fiscal year";
    kind: "費目", "Kind of cost";
    school: "学校", "School";
    whole_owner: "設置者全体", "The owner as a whole";
    model: "機種", "Model";
    no_device: "端末以外", "Not for devices";
    payer: "負担者", "Payer";
    amount_basis: "区分", "Basis";
    amount: "金額(円)", "Yen";
    lines: "内訳", "Line by line";
    due: "更新時期を迎える端末", "Devices that are due";
    due_year: "更新年度", "Due in";
    due_reason: "更新の理由", "Why";
    past_os_end(reason): "{reason}(OSサポート終了後も使用)", "{reason}, used past the end of its system";
    amounts_note(year): "金額は税込(円)です。台帳に記録した金額と、{year}からの見込額からなります。見込額に物価の変動と割引は含みません", "Amounts are in yen with tax: what the ledger has, and what is expected from {year} on, without inflation and discounting";
    costs_note: "金額は税込の見込額(円)です。物価の変動と割引は見込んでいません", "Amounts are expected ones in yen with tax; no inflation and no discounting";
    costs_split: "負担者ごとの金額は、補助制度の割合と基準額から計算し、合計は円単位で一致します", "Shares of payers follow the rates and standard amounts of the programmes and add up to the yen";

    per_device: "端末1台・1年あたりの費用", "Cost of a device and year";
    per_device_kind: "費目別の端末1台・1年あたりの費用", "Cost of a device and year by kind";
    per_device_owner: "設置者別の端末1台・1年あたりの費用", "Cost of a device and year by owner";
    devices_at_end: "年度末の端末数(台)", "Devices at its end";
    device_years: "延べ端末数(台・年)", "Device-years";
    renewal_cost: "端末・予備機(円)", "Devices and spares";
    running_cost: "運用(円)", "Running costs";
    own_funds: "うち一般財源(円)", "Own funds of it";
    one_device: "1台・1年あたり(円)", "A device and year";
    one_device_own: "うち一般財源の1台・1年あたり(円)", "Own funds for a device and year";
    device_count_note: "端末数は年度末(3月31日)に使われている台数です。予備機は数えず、その費用は端末を使い続けるための費用に含めます", "Devices are those of 31 March. Spares do not count; what they cost is a cost of the devices in use";
    device_years_note: "合計の行は、各年度の費用の合計を、各年度末の端末数の合計(延べ端末数)で割った額です。1円未満は四捨五入しています", "Totals are the costs of all years by the devices of all their ends, to the nearest yen";
    device_replaced_note: "これからの年度は、更新する端末が同じ台数の端末に替わるものとして数えています。今年度の費用は、これまでに記録した分です", "In years to come devices that are renewed stay as many. Costs of the current year are those recorded so far";

    scenarios: "財源の試算の比較", "Scenarios of funding side by side";
    scenario_name: "試算", "Scenario";
    scenarios_payers: "試算ごとの負担者別の費用(全年度の合計)", "Costs by payer under each scenario, all years";
    scenarios_own: "試算ごとの一般財源", "Own funds under each scenario";
    scenarios_all: "試算ごとの総額", "All costs under each scenario";
    scenarios_less(name): "一般財源の増減(「{name}」との差)", "Own funds compared with {name}";
    scenario_note(name, note): "「{name}」: {note}", "{name}: {note}";

    changes: "台帳と費用見通しの変更点", "What changed in the ledger and the outlook";
    period(since, until): "{since}から{until}までの変更", "From {since} to {until}";
    ticket_costs(count, yen): "問い合わせにかかった費用の追加: {count}件、{yen}円", "Costs of tickets that came: {count}, {yen} yen";
    other_rules(kind): "計算の条件の変更: {kind}", "Other rules: {kind}";
    changed_entries: "台帳の変更", "Entries that came or went";
    change: "変更", "Change";
    added: "追加", "Added";
    reversed: "取り消し", "Reversed";
    entry_kind: "記録の種類", "Kind of entry";
    entry_from: "開始日", "From";
    entry_id: "記録のID", "Entry";
    entry_total: "総額(円)", "Yen in all";
    changed_cells: "計画の変更", "Cells of the plan";
    plan_came: "前の時点には計画がなく、後の時点にはあります。", "There was no plan before, and there is one after.";
    plan_went: "前の時点には計画があり、後の時点にはありません。", "There was a plan before, and there is none after.";
    plan_row: "項目", "Row";
    before: "変更前", "Before";
    after: "変更後", "After";
    difference: "増減", "Difference";
    changed_amounts: "費用の変更", "Amounts that changed";
}
