//! When to do the next thing. Every delay carries jitter, so that a fleet that fell silent together does not return
//! together.
//!
//! Invariants: a retry is never earlier than the server asked for; a window of retries never grows above the cap. The
//! windows follow "full jitter" (Exponential Backoff And Jitter, AWS Architecture Blog, 2015).

use super::{CertificateTimes, CheckMode, EngineConfig, Now};

/// Shortest pace a server can set, in milliseconds.
const PACE_MIN_MS: u64 = 200;
/// Longest pace a server can set, in milliseconds: one day.
const PACE_MAX_MS: u64 = 86_400_000;
/// Longest that a server can put off a retry, in milliseconds: one hour.
const RETRY_AFTER_MAX_MS: u64 = 3_600_000;
/// Renewals of a fleet that enrolled in one day are spread over at most this, in milliseconds.
const RENEWAL_SPREAD_MAX_MS: u64 = 86_400_000;
/// "Soon", in milliseconds: when more waits to be sent.
const SOON_MS: std::ops::Range<u64> = 1_000..2_000;
/// Longest pace of a probe, in milliseconds: what it sees of a school must be fresh.
const PROBE_PACE_MAX_MS: u64 = 10_000;
/// News of a check is told within this, in milliseconds.
const NEWS_MS: u64 = 3_000;
/// Shortest time between two reports out of turn, in milliseconds.
const NEWS_REST_MS: u64 = 10_000;

/// Times of the next report and the next reading of the device.
#[derive(Debug)]
pub(super) struct Pace {
    random: fastrand::Rng,
    pace_ms: u64,
    pace_max_ms: u64,
    first_delay_ms: u64,
    retry_base_ms: u64,
    retry_cap_ms: u64,
    observe_interval_ms: u64,
    facts_interval_ms: u64,
    failures: u32,
    surprises: u32,
    renewal_failures: u32,
    report_at_ms: u64,
    observe_at_ms: u64,
    facts_at_ms: u64,
    renewal_at_ms: u64,
    /// When the next report out of turn may be.
    news_at_ms: u64,
    timer_ms: Option<u64>,
}

impl Pace {
    pub(super) fn new(config: &EngineConfig, seed: u64) -> Self {
        let pace_max_ms = match config.checks {
            CheckMode::Probe => PROBE_PACE_MAX_MS,
            CheckMode::Off | CheckMode::Device => PACE_MAX_MS,
        };
        Self {
            random: fastrand::Rng::with_seed(seed),
            pace_ms: config.pace_ms.clamp(PACE_MIN_MS, pace_max_ms),
            pace_max_ms,
            first_delay_ms: config.first_delay_ms,
            retry_base_ms: config.retry_base_ms.max(1),
            retry_cap_ms: config.retry_cap_ms.max(1),
            observe_interval_ms: config.observe_interval_ms.max(1),
            facts_interval_ms: config.facts_interval_ms.max(1),
            failures: 0,
            surprises: 0,
            renewal_failures: 0,
            report_at_ms: u64::MAX,
            observe_at_ms: u64::MAX,
            facts_at_ms: u64::MAX,
            renewal_at_ms: 0,
            news_at_ms: 0,
            timer_ms: None,
        }
    }

    /// The timer to set, if it changed. While something is under way, only readings of the device and checks are due.
    pub(super) fn timer(&mut self, report_can_start: bool, check_at_ms: u64) -> Option<u64> {
        let at_ms = self.observe_at_ms.min(check_at_ms);
        let at_ms = if report_can_start { at_ms.min(self.report_at_ms) } else { at_ms };
        (at_ms != u64::MAX && self.timer_ms.replace(at_ms) != Some(at_ms)).then_some(at_ms)
    }

    /// The timer has fired; whatever is due next needs a new one.
    pub(super) fn timer_fired(&mut self) {
        self.timer_ms = None;
    }

    pub(super) fn first_report(&mut self, now: Now) {
        self.report_at_ms = now.monotonic_ms + self.below(self.first_delay_ms);
    }

    /// Sets the pace; 0 leaves it as it is.
    pub(super) fn set_pace(&mut self, delay_ms: u32) {
        if delay_ms > 0 {
            self.pace_ms = u64::from(delay_ms).clamp(PACE_MIN_MS, self.pace_max_ms);
        }
    }

    /// The next report at the server's pace, a tenth earlier or later.
    pub(super) fn report_at_pace(&mut self, now: Now) {
        self.failures = 0;
        self.surprises = 0;
        let spread_ms = self.pace_ms / 5;
        self.report_at_ms = now.monotonic_ms + self.pace_ms - spread_ms / 2 + self.below(spread_ms);
    }

    /// The next report soon: more waits to be sent.
    pub(super) fn report_soon(&mut self, now: Now) {
        self.failures = 0;
        self.surprises = 0;
        self.report_at_ms = now.monotonic_ms + self.random.u64(SOON_MS);
    }

    /// The next report out of turn, unless its turn is as near: within seconds, or when the last one is long enough ago.
    pub(super) fn report_with_news(&mut self, now: Now) {
        let at_ms = (now.monotonic_ms + self.below(NEWS_MS)).max(self.news_at_ms);
        if at_ms < self.report_at_ms {
            self.report_at_ms = at_ms;
            self.news_at_ms = at_ms + NEWS_REST_MS;
        }
    }

    /// The next report after an answer that stored nothing: soon, but when that does not help, later and later.
    pub(super) fn report_after_surprise(&mut self, now: Now) {
        self.surprises = self.surprises.saturating_add(1);
        if self.surprises == 1 {
            self.report_at_ms = now.monotonic_ms + self.random.u64(SOON_MS);
        } else {
            self.report_after_failure(now, None);
        }
    }

    /// Answers in a row that stored nothing.
    pub(super) fn surprises(&self) -> u32 {
        self.surprises
    }

    /// The next report after a failure; each one in a row doubles the window.
    pub(super) fn report_after_failure(&mut self, now: Now, retry_after_ms: Option<u64>) {
        let delay_ms = self.retry_delay(self.failures, retry_after_ms);
        self.failures = self.failures.saturating_add(1);
        self.report_at_ms = now.monotonic_ms + delay_ms;
    }

    /// A renewal failed: the next not before a growing delay; reports go on meanwhile.
    pub(super) fn renewal_after_failure(&mut self, now: Now, retry_after_ms: Option<u64>) {
        let delay_ms = self.retry_delay(self.renewal_failures, retry_after_ms);
        self.renewal_failures = self.renewal_failures.saturating_add(1);
        self.renewal_at_ms = now.monotonic_ms + delay_ms;
    }

    pub(super) fn renewal_succeeded(&mut self) {
        self.renewal_failures = 0;
        self.renewal_at_ms = 0;
    }

    pub(super) fn renewal_allowed(&self, now: Now) -> bool {
        now.monotonic_ms >= self.renewal_at_ms
    }

    pub(super) fn observed(&mut self, now: Now, with_facts: bool) {
        self.observe_at_ms = now.monotonic_ms + self.observe_interval_ms;
        if with_facts {
            self.facts_at_ms = now.monotonic_ms + self.facts_interval_ms;
        }
    }

    pub(super) fn report_due(&self, now: Now) -> bool {
        now.monotonic_ms >= self.report_at_ms
    }

    pub(super) fn observation_due(&self, now: Now) -> bool {
        now.monotonic_ms >= self.observe_at_ms
    }

    pub(super) fn facts_due(&self, now: Now) -> bool {
        now.monotonic_ms >= self.facts_at_ms
    }

    /// Draws when to renew a certificate, by the server's clock; never (`u64::MAX`) if it says so.
    pub(super) fn renewal_time(&mut self, times: CertificateTimes) -> u64 {
        if times.renew_after_ms == 0 {
            return u64::MAX;
        }
        let rest_ms = times.not_after_ms.saturating_sub(times.renew_after_ms);
        times.renew_after_ms.saturating_add(self.below((rest_ms / 4).min(RENEWAL_SPREAD_MAX_MS)))
    }

    fn below(&mut self, whole_ms: u64) -> u64 {
        if whole_ms == 0 { 0 } else { self.random.u64(0..whole_ms) }
    }

    fn retry_delay(&mut self, failures: u32, retry_after_ms: Option<u64>) -> u64 {
        // The first window is as wide as the pace: a fleet that lost its server never calls more often than one that has it.
        let base_ms = self.retry_base_ms.min(self.pace_ms);
        let window_ms = base_ms.saturating_mul(1 << failures.min(20)).min(self.retry_cap_ms);
        let backoff_ms = self.below(window_ms).max(1);
        let asked_ms = retry_after_ms.map_or(0, |asked_ms| {
            let asked_ms = asked_ms.min(RETRY_AFTER_MAX_MS);
            asked_ms + self.below(asked_ms / 2)
        });
        backoff_ms.max(asked_ms)
    }
}
