//! Use cases of the team.

use std::collections::{BTreeMap, HashMap};

use serde_json::json;

use super::{
    rules::{Candidate, Presence, Profile, Proposal, Wanted, propose},
    store,
};
use crate::{
    access::{
        rules::{Right, Staff, StaffId},
        service::audit::Deed,
    },
    error::{Error, Result, says::access as say_access},
    network::service::visible_school,
    schools::rules::{MunicipalityId, SchoolId},
    tickets::{
        rules::Category,
        service::{Named, Tickets},
    },
};

/// Somebody who works on tickets.
#[derive(Debug, Clone)]
pub struct Member {
    /// Who.
    pub id: StaffId,
    /// What the person is called.
    pub name: String,
    /// When and where the person works; of areas and stations only those that the caller sees.
    pub profile: Profile,
    /// Whether anything was said of the person; the default stands otherwise.
    pub is_said: bool,
    /// Whether the person works now.
    pub presence: Presence,
    /// Open tickets in the caller's sight that the person works on.
    pub load: usize,
}

fn read(profile: &str) -> Result<Profile> {
    serde_json::from_str(profile).map_err(|source| Error::internal("a profile can not be read", source))
}

impl Tickets {
    /// Those who work on tickets of an owner, or of any that the caller works on, by their names. Reasons: RIGHT_MISSING,
    /// MUNICIPALITY_NOT_FOUND.
    pub async fn team(&self, staff: &Staff, owner: Option<MunicipalityId>) -> Result<Vec<Member>> {
        let areas = staff.areas(Right::WorkTickets, owner)?;
        let mut tx = self.db.read().await?;
        let mut people: BTreeMap<StaffId, String> = BTreeMap::new();
        for area in &areas {
            people.extend(self.access.people_with(&mut tx, Right::WorkTickets, area.municipality(), None).await?);
        }
        people.extend(staff.id.map(|me| (me, staff.name.clone())));
        let loads = self.loads(&mut tx, &areas).await?;
        let scope = staff.scope(Right::WorkTickets)?;
        let now = self.clock.now();
        let mut said: HashMap<_, _> =
            store::members(&mut tx).await?.into_iter().map(|row| (row.staff_id, row.profile)).collect();
        let member = |(id, name): (StaffId, String)| {
            let own = said.remove(&id.0);
            let is_said = own.is_some();
            let mut profile = own.as_deref().map(read).transpose()?.unwrap_or_default();
            let presence = profile.presence(now);
            profile.areas.retain(|area| scope.area(MunicipalityId(*area)).is_some());
            let seen = |owner, school| scope.covers(MunicipalityId(owner), Some(SchoolId(school)));
            profile.station = profile.station.filter(|station| seen(station.owner, station.school));
            let load = loads.get(&id.0).copied().unwrap_or(0);
            Ok(Member { id, name, profile, is_said, presence, load })
        };
        let mut members: Vec<_> = people.into_iter().map(member).collect::<Result<_>>()?;
        members.sort_by(|a, b| (&a.name, a.id).cmp(&(&b.name, b.id)));
        Ok(members)
    }

    /// Says when and where somebody works: of oneself whoever works on tickets, of others who manages them. Areas and the station must be in
    /// the caller's sight. Reasons: RIGHT_MISSING, STAFF_NOT_FOUND, MUNICIPALITY_NOT_FOUND, SCHOOL_NOT_FOUND, FIELD_INVALID.
    pub async fn set_profile(&self, staff: &Staff, person: StaffId, profile: Profile) -> Result<Profile> {
        staff.scope(Right::WorkTickets)?;
        if staff.id != Some(person) {
            self.access.get_staff(staff, person).await?;
        }
        let profile = profile.check().map_err(|wrong| Error::invalid_fields("FIELD_INVALID", wrong))?;
        for area in &profile.areas {
            staff.area_for(Right::WorkTickets, MunicipalityId(*area))?;
        }
        let mut tx = self.db.read().await?;
        let found = self.access.person_in_force(&mut tx, person).await?;
        found.ok_or_else(|| Error::not_found("STAFF_NOT_FOUND", say_access::staff_unknown(person)))?;
        if let Some(station) = profile.station {
            visible_school(&mut tx, staff, MunicipalityId(station.owner), SchoolId(station.school)).await?;
        }
        drop(tx);
        let text = serde_json::to_string(&profile)
            .map_err(|source| Error::internal("a profile could not be written", source))?;
        let mut tx = self.db.begin().await?;
        store::put(&mut tx, person, &text, &staff.name, self.clock.now()).await?;
        let deed = Deed {
            municipality: None,
            action: "team.profile",
            subject_kind: "staff",
            subject_id: person.to_string(),
            details: json!({}),
        };
        self.access.audit(&mut tx, staff, deed).await?;
        tx.commit().await?;
        Ok(profile)
    }

    /// Who should work on a ticket, the first first, with the reason. Reasons: RIGHT_MISSING, TICKET_NOT_FOUND.
    pub async fn proposals(&self, staff: &Staff, owner: MunicipalityId, named: Named) -> Result<Vec<Proposal>> {
        let mut tx = self.db.read().await?;
        let row = self.visible(&mut tx, staff, owner, named).await?;
        let school = row.school_id.map(SchoolId);
        staff.area_over(Right::WorkTickets, owner, school)?;
        let people = self.access.people_with(&mut tx, Right::WorkTickets, owner, school).await?;
        let areas = staff.areas(Right::WorkTickets, None)?;
        let loads = self.loads(&mut tx, &areas).await?;
        let said: HashMap<_, _> =
            store::members(&mut tx).await?.into_iter().map(|row| (row.staff_id, row.profile)).collect();
        let candidate = |(id, name): (StaffId, String)| {
            let profile = said.get(&id.0).map(|profile| read(profile)).transpose()?.unwrap_or_default();
            Ok(Candidate { id, name, profile, load: loads.get(&id.0).copied().unwrap_or(0) })
        };
        let candidates = people.into_iter().map(candidate).collect::<Result<_>>()?;
        let category = Category::from_number(row.category).unwrap_or(Category::Other);
        let wanted = Wanted { category, owner: owner.0, school: row.school_id };
        Ok(propose(candidates, wanted, self.clock.now()))
    }
}
