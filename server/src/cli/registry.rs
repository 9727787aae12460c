//! `gigafleet devices add|edit|clear|…|timeline`: what persons do with single devices.

use clap::{Args, Subcommand};
use gigafleet_proto::v1;

use super::{
    client::{Client, answer, promised},
    failure::{Failure, Result},
    json,
    output::print,
    table::{self, Column, time},
};

/// What persons do with single devices.
#[derive(Debug, Subcommand)]
pub(super) enum RegistryCommand {
    /// Add a device by hand, with a label or a serial number at least.
    Add {
        /// Of the municipality with this code.
        #[arg(long, value_name = "CODE")]
        municipality: String,
        /// What is known, as FIELD=VALUE; fields are label, serial_number, maker, model, os_kind, os_version, purpose,
        /// lifecycle, school (id), room, cart, grade, class_name, seat_number, holder_id, purchase_reference,
        /// acquired_on, warranty_until, lease_until, price_yen.
        #[arg(value_name = "FIELD=VALUE", required = true, value_parser = field_change)]
        fields: Vec<v1::DeviceFieldChange>,
    },
    /// Say what fields of a device hold; a value that is empty says that there is none.
    Edit {
        /// Id of the device.
        #[arg(value_name = "ID")]
        device_id: String,
        /// As for `add`.
        #[arg(value_name = "FIELD=VALUE", required = true, value_parser = field_change)]
        fields: Vec<v1::DeviceFieldChange>,
        /// Only if the device still has this etag, as `devices show --json` prints it.
        #[arg(long, default_value = "")]
        etag: String,
    },
    /// Withdraw what was said by hand, so that the other sources are shown again.
    Clear {
        /// Id of the device.
        #[arg(value_name = "ID")]
        device_id: String,
        /// Of which fields.
        #[arg(value_name = "FIELD", required = true, value_parser = field_name)]
        names: Vec<v1::DeviceFieldName>,
    },
    /// It is used from now on.
    PutInUse(MoveArgs),
    /// It waits as a spare.
    MakeSpare(MoveArgs),
    /// It goes to repair.
    SendToRepair(MoveArgs),
    /// It is missing.
    ReportLost(MoveArgs),
    /// It turned up again and waits as a spare.
    Found(MoveArgs),
    /// It is not used any more.
    Retire(MoveArgs),
    /// It has left the house; only after retire, final after a day.
    Dispose(MoveArgs),
    /// The disposal was a mistake; within a day.
    UndoDisposal(MoveArgs),
    /// Show what happened to a device, newest first.
    Timeline {
        /// Id of the device.
        #[arg(value_name = "ID")]
        device_id: String,
        /// At most so many entries.
        #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1_000))]
        limit: u32,
    },
}

/// Which device is moved, and why.
#[derive(Debug, Args)]
pub(super) struct MoveArgs {
    /// Id of the device.
    #[arg(value_name = "ID")]
    device_id: String,
    /// Why, at most 200 characters.
    #[arg(long, value_name = "TEXT", default_value = "")]
    reason: String,
    /// Only if the device still has this etag, as `devices show --json` prints it.
    #[arg(long, default_value = "")]
    etag: String,
}

fn field_name(name: &str) -> std::result::Result<v1::DeviceFieldName, String> {
    let full = format!("DEVICE_FIELD_NAME_{}", name.to_uppercase());
    v1::DeviceFieldName::from_str_name(&full)
        .filter(|name| *name != v1::DeviceFieldName::Unspecified)
        .ok_or_else(|| format!("{name} is no field of a device; label, room and price_yen are some"))
}

fn field_change(text: &str) -> std::result::Result<v1::DeviceFieldChange, String> {
    let (name, value) = text.split_once('=').ok_or("needs the form FIELD=VALUE, for example room=3-2")?;
    Ok(v1::DeviceFieldChange { name: field_name(name)?.into(), value: value.to_owned() })
}

/// Runs a command and gives the device as it is then; none where the answer is printed already.
pub(super) async fn run(client: &Client, command: RegistryCommand, as_json: bool) -> Result<Option<v1::Device>> {
    use v1::DeviceVerb::{Dispose, Found, MakeSpare, PutInUse, ReportLost, Retire, SendToRepair, UndoDisposal};
    let moving = async |args, verb| move_device(client, args, verb).await.map(Some);
    match command {
        RegistryCommand::Add { municipality, fields } => {
            let municipality_id = client.municipality(&municipality).await?.municipality_id;
            let request = v1::CreateDeviceRequest { request_id: String::new(), municipality_id, fields };
            promised(answer(client.devices().create_device(request)).await?.device).map(Some)
        }
        RegistryCommand::Edit { device_id, fields, etag } => {
            let request = v1::UpdateDeviceRequest { device_id, etag, fields };
            promised(answer(client.devices().update_device(request)).await?.device).map(Some)
        }
        RegistryCommand::Clear { device_id, names } => {
            let names = names.into_iter().map(i32::from).collect();
            let request = v1::ClearDeviceFieldsRequest { device_id, etag: String::new(), names };
            promised(answer(client.devices().clear_device_fields(request)).await?.device).map(Some)
        }
        RegistryCommand::PutInUse(args) => moving(args, PutInUse).await,
        RegistryCommand::MakeSpare(args) => moving(args, MakeSpare).await,
        RegistryCommand::SendToRepair(args) => moving(args, SendToRepair).await,
        RegistryCommand::ReportLost(args) => moving(args, ReportLost).await,
        RegistryCommand::Found(args) => moving(args, Found).await,
        RegistryCommand::Retire(args) => moving(args, Retire).await,
        RegistryCommand::Dispose(args) => moving(args, Dispose).await,
        RegistryCommand::UndoDisposal(args) => moving(args, UndoDisposal).await,
        RegistryCommand::Timeline { device_id, limit } => {
            timeline(client, device_id, limit, as_json).await?;
            Ok(None)
        }
    }
}

async fn move_device(client: &Client, args: MoveArgs, verb: v1::DeviceVerb) -> Result<v1::Device> {
    let MoveArgs { device_id, reason, etag } = args;
    let request = v1::MoveDeviceRequest { device_id, etag, verb: verb.into(), reason };
    promised(answer(client.devices().move_device(request)).await?.device)
}

async fn timeline(client: &Client, device_id: String, limit: u32, as_json: bool) -> Result<(), Failure> {
    let request = v1::GetDeviceTimelineRequest { device_id, page_size: limit, page_token: String::new() };
    let events = answer(client.devices().get_device_timeline(request)).await?.events;
    if as_json {
        return print(json::pretty(&json::list("events", events, json::event)));
    }
    let columns = [Column::Text("TIME"), Column::Text("WHAT"), Column::Text("WHO"), Column::Text("DETAILS")];
    let rows = events.into_iter().map(|event| {
        let kind = event.kind().as_str_name().trim_start_matches("DEVICE_EVENT_KIND_").to_lowercase();
        vec![time(event.occur_time.as_ref()), kind.replace('_', " "), event.actor_name, event.details]
    });
    print(table::table(&columns, rows.collect(), "nothing happened to this device yet"))
}

/// Lines of a device's fields for people: what, and who said it.
pub(super) fn field_lines(device: &v1::Device) -> Vec<(String, String)> {
    let line = |field: &v1::DeviceField| {
        let name = field.name().as_str_name().trim_start_matches("DEVICE_FIELD_NAME_").to_lowercase();
        let source = field.source().as_str_name().trim_start_matches("FIELD_SOURCE_").to_lowercase();
        let value = if field.value.is_empty() { "none" } else { &field.value };
        let said = time(field.say_time.as_ref());
        (name.replace('_', " "), format!("{value}  ({}, {said})", source.replace('_', " ")))
    };
    device.fields.iter().map(line).collect()
}
