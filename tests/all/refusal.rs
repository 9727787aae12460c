//! How refusals look: code, reason, and when to come back.

use std::{fmt::Debug, time::Duration};

use gigafleet_agent::transport::status::reason_of_status;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

/// Checks that a call was refused with this code and reason.
#[track_caller]
pub fn assert_refused<T: Debug>(outcome: Result<T, Status>, code: Code, reason: &str) -> Status {
    let status = outcome.expect_err("the call is to be refused");
    let found = reason_of_status(&status).unwrap_or_default();
    assert_eq!((status.code(), found.as_str()), (code, reason), "{status:?}");
    status
}

/// Checks that a refusal says when to come back, and gives that.
#[track_caller]
pub fn retry_delay(status: &Status) -> Duration {
    let info = status.get_details_retry_info().expect("the refusal carries RetryInfo");
    let delay = info.retry_delay.expect("RetryInfo has a delay");
    assert!(delay > Duration::ZERO && delay < Duration::from_secs(600), "{delay:?}");
    delay
}
