//! The school itself: how it begins, its root key, its name and rules.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use fieldfolio_core::ids::{Rng, SchoolId};
use fieldfolio_core::model::directory::School;
use fieldfolio_core::model::framework::Scale;
use fieldfolio_core::model::mastery::Rule;
use fieldfolio_core::signing::{PublicKey, SecretKey};
use fieldfolio_core::time::Timestamp;
use rusqlite::Connection;

use super::edit::Edit;
use super::error::DirectoryError;
use super::words::words;
use crate::log::Event;
use crate::{database, disk, visibility};

/// The file with the seed of the school's root key. Whoever has it can vouch for any device.
pub fn key_path(folder: &Path) -> PathBuf {
    folder.join("root.key")
}

/// Makes a new school in `folder`, with the default levels and rule.
pub fn init(folder: &Path, name: &str, now: Timestamp, rng: &mut dyn Rng) -> Result<School, DirectoryError> {
    let name = words("a school's name", name, 200)?;
    if database::path(folder).exists() {
        return Err(database::DatabaseError::Present(folder.to_owned()).into());
    }
    disk::make_folder(folder).map_err(|source| DirectoryError::File {
        doing: "make",
        path: folder.to_owned(),
        source,
    })?;
    let root = SecretKey::generate(rng);
    write_key(&key_path(folder), &root)?;
    let school = School {
        id: SchoolId::new(now, rng),
        name: name.clone(),
        scale: Some(Scale::default()),
        rule: Some(Rule::default()),
    };
    let mut conn = database::create_aside(folder)?;
    let tx = database::begin(&mut conn)?;
    database::put_meta(&tx, "school", school.id.as_bytes())?;
    database::put_meta(&tx, "name", name.as_bytes())?;
    database::put_meta(&tx, "scale", &to_cbor(&school.scale))?;
    database::put_meta(&tx, "rule", &to_cbor(&school.rule))?;
    database::put_meta(&tx, "root", root.public().as_bytes())?;
    database::put_meta(&tx, "epoch", &1_u32.to_be_bytes())?;
    let n = Edit { tx: &tx, now, by: None }.event(&Event::SchoolMade { school: school.id })?;
    visibility::school_changed(&tx, n)?;
    tx.commit()?;
    database::give_its_name(conn, folder)?;
    Ok(school)
}

/// The school as devices know it.
pub fn school(conn: &Connection) -> Result<School, DirectoryError> {
    let name = String::from_utf8(value(conn, "name")?).map_err(|_| DirectoryError::Broken("name"))?;
    let scale =
        minicbor::decode(&value(conn, "scale")?).map_err(|_| DirectoryError::Broken("list of levels"))?;
    let rule = minicbor::decode(&value(conn, "rule")?).map_err(|_| DirectoryError::Broken("rule"))?;
    Ok(School { id: id(conn)?, name, scale: Some(scale), rule: Some(rule) })
}

/// The school's id.
pub fn id(conn: &Connection) -> Result<SchoolId, DirectoryError> {
    let bytes = value(conn, "school")?.try_into().map_err(|_| DirectoryError::Broken("id"))?;
    Ok(SchoolId::from_bytes(bytes))
}

/// The public half of the root key.
pub fn root(conn: &Connection) -> Result<PublicKey, DirectoryError> {
    let bytes = value(conn, "root")?.try_into().map_err(|_| DirectoryError::Broken("root key"))?;
    Ok(PublicKey::from_bytes(bytes))
}

/// The root key itself, from its file; it must be the one that this database knows.
pub fn root_key(folder: &Path, conn: &Connection) -> Result<SecretKey, DirectoryError> {
    let path = key_path(folder);
    if disk::is_open_to_others(&path) {
        return Err(DirectoryError::OpenKey(path));
    }
    let mut seed = Vec::new();
    File::open(&path)
        .and_then(|file| file.take(64).read_to_end(&mut seed))
        .map_err(|source| DirectoryError::File { doing: "read", path: path.clone(), source })?;
    match <[u8; 32]>::try_from(seed).map(|seed| SecretKey::from_seed(&seed)) {
        Ok(key) if key.public() == root(conn)? => Ok(key),
        _ => Err(DirectoryError::ForeignKey(path)),
    }
}

fn value(conn: &Connection, key: &'static str) -> Result<Vec<u8>, DirectoryError> {
    database::meta(conn, key)?.ok_or(DirectoryError::Broken(key))
}

fn to_cbor<T: minicbor::Encode<()>>(value: &T) -> Vec<u8> {
    minicbor::to_vec(value).expect("writing to memory can't fail")
}

/// The key is on disk, readable by its owner only, before any database names it.
fn write_key(path: &Path, key: &SecretKey) -> Result<(), DirectoryError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(path).and_then(|mut file| {
        file.write_all(&key.seed())?;
        file.sync_all()?;
        path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
    });
    written.map_err(|source| match source.kind() {
        ErrorKind::AlreadyExists => DirectoryError::KeyWithoutSchool(path.to_owned()),
        _ => DirectoryError::File { doing: "write", path: path.to_owned(), source },
    })
}
