//! Who is behind what: the topology by number.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Element, ElementKind, Topology};

/// Schools by number, and the shared elements with the schools behind them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Registry {
    pub(super) schools: BTreeMap<String, u32>,
    /// The school of a probe.
    pub(super) probes: BTreeMap<String, u32>,
    /// Ids of services, and whether people sign in there.
    pub(super) services: BTreeMap<String, bool>,
    pub(super) shared: Vec<Shared>,
    /// Numbers of the shared elements above a school.
    pub(super) above: Vec<Vec<u32>>,
    /// Schools of an owner.
    pub(super) owners: BTreeMap<String, Vec<u32>>,
}

/// A shared element and the schools behind it, in the order of their numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Shared {
    pub(super) element: Element,
    pub(super) schools: Vec<u32>,
}

impl Registry {
    pub(super) fn new(topology: &Topology) -> Self {
        let mut registry = Self::default();
        let mut behind: BTreeMap<Element, Vec<u32>> = BTreeMap::new();
        let isp_of_hub: BTreeMap<&str, &str> =
            topology.hubs.iter().filter_map(|hub| Some((hub.id.as_str(), hub.isp.as_deref()?))).collect();
        for service in &topology.services {
            let signs_in = service.kind == super::ServiceKind::Identity;
            registry.services.insert(service.id.clone(), signs_in);
        }
        for (number, school) in (0..).zip(&topology.schools) {
            registry.schools.insert(school.id.clone(), number);
            registry.owners.entry(school.owner.clone()).or_default().push(number);
            let hub = school.line.hub.as_deref();
            let isps = [school.line.isp.as_deref(), hub.and_then(|hub| isp_of_hub.get(hub).copied())];
            let mut above = vec![
                hub.map(|id| Element::new(ElementKind::Hub, id)),
                school.filter.as_deref().map(|id| Element::new(ElementKind::Filter, id)),
                school.dns.as_deref().map(|id| Element::new(ElementKind::Dns, id)),
            ];
            above.extend(isps.map(|isp| isp.map(|id| Element::new(ElementKind::Isp, id))));
            for (service, signs_in) in &registry.services {
                let uses = !signs_in || school.identity.as_ref().is_none_or(|identity| identity == service);
                let kind = if *signs_in { ElementKind::IdentityProvider } else { ElementKind::Service };
                above.push(uses.then(|| Element::new(kind, service.clone())));
            }
            for element in above.into_iter().flatten() {
                let schools = behind.entry(element).or_default();
                if schools.last() != Some(&number) {
                    schools.push(number);
                }
            }
        }
        registry.above = vec![Vec::new(); topology.schools.len()];
        for (number, (element, schools)) in (0..).zip(behind) {
            for school in &schools {
                registry.above[*school as usize].push(number);
            }
            registry.shared.push(Shared { element, schools });
        }
        for probe in &topology.probes {
            if let Some(school) = registry.schools.get(&probe.school) {
                registry.probes.insert(probe.id.clone(), *school);
            }
        }
        registry
    }
}
