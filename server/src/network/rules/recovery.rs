//! Whether an incident's trouble is over, as far as somebody can tell.

use super::{
    ElementKind, Engine, Moment, Target,
    cover::TROUBLE,
    engine::pace_buckets,
    record::{Channel, Record},
};

/// How an incident's trouble looks now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Now {
    Failing,
    Well,
    /// Nobody is there who could tell.
    Untold,
}

impl Record {
    /// How the trouble looks now.
    pub(super) fn now(&self, engine: &Engine, newest: i64, until: Moment) -> Now {
        match &self.channel {
            Channel::Silence => self.silence_now(engine, newest, until),
            Channel::AccessPoint if self.origin.kind == ElementKind::SchoolLan => self.signs_now(engine, until, 90),
            Channel::AccessPoint => self.access_point_now(engine, newest, until),
            Channel::Address => self.signs_now(engine, until, 300),
            Channel::Ports => {
                let broken = self.schools.keys().any(|number| {
                    let probe = engine.schools[*number as usize].probe.as_ref();
                    probe.is_some_and(|probe| probe.broken.contains_key(&Target::Ports))
                });
                if broken { Now::Failing } else { Now::Well }
            }
            Channel::Device => {
                let (number, id) = (self.schools.keys().next(), self.origin.id.split_once('/').map(|(_, id)| id));
                let (Some(number), Some(id)) = (number, id) else { return Now::Untold };
                let layers = &engine.schools[*number as usize].layers;
                match layers.devices.get(id) {
                    Some(device) if device.troubles.iter().any(|t| t.last_known >= layers.stale) => Now::Failing,
                    Some(_) => Now::Untold,
                    None => Now::Well,
                }
            }
            Channel::Dns | Channel::Congestion | Channel::Service(_) | Channel::Gateway => self.layers_now(engine),
        }
    }

    fn silence_now(&self, engine: &Engine, newest: i64, until: Moment) -> Now {
        let (mut failing, mut well) = (0, 0);
        for number in self.schools.keys() {
            let state = &engine.schools[*number as usize];
            let probe = state.probe.as_ref().and_then(|probe| probe.last);
            // A beat from before the trouble says nothing of its end. Devices that come back at once leave gaps after it, in
            // which the probe's beats tell that the line stands.
            let since = self.incident.started.at.plus_seconds(15);
            let beats = probe.is_some_and(|last| until.seconds_since(last) < 30 && last > since);
            let pace = pace_buckets(engine.topology.schools[*number as usize].pace_s);
            match &state.cohort.quiet {
                Some(_) if beats => well += 1,
                Some(quiet) if quiet.score > TROUBLE => failing += 1,
                Some(_) => {}
                None if beats || state.cohort.heard_within(newest, pace.max(3)) > 0 => well += 1,
                None => {}
            }
        }
        match (failing, well) {
            (0, 0) => Now::Untold,
            (failing, well) if well * 3 >= (failing + well) * 2 => Now::Well,
            _ => Now::Failing,
        }
    }

    fn access_point_now(&self, engine: &Engine, newest: i64, until: Moment) -> Now {
        let id = self.origin.id.split_once('/').map(|(_, id)| id);
        let (Some(number), Some(id)) = (self.schools.keys().next(), id) else { return Now::Untold };
        let spot = engine.schools[*number as usize].access_points.get(id);
        let heard = spot.map_or(0, |spot| spot.heard_since(newest - 5));
        if heard > 0 { self.signs_now(engine, until, 60) } else { Now::Untold }
    }

    /// Whether devices lost an access point, or got no address, lately.
    fn signs_now(&self, engine: &Engine, until: Moment, within_s: i64) -> Now {
        let address = self.channel == Channel::Address;
        let from = until.plus_seconds(-within_s);
        let recent = self.schools.keys().any(|number| {
            let state = &engine.schools[*number as usize];
            let signs = state.layers.signs.iter();
            let probe = state.probe.as_ref().is_some_and(|probe| probe.broken.contains_key(&Target::Address));
            (address && probe) || signs.filter(|sign| sign.address == address).any(|sign| sign.at >= from)
        });
        if recent { Now::Failing } else { Now::Well }
    }

    fn layers_now(&self, engine: &Engine) -> Now {
        let (mut now, mut most) = (0, 0);
        for (number, peak) in &self.schools {
            let counted = engine.schools[*number as usize].layers.count();
            let spot = self.origin.id.split_once('/').map(|(_, id)| id);
            most += peak;
            now += match &self.channel {
                Channel::Dns => counted.dns,
                Channel::Congestion => counted.congested,
                Channel::Service(service) => counted.services.get(service).map_or(0, |[troubled, _]| *troubled),
                Channel::Gateway => match spot {
                    Some(id) => counted.gateway.get(id).copied().unwrap_or(0),
                    None => counted.gateway.values().sum(),
                },
                Channel::Silence | Channel::AccessPoint | Channel::Address | Channel::Ports | Channel::Device => 0,
            };
        }
        if now * 4 <= most.max(1) {
            Now::Well
        } else if now * 2 >= most {
            Now::Failing
        } else {
            Now::Untold
        }
    }
}
