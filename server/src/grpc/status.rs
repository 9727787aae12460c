//! The one place that turns an [`Error`] into a gRPC status, with `google.rpc` details.

use std::{collections::HashMap, time::Duration};

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, FieldViolation, LocalizedMessage, StatusExt as _};

use crate::{
    error::{Both, Error, Kind},
    telemetry,
};

/// The `domain` of ErrorInfo.
const DOMAIN: &str = "gigafleet";

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        telemetry::note_failure(error.reason, if error.kind == Kind::Internal { Some(error.chain()) } else { None });
        let code = match error.kind {
            Kind::Invalid => Code::InvalidArgument,
            Kind::NotFound => Code::NotFound,
            Kind::Exists => Code::AlreadyExists,
            Kind::Conflict => Code::Aborted,
            Kind::Precondition => Code::FailedPrecondition,
            Kind::Unauthenticated => Code::Unauthenticated,
            Kind::Denied => Code::PermissionDenied,
            Kind::Exhausted => Code::ResourceExhausted,
            Kind::Unavailable => Code::Unavailable,
            Kind::Internal => Code::Internal,
        };
        let mut details = ErrorDetails::with_error_info(error.reason, DOMAIN, HashMap::new());
        if !error.fields.is_empty() {
            let fields = error.fields.iter().map(|field| FieldViolation {
                localized_message: Some(japanese(&field.message)),
                ..FieldViolation::new(field.field.as_ref(), &*field.message.en)
            });
            details.set_bad_request(fields.collect::<Vec<_>>());
        }
        if matches!(error.kind, Kind::Exhausted | Kind::Unavailable) {
            details.set_retry_info(Some(error.retry_after.unwrap_or(Duration::from_secs(5))));
        }
        details.set_localized_message("ja", &*error.message.ja);
        Self::with_error_details(code, error.message.en, details)
    }
}

/// The other language than that of the status itself.
fn japanese(said: &Both) -> LocalizedMessage {
    LocalizedMessage::new("ja", &*said.ja)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::says;

    #[test]
    fn refusal_carries_reason_fields_and_time_to_wait() {
        let status = Status::from(Error::invalid_field("code", says::schools::municipality_code()));
        assert_eq!(status.code(), Code::InvalidArgument);
        assert_eq!(status.get_details_error_info().unwrap().reason, "FIELD_INVALID");
        assert_eq!(status.get_details_bad_request().unwrap().field_violations[0].field, "code");
        let status = Status::from(
            Error::new(Kind::Exhausted, "CHECK_IN_QUEUE_FULL", says::devices::reports_wait())
                .retry_after(Duration::from_secs(7)),
        );
        assert_eq!(status.get_details_retry_info().unwrap().retry_delay, Some(Duration::from_secs(7)));
    }

    #[test]
    fn refusal_carries_its_words_in_japanese_too() {
        let status = Status::from(Error::invalid_field("code", says::schools::municipality_code()));
        let fields = status.get_details_bad_request().unwrap().field_violations;
        assert_eq!(fields[0].description, "needs six digits, for example 131130");
        let japanese = fields[0].localized_message.as_ref().unwrap();
        assert_eq!((japanese.locale.as_str(), japanese.message.as_str()), ("ja", "6桁の数字にしてください(例 131130)"));
        let whole = status.get_details_localized_message().unwrap();
        assert_eq!(whole.message, "code: 6桁の数字にしてください(例 131130)");
    }

    #[test]
    fn source_never_reaches_the_caller() {
        let status = Status::from(Error::internal("the report could not be stored", "secret path"));
        assert!(!format!("{status:?}").contains("secret path"));
    }
}
