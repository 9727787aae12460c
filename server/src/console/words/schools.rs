//! Words of municipalities and schools.

use super::words;

words! {
    /// Words of municipalities and schools.
    SchoolWords {
        title: "学校", "Schools";
    }
}
