//! Roll-ups: what devices of a school measured within a width of time, by access point, layer and target. Several servers
//! add without asking each other: counts add, and sketches of latencies merge.
//!
//! Sketches are DDSketch (Masson, Rim, Lee: DDSketch: A fast and fully-mergeable quantile sketch with relative-error
//! guarantees, VLDB 2019) with a relative error of 2 %.

use std::collections::BTreeMap;

use gigafleet_proto::v1::{CheckOutcome, NetworkCheck, NetworkLayer};
use prost::Message;
use sketches_ddsketch::{Config, DDSketch};

use crate::error::{Error, Result};

/// Relative error of a latency.
const ERROR: f64 = 0.02;
/// Most bins of a sketch: what a sketch has that was read. It grows by need; from 1 µs to 10 minutes are some 500.
const BINS: u32 = 2_048;
/// The least value that a sketch tells from zero: what a sketch has that was read, since only the same settings merge.
const LEAST: f64 = 1e-9;
/// Most cells of one school and bucket; what comes beyond is counted without its access point.
const CELLS: usize = 2_000;

/// What a cell is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CellKey {
    /// The access point; none for a cable, or where nobody said.
    pub access_point: Option<[u8; 6]>,
    /// Number of the layer.
    pub layer: i32,
    /// Number of the target; 0 for layers without one.
    pub target: u32,
}

/// What was measured.
#[derive(Clone)]
pub struct Cell {
    /// Answers in time.
    pub ok: u64,
    /// Answers that came late.
    pub slow: u64,
    /// No answer, by the number of the error.
    pub failed: BTreeMap<i32, u64>,
    /// Latencies of all answers, in microseconds.
    latencies: DDSketch,
}

impl std::fmt::Debug for Cell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ok, {} slow, {:?} failed", self.ok, self.slow, self.failed)
    }
}

impl Default for Cell {
    fn default() -> Self {
        let latencies = DDSketch::new(Config::new(ERROR, BINS, LEAST));
        Self { ok: 0, slow: 0, failed: BTreeMap::new(), latencies }
    }
}

impl Cell {
    fn add(&mut self, check: &NetworkCheck) {
        match check.outcome() {
            CheckOutcome::Ok => self.ok += 1,
            CheckOutcome::Slow => self.slow += 1,
            CheckOutcome::Failed => *self.failed.entry(check.error).or_default() += 1,
            CheckOutcome::Unspecified => return,
        }
        if check.latency_us > 0 {
            self.latencies.add(f64::from(check.latency_us));
        }
    }

    /// Adds what another one counted.
    pub fn merge(&mut self, other: &Self) -> Result<()> {
        self.ok += other.ok;
        self.slow += other.slow;
        for (error, count) in &other.failed {
            *self.failed.entry(*error).or_default() += count;
        }
        self.latencies
            .merge(&other.latencies)
            .map_err(|source| Error::internal("sketches of latencies do not fit together", source.to_string()))
    }

    /// All checks.
    pub fn count(&self) -> u64 {
        self.ok + self.slow + self.failures()
    }

    /// Checks without an answer.
    pub fn failures(&self) -> u64 {
        self.failed.values().sum()
    }

    /// The latency in microseconds that a share of the answers did not exceed, within 2 %; none without an answer.
    pub fn latency_us(&self, share: f64) -> Option<f64> {
        self.latencies.quantile(share).ok().flatten()
    }
}

/// The cells of a school within a width of time.
#[derive(Debug, Clone, Default)]
pub struct Cells(pub BTreeMap<CellKey, Cell>);

#[derive(Clone, PartialEq, Message)]
struct PackedCells {
    #[prost(message, repeated, tag = "1")]
    cells: Vec<PackedCell>,
}

#[derive(Clone, PartialEq, Message)]
struct PackedCell {
    #[prost(bytes = "vec", tag = "1")]
    access_point: Vec<u8>,
    #[prost(int32, tag = "2")]
    layer: i32,
    #[prost(uint32, tag = "3")]
    target: u32,
    #[prost(uint64, tag = "4")]
    ok: u64,
    #[prost(uint64, tag = "5")]
    slow: u64,
    #[prost(btree_map = "int32, uint64", tag = "6")]
    failed: BTreeMap<i32, u64>,
    #[prost(bytes = "vec", tag = "7")]
    latencies: Vec<u8>,
}

impl Cells {
    /// Counts checks that a device made at an access point.
    pub fn add(&mut self, access_point: Option<[u8; 6]>, checks: &[NetworkCheck]) {
        for check in checks.iter().filter(|check| check.layer() != NetworkLayer::Unspecified) {
            let mut key = CellKey { access_point, layer: check.layer, target: check.target };
            if self.0.len() >= CELLS && !self.0.contains_key(&key) {
                key.access_point = None;
            }
            self.0.entry(key).or_default().add(check);
        }
    }

    /// Adds what another server, or another time, counted.
    pub fn merge(&mut self, other: &Self) -> Result<()> {
        other.0.iter().try_for_each(|(key, cell)| self.0.entry(*key).or_default().merge(cell))
    }

    /// All access points together, by layer and target.
    pub fn by_target(&self) -> Result<BTreeMap<(i32, u32), Cell>> {
        let mut sums: BTreeMap<_, Cell> = BTreeMap::new();
        for (key, cell) in &self.0 {
            sums.entry((key.layer, key.target)).or_default().merge(cell)?;
        }
        Ok(sums)
    }

    /// As it is stored.
    pub fn pack(&self) -> Vec<u8> {
        let cell = |(key, cell): (&CellKey, &Cell)| PackedCell {
            access_point: key.access_point.map(Vec::from).unwrap_or_default(),
            layer: key.layer,
            target: key.target,
            ok: cell.ok,
            slow: cell.slow,
            failed: cell.failed.clone(),
            latencies: if cell.latencies.count() > 0 { cell.latencies.to_java_bytes() } else { Vec::new() },
        };
        PackedCells { cells: self.0.iter().map(cell).collect() }.encode_to_vec()
    }

    /// Reads what is stored.
    pub fn unpack(bytes: &[u8]) -> Result<Self> {
        let broken = |source: String| Error::internal("a stored roll-up can not be read", source);
        let packed = PackedCells::decode(bytes).map_err(|source| broken(source.to_string()))?;
        let mut cells = BTreeMap::new();
        for packed in packed.cells {
            let access_point = match packed.access_point.as_slice() {
                [] => None,
                bytes => Some(bytes.try_into().map_err(|_| broken(String::from("an access point has six bytes")))?),
            };
            let mut cell = Cell { ok: packed.ok, slow: packed.slow, failed: packed.failed, ..Cell::default() };
            if !packed.latencies.is_empty() {
                // Merged into a new one, so that a sketch of other settings is refused here and not at some later merge.
                let read = DDSketch::from_java_bytes(&packed.latencies).map_err(|source| broken(source.to_string()))?;
                cell.latencies.merge(&read).map_err(|source| broken(source.to_string()))?;
            }
            cells.insert(CellKey { access_point, layer: packed.layer, target: packed.target }, cell);
        }
        Ok(Self(cells))
    }
}

#[cfg(test)]
mod tests {
    use gigafleet_proto::v1::CheckError;

    use super::*;

    fn check(layer: NetworkLayer, outcome: CheckOutcome, latency_us: u32) -> NetworkCheck {
        let error = if outcome == CheckOutcome::Failed { CheckError::Timeout } else { CheckError::Unspecified };
        NetworkCheck { layer: layer.into(), target: 0, outcome: outcome.into(), error: error.into(), latency_us }
    }

    fn key(access_point: Option<[u8; 6]>, layer: NetworkLayer) -> CellKey {
        CellKey { access_point, layer: layer.into(), target: 0 }
    }

    #[test]
    fn servers_that_count_apart_give_what_one_would_have_counted() {
        let (mut one, mut other, mut all) = (Cells::default(), Cells::default(), Cells::default());
        for number in 1..=1_000_u32 {
            let outcome = if number % 10 == 0 { CheckOutcome::Slow } else { CheckOutcome::Ok };
            let checks =
                [check(NetworkLayer::Dns, outcome, number * 37), check(NetworkLayer::Gateway, CheckOutcome::Failed, 0)];
            let point = Some([u8::try_from(number % 3).unwrap(); 6]);
            if number % 2 == 0 { &mut one } else { &mut other }.add(point, &checks);
            all.add(point, &checks);
        }
        let mut read = Cells::unpack(&one.pack()).unwrap();
        read.merge(&Cells::unpack(&other.pack()).unwrap()).unwrap();
        let (read, all) = (read.by_target().unwrap(), all.by_target().unwrap());
        let dns = &read[&(NetworkLayer::Dns.into(), 0)];
        assert_eq!((dns.ok, dns.slow, dns.failures()), (900, 100, 0));
        for share in [0.01, 0.5, 0.95, 0.99] {
            let (told, exact) = (dns.latency_us(share).unwrap(), 37.0 * 1_000.0 * share);
            assert!((told - exact).abs() <= exact * 0.025 + 37.0, "{share}: {told} for {exact}");
            assert_eq!(dns.latency_us(share), all[&(NetworkLayer::Dns.into(), 0)].latency_us(share));
        }
        let gateway = &read[&(NetworkLayer::Gateway.into(), 0)];
        assert_eq!((gateway.failures(), gateway.latency_us(0.5)), (1_000, None));
        assert_eq!(gateway.failed, BTreeMap::from([(CheckError::Timeout.into(), 1_000)]));
    }

    #[test]
    fn cells_are_bounded_and_what_is_beyond_loses_only_its_access_point() {
        let mut cells = Cells::default();
        for number in 0..3_000_u32 {
            let [a, b, c, d] = number.to_be_bytes();
            cells.add(Some([0, 0, a, b, c, d]), &[check(NetworkLayer::Gateway, CheckOutcome::Ok, 900)]);
        }
        assert_eq!(cells.0.len(), CELLS + 1);
        assert_eq!(cells.0[&key(None, NetworkLayer::Gateway)].ok, 1_000);
        assert_eq!(cells.by_target().unwrap()[&(NetworkLayer::Gateway.into(), 0)].ok, 3_000);
    }

    #[test]
    fn what_is_no_roll_up_is_refused() {
        assert!(Cells::unpack(&[0xff, 0x01]).is_err());
        assert!(Cells::unpack(&[]).unwrap().0.is_empty());
    }

    #[test]
    fn check_that_says_nothing_counts_nothing() {
        let mut cells = Cells::default();
        cells.add(
            None,
            &[
                check(NetworkLayer::Dns, CheckOutcome::Unspecified, 5),
                check(NetworkLayer::Unspecified, CheckOutcome::Ok, 5),
            ],
        );
        assert_eq!(cells.by_target().unwrap().values().map(Cell::count).sum::<u64>(), 0);
    }
}
