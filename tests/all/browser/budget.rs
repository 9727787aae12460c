//! What a board has recorded of its money: lots with serial numbers, running costs, pupils, plans, disposals.

use gigafleet_proto::v1::{self, Payer, RenewalFunding, renewal_entry::Said};
use gigafleet_tests::ServerProcess;

/// Devices of the first lot; the town's ledger names them so.
const DEVICES: u32 = 300;

fn paid(payer: Payer, yen: u32) -> RenewalFunding {
    RenewalFunding { payer: payer.into(), amount_yen: yen.to_string() }
}

fn text(text: &str) -> String {
    text.to_owned()
}

/// Records an entry of an owner, or of a school of it.
async fn record(server: &ServerProcess, owner: &str, school: &str, said: Said) {
    let entry = v1::RenewalEntry {
        municipality_id: owner.to_owned(),
        school_id: school.to_owned(),
        said: Some(said),
        ..v1::RenewalEntry::default()
    };
    let request = v1::RecordRenewalEntryRequest { entry: Some(entry), ..v1::RecordRenewalEntryRequest::default() };
    let mut renewal = server.staff().renewal().await;
    renewal.record_renewal_entry(request).await.expect("it is recorded");
}

fn pupils(year: &str, count: u32) -> Said {
    Said::Pupils(v1::RenewalPupils {
        fiscal_year: text(year),
        count: count.to_string(),
        ..v1::RenewalPupils::default()
    })
}

fn planned(year: &str, installed: u32, spares: u32) -> Said {
    Said::Planned(v1::RenewalPlanned {
        fiscal_year: text(year),
        installed: installed.to_string(),
        installed_by_fund: installed.to_string(),
        spares: spares.to_string(),
        spares_by_fund: spares.to_string(),
        ..v1::RenewalPlanned::default()
    })
}

/// Devices that were bought in 2021 at 45,000 yen, two thirds of it by the state; their warranty ends in fiscal year 2027.
fn bought() -> Said {
    Said::Lot(v1::RenewalLot {
        kind: v1::CostKind::Device.into(),
        maker: text("Lenovo"),
        model: text("Lenovo 500e Yoga Chromebook Gen 4"),
        count: DEVICES.to_string(),
        acquisition: v1::AcquisitionKind::Purchase.into(),
        unit_yen: text("45,000円"),
        tax_basis: v1::TaxBasis::Included.into(),
        tax_percent: text("10"),
        funding: vec![paid(Payer::StateOther, 9_000_000), paid(Payer::Own, 4_500_000)],
        delivered: text("2021-04-01"),
        warranty_end: text("2028-03-31"),
        serials: (1..=DEVICES).map(|number| format!("5CD01{number:05}")).collect(),
        ..v1::RenewalLot::default()
    })
}

/// Spares on lease for five years, which must not be disposed of before it ends.
fn leased() -> Said {
    Said::Lot(v1::RenewalLot {
        kind: v1::CostKind::Spare.into(),
        maker: text("Apple"),
        model: text("iPad（第10世代）Wi-Fi 64GB"),
        count: text("30"),
        acquisition: v1::AcquisitionKind::Lease.into(),
        lease_months: text("60"),
        lease_monthly_yen: text("50000"),
        funding: vec![paid(Payer::Own, 3_000_000)],
        delivered: text("2023-04-01"),
        restriction_end: text("2028-03-31"),
        serials: vec![text("DMPX0001"), text("DMPX0002")],
        ..v1::RenewalLot::default()
    })
}

fn cost(kind: v1::CostKind, yen: u32, vendor: &str) -> Said {
    Said::Cost(v1::RenewalCost {
        kind: kind.into(),
        amount_yen: yen.to_string(),
        funding: vec![paid(Payer::Own, yen)],
        from: text("2025-04-01"),
        to: text("2026-03-31"),
        vendor: text(vendor),
        ..v1::RenewalCost::default()
    })
}

fn disposed() -> Said {
    let device = |serial: &str, certificate: &str| v1::RenewalDisposedDevice {
        serial: text(serial),
        certificate: text(certificate),
        ..v1::RenewalDisposedDevice::default()
    };
    Said::Disposal(v1::RenewalDisposal {
        route: v1::DisposalRoute::Maker.into(),
        eraser: v1::DataEraser::Contractor.into(),
        on: text("2026-04-20"),
        devices: vec![
            device("OLD-2014-0001", "消-2026-0001"),
            device("DMPX0002", "消-2026-0002"),
            device("OLD-2014-0002", ""),
        ],
        approval: text("8文科初第1号"),
        ..v1::RenewalDisposal::default()
    })
}

fn disposal_plan() -> Said {
    let line = |time: &str, what: &str| v1::RenewalScheduleLine { time: text(time), what: text(what) };
    Said::DisposalPlan(v1::RenewalDisposalPlan {
        reuse_count: text("20"),
        recycler_count: text("200"),
        maker_count: text("80"),
        erasers: vec![v1::DataEraser::Contractor.into()],
        schedule: vec![line("令和9年4月", "処分事業者 選定"), line("令和9年9月", "新規購入端末の使用開始")],
        ..v1::RenewalDisposalPlan::default()
    })
}

/// The ledger of a board with one large school.
pub async fn budget(server: &ServerProcess, owner: &str, school: &str) {
    for (year, count) in [("R6", 588), ("R7", 602), ("R8", 611), ("R9", 611), ("R10", 604)] {
        record(server, owner, "", pupils(year, count)).await;
    }
    record(server, owner, school, bought()).await;
    record(server, owner, "", leased()).await;
    record(server, owner, school, cost(v1::CostKind::NetworkLine, 1_200_000, "学術情報ネットワーク多摩接続サービス"))
        .await;
    record(server, owner, "", cost(v1::CostKind::Insurance, 640_000, "多摩損害保険")).await;
    record(server, owner, "", planned("R9", 300, 45)).await;
    record(server, owner, "", disposed()).await;
    record(server, owner, "", disposal_plan()).await;
}

/// The same, and another board that planned more devices than the form allows.
pub async fn budgets(server: &ServerProcess, (owner, school): (&str, &str), other: &str) {
    budget(server, owner, school).await;
    record(server, other, "", pupils("R8", 100)).await;
    record(server, other, "", planned("R8", 200, 16)).await;
}
