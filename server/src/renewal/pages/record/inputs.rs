//! The fields of the form of each kind, in the words of the domain.

use super::super::said;
use super::said::{PAID, ROUTES};
use crate::{
    console::{FormState, Shell},
    error::Both,
    renewal::rules::{
        CostKind, Payer,
        ledger::EntryKind,
        lots::{AcquisitionKind, TaxBasis},
        plan::disposal::{DisposalRoute, Eraser},
    },
    schools::rules::SchoolId,
};

/// One field.
pub(super) struct Input {
    pub(super) name: &'static str,
    pub(super) label: String,
    pub(super) hint: &'static str,
    /// A browser asks for it.
    pub(super) is_required: bool,
    /// It is said that it can be left out.
    pub(super) is_optional: bool,
    /// Lines of a field of several lines; 0 of one of a single line.
    pub(super) rows: u8,
    /// What can be chosen, where it is a choice.
    pub(super) choices: Vec<(String, String)>,
}

/// Fields that belong together.
pub(super) struct Group {
    /// By which a message names all of it; empty where none does.
    pub(super) name: &'static str,
    /// Empty for fields that stand by themselves.
    pub(super) legend: &'static str,
    pub(super) hint: &'static str,
    pub(super) inputs: Vec<Input>,
    /// Boxes of one field, whose name is that of the group.
    pub(super) ticks: Vec<Tick>,
}

/// A box.
pub(super) struct Tick {
    pub(super) value: String,
    pub(super) text: String,
    pub(super) is_ticked: bool,
}

impl Input {
    fn line(name: &'static str, label: impl Into<String>) -> Self {
        let label = label.into();
        Self { name, label, hint: "", is_required: false, is_optional: false, rows: 0, choices: Vec::new() }
    }

    fn required(self) -> Self {
        Self { is_required: true, ..self }
    }

    fn optional(self) -> Self {
        Self { is_optional: true, ..self }
    }

    fn hint(self, hint: &'static str) -> Self {
        Self { hint, ..self }
    }

    fn rows(self, rows: u8) -> Self {
        Self { rows, ..self }
    }

    fn of(self, choices: Vec<(String, String)>) -> Self {
        Self { choices, ..self }
    }
}

impl Group {
    fn plain(inputs: Vec<Input>) -> Self {
        Self { name: "", legend: "", hint: "", inputs, ticks: Vec::new() }
    }

    fn called(legend: &'static str, inputs: Vec<Input>) -> Self {
        Self { legend, ..Self::plain(inputs) }
    }
}

/// Words as choices.
fn words(shell: &Shell, all: impl Iterator<Item = (i16, Both)>) -> Vec<(String, String)> {
    all.map(|(number, label)| (number.to_string(), said(shell.language, &label))).collect()
}

/// The same behind an empty one, where nothing is usual.
fn words_or_none(shell: &Shell, all: impl Iterator<Item = (i16, Both)>) -> Vec<(String, String)> {
    let none = std::iter::once((String::new(), String::from("–")));
    none.chain(words(shell, all)).collect()
}

fn kinds(shell: &Shell, is_lot: bool) -> Vec<(String, String)> {
    let fits = CostKind::ALL.iter().filter(|kind| kind.is_renewal() == is_lot);
    let fits = fits.map(|kind| (kind.to_number(), kind.label()));
    if is_lot { words(shell, fits) } else { words_or_none(shell, fits) }
}

/// The groups of the form of a kind.
pub(super) fn groups(shell: &Shell, kind: EntryKind, form: &FormState, schools: &[(SchoolId, String)]) -> Vec<Group> {
    match kind {
        EntryKind::Lot => lot(shell, school(shell, schools)),
        EntryKind::Cost => cost(shell, school(shell, schools)),
        EntryKind::Disposal => disposal(shell, school(shell, schools)),
        EntryKind::Pupils => pupils(shell, school(shell, schools)),
        EntryKind::Planned => planned(shell, school(shell, schools)),
        EntryKind::DisposalPlan => disposal_plan(shell, form),
        EntryKind::Network => vec![Group::plain(vec![year(shell)])],
    }
}

fn school(shell: &Shell, schools: &[(SchoolId, String)]) -> Input {
    let whole = std::iter::once((String::new(), shell.w.ledger.whole.to_owned()));
    let all = whole.chain(schools.iter().map(|(id, name)| (id.to_string(), name.clone())));
    Input::line("school", shell.w.renewal.school).of(all.collect())
}

fn year(shell: &Shell) -> Input {
    Input::line("fiscal_year", shell.w.renewal.year).required().hint(shell.w.ledger.year_hint)
}

fn note(shell: &Shell) -> Input {
    Input::line("note", shell.w.renewal.note).optional().rows(2)
}

fn day(shell: &Shell, name: &'static str, label: &'static str) -> Input {
    Input::line(name, label).hint(shell.w.ledger.day_hint)
}

fn funding(shell: &Shell) -> Group {
    let input =
        |(payer, name): (Payer, &'static str)| Input::line(name, said(shell.language, &payer.label())).optional();
    let inputs = PAID.map(input).into();
    let w = &shell.w.ledger;
    Group { name: "funding", hint: w.funding_hint, ..Group::called(w.funding, inputs) }
}

fn lot(shell: &Shell, school: Input) -> Vec<Group> {
    let (w, r) = (&shell.w.ledger, &shell.w.renewal);
    let acquisitions = words(shell, AcquisitionKind::ALL.iter().map(|kind| (kind.to_number(), kind.label())));
    let taxes = words(shell, TaxBasis::ALL.iter().map(|tax| (tax.to_number(), tax.label())));
    vec![
        Group::plain(vec![
            school,
            Input::line("kind", w.lot_kind).of(kinds(shell, true)),
            Input::line("maker", r.maker).optional(),
            Input::line("model", r.model).required(),
            Input::line("lot_count", r.count).required(),
            day(shell, "delivered", r.delivered).required(),
            Input::line("acquisition", r.acquisition).of(acquisitions),
        ]),
        Group::called(
            w.purchase,
            vec![
                Input::line("unit_yen", r.unit_price),
                Input::line("tax_basis", w.tax).of(taxes),
                Input::line("tax_percent", w.tax_percent),
            ],
        ),
        Group::called(
            w.lease,
            vec![
                Input::line("lease_months", w.lease_months),
                Input::line("lease_monthly_yen", r.monthly).hint(w.yen_hint),
            ],
        ),
        funding(shell),
        Group::plain(vec![
            day(shell, "warranty_end", r.warranty).optional(),
            Input::line("restriction_end", r.restriction_end).optional().hint(w.restriction_hint),
            Input::line("serials", w.serials).optional().hint(w.serials_hint).rows(6),
            note(shell),
        ]),
    ]
}

fn cost(shell: &Shell, school: Input) -> Vec<Group> {
    let (w, r) = (&shell.w.ledger, &shell.w.renewal);
    vec![
        Group::plain(vec![
            school,
            Input::line("kind", r.kind).required().of(kinds(shell, false)),
            Input::line("amount_yen", r.amount).required().hint(w.yen_hint),
        ]),
        funding(shell),
        Group::plain(vec![
            day(shell, "from", w.from).required(),
            Input::line("to", w.to).optional().hint(w.to_hint),
            Input::line("vendor", r.vendor).optional(),
            note(shell),
        ]),
    ]
}

fn disposal(shell: &Shell, school: Input) -> Vec<Group> {
    let (w, r) = (&shell.w.ledger, &shell.w.renewal);
    let routes = DisposalRoute::ALL.iter().map(|route| (route.to_number(), route.label()));
    let erasers = Eraser::ALL.iter().map(|eraser| (eraser.to_number(), eraser.label()));
    vec![Group::plain(vec![
        school,
        day(shell, "on", r.disposed_on).required(),
        Input::line("route", r.disposal_route).required().of(words_or_none(shell, routes)),
        Input::line("eraser", r.eraser).required().of(words_or_none(shell, erasers)),
        Input::line("devices", w.disposed).required().hint(w.disposed_hint).rows(8),
        Input::line("approval", r.approval).optional().hint(w.approval_hint),
        note(shell),
    ])]
}

fn pupils(shell: &Shell, school: Input) -> Vec<Group> {
    let w = &shell.w.ledger;
    vec![Group::plain(vec![
        school,
        year(shell),
        Input::line("pupils", shell.w.schools.pupils).required(),
        Input::line("source", w.pupils_source).optional().hint(w.pupils_source_hint),
        note(shell),
    ])]
}

fn planned(shell: &Shell, school: Input) -> Vec<Group> {
    let w = &shell.w.ledger;
    vec![Group::plain(vec![
        school,
        year(shell),
        Input::line("installed", w.installed).optional(),
        Input::line("installed_by_fund", w.installed_by_fund).optional(),
        Input::line("spares", w.spares).optional(),
        Input::line("spares_by_fund", w.spares_by_fund).optional(),
        note(shell),
    ])]
}

fn disposal_plan(shell: &Shell, form: &FormState) -> Vec<Group> {
    let (w, r) = (&shell.w.ledger, &shell.w.renewal);
    let counts = DisposalRoute::ALL.iter().zip(ROUTES);
    let counts = counts.map(|(route, name)| Input::line(name, said(shell.language, &route.label())).optional());
    let tick = |eraser: &Eraser| {
        let value = eraser.to_number().to_string();
        let is_ticked = form.all("erasers").contains(&value);
        Tick { value, text: said(shell.language, &eraser.label()), is_ticked }
    };
    let erasers = Group {
        name: "erasers",
        ticks: Eraser::ALL.iter().map(tick).collect(),
        ..Group::called(r.erasers, Vec::new())
    };
    vec![
        Group::called(w.by_route, counts.collect()),
        erasers,
        Group::plain(vec![Input::line("schedule", r.schedule).optional().hint(w.schedule_hint).rows(5), note(shell)]),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_chosen_by_their_numbers() {
        let lots = CostKind::ALL.iter().filter(|kind| kind.is_renewal()).count();
        assert_eq!(lots, 2, "devices and spares are lots, all else is a cost");
        let input = Input::line("model", "機種").required().hint("x").rows(2);
        assert!(input.is_required && !input.is_optional && input.choices.is_empty());
        assert_eq!((input.rows, input.hint), (2, "x"));
    }
}
