//! The ceiling: tonic's own server with mutual TLS that answers each check-in at once with an empty message.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use clap::Args;
use gigafleet_agent::{
    engine::CertificateTimes,
    identity::{DeviceId, Identity},
};
use gigafleet_proto::v1::{
    CheckInRequest, CheckInResponse, MeasureThroughputRequest, MeasureThroughputResponse,
    agent_service_server::{AgentService, AgentServiceServer},
};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tempfile::TempDir;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{
    Request, Response, Status,
    transport::{Certificate, Identity as ServerIdentity, Server, ServerTlsConfig},
};

#[derive(Debug, Args)]
pub struct Options {
    /// Folder with ca.pem, server.pem and server.key.
    folder: PathBuf,
}

struct Empty;

#[tonic::async_trait]
impl AgentService for Empty {
    async fn check_in(&self, _: Request<CheckInRequest>) -> Result<Response<CheckInResponse>, Status> {
        Ok(Response::new(CheckInResponse::default()))
    }

    async fn measure_throughput(
        &self,
        _: Request<MeasureThroughputRequest>,
    ) -> Result<Response<MeasureThroughputResponse>, Status> {
        Err(Status::permission_denied("nobody is asked to measure"))
    }
}

/// Runs the empty server until it is killed.
pub async fn serve(options: Options) {
    let read = |name: &str| fs::read_to_string(options.folder.join(name)).expect("the benchmark wrote it");
    let tls = ServerTlsConfig::new()
        .identity(ServerIdentity::from_pem(read("server.pem"), read("server.key")))
        .client_ca_root(Certificate::from_pem(read("ca.pem")));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    println!("{}", listener.local_addr().expect("a bound socket"));
    Server::builder()
        .tcp_nodelay(true)
        .tls_config(tls)
        .expect("TLS")
        .add_service(AgentServiceServer::new(Empty))
        .serve_with_incoming(TcpListenerStream::new(listener))
        .await
        .expect("it serves until it is killed");
}

/// The empty server as a process, with one identity that it accepts.
pub struct Ceiling {
    /// The process.
    pub child: Child,
    /// What the client presents.
    pub identity: Identity,
    _folder: TempDir,
}

impl Ceiling {
    /// Starts it with certificates of its own.
    pub fn start() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let key = || KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).expect("a key");
        let mut ca_params = CertificateParams::new(Vec::new()).expect("no names");
        ca_params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let (ca_key, server_key, client_key) = (key(), key(), key());
        let ca = ca_params.self_signed(&ca_key).expect("signed");
        let issuer = Issuer::new(ca_params, ca_key);
        let leaf = |name: &str, key: &KeyPair| {
            let params = CertificateParams::new(vec![String::from(name)]).expect("a name");
            params.signed_by(key, &issuer).expect("signed")
        };
        let (server, client) = (leaf("localhost", &server_key), leaf("client", &client_key));
        let write = |name: &str, text: String| fs::write(folder.path().join(name), text).expect("written");
        write("ca.pem", ca.pem());
        write("server.pem", server.pem());
        write("server.key", server_key.serialize_pem());
        let own = std::env::current_exe().expect("this program");
        let mut child = Command::new(own)
            .arg("ceiling-server")
            .arg(folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .expect("this program starts again");
        let mut address = String::new();
        let out = child.stdout.take().expect("piped");
        BufReader::new(out).read_line(&mut address).expect("its address");
        let identity = Identity {
            server: address.trim().to_owned(),
            server_name: Some(String::from("localhost")),
            device_id: DeviceId(String::from("ceiling")),
            ca_certificate_der: ca.der().to_vec(),
            certificate_der: client.der().to_vec(),
            key_der: client_key.serialize_der(),
            municipality_id: String::new(),
            mac_salt: Vec::new(),
            times: CertificateTimes::default(),
        };
        Self { child, identity, _folder: folder }
    }
}

impl Drop for Ceiling {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}
