//! Roles and places as commands take and say them.

use clap::{Args, ValueEnum};
use gigafleet_proto::v1;

use super::{
    client::Client,
    failure::{Failure, Result},
    table,
};

/// A role, as it is typed.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum RoleName {
    /// Everything in the area.
    Administrator,
    /// Of the shared team.
    Engineer,
    /// Of the board of education, reads.
    BoardViewer,
    /// Of the board of education, keeps the ledger.
    BoardEditor,
    /// Of a school.
    SchoolStaff,
    /// Of the prefecture's board: figures.
    PrefectureViewer,
}

impl From<RoleName> for v1::StaffRole {
    fn from(name: RoleName) -> Self {
        match name {
            RoleName::Administrator => Self::Administrator,
            RoleName::Engineer => Self::Engineer,
            RoleName::BoardViewer => Self::BoardViewer,
            RoleName::BoardEditor => Self::BoardEditor,
            RoleName::SchoolStaff => Self::SchoolStaff,
            RoleName::PrefectureViewer => Self::PrefectureViewer,
        }
    }
}

/// Where a role reaches.
#[derive(Debug, Args)]
pub(super) struct PlaceArgs {
    /// The whole installation.
    #[arg(long, conflicts_with_all = ["prefecture", "municipality", "school"])]
    everywhere: bool,
    /// All municipalities of a prefecture, two digits.
    #[arg(long, value_name = "NN", conflicts_with_all = ["municipality", "school"])]
    prefecture: Option<String>,
    /// The municipality with this code.
    #[arg(long, value_name = "CODE")]
    municipality: Option<String>,
    /// A school of that municipality, by name or id.
    #[arg(long, value_name = "NAME-or-ID", requires = "municipality")]
    school: Option<String>,
}

impl PlaceArgs {
    /// The place as the contract says it.
    pub(super) async fn place(&self, client: &Client) -> Result<v1::StaffPlace> {
        let mut place = v1::StaffPlace {
            everywhere: self.everywhere,
            prefecture: self.prefecture.clone().unwrap_or_default(),
            ..Default::default()
        };
        if let Some(code) = &self.municipality {
            place.municipality_id = client.municipality(code).await?.municipality_id;
        }
        if let Some(school) = &self.school {
            place.school_id = client.school(Some(&place.municipality_id), school).await?.school_id;
        }
        if place == v1::StaffPlace::default() {
            return Err(Failure::told(
                "the place is missing",
                "add --everywhere, --prefecture NN, --municipality CODE, or --municipality CODE --school NAME",
            ));
        }
        Ok(place)
    }
}

/// A role in words.
pub(super) fn role(role: v1::StaffRole) -> &'static str {
    match role {
        v1::StaffRole::Unspecified => table::ABSENT,
        v1::StaffRole::Administrator => "administrator",
        v1::StaffRole::Engineer => "engineer",
        v1::StaffRole::BoardViewer => "board-viewer",
        v1::StaffRole::BoardEditor => "board-editor",
        v1::StaffRole::SchoolStaff => "school-staff",
        v1::StaffRole::PrefectureViewer => "prefecture-viewer",
    }
}

/// A place in words; names of owners come from the list.
pub(super) fn place(place: Option<&v1::StaffPlace>, owners: &[v1::Municipality]) -> String {
    let Some(place) = place else { return String::from(table::ABSENT) };
    if place.everywhere {
        return String::from("everywhere");
    }
    if !place.prefecture.is_empty() {
        return format!("prefecture {}", place.prefecture);
    }
    let owner = owner_name(&place.municipality_id, owners);
    if place.school_id.is_empty() { owner } else { format!("{owner}, school {}", place.school_id) }
}

/// An owner by code and name, or by its id where the caller may not see more.
pub(super) fn owner_name(id: &str, owners: &[v1::Municipality]) -> String {
    let owner = owners.iter().find(|owner| owner.municipality_id == id);
    owner.map_or_else(|| id.to_owned(), |owner| format!("{} {}", owner.code, owner.name))
}
