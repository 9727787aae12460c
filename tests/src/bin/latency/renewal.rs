//! Reports of renewal, of one owner and of all of them, over a ledger that is recorded first where there is none: each device in a lot,
//! by its serial number, and what runs at each school. Where there are more owners than in a prefecture, what is of all of them is a
//! nation's: by owner alone, and with its own limit.

use std::time::{Duration, Instant};

use gigafleet_proto::v1::{
    AcquisitionKind, CostKind, CountDevicesRequest, ExportRenewalReportRequest, GetRenewalCostsRequest,
    GetRenewalPlanRequest, GetRenewalScenariosRequest, Payer, RecordRenewalEntryRequest, RenewalCost,
    RenewalCostDetail, RenewalEntry, RenewalFunding, RenewalLot, RenewalPupils, RenewalReportForm, TaxBasis,
    export_renewal_report_request::Report, renewal_entry::Said, renewal_service_client::RenewalServiceClient,
};
use gigafleet_tests::StaffConnection;
use tokio::task::JoinSet;

use super::{Figure, Fleet, figure};

/// Devices of a lot.
const LOT: u64 = 2_000;
/// Years of which it is recorded what runs.
const YEARS: std::ops::RangeInclusive<i32> = 2024..=2026;
/// What runs at a school.
const KINDS: [CostKind; 3] = [CostKind::MdmLicense, CostKind::FilterLicense, CostKind::NetworkLine];
/// Most bytes of an answer that is a file.
const FILE_BYTES: usize = 64 << 20;

/// Limits of the 99th percentile in milliseconds (issue: an owner's report, all owners together, a scenario, pages, a workbook).
const OWNER: f64 = 200.0;
const EVERYBODY: f64 = 1_000.0;
const SCENARIO: f64 = 300.0;
const PAGES: f64 = 2_000.0;
const WORKBOOK: f64 = 5_000.0;
const NATION: f64 = 5_000.0;
/// More owners than any prefecture has.
const NATION_OWNERS: usize = 200;
/// Owners whose ledgers are recorded at once.
const AT_ONCE: usize = 4;

struct Board<'a> {
    fleet: &'a Fleet,
    client: RenewalServiceClient<StaffConnection>,
    rounds: usize,
}

fn share(payer: Payer, amount: u64) -> RenewalFunding {
    RenewalFunding { payer: payer.into(), amount_yen: amount.to_string() }
}

fn lot(number: u64, first: u64, count: u64) -> RenewalLot {
    RenewalLot {
        kind: CostKind::Device.into(),
        maker: String::from("製造"),
        model: format!("M-{}", number % 7),
        count: count.to_string(),
        acquisition: AcquisitionKind::Purchase.into(),
        unit_yen: String::from("45000"),
        tax_basis: TaxBasis::Included.into(),
        tax_percent: String::from("10"),
        funding: vec![share(Payer::StateFund, count * 30_000), share(Payer::Own, count * 15_000)],
        delivered: format!("{}-09-30", 2020 + number % 6),
        serials: (first..first + count).map(|device| format!("LT{device:08}")).collect(),
        ..RenewalLot::default()
    }
}

fn running(kind: CostKind, year: i32) -> RenewalCost {
    RenewalCost {
        kind: kind.into(),
        amount_yen: String::from("120000"),
        funding: vec![share(Payer::Own, 120_000)],
        from: format!("{year}-04-01"),
        to: format!("{}-03-31", year + 1),
        ..RenewalCost::default()
    }
}

/// Who records a ledger.
struct Recorder {
    client: RenewalServiceClient<StaffConnection>,
    owner: String,
    schools: Vec<String>,
    /// Devices of the ledger.
    devices: u64,
}

impl Recorder {
    async fn record(&mut self, school: &str, said: Said) {
        let entry = RenewalEntry {
            municipality_id: self.owner.clone(),
            school_id: school.to_owned(),
            said: Some(said),
            ..RenewalEntry::default()
        };
        let request = RecordRenewalEntryRequest { entry: Some(entry), ..Default::default() };
        self.client.record_renewal_entry(request).await.expect("it is recorded");
    }

    /// Records the ledger; gives its lots and costs.
    async fn fill(mut self, number: u64) -> (u64, u64) {
        let (mut lots, mut costs) = (0, 0);
        for first in (0..self.devices).step_by(usize::try_from(LOT).expect("a small number")) {
            self.record("", Said::Lot(lot(number + lots, first, LOT.min(self.devices - first)))).await;
            lots += 1;
        }
        for year in YEARS {
            let (fiscal_year, count) = (year.to_string(), self.devices.to_string());
            self.record("", Said::Pupils(RenewalPupils { fiscal_year, count, ..RenewalPupils::default() })).await;
        }
        for school in self.schools.clone() {
            for (kind, year) in KINDS.iter().flat_map(|kind| YEARS.map(move |year| (*kind, year))) {
                self.record(&school, Said::Cost(running(kind, year))).await;
                costs += 1;
            }
        }
        (lots, costs)
    }
}

impl Board<'_> {
    async fn devices_of(&self, owner: &str) -> u64 {
        let request = CountDevicesRequest { municipality_id: owner.to_owned(), ..Default::default() };
        let counted = self.fleet.staff.devices().await.count_devices(request).await.expect("devices are counted");
        counted.into_inner().total_count
    }

    /// Records a ledger for every owner that has devices, of so many devices in all.
    async fn fill(&mut self, ledger_devices: Option<u64>) {
        let begun = Instant::now();
        let registry = self.fleet.count(vec![]).await;
        let ledger = ledger_devices.unwrap_or(registry);
        let (mut all, mut lots, mut costs) = (JoinSet::new(), 0, 0);
        for (number, owner) in (0..).zip(&self.fleet.owners) {
            let owner = owner.municipality_id.clone();
            let devices = self.devices_of(&owner).await * ledger / registry;
            let of_owner = self.fleet.schools.iter().filter(|(of, _)| *of == owner);
            let schools = of_owner.map(|(_, school)| school.clone()).collect();
            let client = self.fleet.staff.renewal().await;
            let recorder = Recorder { client, owner, schools, devices };
            if all.len() >= AT_ONCE
                && let Some(done) = all.join_next().await
            {
                let done: (u64, u64) = done.expect("it is recorded");
                (lots, costs) = (lots + done.0, costs + done.1);
            }
            all.spawn(recorder.fill(number));
        }
        for done in all.join_all().await {
            (lots, costs) = (lots + done.0, costs + done.1);
        }
        eprintln!("{lots} lots and {costs} costs recorded in {:.0} s", begun.elapsed().as_secs_f64());
    }

    async fn times<T>(
        &mut self,
        name: &'static str,
        (rounds, target): (usize, f64),
        mut ask: impl AsyncFnMut(&mut RenewalServiceClient<StaffConnection>, usize) -> T,
        size: impl Fn(&T) -> usize,
    ) -> Figure {
        let mut taken = Vec::new();
        for round in 0..rounds {
            let started = Instant::now();
            let answer = ask(&mut self.client, round).await;
            let took: Duration = started.elapsed();
            taken.push((size(&answer), took));
        }
        figure(name, &taken, target)
    }
}

async fn connected(fleet: &Fleet) -> RenewalServiceClient<StaffConnection> {
    fleet.staff.renewal().await.max_decoding_message_size(FILE_BYTES)
}

/// Measures all of them.
pub async fn measure(
    fleet: &Fleet,
    (ledger_devices, rounds): (Option<u64>, usize),
    tell: impl Fn(&Figure),
) -> Vec<Figure> {
    let client = connected(fleet).await;
    let mut board = Board { fleet, client, rounds };
    let costs = |owner: String| GetRenewalCostsRequest { municipality_id: owner, ..Default::default() };
    let known = board.client.get_renewal_costs(costs(fleet.owner(0))).await.expect("costs are told").into_inner();
    if known.lines.is_empty() {
        board.fill(ledger_devices).await;
        // The server ended what was idle meanwhile.
        board.client = connected(fleet).await;
    }
    let mut figures = Vec::new();
    let mut take = |figure: Figure| {
        tell(&figure);
        figures.push(figure);
    };
    let (many, few) = (board.rounds, (board.rounds / 10).max(5));
    let is_nation = fleet.owners.len() > NATION_OWNERS;
    let (everybody_target, pages, workbook) =
        if is_nation { (NATION, NATION, NATION) } else { (EVERYBODY, PAGES, WORKBOOK) };
    let with = |request: GetRenewalCostsRequest, detail: RenewalCostDetail| GetRenewalCostsRequest {
        detail: detail.into(),
        ..request
    };
    for (name, everybody, detail, rounds, target) in [
        ("costs of an owner", false, RenewalCostDetail::Places, many, OWNER),
        ("costs of all owners together", true, RenewalCostDetail::Together, few, everybody_target),
        ("costs of all owners, by owner", true, RenewalCostDetail::Owners, few, everybody_target),
        ("costs of all owners, by school and model", true, RenewalCostDetail::Places, few, everybody_target),
    ] {
        // Of a nation that is more than an answer holds.
        if is_nation && everybody && detail == RenewalCostDetail::Places {
            continue;
        }
        let ask = async |client: &mut RenewalServiceClient<StaffConnection>, round| {
            let request = with(costs(if everybody { String::new() } else { fleet.owner(round) }), detail);
            client.get_renewal_costs(request).await.expect("costs are told").into_inner()
        };
        take(board.times(name, (rounds, target), ask, |answer| answer.lines.len()).await);
    }
    for (name, everybody, rounds, target) in
        [("plan of an owner", false, many, OWNER), ("plan of all owners", true, few, everybody_target)]
    {
        let ask = async |client: &mut RenewalServiceClient<StaffConnection>, round| {
            let owner = if everybody { String::new() } else { fleet.owner(round) };
            let request = GetRenewalPlanRequest { municipality_id: owner, ..Default::default() };
            client.get_renewal_plan(request).await.expect("a plan is told").into_inner()
        };
        take(board.times(name, (rounds, target), ask, |answer| answer.rows.len()).await);
    }
    for (name, everybody, rounds, target) in
        [("scenarios of an owner", false, many, SCENARIO), ("scenarios of all owners", true, few, everybody_target)]
    {
        let ask = async |client: &mut RenewalServiceClient<StaffConnection>, round| {
            let owner = if everybody { String::new() } else { fleet.owner(round) };
            let request = GetRenewalScenariosRequest { municipality_id: owner, ..Default::default() };
            client.get_renewal_scenarios(request).await.expect("scenarios are told").into_inner()
        };
        take(board.times(name, (rounds, target), ask, |answer| answer.scenarios.len()).await);
    }
    for (name, form, everybody, target) in [
        ("PDF of the costs of an owner", RenewalReportForm::Pdf, false, PAGES),
        ("PDF of the costs of all owners", RenewalReportForm::Pdf, true, pages),
        ("workbook of the costs of all owners, each amount", RenewalReportForm::Xlsx, true, workbook),
    ] {
        let ask = async |client: &mut RenewalServiceClient<StaffConnection>, round| {
            let owner = if everybody { String::new() } else { fleet.owner(round) };
            let request = costs(owner);
            let request = if is_nation && everybody { with(request, RenewalCostDetail::Owners) } else { request };
            let report = Some(Report::Costs(request));
            let request = ExportRenewalReportRequest { report, form: form.into(), ..Default::default() };
            client.export_renewal_report(request).await.expect("a file is written").into_inner()
        };
        take(board.times(name, (few, target), ask, |answer| answer.content.len()).await);
    }
    figures
}
