//! Tickets on the pages of what they are about.

use super::{category, path_of, priority, state};
use crate::{
    clock::Timestamp,
    console::{Shell, words::tickets as words},
    tickets::service::{Beside, TicketView},
};

/// Tickets beside something else.
#[derive(Debug)]
pub struct TicketPanel {
    /// What they are of.
    pub title: &'static str,
    /// One each.
    pub lines: Vec<PanelLine>,
    /// Where all of them are, and how that is called.
    pub all: Option<(String, String)>,
}

/// One of them.
#[derive(Debug)]
pub struct PanelLine {
    /// Its page.
    pub path: String,
    /// In one line.
    pub subject: String,
    /// Its number at its owner.
    pub number: i64,
    /// What it is about.
    pub category: String,
    /// How its priority looks, and what it is called.
    pub priority: (&'static str, String),
    /// The same of its state.
    pub state: (&'static str, String),
    /// When it came in.
    pub came: Timestamp,
}

impl PanelLine {
    fn of(shell: &Shell, view: &TicketView) -> Self {
        Self {
            path: path_of(view),
            subject: view.row.subject.clone(),
            number: view.row.number,
            category: category(shell.language, view.row.category),
            priority: priority(shell.language, view.row.priority),
            state: state(shell.language, view),
            came: Timestamp(view.row.created_at),
        }
    }
}

impl TicketPanel {
    /// Those in the queue of a school, with the way to all of them.
    pub fn of_school(shell: &Shell, beside: &Beside, all: String) -> Self {
        let all = (beside.open > 0).then(|| (all, words::all_open_text(shell.language, beside.open)));
        let lines = beside.tickets.iter().map(|view| PanelLine::of(shell, view)).collect();
        Self { title: shell.w.tickets.of_school, lines, all }
    }

    /// Those of a device: in the queue, with the way to all of them, or all of them.
    pub fn of_device(shell: &Shell, beside: &Beside, all: Option<String>) -> Self {
        let shown = beside.tickets.iter().filter(|view| all.is_none() || !view.life.is_done());
        let lines = shown.map(|view| PanelLine::of(shell, view)).collect();
        let all = all.filter(|_| !beside.tickets.is_empty());
        let all = all.map(|path| (path, words::all_text(shell.language, beside.tickets.len())));
        Self { title: shell.w.tickets.of_device, lines, all }
    }
}
