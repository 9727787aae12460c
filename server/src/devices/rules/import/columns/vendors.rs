//! Consoles of vendors, whose exports are known by their headers.

use super::{ColumnField, fold_header};

/// A console of a vendor whose export is known by its headers.
#[derive(Debug, PartialEq, Eq)]
pub struct Vendor {
    /// Its name for people.
    pub name: &'static str,
    /// Of each group at least one header is there.
    recognised_by: &'static [&'static [&'static str]],
    pub(super) columns: &'static [(&'static str, ColumnField)],
    /// The OS of all devices in it, where there is only one.
    pub os_kind: Option<i64>,
}

const VENDORS: &[Vendor] = &[
    Vendor {
        name: "Google Admin",
        recognised_by: &[
            &["serialNumber"],
            &["orgUnitPath", "annotatedAssetId"],
            &["autoUpdateExpiration", "annotatedLocation", "lastSync", "deviceId"],
        ],
        columns: &[
            ("serialNumber", ColumnField::Serial),
            ("model", ColumnField::Model),
            ("osVersion", ColumnField::OsVersion),
            ("annotatedAssetId", ColumnField::Label),
            ("annotatedLocation", ColumnField::Room),
            ("orgUnitPath", ColumnField::OrgUnit),
            ("status", ColumnField::VendorStatus),
            ("orderNumber", ColumnField::Purchase),
            ("annotatedUser", ColumnField::PersonName),
            ("recentUsers", ColumnField::RecentUsers),
        ],
        os_kind: Some(1),
    },
    Vendor {
        name: "Intune",
        recognised_by: &[&["Serial number"], &["Device name"], &["Last check-in"], &["Manufacturer", "OS version"]],
        columns: &[
            ("Serial number", ColumnField::Serial),
            ("Manufacturer", ColumnField::Maker),
            ("Model", ColumnField::Model),
            ("OS", ColumnField::Os),
            ("OS version", ColumnField::OsVersion),
            ("Primary user UPN", ColumnField::PersonName),
            ("Primary user email address", ColumnField::PersonName),
            ("Primary user display name", ColumnField::PersonName),
        ],
        os_kind: None,
    },
    Vendor {
        name: "Jamf",
        recognised_by: &[
            &["serial_number", "Serial Number"],
            &["display_name", "Display Name"],
            &["asset_tag", "Asset Tag"],
        ],
        columns: &[
            ("serial_number", ColumnField::Serial),
            ("asset_tag", ColumnField::Label),
            ("model", ColumnField::Model),
            ("os_version", ColumnField::OsVersion),
            ("room", ColumnField::Room),
            ("building", ColumnField::OrgUnit),
            ("po_number", ColumnField::Purchase),
            ("po_date", ColumnField::Acquired),
            ("warranty_expires", ColumnField::Warranty),
            ("lease_expires", ColumnField::Lease),
            ("username", ColumnField::PersonName),
            ("full_name", ColumnField::PersonName),
            ("real_name", ColumnField::PersonName),
            ("email_address", ColumnField::PersonName),
        ],
        os_kind: None,
    },
    Vendor {
        name: "Apple School Manager",
        recognised_by: &[
            &["Serial Number"],
            &["Order Number"],
            &[
                "MDM Server",
                "Assigned Server",
                "Device Management Service",
                "Product Family",
                "Device Type",
                "Added to Org",
            ],
        ],
        columns: &[
            ("Serial Number", ColumnField::Serial),
            ("Model", ColumnField::Model),
            ("Device Model", ColumnField::Model),
            ("Order Number", ColumnField::Purchase),
            ("Order Date", ColumnField::Acquired),
        ],
        os_kind: None,
    },
];

/// The vendor whose headers these are.
pub fn vendor_of(headers: &[String]) -> Option<&'static Vendor> {
    let folded: Vec<String> = headers.iter().map(|header| fold_header(header)).collect();
    VENDORS.iter().find(|vendor| {
        vendor.recognised_by.iter().all(|group| group.iter().any(|header| folded.contains(&fold_header(header))))
    })
}

/// A vendor by its name.
pub fn vendor_named(name: &str) -> Option<&'static Vendor> {
    VENDORS.iter().find(|vendor| vendor.name == name)
}
