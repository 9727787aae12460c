//! The command line's side of the contract: credentials from a file, one TLS connection, the generated clients, whole lists.
//!
//! Invariants: every call ends within [`CALL_TIMEOUT`]; every list follows its page tokens up to a bound; the token of
//! staff goes into the header of a call and nowhere else.

use std::{path::PathBuf, time::Duration};

use clap::Args;
use gigafleet_agent::transport::{
    Connection, Connector, Protocol, TransportError,
    tls::{ServerTrust, TimeKnowledge, client_config},
};
use gigafleet_proto::v1::{
    self, access_service_client::AccessServiceClient, audit_service_client::AuditServiceClient,
    bandwidth_service_client::BandwidthServiceClient, calendar_service_client::CalendarServiceClient,
    device_service_client::DeviceServiceClient, enrollment_service_client::EnrollmentServiceClient,
    export_service_client::ExportServiceClient, import_service_client::ImportServiceClient,
    line_service_client::LineServiceClient, network_service_client::NetworkServiceClient,
    renewal_service_client::RenewalServiceClient, review_service_client::ReviewServiceClient,
    school_service_client::SchoolServiceClient, staff_service_client::StaffServiceClient,
    ticket_service_client::TicketServiceClient,
};
use rustls_pki_types::{CertificateDer, pem::PemObject as _};
use tonic::{
    Request, Response, Status,
    metadata::{Ascii, MetadataValue},
    service::{Interceptor, interceptor::InterceptedService},
};
use uuid::Uuid;

use super::failure::{Failure, Result};
use crate::access::service::Credentials;

/// Longest that one call may take, and longest that a connection may take.
const CALL_TIMEOUT: Duration = Duration::from_secs(30);
/// Elements of one page.
const PAGE_SIZE: u32 = 500;
/// Most elements of a list that is read whole to find one in it.
const WHOLE_LIST: usize = 100_000;

/// How a command reaches the server, and how it answers.
#[derive(Debug, Args)]
pub(super) struct ClientArgs {
    /// File with the server's address, its authority and a token of staff; `gigafleet serve` writes admin.json.
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        default_value = "gigafleet-data/admin.json",
        env = "GIGAFLEET_CREDENTIALS"
    )]
    pub(super) credentials: PathBuf,
    /// Print JSON with the names of the contract instead of a table for people.
    #[arg(long, global = true)]
    pub(super) json: bool,
}

impl ClientArgs {
    /// Reads the credentials and connects.
    pub(super) async fn open(&self) -> Result<Client> {
        Client::open(&self.read()?).await
    }

    /// Reads the credentials.
    pub(super) fn read(&self) -> Result<Credentials> {
        let file = self.credentials.display();
        let text = std::fs::read_to_string(&self.credentials).map_err(|error| {
            Failure::told(
                format!("the credentials file {file} cannot be read: {error}"),
                "start `gigafleet serve` in this folder, or pass --credentials FILE with a copy of the admin.json that a server wrote",
            )
        })?;
        // Why it is not readable is not told: the message of the parser may quote the token.
        serde_json::from_str(&text).map_err(|_| {
            Failure::told(
                format!("{file} is no credentials file"),
                "copy admin.json anew from the server's data folder",
            )
        })
    }
}

/// Adds the token of staff to each call.
#[derive(Clone)]
pub(super) struct Bearer(MetadataValue<Ascii>);

impl Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        request.metadata_mut().insert("authorization", self.0.clone());
        Ok(request)
    }
}

/// A connection that carries the token of staff.
pub(super) type Channel = InterceptedService<Connection, Bearer>;

/// One open connection to a server, for many calls.
pub(super) struct Client {
    connection: Connection,
    bearer: Bearer,
    /// Host and port of the server.
    pub(super) server: String,
}

impl Client {
    /// Connects to the server that the credentials name.
    pub(super) async fn open(credentials: &Credentials) -> Result<Self> {
        let server = credentials.server.clone();
        let damaged = |what: &str| {
            Failure::told(
                format!("the credentials file has no usable {what}"),
                "copy admin.json anew from the server's data folder",
            )
        };
        let authority = CertificateDer::from_pem_slice(credentials.ca_pem.as_bytes()).map_err(|_| damaged("ca_pem"))?;
        let mut token: MetadataValue<Ascii> =
            format!("Bearer {}", credentials.token).parse().map_err(|_| damaged("token"))?;
        token.set_sensitive(true);
        let trust = ServerTrust::authority(&authority, TimeKnowledge::default()).map_err(|_| damaged("ca_pem"))?;
        let tls = client_config(&trust, None).map_err(|_| damaged("ca_pem"))?;
        let failure = |error: TransportError| Failure::transport(&credentials.server, &error);
        let connector = Connector::new(server.clone(), tls, None).map_err(failure)?;
        let connecting = tokio::time::timeout(CALL_TIMEOUT, connector.connect(Protocol::Http2)).await;
        let connection = connecting.unwrap_or(Err(TransportError::TimedOut(CALL_TIMEOUT))).map_err(failure)?;
        Ok(Self { connection, bearer: Bearer(token), server })
    }

    fn channel(&self) -> Channel {
        let connection = self.connection.multiplexed().expect("the connection was opened as HTTP/2, which multiplexes");
        InterceptedService::new(connection, self.bearer.clone())
    }

    /// Calls about owners and schools.
    pub(super) fn schools(&self) -> SchoolServiceClient<Channel> {
        SchoolServiceClient::new(self.channel())
    }

    /// Calls about calendars.
    pub(super) fn calendars(&self) -> CalendarServiceClient<Channel> {
        CalendarServiceClient::new(self.channel())
    }

    /// Calls about lines and hubs.
    pub(super) fn lines(&self) -> LineServiceClient<Channel> {
        LineServiceClient::new(self.channel())
    }

    /// Calls about bandwidth.
    pub(super) fn bandwidth(&self) -> BandwidthServiceClient<Channel> {
        BandwidthServiceClient::new(self.channel())
    }

    /// Calls about networks.
    pub(super) fn network(&self) -> NetworkServiceClient<Channel> {
        NetworkServiceClient::new(self.channel())
    }

    /// All hubs that the caller may see.
    pub(super) async fn list_hubs(&self) -> Result<Vec<v1::Hub>> {
        let list = async |page_token| {
            let page = answer(self.lines().list_hubs(v1::ListHubsRequest { page_size: PAGE_SIZE, page_token })).await?;
            Ok((page.hubs, page.next_page_token))
        };
        Ok(read_pages(WHOLE_LIST, list).await?.0)
    }

    /// Calls about devices.
    pub(super) fn devices(&self) -> DeviceServiceClient<Channel> {
        DeviceServiceClient::new(self.channel())
    }

    /// Calls about identities.
    pub(super) fn reviews(&self) -> ReviewServiceClient<Channel> {
        ReviewServiceClient::new(self.channel())
    }

    /// Calls about tickets.
    pub(super) fn tickets(&self) -> TicketServiceClient<Channel> {
        TicketServiceClient::new(self.channel())
    }

    /// Calls about renewal.
    pub(super) fn renewal(&self) -> RenewalServiceClient<Channel> {
        // A report of many owners, or a file of it.
        RenewalServiceClient::new(self.channel()).max_decoding_message_size(crate::renewal::grpc::ANSWER_BYTES)
    }

    /// Calls about enrolment.
    pub(super) fn enrollment(&self) -> EnrollmentServiceClient<Channel> {
        EnrollmentServiceClient::new(self.channel())
    }

    /// Calls about the caller's own access.
    pub(super) fn access(&self) -> AccessServiceClient<Channel> {
        AccessServiceClient::new(self.channel())
    }

    /// Calls about accounts and grants.
    pub(super) fn staff(&self) -> StaffServiceClient<Channel> {
        StaffServiceClient::new(self.channel())
    }

    /// Calls about the audit log.
    pub(super) fn audit(&self) -> AuditServiceClient<Channel> {
        AuditServiceClient::new(self.channel())
    }

    /// All accounts in scope.
    pub(super) async fn list_staff(&self) -> Result<Vec<v1::StaffMember>> {
        let list = async |page_token| {
            let request = v1::ListStaffRequest { page_size: PAGE_SIZE, page_token };
            let page = answer(self.staff().list_staff(request)).await?;
            Ok((page.staff, page.next_page_token))
        };
        Ok(read_pages(WHOLE_LIST, list).await?.0)
    }

    /// The caller's API tokens, or those of everybody.
    pub(super) async fn list_staff_tokens(&self, all: bool) -> Result<Vec<v1::StaffToken>> {
        let list = async |page_token| {
            let request = v1::ListStaffTokensRequest { all, page_size: PAGE_SIZE, page_token };
            let page = answer(self.access().list_staff_tokens(request)).await?;
            Ok((page.staff_tokens, page.next_page_token))
        };
        Ok(read_pages(WHOLE_LIST, list).await?.0)
    }

    /// At most `limit` decisions of people, newest first, and whether there are more; an empty id is of all owners.
    pub(super) async fn list_decisions(&self, owner: &str, limit: usize) -> Result<(Vec<v1::Decision>, bool)> {
        let page_size = u32::try_from(limit).unwrap_or(u32::MAX).clamp(1, PAGE_SIZE);
        let list = async |page_token| {
            let (device_id, municipality_id) = (String::new(), owner.to_owned());
            let request = v1::ListDecisionsRequest { device_id, municipality_id, page_size, page_token };
            let page = answer(self.reviews().list_decisions(request)).await?;
            Ok((page.decisions, page.next_page_token))
        };
        read_pages(limit, list).await
    }

    /// At most `limit` entries of one chain of the audit log, newest first; an empty id is the installation's chain.
    pub(super) async fn list_audit_entries(&self, owner: &str, limit: usize) -> Result<Vec<v1::AuditEntry>> {
        let page_size = u32::try_from(limit).unwrap_or(u32::MAX).clamp(1, PAGE_SIZE);
        let list = async |page_token| {
            let request = v1::ListAuditEntriesRequest { municipality_id: owner.to_owned(), page_size, page_token };
            let page = answer(self.audit().list_audit_entries(request)).await?;
            Ok((page.entries, page.next_page_token))
        };
        Ok(read_pages(limit, list).await?.0)
    }

    /// Calls about files on their way in.
    pub(super) fn imports(&self) -> ImportServiceClient<Channel> {
        // 10,000 errors in two languages.
        ImportServiceClient::new(self.channel()).max_decoding_message_size(32 << 20)
    }

    /// Calls about files on their way out.
    pub(super) fn exports(&self) -> ExportServiceClient<Channel> {
        ExportServiceClient::new(self.channel())
    }

    /// All municipalities in scope, or the one with a code.
    pub(super) async fn list_municipalities(&self, code: Option<&str>) -> Result<Vec<v1::Municipality>> {
        let list = async |page_token| {
            let request = v1::ListMunicipalitiesRequest {
                code: code.unwrap_or_default().to_owned(),
                page_size: PAGE_SIZE,
                page_token,
            };
            let page = answer(self.schools().list_municipalities(request)).await?;
            Ok((page.municipalities, page.next_page_token))
        };
        Ok(read_pages(WHOLE_LIST, list).await?.0)
    }

    /// The municipality with a code. A code that is not known is told with what to do.
    pub(super) async fn municipality(&self, code: &str) -> Result<v1::Municipality> {
        self.find_municipality(code).await?.ok_or_else(|| {
            Failure::told(
                format!("no municipality has the code {code}"),
                "`gigafleet schools list` shows what there is; `gigafleet schools add --municipality CODE --municipality-name NAME --name SCHOOL` adds one",
            )
        })
    }

    /// Its id, as requests name it: empty, which is all in scope, where no code is named.
    pub(super) async fn municipality_id(&self, code: Option<&str>) -> Result<String> {
        Ok(match code {
            Some(code) => self.municipality(code).await?.municipality_id,
            None => String::new(),
        })
    }

    /// The municipality with a code, if there is one.
    pub(super) async fn find_municipality(&self, code: &str) -> Result<Option<v1::Municipality>> {
        Ok(self.list_municipalities(Some(code)).await?.into_iter().find(|municipality| municipality.code == code))
    }

    /// All schools in scope, or those of one owner.
    pub(super) async fn list_schools(&self, municipality_id: Option<&str>) -> Result<Vec<v1::School>> {
        self.search_schools(municipality_id, "", "").await
    }

    /// The schools that a fragment of a name or code and a kind find; all where both are empty.
    pub(super) async fn search_schools(
        &self,
        municipality_id: Option<&str>,
        query: &str,
        kind: &str,
    ) -> Result<Vec<v1::School>> {
        let list = async |page_token| {
            let request = v1::ListSchoolsRequest {
                municipality_id: municipality_id.unwrap_or_default().to_owned(),
                page_size: PAGE_SIZE,
                page_token,
                query: query.to_owned(),
                kind: kind.to_owned(),
            };
            let page = answer(self.schools().list_schools(request)).await?;
            Ok((page.schools, page.next_page_token))
        };
        Ok(read_pages(WHOLE_LIST, list).await?.0)
    }

    /// The one school with this name or id, of one owner or of all.
    pub(super) async fn school(&self, municipality_id: Option<&str>, name_or_id: &str) -> Result<v1::School> {
        choose_school(self.list_schools(municipality_id).await?, name_or_id)
    }

    /// At most `limit` devices, and whether there are more.
    pub(super) async fn list_devices(
        &self,
        asked: &v1::ListDevicesRequest,
        limit: usize,
    ) -> Result<(Vec<v1::Device>, bool)> {
        let page_size = u32::try_from(limit).unwrap_or(u32::MAX).clamp(1, PAGE_SIZE);
        let list = async |page_token| {
            let request = v1::ListDevicesRequest { page_size, page_token, ..asked.clone() };
            let page = answer(self.devices().list_devices(request)).await?;
            Ok((page.devices, page.next_page_token))
        };
        read_pages(limit, list).await
    }

    /// All enrolment tokens in scope, or those of one owner.
    pub(super) async fn list_tokens(&self, municipality_id: Option<&str>) -> Result<Vec<v1::EnrollmentToken>> {
        let list = async |page_token| {
            let request = v1::ListEnrollmentTokensRequest {
                municipality_id: municipality_id.unwrap_or_default().to_owned(),
                page_size: PAGE_SIZE,
                page_token,
            };
            let page = answer(self.enrollment().list_enrollment_tokens(request)).await?;
            Ok((page.enrollment_tokens, page.next_page_token))
        };
        Ok(read_pages(WHOLE_LIST, list).await?.0)
    }
}

/// Which devices: all that are in scope, those of an owner, or those of a school.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct DeviceFilter {
    /// The owner; empty for all.
    pub(super) municipality_id: String,
    /// The school; empty for all.
    pub(super) school_id: String,
}

/// Waits for the answer to a call, but not for ever.
pub(super) async fn answer<T>(call: impl Future<Output = Result<Response<T>, Status>>) -> Result<T> {
    match tokio::time::timeout(CALL_TIMEOUT, call).await {
        Ok(outcome) => Ok(outcome?.into_inner()),
        Err(_) => Err(Status::deadline_exceeded(format!("no answer within {} s", CALL_TIMEOUT.as_secs())).into()),
    }
}

/// Takes a field that the contract promises out of an answer.
pub(super) fn promised<T>(field: Option<T>) -> Result<T> {
    field.ok_or_else(|| {
        Failure::told(
            "the server's answer is not complete",
            "the server is older or newer than this command: use the same version",
        )
    })
}

/// Reads pages until the last one or `limit` elements; the flag says that there are more.
async fn read_pages<T>(limit: usize, list: impl AsyncFn(String) -> Result<(Vec<T>, String)>) -> Result<(Vec<T>, bool)> {
    let mut all = Vec::new();
    let mut page_token = String::new();
    loop {
        let (page, next) = list(page_token).await?;
        all.extend(page);
        let more = all.len() > limit || (all.len() == limit && !next.is_empty());
        all.truncate(limit);
        if more || next.is_empty() {
            return Ok((all, more));
        }
        page_token = next;
    }
}

fn choose_school(schools: Vec<v1::School>, name_or_id: &str) -> Result<v1::School> {
    let id = Uuid::try_parse(name_or_id).map(|id| id.to_string()).unwrap_or_default();
    let mut found: Vec<_> =
        schools.into_iter().filter(|school| school.school_id == id || school.name == name_or_id).collect();
    if found.len() > 1 {
        let ids: Vec<_> = found.iter().map(|school| school.school_id.as_str()).collect();
        let message = format!("{} schools are called {name_or_id}: {}", ids.len(), ids.join(", "));
        return Err(Failure::told(message, "pass the id of one of them to --school, or name the municipality"));
    }
    found.pop().ok_or_else(|| {
        Failure::told(
            format!("no school has the name or the id {name_or_id}"),
            "look at the schools with `gigafleet schools list`; `gigafleet schools add` adds one",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::words::Language;

    fn school(id: u128, name: &str) -> v1::School {
        v1::School { school_id: Uuid::from_u128(id).to_string(), name: name.to_owned(), ..v1::School::default() }
    }

    #[test]
    fn school_is_found_by_name_or_id_and_never_guessed() {
        let schools = || vec![school(1, "第一小学校"), school(2, "第一小学校"), school(3, "青葉中学校")];
        assert_eq!(choose_school(schools(), "青葉中学校").unwrap().school_id, Uuid::from_u128(3).to_string());
        let upper = Uuid::from_u128(2).to_string().to_uppercase();
        assert_eq!(choose_school(schools(), &upper).unwrap().school_id, Uuid::from_u128(2).to_string());
        let ambiguous = choose_school(schools(), "第一小学校").unwrap_err().text(Language::En).unwrap();
        assert!(ambiguous.contains("2 schools are called 第一小学校"), "{ambiguous}");
        assert!(
            choose_school(schools(), "第二小学校").unwrap_err().text(Language::En).unwrap().contains("no school has")
        );
        assert!(choose_school(Vec::new(), "").is_err());
    }

    #[tokio::test]
    async fn pages_are_followed_to_the_end_or_the_limit() {
        let pages = async |token: String| match token.as_str() {
            "" => Ok((vec![1, 2], String::from("next"))),
            _ => Ok((vec![3], String::new())),
        };
        assert_eq!(read_pages(10, pages).await.unwrap(), (vec![1, 2, 3], false));
        assert_eq!(read_pages(3, pages).await.unwrap(), (vec![1, 2, 3], false));
        assert_eq!(read_pages(2, pages).await.unwrap(), (vec![1, 2], true));
        assert_eq!(read_pages(1, pages).await.unwrap(), (vec![1], true));
    }

    #[test]
    fn unreadable_credentials_are_told_without_their_content() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("admin.json");
        let args = ClientArgs { credentials: file.clone(), json: false };
        assert!(args.read().unwrap_err().text(Language::En).unwrap().contains("gigafleet serve"));
        std::fs::write(&file, r#"{"server":"x","token":"gfs_secret"}"#).unwrap();
        let text = args.read().unwrap_err().text(Language::En).unwrap();
        assert!(text.contains("is no credentials file") && !text.contains("gfs_secret"), "{text}");
    }
}
