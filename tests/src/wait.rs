//! Waiting for a state with a deadline, instead of sleeping for a time.

use std::time::{Duration, Instant};

/// Pause between two looks.
const LOOK: Duration = Duration::from_millis(20);

/// Waits until `look` gives something, and gives that. Panics at the deadline, naming what was waited for.
pub async fn eventually<T>(what: &str, deadline: Duration, mut look: impl FnMut() -> Option<T>) -> T {
    eventually_async(what, deadline, async || look()).await
}

/// As [`eventually`], for a look that takes a call.
pub async fn eventually_async<T>(what: &str, deadline: Duration, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(begun.elapsed() < deadline, "not within {deadline:?}: {what}");
        tokio::time::sleep(LOOK).await;
    }
}
