//! Staff that calls the server over gRPC with a token.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, SystemTime},
};

use gigafleet_agent::transport::{
    Connection, Connector, Protocol,
    tls::{ServerTrust, TimeKnowledge, client_config},
};
use gigafleet_proto::v1::{
    CommandKind, CreateDeviceRequest, CreateEnrollmentTokenRequest, CreateEnrollmentTokenResponse,
    CreateMunicipalityRequest, CreateSchoolRequest, CreateStaffRequest, Device, DeviceFieldChange, DeviceFieldName,
    GetDeviceRequest, GrantOrder, GrantRoleRequest, ListDevicesRequest, ListGrantsRequest, Municipality,
    RevokeDeviceRequest, RevokeEnrollmentTokenRequest, RevokeGrantRequest, School, SendCommandRequest, StaffPlace,
    StaffRole, device_service_client::DeviceServiceClient, enrollment_service_client::EnrollmentServiceClient,
    export_service_client::ExportServiceClient, import_service_client::ImportServiceClient,
    renewal_service_client::RenewalServiceClient, school_service_client::SchoolServiceClient,
    staff_service_client::StaffServiceClient, ticket_service_client::TicketServiceClient,
};
use rustls::pki_types::{CertificateDer, pem::PemObject as _};
use tonic::{
    Request, Status,
    metadata::{Ascii, MetadataValue},
    service::{Interceptor, interceptor::InterceptedService},
};

use crate::server::Credentials;

/// Adds the staff token to each call.
#[derive(Debug, Clone)]
pub struct Bearer(MetadataValue<Ascii>);

impl Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        request.metadata_mut().insert("authorization", self.0.clone());
        Ok(request)
    }
}

/// A connection on which each call carries the staff token.
pub type StaffConnection = InterceptedService<Connection, Bearer>;

/// Calls a server as staff. Each client that it gives has a connection of its own, so a server may come and go.
#[derive(Debug, Clone)]
pub struct StaffClient {
    connector: Connector,
    bearer: Bearer,
}

impl StaffClient {
    /// A client for `HOST:PORT` with these credentials.
    pub fn new(address: &str, credentials: &Credentials) -> Self {
        let connector =
            Connector::new(address.to_owned(), anonymous_tls(&credentials.ca_pem), None).expect("an address");
        let bearer = format!("Bearer {}", credentials.token).parse().expect("a token is ASCII");
        Self { connector, bearer: Bearer(bearer) }
    }

    /// The same server with another token.
    #[must_use]
    pub fn with_token(&self, token: &str) -> Self {
        let bearer = format!("Bearer {token}").parse().expect("a token is ASCII");
        Self { bearer: Bearer(bearer), ..self.clone() }
    }

    /// A new connection. Panics if the server cannot be reached.
    pub async fn connection(&self) -> StaffConnection {
        let connection = self.connector.connect(Protocol::Http2).await.expect("the server can be reached");
        InterceptedService::new(connection, self.bearer.clone())
    }

    /// SchoolService.
    pub async fn schools(&self) -> SchoolServiceClient<StaffConnection> {
        SchoolServiceClient::new(self.connection().await)
    }

    /// DeviceService.
    pub async fn devices(&self) -> DeviceServiceClient<StaffConnection> {
        DeviceServiceClient::new(self.connection().await)
    }

    /// EnrollmentService.
    pub async fn enrollment(&self) -> EnrollmentServiceClient<StaffConnection> {
        EnrollmentServiceClient::new(self.connection().await)
    }

    /// StaffService.
    pub async fn people(&self) -> StaffServiceClient<StaffConnection> {
        StaffServiceClient::new(self.connection().await)
    }

    /// ImportService.
    pub async fn imports(&self) -> ImportServiceClient<StaffConnection> {
        ImportServiceClient::new(self.connection().await)
    }

    /// TicketService.
    pub async fn tickets(&self) -> TicketServiceClient<StaffConnection> {
        TicketServiceClient::new(self.connection().await)
    }

    /// RenewalService.
    pub async fn renewal(&self) -> RenewalServiceClient<StaffConnection> {
        RenewalServiceClient::new(self.connection().await)
    }

    /// ExportService.
    pub async fn exports(&self) -> ExportServiceClient<StaffConnection> {
        ExportServiceClient::new(self.connection().await)
    }

    /// Adds a municipality with an invented code.
    pub async fn add_municipality(&self, name: &str) -> Municipality {
        let request = CreateMunicipalityRequest { code: invented_code(), name: name.to_owned(), ..Default::default() };
        let answer = self.schools().await.create_municipality(request).await.expect("a municipality can be added");
        answer.into_inner().municipality.expect("the answer holds it")
    }

    /// Adds a school.
    pub async fn add_school(&self, municipality_id: &str, name: &str) -> School {
        let (municipality_id, name) = (municipality_id.to_owned(), name.to_owned());
        let request = CreateSchoolRequest { municipality_id, name, ..Default::default() };
        let answer = self.schools().await.create_school(request).await.expect("a school can be added");
        answer.into_inner().school.expect("the answer holds it")
    }

    /// Adds a device by hand; gives its id.
    pub async fn add_device(&self, municipality_id: &str, fields: &[(DeviceFieldName, &str)]) -> String {
        let said = |(name, value): &(DeviceFieldName, &str)| DeviceFieldChange {
            name: (*name).into(),
            value: (*value).to_owned(),
        };
        let fields = fields.iter().map(said).collect();
        let request = CreateDeviceRequest { municipality_id: municipality_id.to_owned(), fields, ..Default::default() };
        let answer = self.devices().await.create_device(request).await.expect("a device can be added");
        answer.into_inner().device.expect("the answer holds it").device_id
    }

    /// Invites somebody with a role at a place for a time; gives the account's id and the path of the one-time link.
    pub async fn invite(&self, name: &str, role: StaffRole, place: StaffPlace, lasts: Duration) -> (String, String) {
        let grant = Some(Self::order(role, place, lasts));
        let (sign_in_name, display_name) = (name.to_owned(), name.to_owned());
        let request = CreateStaffRequest { sign_in_name, display_name, grant, ..Default::default() };
        let answer = self.people().await.create_staff(request).await.expect("somebody can be invited").into_inner();
        (answer.staff.expect("the answer holds it").staff_id, answer.link_path)
    }

    /// Gives somebody a further role; gives the grant's id.
    pub async fn grant(&self, staff_id: &str, role: StaffRole, place: StaffPlace, lasts: Duration) -> String {
        let grant = Some(Self::order(role, place, lasts));
        let request = GrantRoleRequest { staff_id: staff_id.to_owned(), grant, ..Default::default() };
        let answer = self.people().await.grant_role(request).await.expect("a role can be given").into_inner();
        answer.grant.expect("the answer holds it").grant_id
    }

    /// Ends all grants of somebody.
    pub async fn revoke_grants(&self, staff_id: &str) {
        let request = ListGrantsRequest { staff_id: staff_id.to_owned(), ..Default::default() };
        let grants = self.people().await.list_grants(request).await.expect("they are listed").into_inner().grants;
        for grant in grants {
            let request = RevokeGrantRequest { grant_id: grant.grant_id };
            self.people().await.revoke_grant(request).await.expect("a grant can be ended");
        }
    }

    fn order(role: StaffRole, place: StaffPlace, lasts: Duration) -> GrantOrder {
        let end_time = Some(prost_types::Timestamp::from(SystemTime::now() + lasts));
        GrantOrder {
            role: role.into(),
            place: Some(place),
            reason: String::from("試験"),
            end_time,
            ..Default::default()
        }
    }

    /// Makes a token for a school, or for the whole municipality if the school is empty.
    pub async fn add_token(&self, municipality_id: &str, school_id: &str, uses: u32) -> CreateEnrollmentTokenResponse {
        let request = CreateEnrollmentTokenRequest {
            municipality_id: municipality_id.to_owned(),
            school_id: school_id.to_owned(),
            uses_allowed: uses,
            ..Default::default()
        };
        self.enrollment().await.create_enrollment_token(request).await.expect("a token can be made").into_inner()
    }

    /// Ends a token.
    pub async fn revoke_token(&self, municipality_id: &str, token_id: &str) {
        let request =
            RevokeEnrollmentTokenRequest { municipality_id: municipality_id.to_owned(), token_id: token_id.to_owned() };
        self.enrollment().await.revoke_enrollment_token(request).await.expect("a token can be ended");
    }

    /// One device.
    pub async fn device(&self, device_id: &str) -> Result<Device, Status> {
        let request = GetDeviceRequest { device_id: device_id.to_owned() };
        let answer = self.devices().await.get_device(request).await?;
        Ok(answer.into_inner().device.expect("the answer holds it"))
    }

    /// All devices of a municipality, over all pages.
    pub async fn all_devices(&self, municipality_id: &str) -> Result<Vec<Device>, Status> {
        let mut client = self.devices().await;
        let mut devices = Vec::new();
        let mut page_token = String::new();
        loop {
            let request = ListDevicesRequest {
                municipality_id: municipality_id.to_owned(),
                page_token,
                page_size: 200,
                ..Default::default()
            };
            let page = client.list_devices(request).await?.into_inner();
            devices.extend(page.devices);
            page_token = page.next_page_token;
            if page_token.is_empty() {
                return Ok(devices);
            }
        }
    }

    /// Ends a device's access.
    pub async fn revoke_device(&self, device_id: &str) {
        let request =
            RevokeDeviceRequest { device_id: device_id.to_owned(), reason: String::from("lost"), ..Default::default() };
        self.devices().await.revoke_device(request).await.expect("a device can be revoked");
    }

    /// Asks something of a device; gives the command's id.
    pub async fn send_command(&self, device_id: &str, kind: CommandKind) -> String {
        let request = SendCommandRequest { device_id: device_id.to_owned(), kind: kind.into(), ..Default::default() };
        self.devices().await.send_command(request).await.expect("a command can be sent").into_inner().command_id
    }
}

/// TLS without an identity that trusts one authority.
pub fn anonymous_tls(ca_pem: &str) -> Arc<rustls::ClientConfig> {
    let authority = CertificateDer::from_pem_slice(ca_pem.as_bytes()).expect("the authority is PEM");
    let trust = ServerTrust::authority(&authority, TimeKnowledge::default()).expect("the authority is a certificate");
    client_config(&trust, None).expect("TLS without an identity")
}

/// A code of a municipality of Tokyo that does not exist, with its check digit; another one at each of 400 calls.
pub fn invented_code() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = 13_500 + NEXT.fetch_add(1, Ordering::Relaxed) % 400;
    let digits: Vec<u32> = format!("{number:05}").bytes().map(|digit| u32::from(digit - b'0')).collect();
    let sum: u32 = digits.iter().zip([6, 5, 4, 3, 2]).map(|(digit, weight)| digit * weight).sum();
    format!("{number:05}{}", (11 - sum % 11) % 10)
}
