//! Compiles `gigafleet/v1/*.proto` with protox, so that no `protoc` is needed and no generated code is in git.

use std::{env, fs, path::PathBuf};

use prost::Message as _;

const FILES: &[&str] = &[
    "gigafleet/v1/access.proto",
    "gigafleet/v1/access_service.proto",
    "gigafleet/v1/agent_service.proto",
    "gigafleet/v1/audit_service.proto",
    "gigafleet/v1/bandwidth_service.proto",
    "gigafleet/v1/calendar_service.proto",
    "gigafleet/v1/device_report.proto",
    "gigafleet/v1/device_service.proto",
    "gigafleet/v1/enrollment_service.proto",
    "gigafleet/v1/line_service.proto",
    "gigafleet/v1/network_service.proto",
    "gigafleet/v1/renewal_service.proto",
    "gigafleet/v1/review_service.proto",
    "gigafleet/v1/import_service.proto",
    "gigafleet/v1/school_service.proto",
    "gigafleet/v1/staff_service.proto",
    "gigafleet/v1/ticket_service.proto",
    "gigafleet/v1/trouble_service.proto",
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for file in FILES {
        println!("cargo::rerun-if-changed={file}");
    }
    let descriptors = protox::compile(FILES, ["."])?;
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("descriptors.bin"), descriptors.encode_to_vec())?;
    tonic_prost_build::configure()
        .build_transport(false)
        .codec_path("crate::codec::SmallBufferCodec")
        .build_server(env::var_os("CARGO_FEATURE_SERVER").is_some())
        .compile_fds(descriptors)?;
    Ok(())
}
