//! Reading a file as far as that goes without the devices there are.

use std::sync::Arc;

use ring::digest::{SHA256, digest};
use uuid::Uuid;

use super::{ImportOptions, Imports};
use crate::{
    access::rules::Area,
    devices::{
        rules::{
            fields::Source,
            import::{
                ImportKind,
                devices::{self, DeviceRecord},
                places::Places,
                problems::{FileProblem, RowError},
                table::{Correction, Table},
            },
        },
        store::import as store,
    },
    error::{Error, Result},
    schools::{rules::SchoolId, store::list_schools},
};

/// A file that was read, before it is matched with what there is.
pub(super) struct Understood {
    pub(super) table: Table,
    pub(super) records: Vec<DeviceRecord>,
    pub(super) errors: Vec<RowError>,
    pub(super) source: Source,
    pub(super) places: Arc<Vec<(SchoolId, Option<String>, String)>>,
    pub(super) keeps_names: bool,
}

impl Imports {
    /// Reads a file as far as that goes without the devices there are.
    pub(super) async fn understand(
        &self,
        area: &Area,
        kind: ImportKind,
        options: &ImportOptions,
        content: Arc<Vec<u8>>,
    ) -> Result<Understood> {
        let municipality = area.municipality();
        let mut tx = self.db.read().await?;
        let keeps_names = store::keeps_names(&mut tx, municipality).await?;
        let kept = store::list_mappings(&mut tx, municipality, kind).await?;
        let mut places = Vec::new();
        let mut after = Uuid::nil();
        loop {
            let page = list_schools(&mut tx, area, after, 1_000).await?;
            let Some(last) = page.last() else { break };
            after = last.school_id;
            places.extend(page.into_iter().map(|row| (SchoolId(row.school_id), row.code, row.name)));
        }
        drop(tx);
        let correction = Correction { columns: options.mappings.clone(), header_row: options.header_row };
        let read = move || -> Result<Understood, FileProblem> {
            let table = Table::read(kind, &content, &correction, |headers| {
                let hash = header_hash(headers);
                let (_, mapping) = kept.iter().find(|(kept, _)| *kept == hash)?;
                serde_json::from_str(mapping).ok()
            })?;
            let finder = Places::new(places.iter().cloned());
            let read = match kind {
                ImportKind::Devices => devices::read(&table, &finder, keeps_names),
                ImportKind::Schools | ImportKind::Pupils | ImportKind::Calendar => devices::Read::default(),
            };
            let source = devices::source_of(&table);
            let places = Arc::new(places);
            Ok(Understood { table, records: read.records, errors: read.errors, source, places, keeps_names })
        };
        let read = tokio::task::spawn_blocking(read).await;
        Ok(read.map_err(|source| Error::internal("the file could not be read", source))??)
    }
}

pub(super) fn header_hash(headers: &[String]) -> Vec<u8> {
    digest(&SHA256, headers.join("\u{1f}").as_bytes()).as_ref().to_vec()
}
