//! How often devices fail, and models that fail more often than they should.

use clap::Args;
use gigafleet_proto::v1;

use super::{
    super::{
        client::{Client, answer},
        failure::Result,
        files::CsvArgs,
        json,
        output::{print, remark},
        table::{self, ABSENT, Column},
    },
    category, failure_grouping, word,
};

#[derive(Debug, Args)]
pub(super) struct FailuresArgs {
    /// Only of the municipality with this code.
    #[arg(long, value_name = "CODE")]
    municipality: Option<String>,
    /// Of tickets that came in from this day on, for example 2026-04-01.
    #[arg(long, value_name = "DATE")]
    from: String,
    /// Until this day, included.
    #[arg(long, value_name = "DATE")]
    to: String,
    /// Counted by model, school, municipality or kind.
    #[arg(long = "by", value_name = "WHAT", value_parser = failure_grouping, default_value = "model")]
    by: v1::FailureGrouping,
    /// Only this kind of failure: screen, keyboard, battery, no_start or peripheral.
    #[arg(long, value_name = "KIND", value_parser = category)]
    kind: Option<v1::TicketCategory>,
    #[command(flatten)]
    csv: CsvArgs,
}

pub(super) async fn failures(client: &Client, args: FailuresArgs, as_json: bool) -> Result<()> {
    let municipality_id = client.municipality_id(args.municipality.as_deref()).await?;
    let request = v1::GetFailureRatesRequest {
        municipality_id,
        first_date: args.from,
        last_date: args.to,
        grouping: args.by.into(),
        category: args.kind.map_or(0, i32::from),
        as_file: args.csv.csv,
        encoding: args.csv.encoding().into(),
    };
    let found = answer(client.tickets().get_failure_rates(request)).await?;
    if args.csv.csv {
        return args.csv.write(&found.file, found.replaced_count);
    }
    if as_json {
        return print(json::pretty(&json::failure_rates(found)));
    }
    for alarm in &found.alarms {
        let kind = word(alarm.category().as_str_name(), "TICKET_CATEGORY_");
        remark(&format!(
            "{}, {kind}: {} of {} devices failed within {} days, more than before and than others (ticket {})",
            alarm.model, alarm.failed_devices, alarm.devices_in_use, alarm.recent_days, alarm.ticket_number
        ));
    }
    let by = word(args.by.as_str_name(), "FAILURE_GROUPING_").to_uppercase();
    let columns = [
        Column::Text(by.leak()),
        Column::Number("FAILURES"),
        Column::Number("DEVICES"),
        Column::Number("IN USE"),
        Column::Number("DEVICE-YEARS"),
        Column::Number("PER 100 A YEAR"),
        Column::Number("95 %"),
    ];
    let whole = found.whole.map(|whole| v1::FailureRate { name: String::from("all"), ..whole });
    let rows = found.rows.into_iter().chain(whole).map(|row| {
        let number = |number: Option<f64>| number.map_or_else(|| ABSENT.to_owned(), |number| format!("{number:.1}"));
        let interval = match (row.rate_low, row.rate_high) {
            (Some(low), Some(high)) => format!("{low:.1}-{high:.1}"),
            _ => ABSENT.to_owned(),
        };
        vec![
            row.name,
            row.failures.to_string(),
            row.failed_devices.to_string(),
            row.devices_in_use.to_string(),
            format!("{:.1}", row.device_years),
            number(row.rate),
            interval,
        ]
    });
    print(table::table(&columns, rows.collect(), "no devices"))
}
