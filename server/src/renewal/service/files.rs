//! Reports as files: a sealed report becomes a document, and that is written in one of its forms.
//!
//! Invariants: what is written follows from the report, from names as they are now, and from nothing else, so that the same
//! report is the same file to the byte; the audit log of each owner notes it before anybody has it.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    Renewal,
    reports::{Of, ReportOrder, What},
    whole,
};
use crate::{
    access::{
        rules::{Area, Right, Staff, days::day_in_japan},
        service::audit::Deed,
    },
    clock::Timestamp,
    console::words::Language,
    error::{Error, Result},
    renewal::{
        documents::{self, Cover, Detail, Document, Form, Names, Written},
        rules::money::OverLimit,
    },
    schools::{rules::SchoolId, service::import::all_schools, store::find_municipality},
};

/// Files that are written at once; others wait. Workbooks of many lines and pages take a processor and memory for a while.
pub(super) const WRITTEN_AT_ONCE: usize = 2;

/// A report as it goes out as a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exported {
    /// The file.
    pub bytes: Vec<u8>,
    /// Its name.
    pub file_name: String,
    /// Hash of the report.
    pub sha256: String,
    /// Characters that its encoding lacks, which became 〓.
    pub replaced: u64,
}

impl Renewal {
    /// A report as it goes out as a file; noted in the audit log of each owner. Reasons: those of [`Renewal::report`], and
    /// DOCUMENT_TOO_LONG.
    pub async fn export(
        &self,
        staff: &Staff,
        order: &ReportOrder,
        (form, language): (Form, Language),
    ) -> Result<Exported> {
        let of = Of::named(staff, order.owner)?;
        let owners = of.areas();
        for area in owners {
            whole(staff, Right::Export, area.municipality())?;
        }
        let made = self.make(staff, &of, order.as_of, &order.asked).await?;
        let names = self.names(owners, matches!(made, What::Costs(_))).await?;
        let (name, sha256) = (made.name(), made.sha256().to_owned());
        let written = self.write_file(made, names, (form, language)).await?;
        let mut tx = self.db.begin().await?;
        for area in owners {
            let owner = area.municipality();
            let details = serde_json::json!({ "report": name, "sha256": sha256, "form": form.name() });
            let (action, subject_kind, subject_id) = ("renewal.export", "municipality", owner.to_string());
            let deed = Deed { municipality: Some(owner), action, subject_kind, subject_id, details };
            self.access.audit(&mut tx, staff, deed).await?;
        }
        tx.commit().await?;
        let file_name = format!("renewal-{name}.{}", form.extension());
        Ok(Exported { bytes: written.bytes, file_name, sha256, replaced: written.lost })
    }

    /// Names of owners, and of their schools where those are told of.
    async fn names(&self, owners: &[Area], has_schools: bool) -> Result<Names> {
        let mut tx = self.db.read().await?;
        let mut names = Names { owners: BTreeMap::new(), schools: BTreeMap::new() };
        for area in owners {
            if let Some(row) = find_municipality(&mut tx, area).await? {
                names.owners.insert(row.code, row.name);
            }
            if has_schools {
                let schools = all_schools(&mut tx, area).await?.into_iter();
                names.schools.extend(schools.map(|school| (SchoolId(school.school_id), school.name)));
            }
        }
        Ok(names)
    }

    /// Writes a report, beside those who wait for answers.
    async fn write_file(&self, made: What, names: Names, (form, language): (Form, Language)) -> Result<Written> {
        let place = Arc::clone(&self.writing).acquire_owned().await.expect("it is never closed");
        let written = tokio::task::spawn_blocking(move || -> Result<Written> {
            // Held until the work is done, also when nobody waits for it any more.
            let _place = place;
            form.write(&document(&made, &names, form.detail())?, language)
        });
        written.await.map_err(|source| Error::internal("a report could not be written", source))?
    }
}

/// The document of a report. Refused: sums above 10^13 yen.
fn document(made: &What, names: &Names, detail: Detail) -> Result<Document, OverLimit> {
    let cover = |owners: &[String], as_of: Timestamp| Cover {
        owner: names.whose(owners),
        day: day_in_japan(as_of.0),
        as_of,
        hash: made.sha256().to_owned(),
    };
    match made {
        What::Plan(sealed) => {
            let report = &sealed.report;
            documents::plan::report(cover(&report.owners, report.as_of), report, names)
        }
        What::Costs(sealed) => {
            let report = &sealed.report;
            documents::costs::yearly(cover(&report.owners, report.as_of), report, names, detail)
        }
        What::Scenarios(sealed) => {
            let report = &sealed.report;
            documents::costs::scenarios(cover(&report.owners, report.as_of), report)
        }
        What::Changes(sealed) => {
            let report = &sealed.report;
            documents::changes::report(cover(std::slice::from_ref(&report.owner), report.until), report)
        }
    }
}
