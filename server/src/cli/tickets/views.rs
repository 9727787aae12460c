//! Lists of tickets that somebody keeps: a filter with a name, with how many tickets it shows now.

use clap::{Args, Subcommand};
use gigafleet_proto::v1;

use super::{
    super::{
        client::{Client, answer, promised},
        failure::{Failure, Result},
        json,
        output::{print, remark},
        table::{self, ABSENT, Column},
    },
    FilterArgs,
};

#[derive(Debug, Subcommand)]
pub(super) enum ViewsCommand {
    /// List the views with how many tickets of the queue each shows now.
    List,
    /// Keep a view: the tickets that the options choose, as `tickets list` does.
    Keep(Box<KeepArgs>),
    /// Keep a view of yours no longer.
    Delete {
        /// Its name or id.
        #[arg(value_name = "NAME-or-ID")]
        view: String,
    },
}

#[derive(Debug, Args)]
pub(super) struct KeepArgs {
    /// What it is called.
    #[arg(value_name = "NAME")]
    name: String,
    /// Show it to all who work on tickets.
    #[arg(long)]
    shared: bool,
    /// Id of the one of yours that becomes this one.
    #[arg(long, value_name = "ID", default_value = "")]
    id: String,
    #[command(flatten)]
    filter: FilterArgs,
}

pub(super) async fn run(client: &Client, command: ViewsCommand, as_json: bool) -> Result<()> {
    match command {
        ViewsCommand::List => show(views(client).await?, as_json),
        ViewsCommand::Keep(args) => {
            let KeepArgs { name, shared, id, filter } = *args;
            let filter = Some(filter.filter(client).await?);
            let request = v1::KeepTicketViewRequest { view_id: id, name, is_shared: shared, filter };
            let kept = promised(answer(client.tickets().keep_ticket_view(request)).await?.view)?;
            show(vec![kept], as_json)
        }
        ViewsCommand::Delete { view } => {
            let view_id = choose(views(client).await?, &view)?;
            answer(client.tickets().delete_ticket_view(v1::DeleteTicketViewRequest { view_id })).await?;
            remark("the view is gone");
            Ok(())
        }
    }
}

async fn views(client: &Client) -> Result<Vec<v1::TicketView>> {
    Ok(answer(client.tickets().list_ticket_views(v1::ListTicketViewsRequest {})).await?.views)
}

/// The id of the one view of the caller's that is meant; never a guess.
fn choose(views: Vec<v1::TicketView>, name_or_id: &str) -> Result<String> {
    let mut own: Vec<_> = views
        .into_iter()
        .filter(|view| view.is_own && (view.name == name_or_id || view.view_id.eq_ignore_ascii_case(name_or_id)))
        .map(|view| view.view_id)
        .collect();
    if own.len() > 1 {
        let message = format!("{} of your views are called {name_or_id}: {}", own.len(), own.join(", "));
        return Err(Failure::told(message, "pass the id of one of them"));
    }
    own.pop().ok_or_else(|| {
        Failure::told(format!("no view of yours is {name_or_id}"), "look at them with `gigafleet tickets views list`")
    })
}

fn show(views: Vec<v1::TicketView>, as_json: bool) -> Result<()> {
    if as_json {
        return print(json::pretty(&json::list("views", views, json::ticket_view)));
    }
    let rows = views.into_iter().map(|view| {
        let whose = match (view.is_own, view.is_shared) {
            (true, true) => "yours, shared",
            (true, false) => "yours",
            (false, true) => "shared",
            (false, false) => ABSENT,
        };
        vec![view.count.to_string(), view.name, whose.to_owned(), view.view_id]
    });
    let columns = [Column::Number("TICKETS"), Column::Text("NAME"), Column::Text("WHOSE"), Column::Text("ID")];
    print(table::table(&columns, rows.collect(), "no view is kept"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::words::Language;

    fn view(id: &str, name: &str, is_own: bool) -> v1::TicketView {
        v1::TicketView { view_id: id.to_owned(), name: name.to_owned(), is_own, ..v1::TicketView::default() }
    }

    #[test]
    fn view_of_ones_own_is_found_by_name_or_id_and_never_guessed() {
        let views = || vec![view("a", "今日まで", true), view("b", "今日まで", false), view("c", "二つ", true)];
        assert_eq!(choose(views(), "今日まで").unwrap(), "a");
        assert_eq!(choose(views(), "C").unwrap(), "c");
        assert!(choose(views(), "b").is_err(), "it is somebody else's");
        let two = choose(vec![view("a", "x", true), view("b", "x", true)], "x").unwrap_err();
        assert!(two.text(Language::En).unwrap().contains("2 of your views"));
    }
}
