//! What the boards of the demo have recorded of their money, so that their pages have something to say: the first renewed all
//! devices this spring, the second leases them, the third must renew them next year.

use std::collections::BTreeMap;

use gigafleet_agent::platform::Platform as _;
use gigafleet_proto::v1::{self, CostKind, Payer, renewal_entry::Said};

use super::{
    fleet::simulated,
    places::{Place, place_of},
    town::{old_serial, spare_count, spare_serial},
};
use crate::{
    cli::{
        client::{Client, answer},
        failure::Result,
    },
    schools::rules::{MunicipalityId, SchoolId},
};

/// Pupils of next year, in percent of those of now.
const NEXT_YEAR_PERCENT: u64 = 98;

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

/// When the devices of a town came, and what one cost: as its ledger of devices says too.
pub(super) fn bought(town: usize) -> (&'static str, u64) {
    match way(town) {
        Way::Renewed => ("R8.4.1", 55_000),
        Way::Leased => ("R6.10.1", 66_000),
        Way::Due => ("R3.4.1", 45_000),
    }
}

fn way(town: usize) -> Way {
    match town {
        0 => Way::Renewed,
        1 => Way::Leased,
        _ => Way::Due,
    }
}

/// Serial numbers of devices by maker and model.
type Models = BTreeMap<(String, String), Vec<String>>;

/// A town with its schools: each with its place in the list of all, and its devices.
struct Town<'p> {
    owner: MunicipalityId,
    way: Way,
    bought: (&'static str, u64),
    schools: Vec<(usize, &'p Place, Models)>,
}

impl Town<'_> {
    fn devices(&self) -> u64 {
        self.schools.iter().map(|(.., models)| count(models)).sum()
    }
}

fn count(models: &Models) -> u64 {
    models.values().map(|serials| serials.len() as u64).sum()
}

/// Pupils of a year, where now each has a device: a little fewer each year, as almost everywhere.
fn pupils(devices: u64, percent: u64) -> u64 {
    (devices * percent / 100).max(1)
}

fn text(text: &str) -> String {
    text.to_owned()
}

/// Records all of it.
pub(super) async fn record(client: &Client, places: &[Place], devices: u32) -> Result<()> {
    for town in towns(places, devices) {
        let entries = of_town(&town);
        for (school, said) in entries {
            let entry = v1::RenewalEntry {
                municipality_id: town.owner.to_string(),
                school_id: school.map(|school| school.to_string()).unwrap_or_default(),
                said: Some(said),
                ..v1::RenewalEntry::default()
            };
            let request = v1::RecordRenewalEntryRequest { entry: Some(entry), ..Default::default() };
            answer(client.renewal().record_renewal_entry(request)).await?;
        }
    }
    Ok(())
}

fn towns(places: &[Place], devices: u32) -> Vec<Town<'_>> {
    let mut towns: Vec<Town<'_>> = Vec::new();
    for (index, place) in places.iter().enumerate() {
        if towns.last().is_none_or(|town| town.owner != place.municipality) {
            let (way, bought) = (way(towns.len()), bought(towns.len()));
            towns.push(Town { owner: place.municipality, way, bought, schools: Vec::new() });
        }
        let mut models = Models::new();
        for number in (0..devices).filter(|number| place_of(places, *number) == index) {
            let facts = simulated(number, index).facts(&[]);
            let model = (facts.maker.unwrap_or_default(), facts.model.unwrap_or_default());
            models.entry(model).or_default().extend(facts.serial_number);
        }
        if let Some(town) = towns.last_mut() {
            town.schools.push((index, place, models));
        }
    }
    towns
}

/// All entries of a town: of a school, or of the town as a whole.
fn of_town(town: &Town<'_>) -> Vec<(Option<SchoolId>, Said)> {
    let mut entries = Vec::new();
    let devices = town.devices();
    for (year, percent) in [("R6", 106), ("R7", 103), ("R8", 100), ("R9", NEXT_YEAR_PERCENT), ("R10", 96)] {
        let count = pupils(devices, percent).to_string();
        entries.push((None, Said::Pupils(v1::RenewalPupils { fiscal_year: text(year), count, ..Default::default() })));
    }
    for (index, place, models) in &town.schools {
        let said = |said| (Some(place.school), said);
        entries.extend(models.iter().map(|(model, serials)| said(lot(town, model, serials))));
        let spares: Vec<_> = (0..spare_count(usize::try_from(count(models)).unwrap_or(0)))
            .map(|spare| spare_serial(*index, spare))
            .collect();
        if let Some((model, _)) = models.first_key_value() {
            entries.push(said(spare_lot(town, model, &spares)));
        }
        if town.way == Way::Renewed && count(models) > 0 {
            let old: Vec<_> = (0..count(models)).map(|number| old_serial(*index, number)).collect();
            entries.push(said(first_phase(("Acme", "GIGA-1"), &old, "R2.10.1")));
            entries.push(said(disposed(*index, &old)));
        }
    }
    entries.extend(running(town, devices).into_iter().map(|said| (None, said)));
    if town.way == Way::Due {
        // As many as the fund pays for.
        let installed = pupils(devices, NEXT_YEAR_PERCENT);
        let spares = installed * 15 / 100;
        let planned = v1::RenewalPlanned {
            fiscal_year: text("R9"),
            installed: installed.to_string(),
            installed_by_fund: installed.to_string(),
            spares: spares.to_string(),
            spares_by_fund: spares.to_string(),
            ..v1::RenewalPlanned::default()
        };
        entries.push((None, Said::Planned(planned)));
        entries.push((None, Said::DisposalPlan(disposal_plan(devices))));
    }
    entries
}

fn paid(shares: &[(Payer, u64)]) -> Vec<v1::RenewalFunding> {
    let some = shares.iter().filter(|(_, yen)| *yen > 0);
    some.map(|(payer, yen)| v1::RenewalFunding { payer: (*payer).into(), amount_yen: yen.to_string() }).collect()
}

fn lot(town: &Town<'_>, (maker, model): &(String, String), serials: &[String]) -> Said {
    let (delivered, unit) = town.bought;
    match town.way {
        Way::Due => first_phase((maker, model), serials, delivered),
        Way::Renewed => purchase(CostKind::Device, (maker, model), serials, (delivered, unit), Payer::StateFund),
        Way::Leased => {
            // 60 payments: 66,000 yen a device are 1,100 a month.
            let monthly = unit / 60 * serials.len() as u64;
            Said::Lot(v1::RenewalLot {
                acquisition: v1::AcquisitionKind::Lease.into(),
                lease_months: text("60"),
                lease_monthly_yen: monthly.to_string(),
                funding: paid(&[(Payer::Own, 60 * monthly)]),
                ..bare(CostKind::Device, (maker, model), serials, delivered)
            })
        }
    }
}

fn spare_lot(town: &Town<'_>, (maker, model): &(String, String), serials: &[String]) -> Said {
    let payer = match town.way {
        Way::Renewed => Payer::StateFund,
        Way::Leased | Way::Due => Payer::Own,
    };
    purchase(CostKind::Spare, (maker, model), serials, town.bought, payer)
}

/// Devices of the first phase, of which the state paid 30,000 of 45,000 yen.
fn first_phase((maker, model): (&str, &str), serials: &[String], delivered: &str) -> Said {
    purchase(CostKind::Device, (maker, model), serials, (delivered, 45_000), Payer::StateOther)
}

/// A purchase of which somebody pays two thirds, down to the yen; all of it the board where that one is itself.
fn purchase(
    kind: CostKind,
    model: (&str, &str),
    serials: &[String],
    (delivered, unit): (&str, u64),
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

fn bare(kind: CostKind, (maker, model): (&str, &str), serials: &[String], delivered: &str) -> v1::RenewalLot {
    v1::RenewalLot {
        kind: kind.into(),
        maker: maker.to_owned(),
        model: model.to_owned(),
        count: serials.len().to_string(),
        delivered: delivered.to_owned(),
        serials: serials.to_vec(),
        ..v1::RenewalLot::default()
    }
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

fn disposal_plan(devices: u64) -> v1::RenewalDisposalPlan {
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
fn running(town: &Town<'_>, devices: u64) -> Vec<Said> {
    let schools = town.schools.len() as u64;
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
