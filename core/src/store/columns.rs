//! Ids, hashes, keys and signatures as columns: their bytes.

use rusqlite::ToSql;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSqlOutput, Value, ValueRef};

use crate::blob::BlobHash;
use crate::ids::{
    ActId, ClassId, DeviceId, DocumentId, EntryId, FolioId, FrameworkId, OutcomeId, PersonId, PieceId,
    ProjectId, SchoolId,
};
use crate::signing::{PublicKey, Signature};

macro_rules! columns {
    ($($name:ident $from:ident;)*) => {$(
        impl ToSql for $name {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                Ok(ToSqlOutput::from(self.as_bytes().as_slice()))
            }
        }

        impl FromSql for $name {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                FromSql::column_result(value).map($name::$from)
            }
        }
    )*};
}

columns! {
    ActId from_bytes;
    BlobHash from_digest;
    ClassId from_bytes;
    DeviceId from_bytes;
    EntryId from_bytes;
    FolioId from_bytes;
    FrameworkId from_bytes;
    OutcomeId from_bytes;
    PersonId from_bytes;
    PieceId from_bytes;
    ProjectId from_bytes;
    PublicKey from_bytes;
    SchoolId from_bytes;
    Signature from_bytes;
}

impl ToSql for DocumentId {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Owned(Value::Blob(self.to_bytes().to_vec())))
    }
}

/// A column that should hold the name of a document.
#[derive(Debug, thiserror::Error)]
#[error("these bytes name no document")]
struct NoDocument;

impl FromSql for DocumentId {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        DocumentId::from_bytes(value.as_blob()?).ok_or_else(|| FromSqlError::Other(Box::new(NoDocument)))
    }
}
