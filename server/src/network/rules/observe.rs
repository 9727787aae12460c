//! What the silence of schools says at a tick: which of them are cut off, and by what.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Alternative, BUCKET_S, Cause, Element, ElementKind, Engine, Group, Moment, StartBound, Witness,
    arrival::{Morning, weigh},
    cover::{Candidate, TROUBLE, Taken, probability, smallest_set},
    engine::{SchoolState, is_observed, pace_buckets},
    record::{Channel, Finding},
};

/// Share of the schools that can be seen above which silence of all at once is our own.
const OWN_SERVERS_SHARE: f64 = 0.6;
/// Share of the schools that must be in session for the absence of one to say something.
const IN_SESSION: f64 = 0.4;
/// What a school has to say to count as one of several that fail together.
const SUBSTANTIAL: f64 = 6.0;
/// Logarithm of the buckets of a break, in any of which a cut may have been.
const BREAK: f64 = 3.0;
/// Schools' word for "this one is well".
const WELL: f64 = -20.0;

/// Heartbeats of a probe that are looked at one by one for whether they could have been heard: an hour of them.
const LONGEST_GAP: i64 = 360;

/// One silent school.
#[derive(Debug, Clone, Copy)]
struct Silent {
    onset: i64,
    word: f64,
    devices: u32,
    missing: f64,
    against_lids: f64,
    probe: bool,
    mean: f64,
    /// Lids closed for a reason of their own, and nobody came back: the cut was up to this bucket.
    late: Option<i64>,
}

impl Silent {
    /// Buckets from one check-in to the next but one: a school that is heard seldom was last heard some time before its cut.
    fn gap(&self, most: i64) -> i64 {
        (1 + (2.0 / self.mean.max(0.05)).ceil() as i64).min(most)
    }

    /// Whether its cut may have been at a bucket.
    fn may_begin_at(&self, bucket: i64, most: i64) -> bool {
        let latest = self.late.unwrap_or_else(|| self.onset + self.gap(most));
        (self.onset - 1..=latest).contains(&bucket)
    }

    /// What it says for a cut at one moment, given that it may have been at any of several.
    fn word_together(&self, most: i64) -> f64 {
        let word = self.word - (self.gap(most) as f64).ln();
        if word < SUBSTANTIAL { word.min(TROUBLE) } else { word }
    }
}

impl Engine {
    /// Schools that fell silent, and what explains it.
    pub(super) fn silence(&mut self, newest: i64, until: Moment, now: Moment) -> Vec<Finding> {
        let silent: BTreeMap<u32, Silent> = (0..self.schools.len() as u32)
            .filter_map(|number| Some((number, self.silent(number, newest, until)?)))
            .collect();
        if silent.values().all(|silent| silent.word <= TROUBLE) {
            self.own_servers_since = None;
            return Vec::new();
        }
        let policy = &self.policy;
        let mut candidates: Vec<Candidate> = silent
            .iter()
            .map(|(number, silent)| {
                let (id, prior) = (&self.topology.schools[*number as usize].id, policy.prior_school_cut);
                Candidate::alone(ElementKind::SchoolLine, id, Cause::LineCut, prior, (*number, silent.word))
            })
            .collect();
        let troubled: Vec<u32> = silent.iter().filter(|(_, s)| s.word > TROUBLE).map(|(number, _)| *number).collect();
        let above: BTreeSet<u32> =
            troubled.iter().flat_map(|number| &self.registry.above[*number as usize]).copied().collect();
        for shared in above.into_iter().map(|number| &self.registry.shared[number as usize]) {
            let (cause, prior) = match shared.element.kind {
                ElementKind::Hub => (Cause::Hub, policy.prior_hub),
                ElementKind::Isp => (Cause::LineCut, policy.prior_isp),
                ElementKind::Filter
                | ElementKind::Dns
                | ElementKind::IdentityProvider
                | ElementKind::Service
                | ElementKind::Device
                | ElementKind::AccessPoint
                | ElementKind::SchoolLan
                | ElementKind::SchoolLine => continue,
            };
            let members = self.together(&shared.schools, &silent, newest);
            if members.len() > 1 {
                candidates.push(Candidate::shared(Some(&shared.element), cause, prior, members));
            }
        }
        let all: Vec<u32> = (0..self.schools.len() as u32).collect();
        if troubled.len() > 1 {
            let members = self.together(&all, &silent, newest);
            let seen = members.iter().filter(|(_, word)| word.abs() > 1.0).count().max(1);
            let failing = members.iter().filter(|(_, word)| *word > TROUBLE).count();
            if failing as f64 >= OWN_SERVERS_SHARE * seen as f64 {
                let prior = policy.prior_own_servers;
                candidates.push(Candidate::shared(None, Cause::Unknown, prior, members));
            }
        }
        let taken = smallest_set(&candidates, policy.prior_school_cut, 0.99, policy.suspect_log_odds);
        let own = taken.iter().any(|taken| taken.candidate.element.is_none());
        self.own_servers_since = own.then(|| self.own_servers_since.unwrap_or(now));
        let mut findings = Vec::new();
        for taken in taken {
            findings.extend(self.silence_finding(&taken, &silent, until));
        }
        for finding in &findings {
            if !finding.opens && finding.log_odds >= self.policy.open_log_odds {
                for (number, _) in &finding.schools {
                    self.schools[*number as usize].held += 1;
                }
            }
        }
        findings
    }

    /// The word of schools on one element: those that fell silent together speak for it, those that were heard since speak
    /// against it, and those that fell silent at another time say nothing.
    fn together(&self, schools: &[u32], silent: &BTreeMap<u32, Silent>, newest: i64) -> Vec<(u32, f64)> {
        let troubled: Vec<&Silent> =
            schools.iter().filter_map(|number| silent.get(number)).filter(|silent| silent.word > TROUBLE).collect();
        let most = self.policy.together_s / BUCKET_S;
        // The bucket at which most of them may have been cut; of equals, the newest.
        let at = |bucket: i64| troubled.iter().filter(|silent| silent.may_begin_at(bucket, most)).count();
        let onset = troubled.iter().map(|silent| silent.onset).max_by_key(|onset| (at(*onset), *onset));
        let Some(onset) = onset else { return Vec::new() };
        let mut members = Vec::with_capacity(schools.len());
        for number in schools {
            let word = match silent.get(number) {
                Some(silent) if silent.may_begin_at(onset, most) => silent.word_together(most),
                Some(_) => 0.0,
                None => {
                    let cohort = &self.schools[*number as usize].cohort;
                    let buckets = (newest - onset).clamp(0, 30);
                    let since = cohort.heard_within(newest, buckets);
                    let probe = self.schools[*number as usize].probe.as_ref().and_then(|probe| probe.last);
                    let probe = probe.is_some_and(|last| last.bucket(BUCKET_S) > onset + 1);
                    if since > 0 || probe { WELL } else { 0.0 }
                }
            };
            members.push((*number, word));
        }
        members
    }

    /// Heartbeats of a probe that were due after its last one, while servers could have heard them.
    fn missed_beats(&self, pace_s: u32, last: Moment, until: Moment) -> i64 {
        let missed = until.seconds_since(last).div_euclid(BUCKET_S);
        let pace_s = i64::from(pace_s);
        let meets = |[begin, end]: &&[Moment; 2]| *begin < until && last < end.plus_seconds(pace_s);
        let gaps: Vec<_> = self.gaps.iter().filter(meets).copied().collect();
        if gaps.is_empty() {
            return missed;
        }
        let first = last.bucket(BUCKET_S) + 1;
        let unheard =
            (first..first + missed.clamp(0, LONGEST_GAP)).filter(|bucket| !is_observed(&gaps, pace_s, *bucket));
        missed - unheard.count() as i64
    }

    /// What one school's silence says, if it is silent at all.
    fn silent(&self, number: u32, newest: i64, until: Moment) -> Option<Silent> {
        let state = &self.schools[number as usize];
        let school = &self.topology.schools[number as usize];
        let policy = &self.policy;
        let pace = pace_buckets(school.pace_s);
        let probe = state.probe.as_ref().filter(|probe| !probe.unplugged);
        let limit = policy.school_most_log_odds;
        if let Some(quiet) = &state.cohort.quiet {
            let mut word = quiet.score;
            let onset_at = Moment::from_seconds(quiet.onset * BUCKET_S);
            let (day, minute) = onset_at.local_day_minute(policy.utc_offset_minutes);
            let [begin, end] = school.expected.hours;
            if !(begin..end).contains(&minute) || !self.is_school_day(number, day) {
                // Out of hours whoever is still there may go at any time.
                word = word.min(TROUBLE);
            }
            let mut probe_silent = false;
            if let Some(last) = probe.and_then(|probe| probe.last) {
                let missed = self.missed_beats(school.pace_s, last, until.plus_seconds(-2));
                if last > onset_at.plus_seconds(15) {
                    word -= 15.0;
                } else if last > onset_at.plus_seconds(-90) && missed >= 1 {
                    probe_silent = true;
                    // Where beats of others are lost too, one that is missed says less.
                    let each = policy.probe_miss_log_odds.min(-self.beats_lost.max(1e-3).ln());
                    word += (each * missed as f64).min(policy.probe_most_log_odds);
                }
            }
            let (missed_out, lesson) = self.not_returned(number, onset_at, until);
            let late = (missed_out > 0.0 && word < BREAK).then_some(lesson);
            word = missed_out + if late.is_some() { BREAK } else { word };
            return Some(Silent {
                onset: quiet.onset,
                late,
                word: word.clamp(WELL, limit),
                devices: (quiet.mean * pace as f64).round() as u32,
                missing: quiet.missing,
                against_lids: quiet.against_lids,
                probe: probe_silent,
                mean: quiet.mean,
            });
        }
        let (day, minute) = until.local_day_minute(policy.utc_offset_minutes);
        let [begin, end] = school.expected.hours;
        let probe_last = probe.and_then(|probe| probe.last);
        let missed = probe_last.map_or(0, |last| self.missed_beats(school.pace_s, last, until.plus_seconds(-3)));
        // Pupils come when the first lesson begins; before, their absence says nothing.
        let first = school.expected.lessons.first().map_or(begin, |[first, _]| *first);
        let expected = (first + policy.arrival_grace_minutes..end).contains(&minute);
        if let Some((usual, usual_awake)) = state.usual
            && expected
            && state.today == day
            && state.heard_today == 0
            && self.is_school_day(number, day)
            && self.has_heard_since(Moment::from_local(day, begin, policy.utc_offset_minutes))
        {
            let owner = self.registry.owners.get(&school.owner).map_or(&[][..], Vec::as_slice);
            let others = owner.iter().filter(|other| **other != number);
            let others: Vec<bool> = others.map(|other| self.schools[*other as usize].has_arrived()).collect();
            let elsewhere = self.schools.iter().any(SchoolState::has_arrived);
            let morning = Morning {
                probe_silent: probe_last.map(|_| missed >= 3),
                usual_awake,
                others: [others.iter().filter(|arrived| **arrived).count() as u32, others.len() as u32],
                elsewhere,
            };
            let begin = Moment::from_local(day, begin, policy.utc_offset_minutes);
            return Some(Silent {
                onset: begin.bucket(BUCKET_S),
                word: weigh(morning).clamp(WELL, limit),
                devices: usual.round() as u32,
                missing: usual,
                against_lids: weigh(morning),
                probe: missed >= 3,
                mean: usual / pace as f64,
                late: None,
            });
        }
        // Nobody is there who could be missed, but a probe that was there is not.
        let nobody = state.cohort.heard_within(newest, 6) == 0;
        if nobody && missed >= 3 && state.probe.as_ref().is_some_and(|probe| probe.beats >= 6) {
            return Some(Silent {
                onset: probe_last?.bucket(BUCKET_S) + 1,
                word: policy.probe_most_log_odds,
                devices: 0,
                missing: missed as f64,
                against_lids: policy.probe_most_log_odds,
                probe: true,
                mean: 1.0,
                late: None,
            });
        }
        None
    }

    /// What lessons say that began since a silence, in which nobody came although other schools are in session; and the
    /// bucket up to which the last of them could have begun.
    fn not_returned(&self, number: u32, onset: Moment, until: Moment) -> (f64, i64) {
        let policy = &self.policy;
        let (state, school) = (&self.schools[number as usize], &self.topology.schools[number as usize]);
        let (day, _) = until.local_day_minute(policy.utc_offset_minutes);
        let probe = state.probe.as_ref().filter(|probe| !probe.unplugged).and_then(|probe| probe.last);
        let probe_well = probe.is_some_and(|last| last > onset.plus_seconds(15));
        if self.in_session < IN_SESSION || probe_well || !self.is_school_day(number, day) {
            return (0.0, 0);
        }
        let rooms = school.access_points.len().max(state.access_points.len()).max(1) as f64;
        let stays = state.usual.and_then(|(_, awake)| awake).is_some_and(|awake| awake >= 2.0);
        let most = policy.lesson_most_log_odds[usize::from(!stays)];
        let each = (-(1.0 - policy.lesson_use).ln() * rooms).min(most);
        let settled = |minute: i64, after: i64| Moment::from_local(day, minute + after, policy.utc_offset_minutes);
        let missed = school
            .expected
            .lessons
            .iter()
            .map(|[begin, _]| *begin)
            .filter(|begin| settled(*begin, 2) >= onset && settled(*begin, policy.lesson_settle_minutes) <= until);
        let (count, last) = missed.fold((0, 0), |(count, _), begin| (count + 1, begin));
        let late = settled(last, policy.lesson_settle_minutes).bucket(BUCKET_S);
        ((each * f64::from(count)).min(1.5 * most), late)
    }

    fn silence_finding(&self, taken: &Taken, silent: &BTreeMap<u32, Silent>, until: Moment) -> Option<Finding> {
        let element = taken.candidate.element.clone()?;
        let policy = &self.policy;
        let views: Vec<&Silent> = taken.failing.iter().filter_map(|number| silent.get(number)).collect();
        let onset = views.iter().map(|view| view.onset).min()?;
        // Small schools are heard seldom: their last check-in may lie well before the cut.
        let gap_s = views.iter().map(|view| (10.0 / view.mean.max(0.05)) as i64).min()?.clamp(0, 120);
        let onset_at = Moment::from_seconds(onset * BUCKET_S);
        let started = StartBound {
            at: onset_at.plus_seconds(gap_s / 2 - 4),
            earliest: onset_at.plus_seconds(-BUCKET_S),
            latest: onset_at.plus_seconds(2 + gap_s).max(onset_at.plus_seconds(gap_s / 2 - 4)),
        };
        let single = element.kind == ElementKind::SchoolLine;
        let sure = probability(taken.score);
        let confidence = if single { sure.min(0.97) * policy.line_share_of_cuts } else { sure.min(0.97) };
        let mut alternatives = taken.alternatives.clone();
        if single {
            let share = policy.line_share_of_cuts;
            let log_odds = taken.score + ((1.0 - share) / share).ln();
            alternatives.push(Alternative { explanation: format!("school_lan/{}", element.id), log_odds });
        }
        let lids = views.iter().map(|view| view.against_lids).fold(0.0, f64::max);
        alternatives.push(Alternative { explanation: String::from("benign"), log_odds: -lids });
        alternatives.sort_by(|a, b| b.log_odds.total_cmp(&a.log_odds));
        alternatives.truncate(5);
        let missing: f64 = views.iter().map(|view| view.missing).sum();
        let group = |schools: &[u32], failing: f64, of: f64| Group {
            schools: schools.len() as u32,
            failing: failing.round() as u32,
            of: of.round() as u32,
        };
        let controls: Vec<u32> = if single {
            let well = |number: &u32| !silent.contains_key(number) && self.schools[*number as usize].heard_today > 0;
            (0..self.schools.len() as u32).filter(well).collect()
        } else {
            taken.well.clone()
        };
        let newest = until.bucket(BUCKET_S) - 1;
        let control_heard: f64 = controls
            .iter()
            .map(|number| f64::from(self.schools[*number as usize].cohort.heard_within(newest, 6)))
            .sum();
        let probe = views.iter().any(|view| view.probe);
        Some(Finding {
            channel: Channel::Silence,
            cause: taken.candidate.cause,
            log_odds: taken.score,
            confidence,
            schools: taken.failing.iter().zip(&views).map(|(number, view)| (*number, view.devices)).collect(),
            opens: taken.score >= policy.open_log_odds && !self.is_held(&element, &taken.failing, silent),
            started,
            witness: if probe { Witness::SilenceAndProbe } else { Witness::Silence },
            affected: group(&taken.failing, missing, missing),
            control: group(&controls, 0.0, control_heard),
            alternatives,
            element,
        })
    }

    /// A school is held back while siblings behind the same hub or provider fell silent with it and are not judged yet.
    fn is_held(&self, element: &Element, failing: &[u32], silent: &BTreeMap<u32, Silent>) -> bool {
        let [number] = failing else { return false };
        if element.kind != ElementKind::SchoolLine || self.schools[*number as usize].held >= self.policy.hold_back_ticks
        {
            return false;
        }
        let Some(own) = silent.get(number) else { return false };
        let shared = self.registry.above[*number as usize].iter().map(|above| &self.registry.shared[*above as usize]);
        let lines = shared.filter(|shared| matches!(shared.element.kind, ElementKind::Hub | ElementKind::Isp));
        lines.flat_map(|shared| &shared.schools).filter(|sibling| *sibling != number).any(|sibling| {
            silent.get(sibling).is_some_and(|sibling| (sibling.onset - own.onset).abs() <= 6 && sibling.word > -2.0)
        })
    }
}
