//! Item 1 of the plan of networks (別添2): schools that reach the speed that is needed.

use super::Share;
use crate::error::{FieldViolation, says::renewal as say};

/// Schools of an owner by whether they reach the speed that is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReachingSchools {
    /// All schools.
    pub schools: u32,
    /// Those that reach it (必要なネットワーク速度が確保できている学校数).
    pub reached: u32,
    /// Those of which nobody knows; they do not count as reaching it.
    pub unknown: u32,
}

impl ReachingSchools {
    /// Counts schools. Refused: more than there are.
    pub fn new(schools: u32, reached: u32, unknown: u32) -> Result<Self, FieldViolation> {
        let counted = u64::from(reached) + u64::from(unknown);
        if counted > u64::from(schools) {
            return Err(FieldViolation::new("schools", say::more_schools(counted, schools)));
        }
        Ok(Self { schools, reached, unknown })
    }

    /// 総学校数に占める割合; none without schools.
    pub fn share(self) -> Option<Share> {
        Share::new(self.reached.into(), self.schools.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn share_is_of_all_schools() {
        let share = |schools, reached, unknown| {
            let counted = ReachingSchools::new(schools, reached, unknown).unwrap();
            counted.share().map(|share| share.to_string())
        };
        // The nation: 6,503 of 30,089 are 21.6 %.
        assert_eq!(share(30_089, 6_503, 0).as_deref(), Some("21.6%"));
        assert_eq!((share(12, 12, 0).as_deref(), share(12, 0, 12).as_deref()), (Some("100%"), Some("0%")));
        assert_eq!(share(0, 0, 0), None);
        assert!(ReachingSchools::new(12, 12, 1).is_err());
    }
}
