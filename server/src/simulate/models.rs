//! The models of a simulated fleet: kinds of tablet that schools buy, with plausible figures.
//!
//! The shares of the systems are those of the second phase of GIGA: ChromeOS 60 %, iPadOS 31 %, Windows 10 % (MM総研,
//! 2025-07-31; rounded there, so they add up to 101).

use gigafleet_proto::v1::OsKind;

/// One kind of tablet.
#[derive(Debug)]
pub(super) struct Model {
    /// Share of the fleet, in parts of all shares together.
    share: u32,
    pub(super) maker: &'static str,
    pub(super) name: &'static str,
    pub(super) os_kind: OsKind,
    pub(super) os_name: &'static str,
    pub(super) os_version: &'static str,
    pub(super) kernel_version: Option<&'static str>,
    pub(super) cpu_model: &'static str,
    pub(super) cpu_count: u32,
    pub(super) memory_gib: u64,
    /// As it is sold; the system sees less.
    storage_gb: u64,
}

impl Model {
    /// Size of the file system in bytes.
    pub(super) fn storage_bytes(&self) -> u64 {
        self.storage_gb * 1_000_000_000 / 100 * 92
    }
}

/// Draws a model by its share.
pub(super) fn draw(random: &mut fastrand::Rng) -> &'static Model {
    let all: u32 = MODELS.iter().map(|model| model.share).sum();
    let mut left = random.u32(..all);
    for model in &MODELS {
        match left.checked_sub(model.share) {
            Some(rest) => left = rest,
            None => return model,
        }
    }
    &MODELS[0]
}

const CHROMEOS: Model = Model {
    share: 0,
    maker: "Google",
    name: "Chromebook",
    os_kind: OsKind::Chromeos,
    os_name: "Chrome OS",
    os_version: "140",
    kernel_version: Some("6.6.99-09058-g7d4e3f4a5b6c"),
    cpu_model: "Intel(R) N100",
    cpu_count: 4,
    memory_gib: 8,
    storage_gb: 64,
};

const IPADOS: Model = Model {
    share: 0,
    maker: "Apple",
    name: "iPad",
    os_kind: OsKind::Ipados,
    os_name: "iPadOS",
    os_version: "26.1",
    // The system tells nobody.
    kernel_version: None,
    cpu_model: "Apple A16",
    cpu_count: 5,
    memory_gib: 6,
    storage_gb: 128,
};

const WINDOWS: Model = Model {
    share: 0,
    maker: "Microsoft Corporation",
    name: "Windows tablet",
    os_kind: OsKind::Windows,
    os_name: "Windows 11 Pro Education",
    os_version: "25H2",
    kernel_version: Some("10.0.26200"),
    cpu_model: "Intel(R) N100",
    cpu_count: 4,
    memory_gib: 8,
    storage_gb: 128,
};

const MODELS: [Model; 8] = [
    Model { share: 24, maker: "LENOVO", name: "Lenovo 500e Yoga Chromebook Gen 4", ..CHROMEOS },
    Model {
        share: 18,
        maker: "ASUS",
        name: "ASUS Chromebook CZ12 Flip",
        cpu_model: "MediaTek Kompanio 520",
        cpu_count: 8,
        ..CHROMEOS
    },
    Model { share: 12, maker: "HP", name: "HP Fortis x360 11 inch G5 Chromebook", ..CHROMEOS },
    Model {
        share: 6,
        maker: "NEC",
        name: "Chromebook Y4",
        memory_gib: 4,
        storage_gb: 32,
        os_version: "138",
        ..CHROMEOS
    },
    Model { share: 24, name: "iPad (A16)", ..IPADOS },
    Model {
        share: 7,
        name: "iPad (9th generation)",
        cpu_model: "Apple A13 Bionic",
        cpu_count: 6,
        memory_gib: 3,
        storage_gb: 64,
        os_version: "18.7",
        ..IPADOS
    },
    Model { share: 6, name: "Surface Go 4", cpu_model: "Intel(R) N200", ..WINDOWS },
    Model { share: 4, maker: "Dynabook Inc.", name: "dynabook K70", ..WINDOWS },
];
