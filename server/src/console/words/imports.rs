//! Words of files in and out.

use super::words;

words! {
    /// Words of files in and out.
    ImportWords {
        title: "取り込み", "Import";
    }
}
