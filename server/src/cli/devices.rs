//! `gigafleet devices`: lists and shows devices, ends their access, asks something of them. Watching is in [`super::watch`].

use clap::{Args, Subcommand, ValueEnum};
use gigafleet_proto::v1;

use super::{
    client::{Client, ClientArgs, DeviceFilter, answer, promised},
    device_lists::{self, CountArgs, ListArgs},
    failure::Result,
    json,
    output::print,
    registry::{self, RegistryCommand},
    table::{self, ABSENT, Column, gib, or_absent, os_kind, percent, presence, time},
    watch,
};

#[derive(Debug, Args)]
pub(super) struct DevicesArgs {
    #[command(flatten)]
    client: ClientArgs,
    #[command(subcommand)]
    command: DevicesCommand,
}

#[derive(Debug, Subcommand)]
enum DevicesCommand {
    /// List devices.
    List(Box<ListArgs>),
    /// Count devices.
    Count(CountArgs),
    /// Show all that is known of one device.
    Show {
        /// Id of the device.
        #[arg(value_name = "ID")]
        device_id: String,
    },
    /// Print a line for each device, then one whenever a device changed, until Ctrl-C.
    Watch {
        #[command(flatten)]
        filter: FilterArgs,
    },
    /// End a device's access at its next call; what it reported stays.
    Revoke {
        /// Id of the device.
        #[arg(value_name = "ID")]
        device_id: String,
        /// Why, at most 200 characters.
        #[arg(long, value_name = "TEXT", default_value = "")]
        reason: String,
    },
    /// Ask something of a device; it learns of it with its next report.
    Command {
        /// Id of the device.
        #[arg(value_name = "ID")]
        device_id: String,
        /// What to do.
        #[arg(value_enum)]
        kind: Kind,
    },
    #[command(flatten)]
    Registry(RegistryCommand),
}

/// What a device can be asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// Read everything anew and send the full report.
    FullReport,
    /// Make a new key and renew the certificate now.
    RenewCertificate,
}

/// Which devices.
#[derive(Debug, Clone, Args)]
pub(super) struct FilterArgs {
    /// Only of the municipality with this code.
    #[arg(long, value_name = "CODE")]
    municipality: Option<String>,
    /// Only of this school, by name or id.
    #[arg(long, value_name = "NAME-or-ID")]
    school: Option<String>,
}

impl FilterArgs {
    /// Finds what the names stand for.
    pub(super) async fn resolve(&self, client: &Client) -> Result<DeviceFilter> {
        let owner = match &self.municipality {
            Some(code) => Some(client.municipality(code).await?.municipality_id),
            None => None,
        };
        let Some(school) = &self.school else {
            return Ok(DeviceFilter { municipality_id: owner.unwrap_or_default(), school_id: String::new() });
        };
        let school = client.school(owner.as_deref(), school).await?;
        Ok(DeviceFilter { municipality_id: school.municipality_id, school_id: school.school_id })
    }
}

/// Runs a command about devices.
pub(super) async fn run(args: DevicesArgs) -> Result<()> {
    let DevicesArgs { client: client_args, command } = args;
    let as_json = client_args.json;
    match command {
        DevicesCommand::Watch { filter } => watch::watch(&client_args, &filter).await,
        DevicesCommand::List(list_args) => device_lists::list(&client_args.open().await?, &list_args, as_json).await,
        DevicesCommand::Count(count_args) => {
            device_lists::count(&client_args.open().await?, &count_args, as_json).await
        }
        DevicesCommand::Show { device_id } => {
            let client = client_args.open().await?;
            let found = answer(client.devices().get_device(v1::GetDeviceRequest { device_id })).await?;
            show(promised(found.device)?, as_json)
        }
        DevicesCommand::Revoke { device_id, reason } => {
            let client = client_args.open().await?;
            let request = v1::RevokeDeviceRequest { device_id, reason, etag: String::new() };
            show(promised(answer(client.devices().revoke_device(request)).await?.device)?, as_json)
        }
        DevicesCommand::Registry(command) => match registry::run(&client_args.open().await?, command, as_json).await? {
            Some(device) => show(device, as_json),
            None => Ok(()),
        },
        DevicesCommand::Command { device_id, kind } => send(&client_args.open().await?, device_id, kind, as_json).await,
    }
}

pub(super) fn device_table(devices: &[v1::Device]) -> String {
    let columns = [
        Column::Text("DEVICE ID"),
        Column::Text("STATE"),
        Column::Text("LAST REPORT"),
        Column::Text("MUNICIPALITY"),
        Column::Text("SCHOOL"),
        Column::Text("MODEL"),
        Column::Text("OS"),
        Column::Number("BATTERY"),
        Column::Number("FREE"),
        Column::Text("WI-FI"),
        Column::Text("REVIEW"),
    ];
    let rows = devices.iter().map(|device| {
        let status = device.status.as_ref();
        vec![
            device.device_id.clone(),
            presence(device).to_owned(),
            time(device.last_checkin_time.as_ref()),
            or_absent(Some(&device.municipality_name)),
            or_absent(Some(&device.school_name)),
            or_absent(device.facts.as_ref().and_then(|facts| facts.model.as_deref())),
            device.facts.as_ref().map_or(ABSENT, |facts| os_kind(facts.os_kind())).to_owned(),
            percent(status.and_then(|status| status.battery.as_ref()?.charge_percent)),
            gib(status.and_then(|status| status.storage.as_ref()?.free_bytes)),
            or_absent(status.and_then(|status| status.wifi.as_ref()?.ssid.as_deref())),
            if device.review_reasons.is_empty() { String::new() } else { String::from("yes") },
        ]
    });
    table::table(&columns, rows.collect(), "no devices yet: gigafleet enroll-token create prints how one enrols")
}

fn show(device: v1::Device, as_json: bool) -> Result<()> {
    if as_json {
        return print(json::pretty(&json::device(device)));
    }
    let mut text = table::pairs(&identity_pairs(&device));
    let fields = registry::field_lines(&device);
    if !fields.is_empty() {
        let fields: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
        text.push('\n');
        text.push_str(&table::pairs(&fields));
    }
    if let Some(facts) = &device.facts {
        text.push('\n');
        text.push_str(&table::pairs(&facts_pairs(facts)));
    }
    if let Some(status) = &device.status {
        text.push('\n');
        text.push_str(&table::pairs(&status_pairs(status)));
    }
    print(text)
}

fn identity_pairs(device: &v1::Device) -> Vec<(&'static str, String)> {
    let reviews: Vec<_> = device.review_reasons().map(review_words).collect();
    vec![
        ("device id", device.device_id.clone()),
        ("municipality", format!("{} {}", device.municipality_code, device.municipality_name)),
        ("school", or_absent(Some(&device.school_name))),
        ("state", presence(device).to_owned()),
        ("last report", time(device.last_checkin_time.as_ref())),
        ("reports", device.report_count.to_string()),
        ("transitions", device.transition_count.to_string()),
        ("sequence", device.sequence.to_string()),
        ("clock ahead", device.clock_skew_ms.map_or_else(|| ABSENT.to_owned(), |skew| format!("{skew} ms"))),
        ("enrolled", time(device.enroll_time.as_ref())),
        ("certificate until", time(device.certificate_expire_time.as_ref())),
        ("revoked", time(device.revoke_time.as_ref())),
        ("to review", if reviews.is_empty() { ABSENT.to_owned() } else { reviews.join("; ") }),
        ("kept apart from", or_absent(Some(&device.forked_from_device_id))),
    ]
}

fn review_words(reason: v1::ReviewReason) -> &'static str {
    match reason {
        v1::ReviewReason::Unspecified => "a reason that this command does not know",
        v1::ReviewReason::SequenceBehind => "an old image was restored",
        v1::ReviewReason::Forked => "two devices reported under this identity",
        v1::ReviewReason::CertificateSuperseded => "an old certificate was used after its successor",
        v1::ReviewReason::SerialShared => "another device has the same serial number",
        v1::ReviewReason::Reimaged => "another device has the same hardware: installed anew",
        v1::ReviewReason::BoardSwapped => "the serial number has another board than before",
        v1::ReviewReason::BoardShared => "another device has the same board",
        v1::ReviewReason::LedgerAmbiguous => "several records of ledgers could be this device",
        v1::ReviewReason::HardwareChanged => "it reports another serial number than before",
    }
}

fn facts_pairs(facts: &v1::Facts) -> Vec<(&'static str, String)> {
    let os =
        [os_kind(facts.os_kind()), facts.os_name.as_deref().unwrap_or(""), facts.os_version.as_deref().unwrap_or("")];
    let os: Vec<_> = os.into_iter().filter(|word| !word.is_empty()).collect();
    let processors = facts.cpu_count.map_or_else(String::new, |count| format!("{count} × "));
    vec![
        ("maker", or_absent(facts.maker.as_deref())),
        ("model", or_absent(facts.model.as_deref())),
        ("serial number", or_absent(facts.serial_number.as_deref())),
        ("board uuid", or_absent(facts.board_uuid.as_deref())),
        ("system", os.join(", ")),
        ("kernel", or_absent(facts.kernel_version.as_deref())),
        ("processor", processors + &or_absent(facts.cpu_model.as_deref())),
        ("memory", gib(facts.memory_bytes)),
        ("storage", gib(facts.storage_bytes)),
        ("interfaces", facts.mac_hashes.len().to_string()),
        ("agent", or_absent(facts.agent_version.as_deref())),
    ]
}

fn status_pairs(status: &v1::Status) -> Vec<(&'static str, String)> {
    let battery = status.battery.unwrap_or_default();
    let memory = status.memory.unwrap_or_default();
    let boot = status.boot.unwrap_or_default();
    let wifi = status.wifi.clone().unwrap_or_default();
    let booted = boot
        .boot_time_ms
        .map(|at| prost_types::Timestamp { seconds: i64::try_from(at / 1_000).unwrap_or(i64::MAX), nanos: 0 });
    let rate = |kbps: Option<u32>| kbps.map_or_else(|| ABSENT.to_owned(), |kbps| format!("{} Mbit/s", kbps / 1_000));
    vec![
        ("battery", percent(battery.charge_percent)),
        ("battery health", percent(battery.health_percent)),
        ("charge cycles", number(battery.cycle_count)),
        ("external power", battery.charging.map_or(ABSENT, |on| if on { "yes" } else { "no" }).to_owned()),
        ("storage free", gib(status.storage.and_then(|storage| storage.free_bytes))),
        ("memory used", percent(memory.used_percent)),
        ("memory stalls", percent(memory.stall_percent)),
        ("booted", booted.map_or_else(|| ABSENT.to_owned(), |at| time(Some(&at)))),
        ("boots seen", number(boot.boot_count)),
        ("wi-fi", or_absent(wifi.ssid.as_deref())),
        ("access point", or_absent(wifi.bssid.as_deref().map(address).as_deref())),
        ("signal", wifi.rssi_dbm.map_or_else(|| ABSENT.to_owned(), |rssi| format!("{rssi} dBm"))),
        ("rate down", rate(wifi.receive_kbps)),
        ("rate up", rate(wifi.transmit_kbps)),
    ]
}

fn number(number: Option<u32>) -> String {
    number.map_or_else(|| ABSENT.to_owned(), |number| number.to_string())
}

fn address(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(":")
}

async fn send(client: &Client, device_id: String, kind: Kind, as_json: bool) -> Result<()> {
    let kind = match kind {
        Kind::FullReport => v1::CommandKind::SendFullReport,
        Kind::RenewCertificate => v1::CommandKind::RenewCertificate,
    };
    let request = v1::SendCommandRequest { request_id: String::new(), device_id, kind: kind.into() };
    let command_id = answer(client.devices().send_command(request)).await?.command_id;
    if as_json {
        return print(json::pretty(&json::Object::default().value("command_id", command_id).into()));
    }
    print(format!("command {command_id} waits for the device's next report"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn device_without_hardware_is_shown_without_invented_zeros() {
        let device =
            v1::Device { device_id: String::from("d"), status: Some(v1::Status::default()), ..v1::Device::default() };
        let text = device_table(std::slice::from_ref(&device));
        assert!(text.contains("never") && !text.contains("0 %") && !text.contains("GiB"), "{text}");
        let shown = table::pairs(&status_pairs(&v1::Status::default()));
        assert!(shown.lines().all(|line| line.ends_with(" -")), "{shown}");
    }

    #[test]
    fn shown_device_has_its_values_in_units_for_people() {
        let status = v1::Status {
            storage: Some(v1::Storage { free_bytes: Some(8 << 30) }),
            wifi: Some(v1::Wifi {
                bssid: Some(vec![2, 0, 171, 0, 0, 1]),
                receive_kbps: Some(433_000),
                ..v1::Wifi::default()
            }),
            ..v1::Status::default()
        };
        let text = table::pairs(&status_pairs(&status));
        for value in ["8.0 GiB", "02:00:ab:00:00:01", "433 Mbit/s"] {
            assert!(text.contains(value), "{text}");
        }
    }
}
