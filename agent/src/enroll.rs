//! Obtains the first certificate of a device with a token.
//!
//! Invariant: the instance id and the key are on disk before the call, so that a repeat after a lost answer is the same
//! enrolment and takes no second use of the token.
//!
//! Deliberately not here: renewal ([`crate::runtime`]).

use std::time::Duration;

use gigafleet_proto::v1::{EnrollRequest, EnrollResponse, Facts, enrollment_service_client::EnrollmentServiceClient};
use tonic::Status;

use crate::{
    engine::CertificateTimes,
    identity::{DeviceId, Enrolment, Identity, IdentityError, StateFolder, certificate_request},
    platform::Platform,
    transport::{
        Connection, Connector, Protocol, TransportError, call_once,
        status::{chain, failure_of_status, reason_of_status},
        tls::{ServerTrust, client_config, sha256},
    },
};

/// Longest that an enrolment may take.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Where to enrol, and with what.
#[derive(Clone)]
pub struct EnrollOptions {
    /// `HOST:PORT`.
    pub server: String,
    /// Name that the server's certificate must carry, if it is not the host of `server`.
    pub server_name: Option<String>,
    /// The token as staff handed it out.
    pub token: String,
    /// SHA-256 of the authority's certificate.
    pub ca_sha256: [u8; 32],
}

/// Why there is no identity.
#[derive(Debug, thiserror::Error)]
pub enum EnrollError {
    /// The state folder can not be used, or it has an identity already.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The device has an identity.
    #[error(
        "this device is enrolled as {0} already; to enrol it anew, stop the agent and remove its state folder first"
    )]
    Enrolled(DeviceId),
    /// The server's address can not be used.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// The server refused. The text says what to do.
    #[error("{message} {advice}")]
    Refused {
        /// The server's reason, for example `TOKEN_EXPIRED`.
        reason: String,
        /// The server's words.
        message: String,
        /// What to do.
        advice: &'static str,
    },
    /// The server was not reached or did not answer.
    #[error("{0} (nothing is lost: the same command tries again and enrols once)")]
    Unreachable(String),
    /// The answer does not fit what was asked.
    #[error("the server's answer is not usable: {0}")]
    Answer(&'static str),
}

/// Enrols this device and keeps the identity in the state folder.
///
/// # Errors
/// See [`EnrollError`]. After [`EnrollError::Unreachable`] a repeat takes no further use of the token.
pub async fn enroll(
    options: &EnrollOptions,
    state: &StateFolder,
    platform: &mut impl Platform,
) -> Result<Identity, EnrollError> {
    if let Some(identity) = state.identity()? {
        return Err(EnrollError::Enrolled(identity.device_id));
    }
    let enrolment = state.enrolment(platform.now().wall_ms)?;
    // The salt is not known yet; the first report carries the hashes.
    let facts = platform.facts(&[]);
    let outcome = exchange(options, &enrolment, facts).await;
    if let Err(EnrollError::Refused { reason, .. }) = &outcome
        && reason == "INSTANCE_ENROLLED"
    {
        // This instance can never succeed: another key holds its place.
        state.drop_enrolment()?;
    }
    let identity = outcome?;
    state.save_identity(&identity)?;
    Ok(identity)
}

/// Enrols a simulated device, whose identity lives in memory. `wall_ms` goes into its instance id.
///
/// # Errors
/// See [`EnrollError`].
pub async fn enroll_in_memory(options: &EnrollOptions, facts: Facts, wall_ms: u64) -> Result<Identity, EnrollError> {
    exchange(options, &Enrolment::draw(wall_ms)?, facts).await
}

async fn exchange(options: &EnrollOptions, enrolment: &Enrolment, facts: Facts) -> Result<Identity, EnrollError> {
    let trust = ServerTrust::fingerprint(options.ca_sha256);
    let tls = client_config(&trust, None).map_err(TransportError::Identity)?;
    let connector = Connector::new(options.server.clone(), tls, options.server_name.as_deref())?;
    let request = EnrollRequest {
        token: options.token.clone(),
        csr_der: certificate_request(&enrolment.key_der, None)?,
        instance_id: enrolment.instance_id.to_vec(),
        facts: Some(facts),
    };
    let call = |connection: Connection| {
        let request = request.clone();
        async move {
            let mut client = EnrollmentServiceClient::new(connection);
            client.enroll(request).await.map(tonic::Response::into_inner)
        }
    };
    let (_, answer) = call_once(&connector, Protocol::Http2, TIMEOUT, call).await;
    let response = answer.map_err(|status| explain(&status))?;
    into_identity(options, enrolment, response)
}

fn into_identity(
    options: &EnrollOptions,
    enrolment: &Enrolment,
    response: EnrollResponse,
) -> Result<Identity, EnrollError> {
    if sha256(&response.ca_certificate_der) != options.ca_sha256 {
        return Err(EnrollError::Answer("its authority is not the one that --ca-sha256 names"));
    }
    if response.device_id.is_empty() || response.certificate_der.is_empty() {
        return Err(EnrollError::Answer("it names no device or has no certificate"));
    }
    Ok(Identity {
        server: options.server.clone(),
        server_name: options.server_name.clone(),
        device_id: DeviceId(response.device_id),
        municipality_id: response.municipality_id,
        mac_salt: response.mac_salt,
        ca_certificate_der: response.ca_certificate_der,
        certificate_der: response.certificate_der,
        key_der: enrolment.key_der.clone(),
        times: CertificateTimes {
            renew_after_ms: response.renew_after_time_ms,
            not_after_ms: response.not_after_time_ms,
        },
    })
}

/// The reasons of `EnrollmentService.Enroll`, each with what to do about it.
fn explain(status: &Status) -> EnrollError {
    let Some(reason) = reason_of_status(status) else {
        let message = match std::error::Error::source(status) {
            Some(cause) => chain(cause),
            None => failure_of_status(status).message,
        };
        return EnrollError::Unreachable(format!("{message}.{}", advice_on_broken_call(&message)));
    };
    let advice = match reason.as_str() {
        "TOKEN_UNKNOWN" => {
            "Check that the token was copied whole (\"gft_\" and 43 letters) and belongs to this server."
        }
        "TOKEN_EXPIRED" => "Ask staff for a new token: gigafleet enroll-token create.",
        "TOKEN_USED_UP" => "Ask staff for a token with more uses: gigafleet enroll-token create.",
        "TOKEN_REVOKED" => "Staff ended this token; ask for a new one.",
        "CSR_INVALID" | "CSR_KEY_UNSUPPORTED" | "CSR_NAME_MISMATCH" => {
            "The server does not accept this agent's request: install an agent of the server's version."
        }
        "REPORT_INVALID" => "The server does not accept what the device says of itself; see gigafleet-agent show.",
        "INSTANCE_ENROLLED" => "This installation is enrolled with another key; run the same command once more.",
        _ => "Try again later, or ask the server's operator.",
    };
    EnrollError::Refused { reason, message: format!("{}.", status.message().trim_end_matches('.')), advice }
}

fn advice_on_broken_call(message: &str) -> &'static str {
    if message.contains("UnknownIssuer") {
        " The server's authority is not the one that --ca-sha256 names: check the fingerprint."
    } else if message.contains("NotValidForName") || message.contains("not valid for name") {
        " The server's certificate carries another name: check --server, or give --server-name."
    } else {
        " Check --server and the network."
    }
}

#[cfg(test)]
mod tests {
    use prost::Message as _;

    use super::*;

    /// A status as the server makes it, with its reason in `google.rpc.ErrorInfo`.
    fn refusal(reason: &str) -> Status {
        let info = [&[0x0a, reason.len() as u8], reason.as_bytes()].concat();
        let type_url = "type.googleapis.com/google.rpc.ErrorInfo".to_owned();
        let any = prost_types::Any { type_url, value: info }.encode_to_vec();
        let details = [vec![0x1a, any.len() as u8], any].concat();
        Status::with_details(tonic::Code::FailedPrecondition, "the token has ended", details.into())
    }

    #[test]
    fn every_reason_of_the_contract_says_what_to_do() {
        for reason in [
            "TOKEN_UNKNOWN",
            "TOKEN_EXPIRED",
            "TOKEN_USED_UP",
            "TOKEN_REVOKED",
            "CSR_INVALID",
            "CSR_KEY_UNSUPPORTED",
            "CSR_NAME_MISMATCH",
            "REPORT_INVALID",
            "INSTANCE_ENROLLED",
        ] {
            let error = explain(&refusal(reason));
            let EnrollError::Refused { advice, .. } = &error else { panic!("{error}") };
            assert!(!advice.contains("Try again later"), "{reason}");
            assert!(error.to_string().starts_with("the token has ended. "), "{error}");
        }
    }

    #[test]
    fn lost_answer_is_no_refusal() {
        let lost = Status::from_error(Box::new(TransportError::TimedOut(TIMEOUT)));
        let text = explain(&lost).to_string();
        assert!(text.contains("no answer within 30 s") && text.contains("enrols once"), "{text}");
    }

    #[test]
    fn answer_with_another_authority_is_refused() {
        let options =
            EnrollOptions { server: "a:1".to_owned(), server_name: None, token: String::new(), ca_sha256: [1; 32] };
        let enrolment = Enrolment { instance_id: [0; 16], key_der: Vec::new() };
        let answer = into_identity(&options, &enrolment, EnrollResponse::default());
        assert!(matches!(answer, Err(EnrollError::Answer(_))));
    }
}
