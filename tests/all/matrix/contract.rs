//! Calls by name: each service and method as the running server itself describes them, requests and answers as JSON.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::{Buf as _, BufMut as _, Bytes};
use gigafleet_agent::transport::{Connection, status::reason_of_status};
use prost::Message as _;
use prost_reflect::{DescriptorPool, DynamicMessage, MethodDescriptor, Value};
use serde::de::DeserializeSeed as _;
use tokio::sync::Mutex;
use tokio_stream::StreamExt as _;
use tonic::{
    Code, Request, Status,
    client::Grpc,
    codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
    metadata::{Ascii, MetadataMap, MetadataValue},
};
use tonic_reflection::pb::v1::{
    ServerReflectionRequest, server_reflection_client::ServerReflectionClient,
    server_reflection_request::MessageRequest, server_reflection_response::MessageResponse,
};
use tonic_types::StatusExt as _;

/// The package whose services are ours.
const PACKAGE: &str = "gigafleet.v1.";
/// Longest that a call may take.
const CALL: Duration = Duration::from_secs(60);
/// A call that has no end of its own; its first message is its answer, if one comes soon.
const FIRST: Duration = Duration::from_secs(3);
const ENDLESS: [&str; 2] = ["DeviceService/WatchDevices", "NetworkService/WatchIncidents"];

/// A connection on which one call is made after the other.
pub type Line = Arc<Mutex<Connection>>;

/// All methods that a server says it has, by `Service/Method`.
#[derive(Debug, Clone)]
pub struct Contract(Arc<BTreeMap<String, MethodDescriptor>>);

impl Contract {
    /// Asks the server for all that it serves.
    pub async fn read(connection: Connection) -> Self {
        let mut client = ServerReflectionClient::new(connection);
        let mut methods = BTreeMap::new();
        let mut pool = DescriptorPool::new();
        for service in ask(&mut client, MessageRequest::ListServices(String::new())).await {
            let MessageResponse::ListServicesResponse(list) = service else { panic!("no list: {service:?}") };
            for service in list.service.into_iter().filter(|service| service.name.starts_with(PACKAGE)) {
                for file in ask(&mut client, MessageRequest::FileContainingSymbol(service.name.clone())).await {
                    let MessageResponse::FileDescriptorResponse(files) = file else { panic!("no file: {file:?}") };
                    add_with_imports(&mut pool, &mut client, files.file_descriptor_proto).await;
                }
                let known = pool.get_service_by_name(&service.name).expect("the server describes it");
                let short = service.name.trim_start_matches(PACKAGE);
                methods.extend(known.methods().map(|method| (format!("{short}/{}", method.name()), method)));
            }
        }
        Self(Arc::new(methods))
    }

    /// The names of all methods.
    pub fn methods(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Calls a method; a request that is a list is a stream of messages.
    pub async fn call(&self, line: &Line, token: Option<&str>, name: &str, request: &serde_json::Value) -> Outcome {
        let method = self.0.get(name).unwrap_or_else(|| panic!("the server has no {name}"));
        let messages: Vec<_> = match request {
            serde_json::Value::Array(messages) => messages.iter().map(|one| encode(method, one)).collect(),
            one => vec![encode(method, one)],
        };
        let mut request = Request::new(tokio_stream::iter(messages));
        if let Some(token) = token {
            let bearer: MetadataValue<Ascii> = format!("Bearer {token}").parse().expect("a token is ASCII");
            request.metadata_mut().insert("authorization", bearer);
        }
        let path = format!("/{PACKAGE}{name}").parse().expect("a path");
        let calling = async {
            let mut connection = line.lock().await;
            let mut client = Grpc::new(&mut *connection);
            client.ready().await.expect("the connection is open");
            let answer = client.streaming(request, path, Plain).await?;
            let headers = headers_of(answer.metadata());
            let mut messages = answer.into_inner();
            let mut all = Vec::new();
            loop {
                let next =
                    tokio::time::timeout(if ENDLESS.contains(&name) { FIRST } else { CALL }, messages.next()).await;
                let Ok(Some(message)) = next else { break };
                all.push(DynamicMessage::decode(method.output(), message?).expect("the answer is as described"));
                if ENDLESS.contains(&name) {
                    break;
                }
            }
            Ok::<_, Status>((headers, all))
        };
        let outcome = tokio::time::timeout(CALL, calling).await.unwrap_or_else(|_| panic!("no answer: {name}"));
        match outcome {
            Ok((headers, messages)) => Outcome::good(&headers, &messages),
            Err(status) => Outcome::refused(&status),
        }
    }
}

type Reflection = ServerReflectionClient<Connection>;

async fn ask(client: &mut Reflection, question: MessageRequest) -> Vec<MessageResponse> {
    let request = ServerReflectionRequest { host: String::new(), message_request: Some(question) };
    let answers = client.server_reflection_info(tokio_stream::iter([request])).await.expect("reflection answers");
    let mut answers = answers.into_inner();
    let mut all = Vec::new();
    while let Some(answer) = answers.next().await {
        all.extend(answer.expect("an answer").message_response);
    }
    all
}

/// Adds files and what they import, which must come first.
async fn add_with_imports(pool: &mut DescriptorPool, client: &mut Reflection, files: Vec<Vec<u8>>) {
    let decode = |file: &Vec<u8>| prost_types::FileDescriptorProto::decode(file.as_slice()).expect("a description");
    let mut waiting: Vec<_> = files.iter().map(decode).collect();
    while let Some(file) = waiting.pop() {
        let missing = file.dependency.iter().find(|import| pool.get_file_by_name(import).is_none()).cloned();
        let Some(import) = missing else {
            if pool.get_file_by_name(file.name()).is_none() {
                pool.add_file_descriptor_proto(file).expect("the descriptions fit together");
            }
            continue;
        };
        waiting.push(file);
        for found in ask(client, MessageRequest::FileByFilename(import)).await {
            let MessageResponse::FileDescriptorResponse(files) = found else { panic!("no file: {found:?}") };
            waiting.extend(files.file_descriptor_proto.iter().map(decode));
        }
    }
}

fn encode(method: &MethodDescriptor, request: &serde_json::Value) -> Bytes {
    let message = method.input().deserialize(request.clone());
    let message = message.unwrap_or_else(|error| panic!("{} takes no {request}: {error}", method.full_name()));
    message.encode_to_vec().into()
}

/// What came of a call.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// Of gRPC.
    pub code: Code,
    /// The constant of a refusal; empty for a good answer.
    pub reason: String,
    /// The first message of a good answer.
    pub answer: serde_json::Value,
    /// All that the caller learns: messages or refusal with its details, and headers.
    pub text: String,
}

impl Outcome {
    fn good(headers: &str, messages: &[DynamicMessage]) -> Self {
        let all: Vec<_> = messages.iter().map(|m| serde_json::to_value(m).expect("a message is JSON")).collect();
        let mut text = format!("{}\n{headers}", serde_json::Value::from(all.clone()));
        // Files travel as bytes, which JSON would hide.
        messages.iter().for_each(|message| bytes_of(&Value::Message(message.clone()), &mut text));
        let answer = all.into_iter().next().unwrap_or_default();
        Self { code: Code::Ok, reason: String::new(), answer, text }
    }

    fn refused(status: &Status) -> Self {
        let details = status.get_error_details();
        let text = format!("{}\n{details:?}\n{}", status.message(), headers_of(status.metadata()));
        let reason = reason_of_status(status).unwrap_or_default();
        Self { code: status.code(), reason, answer: serde_json::Value::Null, text }
    }

    /// A text of the first message, by its path: `device.device_id` in camel case, as JSON has it.
    #[track_caller]
    pub fn take(&self, path: &str) -> String {
        assert_eq!(self.code, Code::Ok, "{}", self.text);
        let found = path.split('.').fold(&self.answer, |value, name| &value[name]);
        found.as_str().unwrap_or_else(|| panic!("no {path} in {}", self.answer)).to_owned()
    }
}

/// All headers but the time.
fn headers_of(metadata: &MetadataMap) -> String {
    let mut headers = metadata.clone();
    headers.remove("date");
    format!("{headers:?}")
}

fn bytes_of(value: &Value, text: &mut String) {
    match value {
        Value::Bytes(bytes) => text.push_str(&String::from_utf8_lossy(bytes)),
        Value::Message(message) => message.fields().for_each(|(_, value)| bytes_of(value, text)),
        Value::List(values) => values.iter().for_each(|value| bytes_of(value, text)),
        Value::Map(values) => values.values().for_each(|value| bytes_of(value, text)),
        Value::Bool(_)
        | Value::I32(_)
        | Value::I64(_)
        | Value::U32(_)
        | Value::U64(_)
        | Value::F32(_)
        | Value::F64(_)
        | Value::String(_)
        | Value::EnumNumber(_) => {}
    }
}

/// Bytes as JSON has them.
pub fn base64(bytes: &[u8]) -> String {
    BASE64_STANDARD.encode(bytes)
}

/// Takes encoded messages and gives such.
#[derive(Debug, Clone, Copy)]
struct Plain;

impl Codec for Plain {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        *self
    }

    fn decoder(&mut self) -> Self {
        *self
    }
}

impl Encoder for Plain {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, message: Bytes, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put(message);
        Ok(())
    }
}

impl Decoder for Plain {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(buffer.copy_to_bytes(buffer.remaining())))
    }
}
