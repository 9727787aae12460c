//! Words of devices and reviews.

use super::words;

words! {
    /// Words of devices and reviews.
    DeviceWords {
        title: "端末", "Devices";
    }
}
