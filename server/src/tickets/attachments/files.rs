//! Where the content of attachments lies: objects that are named by their owner and their id alone.

use std::{path::Path as FilePath, sync::Arc};

use bytes::Bytes;
use object_store::{ObjectStore, ObjectStoreExt as _, PutPayload, local::LocalFileSystem, path::Path};
use tokio_stream::StreamExt as _;
use uuid::Uuid;

use super::rules::AttachmentId;
use crate::{
    clock::Timestamp,
    error::{Error, Kind, Result, says::server as say},
    schools::rules::MunicipalityId,
};

/// A folder of objects.
#[derive(Debug, Clone)]
pub struct Files(Arc<dyn ObjectStore>);

/// An object that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// Whose it is.
    pub owner: MunicipalityId,
    /// Which.
    pub attachment: AttachmentId,
    /// When it was written.
    pub written_at: Timestamp,
}

fn path_of(owner: MunicipalityId, attachment: AttachmentId) -> Path {
    Path::from_iter([owner.to_string(), attachment.to_string()])
}

fn failed(source: object_store::Error) -> Error {
    Error::internal("the folder of attachments can not be used", source)
}

impl Files {
    /// Opens a folder, for the owner of this process only if it is made here. Reason: ATTACHMENTS_UNWRITABLE.
    pub fn open(folder: &FilePath) -> Result<Self> {
        use std::os::unix::fs::DirBuilderExt as _;
        let unusable = |source: Box<dyn std::error::Error + Send + Sync>| {
            let message = say::attachments_folder(folder.display());
            Error::new(Kind::Precondition, "ATTACHMENTS_UNWRITABLE", message).with_source(source)
        };
        let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
        made.map_err(|source| unusable(source.into()))?;
        // What a row stands for is on the disk before the row is.
        let store = LocalFileSystem::new_with_prefix(folder).map_err(|source| unusable(source.into()))?;
        Ok(Self(Arc::new(store.with_fsync(true))))
    }

    /// Writes an object.
    pub async fn write(&self, owner: MunicipalityId, attachment: AttachmentId, content: Vec<u8>) -> Result<()> {
        let written = self.0.put(&path_of(owner, attachment), PutPayload::from(Bytes::from(content))).await;
        written.map(|_| ()).map_err(failed)
    }

    /// Reads an object.
    pub async fn read(&self, owner: MunicipalityId, attachment: AttachmentId) -> Result<Bytes> {
        let found = self.0.get(&path_of(owner, attachment)).await.map_err(failed)?;
        found.bytes().await.map_err(failed)
    }

    /// Deletes an object; one that is not there is deleted.
    pub async fn delete(&self, owner: MunicipalityId, attachment: AttachmentId) -> Result<()> {
        match self.0.delete(&path_of(owner, attachment)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(failed(error)),
        }
    }

    /// All objects. What has another name than this module gives is somebody else's.
    pub async fn list(&self) -> Result<Vec<Found>> {
        let mut objects = self.0.list(None);
        let mut all = Vec::new();
        while let Some(object) = objects.next().await {
            let object = match object {
                Ok(object) => object,
                // It went away while the folder was read, or has a name that is none of ours.
                Err(object_store::Error::NotFound { .. } | object_store::Error::InvalidPath { .. }) => continue,
                Err(error) => return Err(failed(error)),
            };
            let parts: Vec<_> = object.location.parts().collect();
            let [owner, attachment] = parts.as_slice() else { continue };
            let (Ok(owner), Ok(attachment)) = (Uuid::try_parse(owner.as_ref()), Uuid::try_parse(attachment.as_ref()))
            else {
                continue;
            };
            let written_at = Timestamp(object.last_modified.timestamp_micros());
            all.push(Found { owner: MunicipalityId(owner), attachment: AttachmentId(attachment), written_at });
        }
        Ok(all)
    }
}
