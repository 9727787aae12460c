//! Words of home.

use super::words;

words! {
    /// Words of home.
    OverviewWords {
        title: "ホーム", "Home";
    }
}
