//! The identity of a device: its certificate, its key, its server, in one small file per identity.
//!
//! The state folder holds `identity` (in use), `candidate` (a new certificate that has not been used yet) and
//! `enrolment` (an enrolment whose answer may have been lost) and `address` (where the server was last), each written as a whole: a temporary file, synced,
//! renamed, the folder synced. Confirming a candidate is one rename. So whatever moment the power fails at, there is a
//! usable identity, and the next run knows whether a candidate waits.
//!
//! Invariants: the folder is 0700 and the files are 0600; `lock` keeps a second agent out while one runs.
//!
//! Deliberately not here: obtaining certificates ([`crate::enroll`], [`crate::runtime`]).

use std::{
    fmt::Write as _,
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Write as _},
    net::SocketAddr,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, PKCS_ECDSA_P256_SHA256};
use ring::rand::{SecureRandom as _, SystemRandom};

use crate::engine::CertificateTimes;

const IDENTITY: &str = "identity";
const CANDIDATE: &str = "candidate";
const ENROLMENT: &str = "enrolment";
const ADDRESS: &str = "address";
const LOCK: &str = "lock";
/// Longest file that is read as an identity, in bytes.
const FILE_BYTES_MAX: u64 = 64 * 1024;

/// Why the state folder can not be used.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// The folder or a file in it can not be read or written.
    #[error("{}: {what}", path.display())]
    Io {
        /// What was to be done.
        what: &'static str,
        /// Where.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file does not hold what it should.
    #[error("{}: field {field} is missing or malformed", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The field.
        field: &'static str,
    },
    /// Another agent runs on this folder.
    #[error("{}: another agent uses this state folder", path.display())]
    InUse {
        /// The folder.
        path: PathBuf,
    },
    /// No key or certificate request could be made.
    #[error("a key or certificate request could not be made: {0}")]
    Crypto(String),
}

/// Identifies a device; given by the server, lower case UUID.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DeviceId(pub String);

impl std::fmt::Display for DeviceId {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// All that a device needs to report: who it is and whom it reports to.
#[derive(Clone, PartialEq, Eq)]
pub struct Identity {
    /// `HOST:PORT` of the server.
    pub server: String,
    /// Name that the server's certificate must carry, if it is not the host of `server`.
    pub server_name: Option<String>,
    /// The device.
    pub device_id: DeviceId,
    /// The owner, lower case UUID.
    pub municipality_id: String,
    /// Salt of the owner for hashes of MAC addresses, 16 bytes.
    pub mac_salt: Vec<u8>,
    /// Certificate of the only authority that is trusted, X.509 DER.
    pub ca_certificate_der: Vec<u8>,
    /// Certificate of the device, X.509 DER.
    pub certificate_der: Vec<u8>,
    /// Its P-256 key, PKCS #8 DER.
    pub key_der: Vec<u8>,
    /// Times of the certificate.
    pub times: CertificateTimes,
}

/// The identity of a simulated device, which lives in memory: the same as a real one.
pub type SimulatedIdentity = Identity;

impl std::fmt::Debug for Identity {
    /// Leaves out the key and the salt.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Identity")
            .field("server", &self.server)
            .field("device_id", &self.device_id)
            .field("municipality_id", &self.municipality_id)
            .finish_non_exhaustive()
    }
}

impl Identity {
    fn to_text(&self) -> String {
        let mut fields = Fields::default();
        fields.push("server", &self.server);
        if let Some(server_name) = &self.server_name {
            fields.push("server_name", server_name);
        }
        fields.push("device_id", &self.device_id.0);
        fields.push("municipality_id", &self.municipality_id);
        fields.push("renew_after_ms", &self.times.renew_after_ms.to_string());
        fields.push("not_after_ms", &self.times.not_after_ms.to_string());
        fields.push("mac_salt", &to_hex(&self.mac_salt));
        fields.push("ca_certificate_der", &to_hex(&self.ca_certificate_der));
        fields.push("certificate_der", &to_hex(&self.certificate_der));
        fields.push("key_der", &to_hex(&self.key_der));
        fields.0
    }

    fn from_text(path: &Path, text: &str) -> Result<Self, IdentityError> {
        let fields = Lines { path, text };
        Ok(Self {
            server: fields.text("server")?,
            server_name: fields.text("server_name").ok(),
            device_id: DeviceId(fields.text("device_id")?),
            municipality_id: fields.text("municipality_id")?,
            mac_salt: fields.bytes("mac_salt")?,
            ca_certificate_der: fields.bytes("ca_certificate_der")?,
            certificate_der: fields.bytes("certificate_der")?,
            key_der: fields.bytes("key_der")?,
            times: CertificateTimes {
                renew_after_ms: fields.number("renew_after_ms")?,
                not_after_ms: fields.number("not_after_ms")?,
            },
        })
    }
}

/// An enrolment under way. It is kept before the call, so that a repeat after a lost answer enrols once.
#[derive(Clone, PartialEq, Eq)]
pub struct Enrolment {
    /// UUIDv7 of this installation.
    pub instance_id: [u8; 16],
    /// P-256 key, PKCS #8 DER.
    pub key_der: Vec<u8>,
}

impl Enrolment {
    /// Draws an instance id and a key. `wall_ms` goes into the id.
    pub fn draw(wall_ms: u64) -> Result<Self, IdentityError> {
        Ok(Self { instance_id: draw_uuid_v7(wall_ms)?, key_der: draw_key()? })
    }

    fn to_text(&self) -> String {
        let mut fields = Fields::default();
        fields.push("instance_id", &to_hex(&self.instance_id));
        fields.push("key_der", &to_hex(&self.key_der));
        fields.0
    }

    fn from_text(path: &Path, text: &str) -> Result<Self, IdentityError> {
        let fields = Lines { path, text };
        let instance_id = fields
            .bytes("instance_id")?
            .try_into()
            .map_err(|_| IdentityError::Malformed { path: path.to_owned(), field: "instance_id" })?;
        Ok(Self { instance_id, key_der: fields.bytes("key_der")? })
    }
}

/// The folder in which a device keeps its identity, its memory and its spool.
#[derive(Debug)]
pub struct StateFolder {
    path: PathBuf,
    /// Held for its lock.
    _lock: File,
}

impl StateFolder {
    /// Makes the folder if it is missing, closes it to others, and locks it.
    pub fn open(path: &Path) -> Result<Self, IdentityError> {
        let failed = |what| move |source| IdentityError::Io { what, path: path.to_owned(), source };
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .map_err(failed("the state folder can not be made"))?;
        let mode = fs::metadata(path).map_err(failed("the state folder can not be read"))?.permissions().mode();
        if mode & 0o077 != 0 {
            fs::set_permissions(path, fs::Permissions::from_mode(0o700))
                .map_err(failed("the state folder is open to others and can not be closed"))?;
        }
        let lock = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path.join(LOCK))
            .map_err(failed("the lock file can not be opened"))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), _lock: lock }),
            Err(fs::TryLockError::WouldBlock) => Err(IdentityError::InUse { path: path.to_owned() }),
            Err(fs::TryLockError::Error(source)) => Err(failed("the lock can not be taken")(source)),
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The identity in use; absent before enrolment.
    pub fn identity(&self) -> Result<Option<Identity>, IdentityError> {
        read_identity(&self.path)
    }

    /// Keeps an identity as the one in use and ends the enrolment under way.
    pub fn save_identity(&self, identity: &Identity) -> Result<(), IdentityError> {
        // First, or a crash in between would leave the candidate of another identity to be tried.
        self.remove(CANDIDATE)?;
        self.remove(ADDRESS)?;
        self.write(IDENTITY, &identity.to_text())?;
        self.remove(ENROLMENT)
    }

    /// The candidate, if one waits for its first use. One that can not be read is none: the identity in use is whole.
    pub fn candidate(&self) -> Option<Identity> {
        read_whole(&self.path.join(CANDIDATE), Identity::from_text).ok().flatten()
    }

    /// Keeps a new identity beside the one in use.
    pub fn save_candidate(&self, candidate: &Identity) -> Result<(), IdentityError> {
        self.write(CANDIDATE, &candidate.to_text())
    }

    /// Makes the candidate the identity in use, in one step.
    pub fn confirm_candidate(&self) -> Result<(), IdentityError> {
        let rename = || {
            fs::rename(self.path.join(CANDIDATE), self.path.join(IDENTITY))?;
            File::open(&self.path)?.sync_all()
        };
        rename().map_err(|source| self.failed("the candidate can not be confirmed", source))
    }

    /// Forgets the candidate.
    pub fn drop_candidate(&self) -> Result<(), IdentityError> {
        self.remove(CANDIDATE)
    }

    /// The enrolment under way, or a new one, kept before it is returned.
    pub fn enrolment(&self, wall_ms: u64) -> Result<Enrolment, IdentityError> {
        if let Some(enrolment) = read_whole(&self.path.join(ENROLMENT), Enrolment::from_text)? {
            return Ok(enrolment);
        }
        let enrolment = Enrolment::draw(wall_ms)?;
        self.write(ENROLMENT, &enrolment.to_text())?;
        Ok(enrolment)
    }

    /// Forgets the enrolment under way, so that the next one starts anew.
    pub fn drop_enrolment(&self) -> Result<(), IdentityError> {
        self.remove(ENROLMENT)
    }

    /// The server's last known address; absent if there is none or it can not be read, for it is only a help.
    pub fn address(&self) -> Option<SocketAddr> {
        read_address(&self.path)
    }

    /// Keeps the server's last known address.
    pub fn save_address(&self, address: SocketAddr) -> Result<(), IdentityError> {
        self.write(ADDRESS, &format!("{address}\n"))
    }

    fn write(&self, name: &str, text: &str) -> Result<(), IdentityError> {
        write_atomically(&self.path.join(name), text.as_bytes())
            .map_err(|source| self.failed("a file can not be written", source))
    }

    fn remove(&self, name: &str) -> Result<(), IdentityError> {
        match fs::remove_file(self.path.join(name)) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                Err(self.failed("a file can not be removed", source))
            }
            _ => Ok(()),
        }
    }

    fn failed(&self, what: &'static str, source: io::Error) -> IdentityError {
        IdentityError::Io { what, path: self.path.clone(), source }
    }
}

/// The server's last known address in a state folder, as [`StateFolder::address`], without holding the folder.
pub fn read_address(folder: &Path) -> Option<SocketAddr> {
    fs::read_to_string(folder.join(ADDRESS)).ok()?.trim().parse().ok()
}

/// The identity in use of a state folder that another process may hold; absent before enrolment.
pub fn read_identity(folder: &Path) -> Result<Option<Identity>, IdentityError> {
    read_whole(&folder.join(IDENTITY), Identity::from_text)
}

/// Replaces a file so that after any crash either the old or the new one is there, whole. Mode 0600.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let temporary = path.with_extension("new");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&temporary)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&temporary, path)?;
    match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

/// Draws a P-256 key, PKCS #8 DER.
pub fn draw_key() -> Result<Vec<u8>, IdentityError> {
    let key =
        KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(|error| IdentityError::Crypto(error.to_string()))?;
    Ok(key.serialize_der())
}

/// Makes a certificate request (PKCS #10 DER) for a key, with a common name or an empty subject.
pub fn certificate_request(key_der: &[u8], common_name: Option<&str>) -> Result<Vec<u8>, IdentityError> {
    let crypto = |error: rcgen::Error| IdentityError::Crypto(error.to_string());
    let key = KeyPair::from_pkcs8_der_and_sign_algo(&key_der.into(), &PKCS_ECDSA_P256_SHA256).map_err(crypto)?;
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    if let Some(common_name) = common_name {
        params.distinguished_name.push(DnType::CommonName, common_name);
    }
    Ok(params.serialize_request(&key).map_err(crypto)?.der().to_vec())
}

/// Fills an array from the system's random source.
pub fn draw_bytes<const N: usize>() -> Result<[u8; N], IdentityError> {
    let mut bytes = [0; N];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| IdentityError::Crypto("the system gives no random bytes".to_owned()))?;
    Ok(bytes)
}

/// A version 7 UUID (RFC 9562 §5.7).
pub fn draw_uuid_v7(wall_ms: u64) -> Result<[u8; 16], IdentityError> {
    let mut uuid = draw_bytes::<16>()?;
    uuid[..6].copy_from_slice(&wall_ms.to_be_bytes()[2..]);
    uuid[6] = (uuid[6] & 0x0f) | 0x70;
    uuid[8] = (uuid[8] & 0x3f) | 0x80;
    Ok(uuid)
}

/// Lower case hex.
pub fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// Bytes of hex in either case; nothing if it is not hex.
pub fn from_hex(hex: &str) -> Option<Vec<u8>> {
    if !hex.len().is_multiple_of(2) || !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).ok()).collect()
}

/// Lines `name=value`, being written.
#[derive(Default)]
struct Fields(String);

impl Fields {
    fn push(&mut self, name: &str, value: &str) {
        // A value on two lines would be read as two fields.
        let line = value.lines().next().unwrap_or_default();
        let _ = writeln!(self.0, "{name}={line}");
    }
}

/// Lines `name=value`, being read.
struct Lines<'a> {
    path: &'a Path,
    text: &'a str,
}

impl Lines<'_> {
    fn text(&self, field: &'static str) -> Result<String, IdentityError> {
        self.text
            .lines()
            .filter_map(|line| line.split_once('='))
            .find(|(name, _)| *name == field)
            .map(|(_, value)| value.to_owned())
            .ok_or_else(|| self.malformed(field))
    }

    fn bytes(&self, field: &'static str) -> Result<Vec<u8>, IdentityError> {
        from_hex(&self.text(field)?).ok_or_else(|| self.malformed(field))
    }

    fn number(&self, field: &'static str) -> Result<u64, IdentityError> {
        self.text(field)?.parse().map_err(|_| self.malformed(field))
    }

    fn malformed(&self, field: &'static str) -> IdentityError {
        IdentityError::Malformed { path: self.path.to_owned(), field }
    }
}

/// Reads and parses a file; nothing if it is not there.
fn read_whole<V>(
    path: &Path,
    parse: impl FnOnce(&Path, &str) -> Result<V, IdentityError>,
) -> Result<Option<V>, IdentityError> {
    let failed = |source| IdentityError::Io { what: "the file can not be read", path: path.to_owned(), source };
    let text = match fs::metadata(path) {
        Ok(metadata) if metadata.len() > FILE_BYTES_MAX => {
            return Err(failed(io::ErrorKind::FileTooLarge.into()));
        }
        Ok(_) => fs::read_to_string(path).map_err(failed)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    parse(path, &text).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(name: &str) -> Identity {
        Identity {
            server: "localhost:7443".to_owned(),
            server_name: Some("fleet.example".to_owned()),
            device_id: DeviceId(name.to_owned()),
            municipality_id: "m".to_owned(),
            mac_salt: vec![1; 16],
            ca_certificate_der: vec![2; 30],
            certificate_der: vec![3; 30],
            key_der: vec![4; 30],
            times: CertificateTimes { renew_after_ms: 5, not_after_ms: 6 },
        }
    }

    fn opened() -> (tempfile::TempDir, StateFolder) {
        let folder = tempfile::tempdir().unwrap();
        let state = StateFolder::open(&folder.path().join("state")).unwrap();
        (folder, state)
    }

    #[test]
    fn identity_is_read_as_it_was_saved() {
        let (_folder, state) = opened();
        assert_eq!(state.identity().unwrap(), None);
        for server_name in [None, Some("fleet.example".to_owned())] {
            let saved = Identity { server_name, ..identity("a") };
            state.save_identity(&saved).unwrap();
            assert_eq!(state.identity().unwrap(), Some(saved));
        }
    }

    #[test]
    fn second_agent_on_one_folder_is_refused() {
        let (_folder, state) = opened();
        assert!(matches!(StateFolder::open(state.path()), Err(IdentityError::InUse { .. })));
        let path = state.path().to_owned();
        drop(state);
        StateFolder::open(&path).unwrap();
    }

    #[test]
    fn folder_and_files_are_closed_to_others() {
        let (_folder, state) = opened();
        state.save_identity(&identity("a")).unwrap();
        let mode = |path: PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(state.path().to_owned()), 0o700);
        assert_eq!(mode(state.path().join(IDENTITY)), 0o600);
        assert_eq!(mode(state.path().join(LOCK)), 0o600);
    }

    #[test]
    fn address_of_the_server_is_kept_until_another_is_enrolled_at() {
        let (_folder, state) = opened();
        state.save_identity(&identity("a")).unwrap();
        assert_eq!(state.address(), None);
        let address = "[2001:db8::1]:7443".parse().unwrap();
        state.save_address(address).unwrap();
        assert_eq!(state.address(), Some(address));
        fs::write(state.path().join(ADDRESS), "half an addr").unwrap();
        assert_eq!(state.address(), None, "it is only a help");
        state.save_address(address).unwrap();
        state.save_identity(&identity("b")).unwrap();
        assert_eq!(state.address(), None);
    }

    #[test]
    fn enrolment_under_way_is_the_same_until_it_ends() {
        let (_folder, state) = opened();
        let first = state.enrolment(1_795_420_800_000).unwrap();
        assert_eq!(first.instance_id[6] >> 4, 7);
        assert!(state.enrolment(1_900_000_000_000).unwrap() == first);
        state.save_identity(&identity("a")).unwrap();
        assert!(state.enrolment(1_900_000_000_000).unwrap() != first);
    }

    /// Every prefix of the writes of a renewal, as a power loss would leave them.
    #[test]
    fn power_loss_at_any_point_of_a_renewal_leaves_a_usable_identity() {
        let (old, new) = (identity("old"), identity("new"));
        let text = new.to_text();
        for len in 0..=text.len() {
            let (_folder, state) = opened();
            state.save_identity(&old).unwrap();
            // Before the rename: a temporary file that is ignored.
            fs::write(state.path().join("candidate.new"), &text[..len]).unwrap();
            assert_eq!(state.candidate(), None);
            assert_eq!(state.identity().unwrap(), Some(old.clone()));
            // A candidate that a broken disk cut short is none, and the old identity stays.
            fs::write(state.path().join(CANDIDATE), &text[..len]).unwrap();
            assert_eq!(state.identity().unwrap(), Some(old.clone()));
            let _ = state.candidate();
        }
        let (_folder, state) = opened();
        state.save_identity(&old).unwrap();
        state.save_candidate(&new).unwrap();
        assert_eq!(state.candidate(), Some(new.clone()));
        assert_eq!(state.identity().unwrap(), Some(old.clone()));
        state.confirm_candidate().unwrap();
        assert_eq!((state.candidate(), state.identity().unwrap()), (None, Some(new)));
        state.save_candidate(&old).unwrap();
        state.drop_candidate().unwrap();
        assert_eq!(state.candidate(), None);
    }

    #[test]
    fn damaged_identity_names_the_field() {
        let (_folder, state) = opened();
        fs::write(state.path().join(IDENTITY), "server=a:1\ndevice_id=d\n").unwrap();
        let error = state.identity().unwrap_err();
        assert!(error.to_string().contains("municipality_id"), "{error}");
    }

    #[test]
    fn debug_output_holds_no_secret() {
        assert!(!format!("{:?}", identity("a")).contains("[4, 4"));
    }

    #[test]
    fn request_names_the_device_or_nobody() {
        let key = draw_key().unwrap();
        assert!(certificate_request(&key, None).unwrap().len() < 4096);
        let named = certificate_request(&key, Some("0190aaaa")).unwrap();
        assert!(named.windows(8).any(|window| window == b"0190aaaa"));
    }

    #[test]
    fn hex_is_read_back() {
        assert_eq!(from_hex(&to_hex(&[0, 0xab, 0xff])), Some(vec![0, 0xab, 0xff]));
        assert_eq!((from_hex("abc"), from_hex("zz"), from_hex("+1")), (None, None, None));
    }
}
