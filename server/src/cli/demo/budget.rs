//! What the boards of the demo have recorded of their money, so that their pages have something to say: the first renewed all
//! devices this spring, the second leases them, the third must renew them next year.

use std::collections::BTreeMap;

use gigafleet_agent::platform::Platform as _;
use gigafleet_proto::v1::{self, CostKind, Payer, renewal_entry::Said};

use super::{
    fleet::simulated,
    places::Place,
    town::{PUPILS, SPARE_PERCENT, pupils, spare_count, spare_serial},
};
use crate::{
    cli::{
        client::{Client, answer},
        failure::Result,
    },
    schools::rules::{MunicipalityId, SchoolId},
};

/// Pupils of the years to come, in percent of those of now.
const PUPILS_TO_COME: [(u32, usize); 2] = [(2027, 98), (2028, 96)];
/// When the devices came that were there before, and what one cost.
const BEFORE: Bought = ("R2.10.1", 45_000);

/// When devices came, and what one of them cost, in yen.
pub(super) type Bought = (&'static str, u64);

/// How a town came to the devices that it has now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// Bought with the fund in spring, for those that were disposed of then.
    Renewed,
    /// On lease.
    Leased,
    /// Bought in the first phase and due next year.
    Due,
}

fn way(town: usize) -> Way {
    match town {
        0 => Way::Renewed,
        1 => Way::Leased,
        _ => Way::Due,
    }
}

impl Way {
    fn bought(self) -> Bought {
        match self {
            Self::Renewed => ("R8.4.1", 55_000),
            Self::Leased => ("R6.10.1", 66_000),
            Self::Due => ("R3.4.1", 45_000),
        }
    }
}

/// When the devices of a town came, and what one cost: as its ledger of devices says too.
pub(super) fn bought(town: usize) -> Bought {
    way(town).bought()
}

/// A school with its place in the list of all, and the serial numbers of its devices by maker and model.
pub(super) struct Devices<'p> {
    index: usize,
    place: &'p Place,
    models: BTreeMap<(String, String), Vec<String>>,
    count: usize,
}

impl<'p> Devices<'p> {
    /// Those of a school.
    pub(super) fn of(index: usize, place: &'p Place, own: &[u32]) -> Self {
        let mut models: BTreeMap<_, Vec<String>> = BTreeMap::new();
        for number in own {
            let facts = simulated(*number, index).facts(&[]);
            let model = (facts.maker.unwrap_or_default(), facts.model.unwrap_or_default());
            models.entry(model).or_default().extend(facts.serial_number);
        }
        Self { index, place, models, count: own.len() }
    }
}

fn text(text: &str) -> String {
    text.to_owned()
}

/// Records the money of a town.
pub(super) async fn record(client: &Client, owner: MunicipalityId, town: usize, schools: &[Devices<'_>]) -> Result<()> {
    for (school, said) in of_town(way(town), schools) {
        let entry = v1::RenewalEntry {
            municipality_id: owner.to_string(),
            school_id: school.map(|school| school.to_string()).unwrap_or_default(),
            said: Some(said),
            ..v1::RenewalEntry::default()
        };
        let request = v1::RecordRenewalEntryRequest { entry: Some(entry), ..Default::default() };
        answer(client.renewal().record_renewal_entry(request)).await?;
    }
    Ok(())
}

/// All entries of a town: of a school, or of the town as a whole.
fn of_town(way: Way, schools: &[Devices<'_>]) -> Vec<(Option<SchoolId>, Said)> {
    let mut entries = Vec::new();
    let devices = schools.iter().map(|school| school.count).sum();
    for (year, percent) in PUPILS.into_iter().chain(PUPILS_TO_COME) {
        let (fiscal_year, count) = (year.to_string(), pupils(devices, percent).max(1).to_string());
        entries.push((None, Said::Pupils(v1::RenewalPupils { fiscal_year, count, ..Default::default() })));
    }
    for school in schools {
        let said = |said| (Some(school.place.school), said);
        entries.extend(school.models.iter().map(|(model, serials)| said(lot(way, model, serials))));
        let Some((model, _)) = school.models.first_key_value() else { continue };
        let spares: Vec<_> = (0..spare_count(school.count)).map(|spare| spare_serial(school.index, spare)).collect();
        entries.push(said(spare_lot(way, model, &spares)));
        if way == Way::Renewed {
            let old: Vec<_> = (0..school.count).map(|number| old_serial(school.index, number)).collect();
            let model = (text("Acme"), text("GIGA-1"));
            entries.push(said(purchase(CostKind::Device, &model, &old, BEFORE, Payer::StateOther)));
            entries.push(said(disposed(school.index, &old)));
        }
    }
    entries.extend(running(schools.len(), devices).into_iter().map(|said| (None, said)));
    if way == Way::Due {
        entries.push((None, Said::Planned(planned(devices))));
        entries.push((None, Said::DisposalPlan(disposal_plan(devices))));
    }
    entries
}

/// What is to be got next year: as much as the fund pays for.
fn planned(devices: usize) -> v1::RenewalPlanned {
    let (year, percent) = PUPILS_TO_COME[0];
    let installed = pupils(devices, percent).max(1);
    let [installed, spares] = [installed, installed * SPARE_PERCENT / 100].map(|count| count.to_string());
    v1::RenewalPlanned {
        fiscal_year: year.to_string(),
        installed: installed.clone(),
        installed_by_fund: installed,
        spares: spares.clone(),
        spares_by_fund: spares,
        ..v1::RenewalPlanned::default()
    }
}

fn paid(shares: &[(Payer, u64)]) -> Vec<v1::RenewalFunding> {
    let some = shares.iter().filter(|(_, yen)| *yen > 0);
    some.map(|(payer, yen)| v1::RenewalFunding { payer: (*payer).into(), amount_yen: yen.to_string() }).collect()
}

fn lot(way: Way, model: &(String, String), serials: &[String]) -> Said {
    let (delivered, unit) = way.bought();
    match way {
        Way::Renewed => purchase(CostKind::Device, model, serials, way.bought(), Payer::StateFund),
        Way::Due => purchase(CostKind::Device, model, serials, way.bought(), Payer::StateOther),
        Way::Leased => {
            // 60 payments: 66,000 yen a device are 1,100 a month.
            let monthly = unit / 60 * serials.len() as u64;
            Said::Lot(v1::RenewalLot {
                acquisition: v1::AcquisitionKind::Lease.into(),
                lease_months: text("60"),
                lease_monthly_yen: monthly.to_string(),
                funding: paid(&[(Payer::Own, 60 * monthly)]),
                ..bare(CostKind::Device, model, serials, delivered)
            })
        }
    }
}

fn spare_lot(way: Way, model: &(String, String), serials: &[String]) -> Said {
    let payer = match way {
        Way::Renewed => Payer::StateFund,
        Way::Leased | Way::Due => Payer::Own,
    };
    purchase(CostKind::Spare, model, serials, way.bought(), payer)
}

/// A purchase of which somebody pays two thirds, down to the yen; all of it the board where that one is itself.
fn purchase(
    kind: CostKind,
    model: &(String, String),
    serials: &[String],
    (delivered, unit): Bought,
    payer: Payer,
) -> Said {
    let total = unit * serials.len() as u64;
    let share = if payer == Payer::Own { 0 } else { total * 2 / 3 };
    Said::Lot(v1::RenewalLot {
        acquisition: v1::AcquisitionKind::Purchase.into(),
        unit_yen: unit.to_string(),
        tax_basis: v1::TaxBasis::Included.into(),
        tax_percent: text("10"),
        funding: paid(&[(payer, share), (Payer::Own, total - share)]),
        ..bare(kind, model, serials, delivered)
    })
}

fn bare(kind: CostKind, (maker, model): &(String, String), serials: &[String], delivered: &str) -> v1::RenewalLot {
    v1::RenewalLot {
        kind: kind.into(),
        maker: maker.clone(),
        model: model.clone(),
        count: serials.len().to_string(),
        delivered: delivered.to_owned(),
        serials: serials.to_vec(),
        ..v1::RenewalLot::default()
    }
}

/// Serial number of a device that a school had before.
fn old_serial(school: usize, number: usize) -> String {
    format!("GIGA1{:03}{number:05}", school + 1)
}

/// What the devices of before became.
fn disposed(index: usize, serials: &[String]) -> Said {
    let device = |(number, serial): (usize, &String)| v1::RenewalDisposedDevice {
        serial: serial.clone(),
        certificate: format!("消-{}-{:04}", index + 1, number + 1),
        ..v1::RenewalDisposedDevice::default()
    };
    Said::Disposal(v1::RenewalDisposal {
        route: v1::DisposalRoute::CertifiedRecycler.into(),
        eraser: v1::DataEraser::Contractor.into(),
        on: text("R8.5.20"),
        devices: serials.iter().enumerate().map(device).collect(),
        ..v1::RenewalDisposal::default()
    })
}

fn disposal_plan(devices: usize) -> v1::RenewalDisposalPlan {
    let line = |time: &str, what: &str| v1::RenewalScheduleLine { time: text(time), what: text(what) };
    let reused = devices / 10;
    v1::RenewalDisposalPlan {
        reuse_count: reused.to_string(),
        recycler_count: (devices - reused).to_string(),
        erasers: vec![v1::DataEraser::Contractor.into()],
        schedule: vec![
            line("令和9年4月", "処分事業者 選定"),
            line("令和9年8月", "新規購入端末の使用開始"),
            line("令和9年9月", "使用済端末の事業者への引き渡し"),
        ],
        ..v1::RenewalDisposalPlan::default()
    }
}

/// What runs in three fiscal years, all paid by the board.
fn running(schools: usize, devices: usize) -> Vec<Said> {
    let (schools, devices) = (schools as u64, devices as u64);
    let kinds = [
        (CostKind::NetworkLine, 660_000 * schools, "みどりネット"),
        (CostKind::FilterLicense, 1_200 * devices, "みどりフィルター"),
        (CostKind::LearningService, 2_400 * devices, "わかばドリル"),
        (CostKind::Insurance, 900 * devices, "多摩損害保険"),
        (CostKind::IctSupporter, 3_300_000 * schools.div_ceil(4), "まなび支援"),
    ];
    let years = [("R6.4.1", "R7.3.31"), ("R7.4.1", "R8.3.31"), ("R8.4.1", "R9.3.31")];
    let of_year = |(from, to): (&str, &str)| {
        let cost = |(kind, yen, vendor): (CostKind, u64, &str)| {
            Said::Cost(v1::RenewalCost {
                kind: kind.into(),
                amount_yen: yen.to_string(),
                funding: paid(&[(Payer::Own, yen)]),
                from: from.to_owned(),
                to: to.to_owned(),
                vendor: vendor.to_owned(),
                ..v1::RenewalCost::default()
            })
        };
        kinds.iter().filter(|(_, yen, _)| *yen > 0).copied().map(cost).collect::<Vec<_>>()
    };
    years.into_iter().flat_map(of_year).collect()
}
