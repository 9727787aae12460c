//! One file of records.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufReader, Read, Seek, SeekFrom, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use prost::Message as _;

use super::{HEADER_BYTES, Record, TransitionKey};

/// Longest encoded record, in bytes. Real ones take less than 150.
pub(super) const RECORD_BYTES_MAX: usize = 4096;

/// One segment file.
#[derive(Debug)]
pub(super) struct Segment {
    pub(super) path: PathBuf,
    file: Option<File>,
    /// Bytes that hold good records.
    pub(super) len: u64,
    /// Where the first record that is not acknowledged begins.
    head: u64,
    /// Records from `head` on.
    pub(super) records: u64,
}

impl Segment {
    /// A segment without records and without a file.
    pub(super) fn absent(path: PathBuf) -> Self {
        Self { path, file: None, len: 0, head: 0, records: 0 }
    }

    /// Opens a segment and cuts what is torn or damaged. A missing file is an empty segment.
    pub(super) fn open(path: PathBuf) -> io::Result<Self> {
        let mut segment = Self::absent(path);
        match OpenOptions::new().read(true).append(true).open(&segment.path) {
            Ok(file) => segment.file = Some(file),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(segment),
            Err(error) => return Err(error),
        }
        let mut records = 0;
        segment.len = segment.scan(|_| {
            records += 1;
            true
        })?;
        segment.records = records;
        segment.cut()?;
        Ok(segment)
    }

    /// Removes what lies behind the good records.
    fn cut(&self) -> io::Result<()> {
        match &self.file {
            Some(file) if file.metadata()?.len() != self.len => file.set_len(self.len),
            _ => Ok(()),
        }
    }

    /// Reads records from the head on while `wanted` says so; gives the offset behind the last good one that was read.
    pub(super) fn scan(&self, mut wanted: impl FnMut(Record) -> bool) -> io::Result<u64> {
        let Some(mut file) = self.file.as_ref() else {
            return Ok(0);
        };
        file.seek(SeekFrom::Start(self.head))?;
        let mut reader = BufReader::with_capacity(RECORD_BYTES_MAX, file);
        let mut offset = self.head;
        while let Some((record, bytes)) = read_record(&mut reader)? {
            offset += bytes;
            if !wanted(record) {
                break;
            }
        }
        Ok(offset)
    }

    pub(super) fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let created = self.file.is_none();
        if created {
            self.file = Some(OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(&self.path)?);
            sync_folder_of(&self.path)?;
        }
        // A failed append before may have left half a record behind.
        self.cut()?;
        let Some(file) = self.file.as_mut() else {
            return Ok(());
        };
        file.write_all(bytes)?;
        file.sync_data()?;
        self.len += bytes.len() as u64;
        self.records += 1;
        Ok(())
    }

    /// Moves the head behind the named record; false, with the head behind everything, if it is not in here.
    pub(super) fn trim(&mut self, through: TransitionKey) -> bool {
        let mut found = false;
        let mut passed = 0;
        let end = self.scan(|record| {
            passed += 1;
            found = record.key() == Some(through);
            !found
        });
        if let Ok(head) = end
            && found
        {
            self.head = head;
            self.records -= passed;
        }
        found
    }

    pub(super) fn clear(&mut self) {
        self.file = None;
        // If it stays, its records are sent again and the server tells that they are repeats.
        let _ = fs::remove_file(&self.path);
        *self = Self::absent(std::mem::take(&mut self.path));
    }

    /// Forgets all records but keeps the file, so that the next append need not make one.
    pub(super) fn empty(&mut self) {
        match &self.file {
            Some(file) if file.set_len(0).is_ok() => (self.len, self.head, self.records) = (0, 0, 0),
            _ => self.clear(),
        }
    }

    pub(super) fn bytes(&self) -> u64 {
        self.len - self.head
    }
}

/// The next record, or nothing at the end or where the file is damaged.
pub(super) fn read_record(reader: &mut impl Read) -> io::Result<Option<(Record, u64)>> {
    let mut header = [0; HEADER_BYTES];
    if !read_whole(reader, &mut header)? {
        return Ok(None);
    }
    let len = usize::from(u16::from_le_bytes([header[0], header[1]]));
    let crc = u32::from_le_bytes([header[2], header[3], header[4], header[5]]);
    if len == 0 || len > RECORD_BYTES_MAX {
        return Ok(None);
    }
    let mut body = vec![0; len];
    if !read_whole(reader, &mut body)? || crate::crc32::crc32(&body) != crc {
        return Ok(None);
    }
    Ok(Record::decode(body.as_slice()).ok().map(|record| (record, (HEADER_BYTES + len) as u64)))
}

/// Fills the buffer; false if the file ends before.
fn read_whole(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<bool> {
    match reader.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

pub(super) fn encode_record(record: &Record) -> Option<Vec<u8>> {
    let body = record.encode_to_vec();
    if body.len() > RECORD_BYTES_MAX {
        return None;
    }
    let mut bytes = Vec::with_capacity(HEADER_BYTES + body.len());
    bytes.extend_from_slice(&(body.len() as u16).to_le_bytes());
    bytes.extend_from_slice(&crate::crc32::crc32(&body).to_le_bytes());
    bytes.extend_from_slice(&body);
    Some(bytes)
}

pub(super) fn sync_folder_of(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}
