//! `gigafleet devices list` and `count`: filters, order, search, and how many there are.

use std::collections::HashMap;

use clap::{Args, ValueEnum};
use gigafleet_proto::v1;
use serde_json::Value;

use super::{
    client::{Client, answer},
    devices::{FilterArgs, device_table},
    failure::Result,
    json,
    output::{print, remark},
    table::{self, ABSENT, Column, or_absent, os_kind},
};

/// Which devices, in what order, and how many.
#[derive(Debug, Args)]
pub(super) struct ListArgs {
    #[command(flatten)]
    filter: FilterArgs,
    #[command(flatten)]
    select: SelectArgs,
    /// At most so many devices.
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    limit: u32,
}

/// Which devices of a place, and in what order.
#[derive(Debug, Args)]
pub(super) struct SelectArgs {
    /// Only of this status; may be given several times.
    #[arg(long, value_enum)]
    status: Vec<Status>,
    /// Only of this use; may be given several times.
    #[arg(long = "use", value_enum)]
    purpose: Vec<Use>,
    /// Only with this operating system; may be given several times.
    #[arg(long, value_enum)]
    os: Vec<Os>,
    /// Only of this model, exactly.
    #[arg(long, value_name = "MODEL", default_value = "")]
    model: String,
    /// Only those that report, or do not.
    #[arg(long, value_enum)]
    presence: Option<Reporting>,
    /// Only with, or without, an open review of identity.
    #[arg(long, value_name = "true|false")]
    open_review: Option<bool>,
    /// Only of this grade.
    #[arg(long, value_name = "GRADE", value_parser = clap::value_parser!(u32).range(1..=9))]
    grade: Option<u32>,
    /// Only of this class, exactly.
    #[arg(long, value_name = "CLASS", default_value = "")]
    class: String,
    /// Only with this in the label or serial number; at least two characters.
    #[arg(long, value_name = "FRAGMENT", default_value = "")]
    search: String,
    /// Order within each municipality.
    #[arg(long, value_enum)]
    sort: Option<Sort>,
    /// From the last to the first.
    #[arg(long)]
    descending: bool,
}

impl SelectArgs {
    /// The list that they mean, of all places.
    pub(super) fn request(&self) -> v1::ListDevicesRequest {
        let direction = if self.descending { " desc" } else { "" };
        v1::ListDevicesRequest {
            lifecycles: self.status.iter().map(|status| v1::Lifecycle::from(*status).into()).collect(),
            purposes: self.purpose.iter().map(|purpose| v1::Purpose::from(*purpose).into()).collect(),
            os_kinds: self.os.iter().map(|os| v1::OsKind::from(*os).into()).collect(),
            model: self.model.clone(),
            presence: self.presence.map_or(v1::Presence::Unspecified, v1::Presence::from).into(),
            has_open_review: self.open_review,
            grade: self.grade.unwrap_or(0),
            class_name: self.class.clone(),
            query: self.search.clone(),
            order_by: format!("{}{direction}", self.sort.map_or("device_id", Sort::field)),
            ..v1::ListDevicesRequest::default()
        }
    }
}

/// Where a device stands in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Status {
    /// Nobody said.
    Unknown,
    /// In use.
    InUse,
    /// Spare.
    Spare,
    /// In repair.
    InRepair,
    /// Lost.
    Lost,
    /// Not used any more.
    Retired,
    /// Gone.
    Disposed,
}

impl From<Status> for v1::Lifecycle {
    fn from(status: Status) -> Self {
        match status {
            Status::Unknown => Self::Unspecified,
            Status::InUse => Self::InUse,
            Status::Spare => Self::Spare,
            Status::InRepair => Self::InRepair,
            Status::Lost => Self::Lost,
            Status::Retired => Self::Retired,
            Status::Disposed => Self::Disposed,
        }
    }
}

/// What a device is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Use {
    /// Nobody said.
    Unknown,
    /// Of a pupil.
    Learner,
    /// Of a teacher.
    Teacher,
    /// A spare.
    Spare,
    /// Of the school's office.
    Office,
    /// Measures the school's network.
    Probe,
}

impl From<Use> for v1::Purpose {
    fn from(purpose: Use) -> Self {
        match purpose {
            Use::Unknown => Self::Unspecified,
            Use::Learner => Self::Learner,
            Use::Teacher => Self::Teacher,
            Use::Spare => Self::Spare,
            Use::Office => Self::Office,
            Use::Probe => Self::Probe,
        }
    }
}

/// Kind of operating system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Os {
    /// Nobody said.
    Unknown,
    /// ChromeOS.
    Chromeos,
    /// iPadOS.
    Ipados,
    /// Windows.
    Windows,
    /// Linux.
    Linux,
    /// macOS.
    Macos,
}

impl From<Os> for v1::OsKind {
    fn from(os: Os) -> Self {
        match os {
            Os::Unknown => Self::Unspecified,
            Os::Chromeos => Self::Chromeos,
            Os::Ipados => Self::Ipados,
            Os::Windows => Self::Windows,
            Os::Linux => Self::Linux,
            Os::Macos => Self::Macos,
        }
    }
}

/// Whether a device reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Reporting {
    /// It never did.
    Never,
    /// It does.
    #[value(name = "reporting")]
    Yes,
    /// It does not.
    Silent,
    /// The server could not have heard it.
    Unknown,
}

impl From<Reporting> for v1::Presence {
    fn from(presence: Reporting) -> Self {
        match presence {
            Reporting::Never => Self::Never,
            Reporting::Yes => Self::Reporting,
            Reporting::Silent => Self::Silent,
            Reporting::Unknown => Self::Unknown,
        }
    }
}

/// What a list is ordered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Sort {
    /// The label.
    Label,
    /// The serial number.
    Serial,
    /// The model.
    Model,
    /// The name of the school.
    School,
    /// The status.
    Status,
    /// The last report.
    LastReport,
}

impl Sort {
    fn field(self) -> &'static str {
        match self {
            Self::Label => "label",
            Self::Serial => "serial_number",
            Self::Model => "model",
            Self::School => "school_name",
            Self::Status => "lifecycle",
            Self::LastReport => "last_checkin_time",
        }
    }
}

/// Lists devices.
pub(super) async fn list(client: &Client, args: &ListArgs, as_json: bool) -> Result<()> {
    let place = args.filter.resolve(client).await?;
    let request = v1::ListDevicesRequest {
        municipality_id: place.municipality_id,
        school_id: place.school_id,
        ..args.select.request()
    };
    let (devices, more) = client.list_devices(&request, args.limit as usize).await?;
    if more {
        remark(&format!("there are more than {} devices: pass --limit, --municipality or --school", args.limit));
    }
    if as_json {
        return print(json::pretty(&json::list("devices", devices, json::device)));
    }
    print(device_table(&devices))
}

/// Which devices are counted, and by what.
#[derive(Debug, Args)]
pub(super) struct CountArgs {
    #[command(flatten)]
    filter: FilterArgs,
    /// Count by this; may be given several times.
    #[arg(long, value_enum)]
    by: Vec<By>,
}

/// What devices are counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum By {
    /// The municipality.
    Municipality,
    /// The school; needs --municipality.
    School,
    /// The status.
    Status,
    /// The use.
    Use,
    /// The operating system.
    Os,
    /// The model; needs --municipality, and stands alone.
    Model,
}

impl By {
    fn group(self) -> v1::DeviceGroup {
        match self {
            Self::Municipality => v1::DeviceGroup::Municipality,
            Self::School => v1::DeviceGroup::School,
            Self::Status => v1::DeviceGroup::Lifecycle,
            Self::Use => v1::DeviceGroup::Purpose,
            Self::Os => v1::DeviceGroup::OsKind,
            Self::Model => v1::DeviceGroup::Model,
        }
    }

    fn heading(self) -> &'static str {
        match self {
            Self::Municipality => "MUNICIPALITY",
            Self::School => "SCHOOL",
            Self::Status => "STATUS",
            Self::Use => "USE",
            Self::Os => "OS",
            Self::Model => "MODEL",
        }
    }

    fn key(self) -> &'static str {
        match self {
            Self::Municipality => "municipality_id",
            Self::School => "school_id",
            Self::Status => "status",
            Self::Use => "use",
            Self::Os => "os",
            Self::Model => "model",
        }
    }

    fn value(self, count: &v1::DeviceCount) -> String {
        match self {
            Self::Municipality => count.municipality_id.clone(),
            Self::School => count.school_id.clone(),
            Self::Status => String::from(lifecycle(count.lifecycle())),
            Self::Use => String::from(purpose(count.purpose())),
            Self::Os => String::from(os_kind(count.os_kind())),
            Self::Model => count.model.clone(),
        }
    }
}

fn lifecycle(lifecycle: v1::Lifecycle) -> &'static str {
    match lifecycle {
        v1::Lifecycle::Unspecified => "unknown",
        v1::Lifecycle::InUse => "in use",
        v1::Lifecycle::Spare => "spare",
        v1::Lifecycle::InRepair => "in repair",
        v1::Lifecycle::Lost => "lost",
        v1::Lifecycle::Retired => "retired",
        v1::Lifecycle::Disposed => "disposed",
    }
}

fn purpose(purpose: v1::Purpose) -> &'static str {
    match purpose {
        v1::Purpose::Unspecified => "unknown",
        v1::Purpose::Learner => "learner",
        v1::Purpose::Teacher => "teacher",
        v1::Purpose::Spare => "spare",
        v1::Purpose::Office => "office",
        v1::Purpose::Probe => "probe",
    }
}

/// Counts devices.
pub(super) async fn count(client: &Client, args: &CountArgs, as_json: bool) -> Result<()> {
    let place = args.filter.resolve(client).await?;
    let request = v1::CountDevicesRequest {
        municipality_id: place.municipality_id.clone(),
        school_id: place.school_id,
        group_by: args.by.iter().map(|by| by.group().into()).collect(),
    };
    let counted = answer(client.devices().count_devices(request)).await?;
    if as_json {
        let form = |count: v1::DeviceCount| {
            let mut object: serde_json::Map<String, Value> =
                args.by.iter().map(|by| (String::from(by.key()), Value::from(by.value(&count)))).collect();
            object.insert(String::from("device_count"), Value::from(count.device_count));
            Value::Object(object)
        };
        let counts: Vec<_> = counted.counts.into_iter().map(form).collect();
        return print(json::pretty(&serde_json::json!({ "counts": counts, "total_count": counted.total_count })));
    }
    let names = names(client, args, &place.municipality_id).await?;
    let mut columns: Vec<_> = args.by.iter().map(|by| Column::Text(by.heading())).collect();
    columns.push(Column::Number("DEVICES"));
    let rows = counted.counts.iter().map(|count| {
        let shown = |by: &By| {
            let value = by.value(count);
            or_absent(Some(names.get(&value).unwrap_or(&value)))
        };
        let mut row: Vec<_> = args.by.iter().map(shown).collect();
        row.push(count.device_count.to_string());
        row
    });
    let mut rows: Vec<Vec<String>> = rows.collect();
    if !args.by.is_empty() && !rows.is_empty() {
        let mut total = vec![String::from(ABSENT); args.by.len()];
        total[0] = String::from("total");
        total.push(counted.total_count.to_string());
        rows.push(total);
    }
    print(table::table(&columns, rows, "no devices yet: gigafleet enroll-token create prints how one enrols"))
}

/// Names of the owners and schools that are counted by, by id.
async fn names(client: &Client, args: &CountArgs, municipality: &str) -> Result<HashMap<String, String>> {
    let mut names = HashMap::new();
    if args.by.contains(&By::Municipality) {
        let owners = client.list_municipalities(None).await?;
        names.extend(owners.into_iter().map(|owner| (owner.municipality_id, owner.name)));
    }
    if args.by.contains(&By::School) && !municipality.is_empty() {
        let schools = client.list_schools(Some(municipality)).await?;
        names.extend(schools.into_iter().map(|school| (school.school_id, school.name)));
    }
    Ok(names)
}
