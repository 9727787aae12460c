//! What a board is told beyond reports: whether spares last, and scenarios of its own, which nobody keeps.

use gigafleet::{
    access::rules::{Place, Role, days::date_text},
    devices::rules::fields::{Field, FieldValue, Lifecycle},
    renewal::{
        rules::{
            lots::SaidLot,
            said::Said,
            survival::Basis,
            what_if::{WHAT_IF, WhatIf},
        },
        service::{SparesNow, SparesOrder},
    },
    schools::rules::MunicipalityId,
};

use crate::{
    World,
    renewal::{bought, order, record, renewal, text},
    ticketing::reason,
};

crate::on_both_engines!(
    spares_are_reckoned_from_the_registry,
    scenarios_of_ones_own_stand_beside_the_others,
    who_sees_a_part_is_told_nothing,
);

async fn devices(world: &World, owner: MunicipalityId, state: Lifecycle, count: usize) {
    for number in 0..count {
        let label = format!("{state:?}-{number}");
        let said = vec![(Field::Label, FieldValue::text(&label)), (Field::Lifecycle, state.into())];
        world.registry.create(&world.staff().await, None, owner, said).await.unwrap();
    }
}

fn of(owner: Option<MunicipalityId>) -> SparesOrder {
    SparesOrder { owner, ..SparesOrder::default() }
}

async fn spares(world: &World, owner: MunicipalityId) -> SparesNow {
    renewal(world).spares(&world.staff().await, of(Some(owner))).await.unwrap().spares.remove(0)
}

async fn spares_are_reckoned_from_the_registry(world: World) {
    let owner = world.municipality("131130").await;
    let none = spares(&world, owner).await;
    assert_eq!((none.in_use, none.free, none.away, none.is_enough()), (0, 0, 0, true));
    devices(&world, owner, Lifecycle::InUse, 60).await;
    devices(&world, owner, Lifecycle::InRepair, 1).await;
    let short = spares(&world, owner).await;
    assert_eq!((short.in_use, short.free, short.away), (60, 0, 1));
    assert_eq!((short.rate_basis, short.repair_basis), (Basis::Assumed, Basis::Assumed));
    assert_eq!(date_text(short.until), "2027-03-31");
    assert!(!short.is_enough() && short.needed.spares > 0);
    devices(&world, owner, Lifecycle::Spare, 9).await;
    let enough = spares(&world, owner).await;
    assert!(enough.is_enough() && enough.outlook.probability > short.outlook.probability, "{enough:?}");
    let other = world.municipality("132012").await;
    let all = renewal(&world).spares(&world.staff().await, of(None)).await.unwrap().spares;
    assert!(all.iter().any(|one| one.owner == other) && all.iter().any(|one| one.owner == owner));
}

async fn scenarios_of_ones_own_stand_beside_the_others(world: World) {
    let (renewal, owner) = (renewal(&world), world.municipality("131130").await);
    let lot = SaidLot { warranty_end: text("2028-03-31"), ..bought(1, 100, "2021-04-01") };
    record(&world, order(owner, Said::Lot(lot, Vec::new()))).await.unwrap();
    let staff = world.staff().await;
    let ask =
        async |what_if: WhatIf| renewal.what_if(&staff, Some(owner), None, (&[text("today")], what_if)).await.unwrap();
    let dearer = ask(WhatIf { price_percent: 10, ..WhatIf::default() }).await;
    let ids: Vec<_> = dearer.scenarios.iter().map(|column| column.id.as_str()).collect();
    assert_eq!(ids, ["today", WHAT_IF]);
    let today = dearer.scenarios[0].total.to_number();
    assert!(today > 0 && dearer.scenarios[1].total.to_number() == today * 11 / 10);
    let later = ask(WhatIf { later_years: 10, ..WhatIf::default() }).await;
    assert!(later.scenarios[1].total < later.scenarios[0].total, "most of it is put off beyond the years");
    let beside_all = renewal.what_if(&staff, Some(owner), None, (&[], WhatIf::default())).await.unwrap();
    let kept = renewal.scenarios(&staff, Some(owner), None, &[]).await.unwrap();
    assert_eq!(beside_all.scenarios.len(), kept.report.scenarios.len() + 1, "where none is named it stands beside all");
    assert!(kept.report.scenarios.iter().all(|column| column.id != WHAT_IF));
}

async fn who_sees_a_part_is_told_nothing(world: World) {
    let owner = world.municipality("131130").await;
    let school = world.school(owner, "緑小学校").await;
    let viewer = world.of_role(Role::BoardViewer, Place::School(owner, school)).await;
    let renewal = renewal(&world);
    assert_eq!(reason(renewal.spares(&viewer, of(Some(owner))).await), "RIGHT_MISSING");
    assert!(renewal.spares(&viewer, of(None)).await.unwrap().spares.is_empty());
    let wanted = (&[][..], WhatIf::default());
    assert_eq!(reason(renewal.what_if(&viewer, Some(owner), None, wanted).await), "RIGHT_MISSING");
}
