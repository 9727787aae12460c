//! Puts what comes with the software into the database.

use uuid::Uuid;

use super::{Schools, new_salt};
use crate::{
    access::service::audit::{Actor, Deed},
    error::Result,
    schools::{
        rules::{MunicipalityId, built_in, fiscal::date_text},
        store::{self, NewMunicipality, calendar::HolidayRow},
    },
};

/// What the installation remembers of the data that it took in.
const TAKEN: &str = "built_in_data";

impl Schools {
    /// Adds the municipalities and national holidays that come with the software, once for each state of that data: what
    /// a person changed or took away stays so, and a code that is there keeps its name. Safe on several servers at once.
    pub async fn install_built_in(&self) -> Result<()> {
        let mut tx = self.db.begin().await?;
        if store::installation_value(&mut tx, TAKEN).await?.as_deref() == Some(built_in::HOLIDAY_SOURCE) {
            return Ok(());
        }
        let mut added = 0;
        for municipality in built_in::municipalities() {
            let new = NewMunicipality {
                id: MunicipalityId(Uuid::now_v7()),
                code: &municipality.code,
                name: municipality.name,
                kind: municipality.kind,
                mac_salt: new_salt()?,
            };
            added += u32::from(store::insert_municipality(&mut tx, &new, self.clock.now()).await?);
        }
        for (date, name) in built_in::national_holidays() {
            let row = HolidayRow { date: date_text(date), name, source: String::from(built_in::HOLIDAY_SOURCE) };
            store::calendar::insert_holiday_once(&mut tx, &row).await?;
        }
        store::set_installation_value(&mut tx, TAKEN, built_in::HOLIDAY_SOURCE).await?;
        let deed = Deed {
            municipality: None,
            action: "installation.take_built_in",
            subject_kind: "installation",
            subject_id: String::from(TAKEN),
            details: serde_json::json!({ "municipalities": added, "source": built_in::HOLIDAY_SOURCE }),
        };
        self.access.audit(&mut tx, Actor::system(), deed).await?;
        tx.commit().await
    }
}
