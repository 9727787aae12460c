//! The writer: one transaction for all reports that wait, then the answers.

use std::collections::HashMap;

use gigafleet_proto::v1;
use uuid::Uuid;

use super::{CheckIns, HeardReport, Pending};
use crate::{
    checkin::{
        rules::{self, COMMANDS, Cursor, Standing, Verdict},
        store::{
            self, Advance, CursorRow, Move, TransitionRow,
            throughput::{self as tests, Rates},
        },
    },
    clock::Timestamp,
    db::{Tx, hex_bytes, is_retryable},
    devices::{rules::DeviceKey, service::identity::note_facts, store as devices},
    enrollment::store::{self as certificates, CertificateState},
    error::{Error, Kind, Result, says::devices as say},
};

/// A deadlock between two batches is resolved by running one of them again; more than this many times is a fault.
const ATTEMPTS: usize = 4;

/// What becomes of one report, once the transaction is durable.
type Answer = Result<v1::CheckInResponse>;

/// What a transaction decided: an answer for each report, in order, and how many rows it wrote.
struct Written {
    answers: Vec<Answer>,
    rows: u64,
}

impl CheckIns {
    /// Writes batches until the queue is closed and empty.
    pub async fn write_batches(&self) {
        while let Some(batch) = self.admission.take(self.config.batch_reports).await {
            let reports: Vec<_> =
                batch.iter().map(|pending| (pending.identity.key.device, pending.received_at)).collect();
            self.write_batch(batch).await;
            self.admission.release(reports);
        }
    }

    async fn write_batch(&self, batch: Vec<Pending>) {
        let started = std::time::Instant::now();
        let outcome = self.try_write(&batch).await;
        self.metrics.batch_reports.observe(batch.len() as f64);
        self.metrics.batch_seconds.observe(started.elapsed().as_secs_f64());
        let now = self.clock.now();
        match outcome {
            Ok(written) => {
                self.presence.stored(now);
                self.metrics.rows_written.inc_by(written.rows);
                self.tell(&batch, &written.answers);
                for (pending, answer) in batch.into_iter().zip(written.answers) {
                    pending.answer(answer);
                }
            }
            Err(error) if error.kind == Kind::Unavailable => {
                tracing::warn!(reports = batch.len(), error = error.chain(), "reports could not be stored");
                self.presence.not_stored(batch.iter().map(|p| p.identity.key), true, now);
                self.metrics.count_checkins("failed", batch.len() as u64);
                let again = || self.database_away();
                batch.into_iter().for_each(|pending| pending.answer(Err(again())));
            }
            Err(error) => self.write_singly(batch, error).await,
        }
    }

    /// Tells the listener what was stored now.
    fn tell(&self, batch: &[Pending], answers: &[Answer]) {
        let Some(listener) = &self.listener else { return };
        let applied = batch
            .iter()
            .zip(answers)
            .filter(|(_, answer)| answer.as_ref().is_ok_and(|answer| answer.outcome() == v1::CheckInOutcome::Applied));
        listener.stored(&applied.map(|(pending, _)| pending.heard()).collect::<Vec<_>>());
    }

    /// The transaction failed for a reason that lies in a report. Each is tried alone, so that one cannot keep others out.
    async fn write_singly(&self, batch: Vec<Pending>, error: Error) {
        tracing::error!(
            reports = batch.len(),
            error = error.chain(),
            "a batch was refused; its reports are tried one by one"
        );
        for pending in batch {
            let one = [pending];
            let answer = match self.try_write(&one).await {
                Ok(mut written) => {
                    self.tell(&one, &written.answers);
                    written.answers.pop().expect("one report has one answer")
                }
                Err(error) => {
                    let device = one[0].identity.key.device;
                    tracing::error!(%device, error = error.chain(), "a report could not be stored");
                    self.presence.not_stored([one[0].identity.key], false, self.clock.now());
                    self.metrics.count_checkins("failed", 1);
                    Err(error)
                }
            };
            let [pending] = one;
            pending.answer(answer);
        }
    }

    async fn try_write(&self, batch: &[Pending]) -> Result<Written> {
        let mut attempt = 1;
        loop {
            match self.write_once(batch).await {
                Err(error) if is_retryable(&error) && attempt < ATTEMPTS => attempt += 1,
                outcome => return outcome,
            }
        }
    }

    async fn write_once(&self, batch: &[Pending]) -> Result<Written> {
        let mut tx = self.db.begin().await?;
        let mut work = Work::new(self, batch);
        work.advance(&mut tx).await?;
        work.decide_rest(&mut tx).await?;
        work.store_contents(&mut tx).await?;
        work.end_tests(&mut tx).await?;
        tx.commit().await?;
        Ok(work.finish())
    }
}

/// What happened to one report so far.
enum Fate {
    /// Not decided yet.
    Open,
    /// It is stored; the hash of the facts that is stored with it, and the commands that wait.
    Applied { facts_hash: i64, commands: Vec<v1::Command> },
    /// It was known; the newest sequence.
    Duplicate { sequence: i64 },
    /// Nothing of it is stored.
    Behind { sequence: i64 },
    /// Nothing of it is stored; the device needs an identity of its own.
    Forked { sequence: i64 },
    /// It is refused.
    Refused(Error),
}

/// One transaction on its way.
struct Work<'a> {
    checkins: &'a CheckIns,
    batch: &'a [Pending],
    index: HashMap<Uuid, usize>,
    fates: Vec<Fate>,
    rows: u64,
    /// Results of tests that no device was given, or another.
    tests_refused: u64,
    now: Timestamp,
}

impl<'a> Work<'a> {
    fn new(checkins: &'a CheckIns, batch: &'a [Pending]) -> Self {
        let index: HashMap<_, _> = batch.iter().enumerate().map(|(n, p)| (p.identity.key.device.0, n)).collect();
        assert!(index.len() == batch.len(), "a batch has one report per device");
        let fates = batch.iter().map(|_| Fate::Open).collect();
        Self { checkins, batch, index, fates, rows: 0, tests_refused: 0, now: checkins.clock.now() }
    }

    /// The fast way, in one statement for all.
    async fn advance(&mut self, tx: &mut Tx) -> Result<()> {
        let advances: Vec<_> = self.batch.iter().filter(|p| p.report.facts.is_none()).map(Pending::advance).collect();
        if advances.is_empty() {
            return Ok(());
        }
        for (device, facts_hash) in store::advance(tx, &advances).await? {
            let n = self.index[&device];
            self.fates[n] = Fate::Applied { facts_hash, commands: Vec::new() };
            self.rows += 1;
        }
        Ok(())
    }

    /// Everything that is not the next report of the same run: decided one by one, with the cursors locked.
    async fn decide_rest(&mut self, tx: &mut Tx) -> Result<()> {
        let open: Vec<usize> = (0..self.batch.len()).filter(|n| matches!(self.fates[*n], Fate::Open)).collect();
        if open.is_empty() {
            return Ok(());
        }
        let keys: Vec<_> = open.iter().map(|n| self.batch[*n].identity.key).collect();
        let cursors: HashMap<_, _> =
            store::lock_cursors(tx, &keys).await?.into_iter().map(|row| (row.device_id, row)).collect();
        let mut moves = Vec::new();
        for n in open {
            self.fates[n] = match cursors.get(&self.batch[n].identity.key.device.0) {
                Some(row) => self.decide(tx, n, row, &mut moves).await?,
                None => Fate::Refused(Error::not_found("DEVICE_UNKNOWN", say::device_not_known())),
            };
        }
        self.rows += store::move_cursors(tx, &moves).await?;
        Ok(())
    }

    async fn decide(&self, tx: &mut Tx, n: usize, row: &CursorRow, moves: &mut Vec<Move>) -> Result<Fate> {
        let Pending { identity, report, .. } = &self.batch[n];
        if row.revoked_at.is_some() {
            return Ok(Fate::Refused(Error::new(Kind::Denied, "DEVICE_REVOKED", say::access_ended_ask())));
        }
        let standing = self.standing(tx, n, row).await?;
        let sequence = row.cursor().sequence;
        match rules::decide(row.cursor(), standing, report.run_id, report.sequence) {
            Verdict::Apply(next) => {
                let commands = self.serve_commands(tx, n, row).await?;
                let facts_hash = rules::facts_hash_after(report, sequence, row.facts_hash);
                moves.push(self.batch[n].move_to(next, facts_hash, !commands.is_empty()));
                Ok(Fate::Applied { facts_hash, commands })
            }
            Verdict::Duplicate => Ok(Fate::Duplicate { sequence }),
            Verdict::Behind => {
                let evidence = format!("a new run reported sequence {} while {sequence} is stored", report.sequence);
                self.review(tx, identity.key, v1::ReviewReason::SequenceBehind, &evidence).await?;
                Ok(Fate::Behind { sequence })
            }
            Verdict::Forked => {
                let evidence = "two runs of the agent took turns under one identity";
                self.review(tx, identity.key, v1::ReviewReason::Forked, evidence).await?;
                Ok(Fate::Forked { sequence })
            }
            Verdict::Superseded => {
                let evidence = format!("certificate {} was used after its successor", identity.certificate_serial);
                self.review(tx, identity.key, v1::ReviewReason::CertificateSuperseded, &evidence).await?;
                Ok(Fate::Forked { sequence })
            }
            Verdict::Refuse => {
                Ok(Fate::Refused(Error::new(Kind::Denied, "CERTIFICATE_REVOKED", say::certificate_revoked())))
            }
        }
    }

    async fn review(&self, tx: &mut Tx, key: DeviceKey, reason: v1::ReviewReason, evidence: &str) -> Result<()> {
        devices::open_review(tx, key, reason, None, evidence, self.now).await
    }

    /// Where the caller's certificate stands. A candidate is confirmed by being used.
    async fn standing(&self, tx: &mut Tx, n: usize, row: &CursorRow) -> Result<Standing> {
        let identity = self.batch[n].identity;
        if identity.certificate_serial == row.certificate_serial {
            return Ok(Standing::Good);
        }
        match certificates::certificate_state(tx, identity.key, identity.certificate_serial).await? {
            Some(CertificateState::Candidate) => {
                certificates::confirm_certificate(tx, identity.key, identity.certificate_serial).await?;
                Ok(Standing::Good)
            }
            Some(CertificateState::Confirmed) => Ok(Standing::Good),
            Some(CertificateState::Superseded) => Ok(Standing::Superseded),
            None => Ok(Standing::Unknown),
        }
    }

    /// Notes results and gives the commands that still wait.
    async fn serve_commands(&self, tx: &mut Tx, n: usize, row: &CursorRow) -> Result<Vec<v1::Command>> {
        if !row.attention {
            return Ok(Vec::new());
        }
        let Pending { identity, report, .. } = &self.batch[n];
        for (command, outcome) in &report.command_results {
            store::finish_command(tx, identity.key, *command, i32::from(*outcome), self.now).await?;
        }
        let limit = i64::try_from(COMMANDS).expect("a small number");
        let pending = store::pending_commands(tx, identity.key, limit).await?;
        Ok(pending
            .into_iter()
            .map(|(id, kind)| v1::Command { command_id: id.as_bytes().to_vec(), kind: i32::from(kind), test: None })
            .collect())
    }

    /// Stores what the reports carry: facts, status, transitions.
    async fn store_contents(&mut self, tx: &mut Tx) -> Result<()> {
        let (batch, fates) = (self.batch, &self.fates);
        let applied =
            || batch.iter().zip(fates).filter(|(_, fate)| matches!(fate, Fate::Applied { .. })).map(|(p, _)| p);
        let facts: Vec<_> = applied().filter_map(|p| Some((p.identity.key, p.report.facts.as_ref()?))).collect();
        let status: Vec<_> = applied().filter_map(|p| Some((p.identity.key, p.report.status.as_ref()?))).collect();
        let stored =
            batch.iter().zip(fates).filter(|(_, f)| matches!(f, Fate::Applied { .. } | Fate::Duplicate { .. }));
        let transitions: Vec<_> = stored.flat_map(|(p, _)| p.transition_rows()).collect();
        self.rows += note_facts(tx, &facts, self.now).await?;
        self.rows += devices::upsert_status(tx, &status, self.now).await?;
        if transitions.is_empty() {
            return Ok(());
        }
        let mut counts: HashMap<Uuid, i64> = HashMap::new();
        for device in store::insert_transitions(tx, &transitions).await? {
            *counts.entry(device).or_default() += 1;
            self.rows += 1;
        }
        let counts: Vec<_> =
            counts.into_iter().map(|(id, count)| (batch[self.index[&id]].identity.key, count)).collect();
        self.rows += store::add_transition_counts(tx, &counts).await?;
        Ok(())
    }

    /// Notes how tests of throughput ended. A result that belongs to no test of its device is counted, and no fault: the
    /// report goes on.
    async fn end_tests(&mut self, tx: &mut Tx) -> Result<()> {
        let stored = self.batch.iter().zip(&self.fates);
        let stored = stored.filter(|(_, fate)| matches!(fate, Fate::Applied { .. } | Fate::Duplicate { .. }));
        for (pending, _) in stored.filter(|(pending, _)| !pending.report.test_results.is_empty()) {
            let key = pending.identity.key;
            for (test, throughput) in &pending.report.test_results {
                let rates = throughput.map(|throughput| Rates {
                    receive_kbps: i64::from(throughput.receive_kbps),
                    send_kbps: i64::from(throughput.send_kbps),
                    measured_at: Timestamp(throughput.end_time_ms.cast_signed().saturating_mul(1_000)),
                });
                if tests::end_test(tx, key, *test, rates, self.now).await? {
                    self.rows += 1;
                } else if rates.is_some() && !tests::is_test_of(tx, key, *test).await? {
                    self.tests_refused += 1;
                }
            }
        }
        Ok(())
    }

    fn finish(self) -> Written {
        let rows = self.rows;
        let mut counted = [("applied", 0_u64), ("duplicate", 0), ("behind", 0), ("forked", 0), ("refused", 0)];
        let metrics = &self.checkins.metrics;
        let delay = u32::try_from(self.checkins.config.interval.as_millis()).unwrap_or(u32::MAX);
        metrics.tests_refused.inc_by(self.tests_refused);
        for pending in self.batch {
            for (test, _) in &pending.report.test_results {
                self.checkins.tests.ended(pending.identity.key, *test);
            }
        }
        let mut tests = self.checkins.tests.commands(self.now);
        let plan = self.checkins.plan.as_ref().map(|plan| plan.borrow().clone()).filter(|plan| plan.version != 0);
        let answers = self
            .fates
            .into_iter()
            .zip(self.batch)
            .map(|(fate, pending)| {
                let report = &pending.report;
                let skew = report.clock_skew_ms(pending.received_at);
                let answer = |sequence: i64, outcome: v1::CheckInOutcome| v1::CheckInResponse {
                    acknowledged_sequence: sequence.cast_unsigned(),
                    next_checkin_delay_ms: delay,
                    outcome: i32::from(outcome),
                    server_time_ms: rules::server_time_ms(skew, pending.received_at),
                    probe_plan: plan.as_ref().filter(|plan| plan.version != report.probe_plan_version).cloned(),
                    ..v1::CheckInResponse::default()
                };
                let (slot, answer) = match fate {
                    Fate::Applied { facts_hash, mut commands } => {
                        commands.extend(tests.remove(&pending.identity.key));
                        let send_full_report = rules::needs_full_report(report, facts_hash);
                        let answer = answer(report.sequence, v1::CheckInOutcome::Applied);
                        (0, Ok(v1::CheckInResponse { send_full_report, commands, ..answer }))
                    }
                    Fate::Duplicate { sequence } => (1, Ok(answer(sequence, v1::CheckInOutcome::Duplicate))),
                    Fate::Behind { sequence } => (2, Ok(answer(sequence, v1::CheckInOutcome::Behind))),
                    Fate::Forked { sequence } => (3, Ok(answer(sequence, v1::CheckInOutcome::Forked))),
                    Fate::Refused(error) => (4, Err(error)),
                    Fate::Open => unreachable!("every report was decided"),
                };
                counted[slot].1 += 1;
                answer
            })
            .collect();
        for (outcome, count) in counted.into_iter().filter(|(_, count)| *count > 0) {
            metrics.count_checkins(outcome, count);
        }
        Written { answers, rows }
    }
}

impl Pending {
    fn heard(&self) -> HeardReport {
        let status = self.report.status.as_ref();
        HeardReport {
            key: self.identity.key,
            received_at: self.received_at,
            moved: status.is_some_and(|status| status.wifi.is_some() || status.network.is_some()),
            checks: self.report.checks.clone(),
        }
    }

    fn advance(&self) -> Advance {
        Advance {
            key: self.identity.key,
            run_id: self.report.run_id,
            sequence: self.report.sequence,
            base_sequence: self.report.base_sequence,
            certificate_serial: self.identity.certificate_serial,
            received_at: self.received_at,
            clock_skew_ms: self.report.clock_skew_ms(self.received_at),
        }
    }

    fn move_to(&self, next: Cursor, facts_hash: i64, attention: bool) -> Move {
        Move {
            municipality_id: self.identity.key.municipality,
            device_id: self.identity.key.device,
            run_id: next.run_id,
            sequence: next.sequence,
            previous_run_id: next.previous_run_id,
            previous_sequence: next.previous_sequence,
            certificate_serial: self.identity.certificate_serial,
            facts_hash,
            attention: i64::from(attention),
            received_at: self.received_at.0,
            clock_skew_ms: self.report.clock_skew_ms(self.received_at),
        }
    }

    fn transition_rows(&self) -> impl Iterator<Item = TransitionRow> {
        self.report.transitions.iter().map(|t| TransitionRow {
            municipality_id: self.identity.key.municipality,
            device_id: self.identity.key.device,
            run_id: if t.run_id == 0 { self.report.run_id } else { t.run_id.cast_signed() },
            number: t.number.cast_signed(),
            kind: t.kind.clamp(0, i32::from(i16::MAX)),
            occurred_at: self.report.occurred_at(t, self.received_at).0,
            received_at: self.received_at.0,
            ssid: t.wifi.as_ref().and_then(|w| w.ssid.clone()),
            bssid: t.wifi.as_ref().and_then(|w| w.bssid.as_deref()).map(hex_bytes),
            amount: t.amount.cast_signed(),
            layer: t.check.as_ref().map(|check| check.layer),
            target: t.check.as_ref().map(|check| i64::from(check.target)),
            outcome: t.check.as_ref().map(|check| check.outcome),
            error: t.check.as_ref().map(|check| check.error),
            latency_us: t.check.as_ref().map(|check| i64::from(check.latency_us)),
            gateway_hash: t.network.as_ref().and_then(|n| n.gateway_hash.as_deref()).map(hex_bytes),
        })
    }
}
