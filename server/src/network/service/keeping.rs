//! How long roll-ups are kept: fine for two weeks, by the hour for thirteen months, by the day for six fiscal years (what a
//! renewal of devices looks back on). Background work folds and forgets.

use super::{
    super::{
        rules::rollup::Cells,
        store::rollups::{self, NewRollup},
    },
    Network,
    intake::ROLLUP_S,
};
use crate::{
    clock::Timestamp,
    db::hex_bytes,
    error::Result,
    schools::rules::{MunicipalityId, SchoolId},
};

/// Width of roll-ups by the hour, in seconds.
pub const HOUR_S: i64 = 3_600;
/// Width of roll-ups by the day, in seconds. Days are those of Japan.
pub const DAY_S: i64 = 86_400;
/// How long each width is kept, in days, and into which it is folded then.
const KEPT: [(i64, i64, Option<i64>); 3] =
    [(ROLLUP_S, 14, Some(HOUR_S)), (HOUR_S, 400, Some(DAY_S)), (DAY_S, 2_200, None)];
/// Schools that are folded in one step.
const SCHOOLS: i64 = 200;

const SECOND_US: i64 = 1_000_000;

/// The width in which a time can be told: that in which its oldest part is kept.
pub(super) fn width_for(from: Timestamp, to: Timestamp, now: Timestamp) -> i64 {
    let age_s = (now.0 - from.0) / SECOND_US;
    let length_s = (to.0 - from.0) / SECOND_US;
    let kept = KEPT.iter().find(|(_, days, _)| age_s < days * DAY_S).map_or(DAY_S, |(width, ..)| *width);
    // A week of five minutes is more points than a page shows.
    if kept == ROLLUP_S && length_s > 2 * DAY_S { HOUR_S } else { kept }
}

impl Network {
    /// Folds roll-ups that became old into wider ones, and forgets the oldest. Gives how many schools were folded; call it
    /// again while it is not 0.
    pub async fn fold_rollups(&self) -> Result<usize> {
        let now = self.clock.now();
        let mut folded = 0;
        for (width_s, days, into) in KEPT {
            let before = Timestamp(now.0 - days * DAY_S * SECOND_US);
            let Some(into_s) = into else {
                let mut tx = self.db.begin().await?;
                rollups::forget_rollups(&mut tx, width_s, before).await?;
                tx.commit().await?;
                continue;
            };
            let wide = into_s * SECOND_US;
            // Only whole wide buckets are folded.
            let before = Timestamp(before.0.div_euclid(wide) * wide);
            let mut tx = self.db.read().await?;
            let due = rollups::schools_to_fold(&mut tx, width_s, before, SCHOOLS).await?;
            drop(tx);
            folded += due.len();
            for (municipality, school, oldest) in due {
                let school = (MunicipalityId(municipality), SchoolId(school));
                let from = oldest.div_euclid(wide) * wide;
                self.fold(school, (width_s, into_s), (Timestamp(from), Timestamp(from + wide))).await?;
            }
        }
        Ok(folded)
    }

    async fn fold(
        &self,
        school: (MunicipalityId, SchoolId),
        (width_s, into_s): (i64, i64),
        range: (Timestamp, Timestamp),
    ) -> Result<()> {
        let mut tx = self.db.begin().await?;
        let mut sum = Cells::default();
        for (_, packed) in rollups::school_rollups(&mut tx, school, width_s, range).await? {
            sum.merge(&Cells::unpack(&packed)?)?;
        }
        rollups::delete_rollups(&mut tx, school, width_s, range).await?;
        let row = NewRollup {
            municipality_id: school.0,
            school_id: school.1,
            width_s: into_s,
            bucket_at: range.0.0,
            // Folded ones belong to no server.
            server_id: uuid::Uuid::nil(),
            cells: hex_bytes(&sum.pack()),
        };
        rollups::upsert_rollups(&mut tx, &[row]).await?;
        tx.commit().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days_ago(days: i64) -> Timestamp {
        Timestamp((3_000 - days) * DAY_S * SECOND_US)
    }

    #[test]
    fn time_is_told_as_finely_as_it_is_kept_and_shown() {
        let now = days_ago(0);
        assert_eq!(width_for(days_ago(1), now, now), ROLLUP_S);
        assert_eq!(width_for(days_ago(7), now, now), HOUR_S);
        assert_eq!(width_for(days_ago(30), days_ago(29), now), HOUR_S);
        assert_eq!(width_for(days_ago(500), days_ago(470), now), DAY_S);
    }
}
