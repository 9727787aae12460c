//! What if: scenarios are data, lists of changes to programmes, prices and years ([`Scenarios::read`]).
//!
//! Without a change, programmes that are invented do not count. A cover that a scenario adds counts only where no
//! programme covers the kind in that year; spares above the cap stay uncovered.

use std::ops::RangeInclusive;

use super::{
    AllocationTax, CostKind, Payer,
    fraction::Fraction,
    money::{OverLimit, Rounding, RoundingMode, RoundingUnit, Yen},
    payer_code,
    programmes::{
        Bought, Cover, GrantRounding, Origin, Programmes, Rest, SOURCE_MOST, SpareCap, Split, is_id, read_origin,
        read_rest,
    },
    reading::{Reader, json},
    smoothing::{Limit, Prefer},
};
use crate::{
    error::{Both, FieldViolation, says::renewal as say},
    schools::rules::fiscal::FiscalYear,
};

/// Most scenarios of a file.
const SCENARIOS_MOST: usize = 50;
/// Most changes of a scenario.
const CHANGES_MOST: usize = 20;
/// Longest name and note, in characters.
const NAME_MOST: usize = 100;
const NOTE_MOST: usize = 1_000;
/// Most years that anything is put off.
pub(super) const LATER_MOST: i64 = 10;
/// Most devices of a year, as a limit.
pub(super) const DEVICES_MOST: i64 = 10_000_000;
/// Least and most percent by which a price changes.
pub(super) const PERCENT: RangeInclusive<i64> = -90..=300;

/// One thing that is different.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Somebody pays a part of kinds that no programme covers.
    Cover {
        /// One for each kind.
        covers: Vec<Cover>,
        /// Who pays the rest.
        rest: Vec<Rest>,
        /// The first year in which it is so; all years without one.
        from: Option<FiscalYear>,
    },
    /// Devices are renewed so many years later.
    Later {
        /// How many.
        years: u8,
    },
    /// Prices are other than today's.
    Price {
        /// Of what.
        kinds: Vec<CostKind>,
        /// By how many percent, −90 to 300.
        percent: i16,
    },
    /// No year renews more than so much; what finds no room goes earlier or later.
    Even {
        /// Most of a year, of each owner.
        limit: Limit,
        /// Where it goes.
        prefer: Prefer,
    },
    /// Programmes that are invented count too.
    Invented,
}

/// A list of changes with a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scenario {
    /// By which it is known: small letters, digits and hyphens.
    pub id: String,
    /// What people call it.
    pub name: Both,
    /// What else must be known of it.
    pub note: Option<Both>,
    /// The changes, one after the other.
    pub changes: Vec<Change>,
    /// Where it comes from.
    pub origin: Origin,
}

/// All scenarios that are known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scenarios {
    /// Where they come from.
    pub source: String,
    /// The scenarios, each with an id of its own.
    pub scenarios: Vec<Scenario>,
}

impl Default for Scenarios {
    /// The product's own, of November 2026.
    fn default() -> Self {
        Self::read(include_str!("../../../data/renewal-scenarios.json")).expect("a test reads the file that is shipped")
    }
}

impl Scenarios {
    /// Reads scenarios and checks them. What is wrong is named with its scenario and its change, from 1, for example
    /// `scenarios.2.changes.1.rate`.
    pub fn read(text: &str) -> Result<Self, Vec<FieldViolation>> {
        let value = json(text)?;
        let mut refused = Vec::new();
        let mut reader = Reader::new("", &value, &mut refused);
        let source = reader.text("source", SOURCE_MOST);
        let mut scenarios: Vec<Scenario> = Vec::new();
        for (at, value) in reader.list("scenarios", SCENARIOS_MOST).iter().enumerate() {
            let path = format!("scenarios.{}", at + 1);
            let Some(scenario) = reader.at(path.clone(), value, read_scenario) else { continue };
            if scenarios.iter().any(|other| other.id == scenario.id) {
                reader.refuse_at(format!("{path}.id"), say::scenario_twice());
            }
            scenarios.push(scenario);
        }
        reader.end();
        match source {
            Some(source) if refused.is_empty() => Ok(Self { source, scenarios }),
            _ => Err(refused),
        }
    }

    /// The scenario with an id.
    pub fn find(&self, id: &str) -> Option<&Scenario> {
        self.scenarios.iter().find(|scenario| scenario.id == id)
    }
}

fn read_scenario(reader: &mut Reader<'_, '_>) -> Option<Scenario> {
    let id = reader.text("id", NAME_MOST);
    if id.as_deref().is_some_and(|id| !is_id(id)) {
        reader.refuse("id", say::id(40));
    }
    let name = reader.both("name", NAME_MOST);
    let note = reader.optional("note").is_some().then(|| reader.both("note", NOTE_MOST)).flatten();
    let origin = read_origin(reader);
    let path = reader.path_of("changes");
    let mut changes = Vec::new();
    for (at, value) in reader.list("changes", CHANGES_MOST).iter().enumerate() {
        let read = |reader: &mut Reader<'_, '_>| read_change(reader, origin.as_ref());
        changes.extend(reader.at(format!("{path}.{}", at + 1), value, read));
    }
    Some(Scenario { id: id?, name: name?, note, changes, origin: origin? })
}

/// Which change it is.
#[derive(Debug, Clone, Copy)]
enum ChangeKind {
    Cover,
    Later,
    Price,
    Even,
    Invented,
}

impl ChangeKind {
    const ALL: [Self; 5] = [Self::Cover, Self::Later, Self::Price, Self::Even, Self::Invented];

    /// Its name in files of data.
    fn code(self) -> &'static str {
        match self {
            Self::Cover => "COVER",
            Self::Later => "LATER",
            Self::Price => "PRICE",
            Self::Even => "EVEN",
            Self::Invented => "INVENTED",
        }
    }
}

fn read_change(reader: &mut Reader<'_, '_>, origin: Option<&Origin>) -> Option<Change> {
    match reader.word("change", &ChangeKind::ALL, ChangeKind::code)? {
        ChangeKind::Cover => read_cover(reader, origin),
        ChangeKind::Later => {
            let years = reader.number("years", 1..=LATER_MOST).and_then(|years| u8::try_from(years).ok());
            Some(Change::Later { years: years? })
        }
        ChangeKind::Price => {
            let kinds = reader.words("kinds", CostKind::ALL, CostKind::code);
            let percent = reader.number("percent", PERCENT).and_then(|percent| i16::try_from(percent).ok());
            Some(Change::Price { kinds, percent: percent? })
        }
        ChangeKind::Even => read_even(reader),
        ChangeKind::Invented => Some(Change::Invented),
    }
}

/// At most so many devices, or so many yen.
fn read_even(reader: &mut Reader<'_, '_>) -> Option<Change> {
    let devices = reader.optional("devices").is_some().then(|| reader.number("devices", 1..=DEVICES_MOST)).flatten();
    let yen = reader.optional_yen("yen");
    let prefer = reader.word("prefer", Prefer::ALL, Prefer::code);
    let limit = match (devices.and_then(|devices| u32::try_from(devices).ok()), yen) {
        (Some(devices), None) => Limit::Devices(devices),
        (None, Some(Yen::ZERO)) => {
            reader.refuse("yen", say::limit_least());
            return None;
        }
        (None, Some(yen)) => Limit::Yen(yen),
        (None, None) | (Some(_), Some(_)) => {
            reader.refuse("devices", say::one_limit());
            return None;
        }
    };
    Some(Change::Even { limit, prefer: prefer? })
}

fn read_cover(reader: &mut Reader<'_, '_>, origin: Option<&Origin>) -> Option<Change> {
    let kinds = reader.words("kinds", CostKind::ALL, CostKind::code);
    let payer = reader.word("payer", Payer::ALL, payer_code);
    let rate = reader.fraction("rate");
    let standard = reader.optional_yen("standard_yen");
    let from = reader.optional_year("from_year");
    let rest = read_rest(reader, "rest")?;
    let (payer, rate, origin) = (payer?, rate?, origin?);
    let cover = |kind| Cover { kind, payer, rate, standard, origin: origin.clone() };
    Some(Change::Cover { covers: kinds.into_iter().map(cover).collect(), rest, from })
}

/// What holds under a scenario.
#[derive(Debug, Clone)]
pub struct Terms<'s> {
    scenario: &'s Scenario,
    programmes: Programmes,
}

impl Scenario {
    /// What holds under it, on top of the programmes that are known.
    pub fn terms(&self, programmes: &Programmes) -> Terms<'_> {
        let programmes = programmes.clone();
        let programmes = match self.changes.contains(&Change::Invented) {
            true => programmes,
            false => programmes.without_invented(),
        };
        Terms { scenario: self, programmes }
    }
}

impl Terms<'_> {
    /// What one of a kind costs, to the yen.
    pub fn price(&self, kind: CostKind, today: Yen) -> Result<Yen, OverLimit> {
        let nearest = Rounding { mode: RoundingMode::HalfUp, unit: RoundingUnit::One };
        self.scenario.changes.iter().try_fold(today, |price, change| match change {
            Change::Price { kinds, percent } if kinds.contains(&kind) => {
                let changed = u32::try_from(100 + i32::from(*percent)).ok().and_then(|part| Fraction::new(part, 100));
                price.part(changed.expect("checked to be 10 to 400 percent"), nearest)
            }
            Change::Price { .. }
            | Change::Cover { .. }
            | Change::Later { .. }
            | Change::Even { .. }
            | Change::Invented => Ok(price),
        })
    }

    /// In which year is renewed what is due in one; the last that is understood where it would be later.
    pub fn year(&self, due: FiscalYear) -> FiscalYear {
        self.scenario.changes.iter().fold(due, |year, change| match change {
            Change::Later { years } => {
                let later = (0..=i32::from(*years)).rev().find_map(|by| FiscalYear::starting_in(year.year() + by));
                later.unwrap_or(year)
            }
            Change::Price { .. } | Change::Cover { .. } | Change::Even { .. } | Change::Invented => year,
        })
    }

    /// How much a year renews at most, and where the rest goes; the last that is said.
    pub fn even(&self) -> Option<(Limit, Prefer)> {
        self.scenario.changes.iter().rev().find_map(|change| match change {
            Change::Even { limit, prefer } => Some((*limit, *prefer)),
            Change::Price { .. } | Change::Cover { .. } | Change::Later { .. } | Change::Invented => None,
        })
    }

    /// Who pays what is bought in a year: a programme, or what the scenario adds, or the owner alone.
    pub fn split(&self, year: FiscalYear, owner: AllocationTax, bought: &Bought) -> Result<Split, OverLimit> {
        let is_above = bought.kind == CostKind::Spare && bought.cap == SpareCap::Above;
        if is_above || self.programmes.covering(bought.kind, year).is_some() {
            return self.programmes.split(year.first_day(), owner, bought);
        }
        for change in &self.scenario.changes {
            let Change::Cover { covers, rest, from } = change else { continue };
            let holds = from.is_none_or(|from| from <= year);
            if let Some(cover) = covers.iter().find(|cover| holds && cover.kind == bought.kind) {
                let split = cover.split(rest, GrantRounding::ASSUMED, owner, bought)?;
                return Ok(Split { programme: Some(self.scenario.id.clone()), ..split });
            }
        }
        self.programmes.split(year.first_day(), owner, bought)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn year(year: i32) -> FiscalYear {
        FiscalYear::starting_in(year).unwrap()
    }

    fn yen(amount: i64) -> Yen {
        Yen::new(amount).unwrap()
    }

    fn shares(id: &str, of: i32, kind: CostKind, unit: i64) -> Vec<(Payer, i64)> {
        let scenarios = Scenarios::default();
        let programmes = Programmes::default();
        let terms = scenarios.find(id).unwrap().terms(&programmes);
        let bought = Bought { kind, unit_price: yen(unit), count: 3, cap: SpareCap::Within };
        let split = terms.split(year(of), AllocationTax::ReceivesNone, &bought).unwrap();
        split.shares.into_iter().map(|(payer, amount)| (payer, amount.to_number())).collect()
    }

    #[test]
    fn petition_covers_what_no_programme_does() {
        let repair = |id| shares(id, 2026, CostKind::Repair, 20_000);
        assert_eq!(repair("today"), [(Payer::Own, 60_000)]);
        assert_eq!(repair("running-costs-covered"), [(Payer::StateOther, 40_000), (Payer::Own, 20_000)]);
        assert_eq!(repair("running-costs-by-metropolis"), [(Payer::Prefecture, 40_000), (Payer::Own, 20_000)]);
        let device = |id, of| shares(id, of, CostKind::Device, 60_000);
        assert_eq!(device("running-costs-covered", 2026), device("today", 2026), "a programme covers it then");
        assert_eq!(device("running-costs-covered", 2030), [(Payer::StateOther, 110_000), (Payer::Own, 70_000)]);
        assert_eq!(device("today", 2030), [(Payer::Own, 180_000)]);
        assert_eq!(device("phase-3-invented", 2030), [(Payer::StateFund, 90_000), (Payer::Own, 90_000)]);
    }

    #[test]
    fn every_kind_is_covered_in_every_year_under_the_petition() {
        for kind in CostKind::ALL {
            for of in 2024..2040 {
                let covered = shares("running-costs-covered", of, *kind, 30_000);
                assert!(
                    covered.iter().all(|(payer, amount)| *payer != Payer::Own || *amount == 30_000),
                    "{kind:?} {of}"
                );
            }
        }
    }

    #[test]
    fn cover_begins_in_the_year_that_is_said() {
        let mut scenarios = Scenarios::default();
        let programmes = Programmes::default();
        let petition = &mut scenarios.scenarios[1];
        for change in &mut petition.changes {
            if let Change::Cover { from, .. } = change {
                *from = Some(year(2026));
            }
        }
        let terms = petition.terms(&programmes);
        let repair = Bought { kind: CostKind::Repair, unit_price: yen(300), count: 1, cap: SpareCap::Within };
        let own = |of| terms.split(year(of), AllocationTax::Receives, &repair).unwrap().of(Payer::Own).to_number();
        assert_eq!((own(2025), own(2026)), (300, 100));
    }

    #[test]
    fn spares_above_the_cap_stay_uncovered() {
        let scenarios = Scenarios::default();
        let programmes = Programmes::default();
        let terms = scenarios.find("running-costs-covered").unwrap().terms(&programmes);
        let above = Bought { kind: CostKind::Spare, unit_price: yen(50_000), count: 1, cap: SpareCap::Above };
        for of in [2026, 2030] {
            let split = terms.split(year(of), AllocationTax::Receives, &above).unwrap();
            assert_eq!((split.shares, split.programme), (vec![(Payer::Own, yen(50_000))], None));
        }
    }

    #[test]
    fn prices_and_years_change_as_it_is_said() {
        let scenarios = Scenarios::default();
        let programmes = Programmes::default();
        let price = |id: &str, kind, amount| {
            scenarios.find(id).unwrap().terms(&programmes).price(kind, yen(amount)).unwrap().to_number()
        };
        assert_eq!(price("price-up-10", CostKind::Device, 55_005), 60_506, "half a yen goes up");
        assert_eq!(price("price-down-10", CostKind::Spare, 55_000), 49_500);
        assert_eq!((price("price-up-10", CostKind::Repair, 100), price("today", CostKind::Device, 100)), (100, 100));
        let due = |id: &str, of| scenarios.find(id).unwrap().terms(&programmes).year(year(of)).year();
        assert_eq!((due("one-year-later", 2025), due("one-year-later", 2100), due("today", 2025)), (2026, 2100, 2025));
    }

    #[test]
    fn changes_that_are_wrong_are_all_named() {
        let text = r#"{"source": "x", "scenarios": [
            {"id": "a", "name": {"ja": "あ", "en": "a"}, "source": "x", "date": "2026-01-01", "verified": true, "changes": [
                {"change": "LATER", "years": 11}, {"change": "PRICE", "kinds": ["DEVICE"], "percent": -91}, {"change": "MAGIC"},
                {"change": "INVENTED", "years": 1},
                {"change": "COVER", "kinds": ["PEN"], "payer": "OWN", "rate": "3/2", "from_year": "R200", "rest": []}]},
            {"id": "a", "name": {"ja": "あ", "en": "a"}, "source": "x", "date": "2026-01-01", "verified": true, "changes": []},
            {"id": "b", "name": {"ja": "あ", "en": "a"}, "changes": []}]}"#;
        let wrong = Scenarios::read(text).unwrap_err();
        let fields: Vec<_> = wrong.iter().map(|wrong| wrong.field.as_ref()).collect();
        assert_eq!(
            fields,
            [
                "scenarios.1.changes.1.years",
                "scenarios.1.changes.2.percent",
                "scenarios.1.changes.3.change",
                "scenarios.1.changes.4.years",
                "scenarios.1.changes.5.kinds",
                "scenarios.1.changes.5.rate",
                "scenarios.1.changes.5.from_year",
                "scenarios.1.changes.5.rest",
                "scenarios.2.id",
                "scenarios.3.source",
                "scenarios.3.date",
                "scenarios.3.verified"
            ]
        );
    }
}
