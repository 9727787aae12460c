//! What may be the cause of a ticket, and which tickets may be of the same thing, as pages show it.

use super::{TicketPages, path_of, said, state};
use crate::{
    access::rules::Staff,
    console::{Language, Shell},
    error::{Both, Result},
    schools::rules::MunicipalityId,
    tickets::service::{Duplicate, Named, Suggested},
};

/// A cause that may be.
pub(super) struct CauseBox {
    pub name: String,
    pub cause: String,
    pub reasons: Vec<String>,
    pub steps: Vec<String>,
    /// Where it is written, and since when.
    pub source: String,
}

/// A ticket that may be of the same thing.
pub(super) struct Alike {
    pub path: String,
    pub number: i64,
    pub subject: String,
    pub state: (&'static str, String),
    pub reasons: Vec<String>,
}

fn all(language: Language, texts: Vec<Both>) -> Vec<String> {
    texts.iter().map(|text| sentence(language, text)).collect()
}

/// With a capital first in English.
fn sentence(language: Language, text: &Both) -> String {
    let text = said(language, text);
    let mut rest = text.chars();
    match language {
        Language::Ja => text,
        Language::En => rest.next().map(|first| first.to_uppercase().chain(rest).collect()).unwrap_or_default(),
    }
}

/// Causes that may be, for who works on the ticket.
pub(super) async fn causes(
    pages: &TicketPages,
    staff: &Staff,
    language: Language,
    (owner, named): (MunicipalityId, Named),
) -> Result<Vec<CauseBox>> {
    let shown = |Suggested { rule, reasons }: Suggested| CauseBox {
        name: said(language, &rule.name.both()),
        cause: said(language, &rule.cause.both()),
        reasons: all(language, reasons),
        steps: rule.steps.iter().map(|step| said(language, &step.both())).collect(),
        source: format!("{} ({})", rule.source, rule.date),
    };
    Ok(pages.tickets.causes(staff, owner, named).await?.into_iter().map(shown).collect())
}

/// Tickets that may be of the same thing, as a list shows them.
pub(super) fn alike(shell: &Shell, duplicates: Vec<Duplicate>) -> Vec<Alike> {
    let shown = |Duplicate { ticket, likeness }: Duplicate| Alike {
        path: path_of(&ticket),
        number: ticket.row.number,
        state: state(shell.language, &ticket),
        reasons: all(shell.language, likeness.reasons),
        subject: ticket.row.subject,
    };
    duplicates.into_iter().map(shown).collect()
}
