//! How many tickets came in, how they were answered and ended, what waits.

use clap::Args;
use gigafleet_proto::v1;

use super::{
    super::{
        client::{Client, answer},
        failure::Result,
        files::CsvArgs,
        json,
        output::print,
        table::{self, ABSENT, Column},
    },
    grouping, word,
};

#[derive(Debug, Args)]
pub(super) struct FiguresArgs {
    /// Only of the municipality with this code.
    #[arg(long, value_name = "CODE")]
    municipality: Option<String>,
    /// Of tickets that came in from this day on, for example 2026-04-01.
    #[arg(long, value_name = "DATE")]
    from: String,
    /// Until this day, included.
    #[arg(long, value_name = "DATE")]
    to: String,
    /// Counted by municipality, school, category or month.
    #[arg(long = "by", value_name = "WHAT", value_parser = grouping, default_value = "municipality")]
    by: v1::TicketGrouping,
    #[command(flatten)]
    csv: CsvArgs,
}

pub(super) async fn figures(client: &Client, args: FiguresArgs, as_json: bool) -> Result<()> {
    let municipality_id = client.municipality_id(args.municipality.as_deref()).await?;
    let request = v1::GetTicketFiguresRequest {
        municipality_id,
        first_date: args.from,
        last_date: args.to,
        grouping: args.by.into(),
        as_file: args.csv.csv,
        encoding: args.csv.encoding().into(),
    };
    let found = answer(client.tickets().get_ticket_figures(request)).await?;
    if args.csv.csv {
        return args.csv.write(&found.file, found.replaced_count);
    }
    if as_json {
        return print(json::pretty(&json::ticket_figures(found)));
    }
    let by = word(args.by.as_str_name(), "TICKET_GROUPING_").to_uppercase();
    let columns = [
        Column::Text(by.leak()),
        Column::Number("CAME"),
        Column::Number("OPEN"),
        Column::Number("ANSWERED IN TIME"),
        Column::Number("OVER IN TIME"),
        Column::Number("ANSWER (MIN)"),
        Column::Number("OVER (MIN)"),
        Column::Number("CAME BACK"),
    ];
    let whole = found.whole.map(|whole| v1::TicketFigures { name: String::from("all"), ..whole });
    let rows = found.rows.into_iter().chain(whole).map(|row| {
        vec![
            row.name,
            row.came.to_string(),
            row.open.iter().sum::<u64>().to_string(),
            share(row.answered_in_time, row.answered_late),
            share(row.restored_in_time, row.restored_late),
            minutes(row.answer_median_minutes),
            minutes(row.restore_median_minutes),
            row.reopened.to_string(),
        ]
    });
    print(table::table(&columns, rows.collect(), "no tickets"))
}

fn share(kept: u64, late: u64) -> String {
    match kept + late {
        0 => ABSENT.to_owned(),
        whole => format!("{} % of {whole}", kept * 100 / whole),
    }
}

fn minutes(minutes: Option<u32>) -> String {
    minutes.map_or_else(|| ABSENT.to_owned(), |minutes| minutes.to_string())
}
