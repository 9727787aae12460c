//! A client that shares no code with us: Python, with what grpcio-tools makes of `proto/`.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::Command,
};

use gigafleet_tests::{Engine, Home, ServerOptions, process};

pub(crate) fn run(what: &str, command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{what}: {error}"));
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{what} failed ({}):\n{out}\n{err}", output.status);
    out.into_owned()
}

/// A virtual environment with what the client needs; made once and kept in the target folder.
pub(crate) fn environment() -> PathBuf {
    let folder = process::binary_folder().parent().expect("a profile lies in the target folder").join("python-venv");
    fs::create_dir_all(&folder).expect("it can be made");
    // Several test programs may come at once; the first one makes it.
    let turn = File::create(folder.join("turn")).expect("a file");
    turn.lock().expect("it can be locked");
    let python = folder.join("bin/python");
    if !folder.join("complete-with-jsonschema").exists() {
        run(
            "python3 -m venv (apt-get install python3-venv)",
            Command::new("python3").args(["-m", "venv"]).arg(&folder),
        );
        let mut pip = Command::new(&python);
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
        run("pip install", pip.args(["grpcio", "grpcio-tools", "cryptography", "jsonschema"]));
        File::create(folder.join("complete-with-jsonschema")).expect("a file");
    }
    python
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn client_in_python_enrols_and_checks_in() {
    let python = tokio::task::spawn_blocking(environment).await.expect("the environment is made");
    let server = ServerOptions::on(Engine::Sqlite).await.start().await;
    let home = Home::make(&server, 1).await;
    let credentials = server.options().data_dir.join("admin.json");
    let sources = Path::new(env!("CARGO_MANIFEST_DIR"));
    let generated = tempfile::tempdir().expect("a folder");
    let mut command = Command::new(python);
    command
        .arg(sources.join("python/client.py"))
        .arg("--proto")
        .arg(sources.parent().expect("the workspace").join("proto"))
        .arg("--generated")
        .arg(generated.path())
        .arg("--credentials")
        .arg(credentials)
        .args(["--token", &home.token]);
    let out = tokio::task::spawn_blocking(move || run("the client in Python", &mut command)).await.expect("it runs");
    let device_id = out.lines().find_map(|line| line.strip_prefix("device ")).expect("it prints the device");
    let device = server.staff().device(device_id).await.expect("it is known");
    assert_eq!((device.sequence, device.report_count, device.transition_count), (2, 2, 1));
    let facts = device.facts.expect("it sent facts");
    assert_eq!((facts.maker.as_deref(), facts.model.as_deref()), (Some("Python"), Some("grpcio")));
}
