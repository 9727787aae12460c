//! The block of the plan about devices that are replaced (更新対象端末のリユース、リサイクル、処分について).

use crate::{
    error::{Both, FieldViolation, says::renewal as say},
    tickets::rules::words,
};

words! {
    /// Where a device goes that was replaced.
    DisposalRoute {
        /// (a) Reused in public places of the area.
        LocalReuse = 1, "使用済端末を公共施設や福祉施設など地域で再使用", "reused locally";
        /// (b) To a certified recycler under the law on small appliances.
        CertifiedRecycler = 2, "小型家電リサイクル法の認定事業者に再使用・再資源化を委託", "certified recycler of small appliances";
        /// (c) To a maker under the law on effective use of resources.
        Maker = 3, "資源有効利用促進法の製造事業者に再使用・再資源化を委託", "maker that takes back";
        /// (d) Elsewhere.
        Other = 4, "その他", "other";
    }
}

words! {
    /// Who erases what is on a device.
    Eraser {
        /// Staff of the owner.
        Staff = 1, "自治体の職員が行う", "staff of the owner";
        /// Whoever disposes of it.
        Contractor = 2, "処分事業者へ委託する", "whoever disposes of it";
    }
}

/// The block, as it is published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DisposalBlock {
    /// Devices that are replaced (対象台数).
    pub devices: u32,
    /// How many go where, (a) to (d).
    pub by_route: [(DisposalRoute, u32); 4],
    /// Who erases them, each once; several where it differs.
    pub erasers: Vec<Eraser>,
    /// When what is done, in order: a time as it is said, 令和8年4月, and what.
    pub schedule: Vec<(String, String)>,
}

/// Longest text of a schedule, in characters, and most lines of it.
const TEXT_MOST: usize = 200;
const LINES_MOST: usize = 30;

impl DisposalBlock {
    /// Puts the block together. Refused, all at once: routes that do not add up to the devices, nobody who erases
    /// devices there are, a schedule with empty, long or too many lines.
    pub fn new(
        devices: u32,
        counts: [u32; 4],
        erasers: &[Eraser],
        schedule: Vec<(String, String)>,
    ) -> Result<Self, Vec<FieldViolation>> {
        let mut refused = Vec::new();
        let mut refuse = |wrong: bool, field: &'static str, message: Both| {
            if wrong {
                refused.push(FieldViolation::new(field, message));
            }
        };
        let sum: u64 = counts.iter().map(|count| u64::from(*count)).sum();
        refuse(sum != u64::from(devices), "by_route", say::routes(sum, devices));
        refuse(devices > 0 && erasers.is_empty(), "erasers", say::eraser_needed());
        let is_said = |text: &String| (1..=TEXT_MOST).contains(&text.trim().chars().count());
        let lines = schedule.len() <= LINES_MOST && schedule.iter().all(|(time, what)| is_said(time) && is_said(what));
        refuse(!lines, "schedule", say::schedule(LINES_MOST, TEXT_MOST));
        if !refused.is_empty() {
            return Err(refused);
        }
        let [reuse, recycler, maker, other] = counts;
        let by_route = [
            (DisposalRoute::LocalReuse, reuse),
            (DisposalRoute::CertifiedRecycler, recycler),
            (DisposalRoute::Maker, maker),
            (DisposalRoute::Other, other),
        ];
        let erasers = Eraser::ALL.iter().copied().filter(|eraser| erasers.contains(eraser)).collect();
        Ok(Self { devices, by_route, erasers, schedule })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_add_up_to_the_devices() {
        let when = vec![(String::from("令和8年4月"), String::from("処分事業者 選定"))];
        let block = DisposalBlock::new(100, [10, 60, 30, 0], &[Eraser::Contractor, Eraser::Contractor], when).unwrap();
        assert_eq!(block.by_route[1], (DisposalRoute::CertifiedRecycler, 60));
        assert_eq!(block.erasers, [Eraser::Contractor]);
        assert!(DisposalBlock::new(0, [0; 4], &[], Vec::new()).is_ok(), "an owner that replaces nothing");
        let empty = vec![(String::new(), String::from("選定"))];
        let wrong = DisposalBlock::new(100, [u32::MAX; 4], &[], empty).unwrap_err();
        let fields: Vec<_> = wrong.iter().map(|wrong| wrong.field.as_ref()).collect();
        assert_eq!(fields, ["by_route", "erasers", "schedule"]);
    }
}
