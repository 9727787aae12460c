//! Waiting for a state with a deadline, instead of sleeping for a time.

use std::time::{Duration, Instant};

/// Shortest and longest pause between two looks: what takes minutes is not looked at fifty times a second.
const LOOK: [Duration; 2] = [Duration::from_millis(20), Duration::from_secs(1)];

/// Waits until `look` gives something, and gives that. Panics at the deadline, naming what was waited for.
pub async fn eventually<T>(what: &str, deadline: Duration, mut look: impl FnMut() -> Option<T>) -> T {
    eventually_async(what, deadline, async || look()).await
}

/// As [`eventually`], for a look that takes a call.
pub async fn eventually_async<T>(what: &str, deadline: Duration, look: impl AsyncFnMut() -> Option<T>) -> T {
    within(deadline, look).await.unwrap_or_else(|| panic!("not within {deadline:?}: {what}"))
}

/// Waits until `look` gives something, and gives that; nothing at the deadline.
pub async fn within<T>(deadline: Duration, mut look: impl AsyncFnMut() -> Option<T>) -> Option<T> {
    let begun = Instant::now();
    loop {
        if let Some(found) = look().await {
            return Some(found);
        }
        if begun.elapsed() >= deadline {
            return None;
        }
        tokio::time::sleep((begun.elapsed() / 20).clamp(LOOK[0], LOOK[1])).await;
    }
}
