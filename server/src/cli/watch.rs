//! `gigafleet devices watch`: a line for each device, then one for each change, until Ctrl-C.
//!
//! Invariants: a server that restarts is found again with backoff, and what did not change meanwhile is not printed again;
//! at most as many devices are remembered as the server lets one watch.

use std::{collections::HashMap, time::Duration};

use gigafleet_proto::v1;

use super::{
    client::{Client, ClientArgs, DeviceFilter, answer},
    devices::FilterArgs,
    failure::{Failure, Result},
    json,
    output::{print, remark},
    serve::shutdown_signal,
    table::{ABSENT, fit, fit_right, gib, percent, presence, time},
};
use crate::access::service::Credentials;

/// Wait before the first try to connect again; it doubles with each.
const FIRST_WAIT: Duration = Duration::from_millis(500);
/// Longest wait between two tries.
const LONGEST_WAIT: Duration = Duration::from_secs(15);

/// Watches until Ctrl-C. A server that can not be reached at first is a failure; one that goes away later is waited for.
pub(super) async fn watch(args: &ClientArgs, filter: &FilterArgs) -> Result<()> {
    let stop = shutdown_signal()?;
    let credentials = args.read()?;
    tokio::select! {
        biased;
        () = stop => Ok(()),
        outcome = follow(&credentials, filter, args.json) => outcome,
    }
}

async fn follow(credentials: &Credentials, filter: &FilterArgs, as_json: bool) -> Result<()> {
    let client = Client::open(credentials).await?;
    let mut watcher =
        Watcher { filter: filter.resolve(&client).await?, as_json, seen: HashMap::new(), wait: FIRST_WAIT };
    if !as_json {
        print(heading())?;
    }
    let mut failure = watcher.read(client).await;
    loop {
        if !failure.is_passing() {
            return Err(failure);
        }
        // Said once for each time that the server goes away, not for each try.
        if watcher.wait == FIRST_WAIT {
            remark(&format!("the server at {} went away; waiting for it", credentials.server));
        }
        tokio::time::sleep(watcher.wait).await;
        watcher.wait = (watcher.wait * 2).min(LONGEST_WAIT);
        failure = match Client::open(credentials).await {
            Ok(client) => watcher.read(client).await,
            Err(failure) => failure,
        };
    }
}

struct Watcher {
    filter: DeviceFilter,
    as_json: bool,
    /// As each device was printed last.
    seen: HashMap<String, v1::Device>,
    wait: Duration,
}

impl Watcher {
    /// Prints what changes until the connection ends; gives why it did.
    async fn read(&mut self, client: Client) -> Failure {
        let request = v1::WatchDevicesRequest {
            municipality_id: self.filter.municipality_id.clone(),
            school_id: self.filter.school_id.clone(),
        };
        let mut stream = match answer(client.devices().watch_devices(request)).await {
            Ok(stream) => stream,
            Err(failure) => return failure,
        };
        if self.wait > FIRST_WAIT {
            remark("the server is back");
        }
        self.wait = FIRST_WAIT;
        loop {
            match stream.message().await {
                Ok(Some(message)) => {
                    if let Some(device) = message.device
                        && let Err(failure) = self.show(device)
                    {
                        return failure;
                    }
                }
                // A server that shuts down ends the stream in order.
                Ok(None) => return tonic::Status::unavailable("the server ended the watch").into(),
                Err(status) => return status.into(),
            }
        }
    }

    fn show(&mut self, device: v1::Device) -> Result<()> {
        if !self.is_news(&device) {
            return Ok(());
        }
        if self.as_json {
            // One object a line, so that a program can read while it waits for more.
            return print(json::device(device).to_string());
        }
        print(line(&device))
    }

    /// Whether the device was not printed yet as it is now; it is remembered as printed.
    fn is_news(&mut self, device: &v1::Device) -> bool {
        if self.seen.get(&device.device_id) == Some(device) {
            return false;
        }
        self.seen.insert(device.device_id.clone(), device.clone());
        true
    }
}

fn heading() -> String {
    row(["LAST REPORT", "STATE", "DEVICE ID", "MUNICIPALITY", "SCHOOL", "MODEL"], ["REPORTS", "BATTERY", "FREE"])
}

fn line(device: &v1::Device) -> String {
    let status = device.status.as_ref();
    row(
        [
            &time(device.last_checkin_time.as_ref()),
            presence(device),
            &device.device_id,
            &device.municipality_name,
            &device.school_name,
            device.facts.as_ref().and_then(|facts| facts.model.as_deref()).unwrap_or(ABSENT),
        ],
        [
            &device.report_count.to_string(),
            &percent(status.and_then(|status| status.battery.as_ref()?.charge_percent)),
            &gib(status.and_then(|status| status.storage.as_ref()?.free_bytes)),
        ],
    )
}

/// The lines come one by one, so their columns are fixed.
fn row(texts: [&str; 6], numbers: [&str; 3]) -> String {
    let texts = texts.iter().zip([20, 9, 36, 14, 24, 24]).map(|(text, width)| fit(text, width));
    let numbers = numbers.iter().zip([8, 7, 10]).map(|(text, width)| fit_right(text, width));
    texts.chain(numbers).collect::<Vec<_>>().join("  ")
}

#[cfg(test)]
mod tests {
    use unicode_width::UnicodeWidthStr as _;

    use super::*;

    #[test]
    fn lines_are_as_wide_as_their_heading() {
        let device = v1::Device {
            device_id: String::from("019ab12c-3d4e-7f56-8a9b-0c1d2e3f4a5b"),
            municipality_name: String::from("若葉野市"),
            school_name: String::from("若葉野市立とても長い名前の第一小学校"),
            ..v1::Device::default()
        };
        assert_eq!(line(&device).width(), heading().width());
    }

    #[test]
    fn unchanged_device_is_printed_once_over_reconnects() {
        let mut watcher =
            Watcher { filter: DeviceFilter::default(), as_json: true, seen: HashMap::new(), wait: FIRST_WAIT };
        let mut device = v1::Device { device_id: String::from("d"), ..v1::Device::default() };
        assert!(watcher.is_news(&device));
        assert!(!watcher.is_news(&device));
        device.report_count = 1;
        assert!(watcher.is_news(&device));
        assert!(!watcher.is_news(&device));
    }
}
