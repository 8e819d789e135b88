//! What a journey in any language is played on: the sample school with a relay that runs, behind a web server with a
//! certificate of the school's own, and three photos. `mobile/journey.md` tells the journey.

use std::io::{self, BufRead, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use fieldfolio_core::device::{NewMedium, NewPiece};
use fieldfolio_core::model::role::{Role, Roles};
use serde_json::{Map, Value, json};

use crate::driver::{self, OsRng};
use crate::photos;
use crate::proxy::front::{Front, Identity};
use crate::real::RealSchool;
use crate::sim::BoxError;

/// Devices that the journey enrols, with their people.
const DEVICES: [(&str, &str); 6] = [
    ("mina", "mina"),
    ("tablet", "mina"),
    ("ms-ito", "ms-ito"),
    ("mr-okafor", "mr-okafor"),
    ("lea", "lea"),
    ("hana", "hana"),
];

/// Photos by phones, upright or turned, each with its place in it.
const REAL: [&str; 3] = ["DSCN0010.jpg", "iphone_hdr_YES.jpg", "HMD_Nokia_8.3_5G.jpg"];

/// The stage.
pub struct Stage {
    pub school: RealSchool,
    /// The web server before it.
    pub front: Front,
    /// What was made of the photos of real cameras, if they are here; else drawn ones.
    pub photos: Vec<PathBuf>,
}

impl Stage {
    /// Sets it up.
    pub fn set() -> Result<Self, BoxError> {
        let mut school = RealSchool::start()?;
        let identity = Identity::of_its_own()?;
        let settings = school.home().join("fieldfolio.toml");
        let pinned = Front::keep_certificate(&identity, &school.home())?;
        std::fs::write(&settings, std::fs::read_to_string(&settings)? + &pinned)?;
        let front = Front::start(school.address, &identity)?;
        school.url = front.url();
        let photos = photos_in(&school)?;
        Ok(Self { school, front, photos })
    }

    /// Everything that a journey must be told, as one value.
    pub fn told(&self) -> Result<Value, BoxError> {
        let mut links = Map::new();
        for (device, person) in DEVICES {
            links.insert(device.to_owned(), json!(self.school.link(person)?));
        }
        let sample = &self.school.0;
        Ok(json!({
            "links": links,
            "photos": self.photos,
            "people": sample["people"],
            "outcomes": sample["outcomes"],
            "folios": sample["folios"],
        }))
    }
}

fn photos_in(school: &RealSchool) -> Result<Vec<PathBuf>, BoxError> {
    let folder = school.folder().join("photos");
    std::fs::create_dir_all(&folder)?;
    let real = photos::real_photos().unwrap_or_default();
    let mut copies = Vec::new();
    for (number, name) in REAL.iter().enumerate() {
        let to = folder.join(format!("photo-{number}.jpg"));
        match real.iter().find(|path| path.ends_with(name)) {
            Some(from) => drop(std::fs::copy(from, &to)?),
            None => std::fs::write(&to, photos::field_photo(number as u64, 1600, 1200))?,
        }
        copies.push(to);
    }
    Ok(copies)
}

/// Sets the stage, says what is on it in one line of JSON, and does what is asked, one word a line, until there are no
/// more: `down` breaks the network, `up` mends it. Each is answered by `done`.
pub fn serve(asked: impl BufRead, mut out: impl Write) -> Result<(), BoxError> {
    let stage = Stage::set()?;
    writeln!(out, "{}", stage.told()?)?;
    out.flush()?;
    for word in asked.lines() {
        match word?.trim() {
            "down" => stage.front.set_up(false),
            "up" => stage.front.set_up(true),
            other => return Err(io::Error::other(format!("{other:?} is neither down nor up")).into()),
        }
        writeln!(out, "done")?;
        out.flush()?;
    }
    Ok(())
}

/// Makes Mina's store in a new folder, `store` in it, with so many pieces that the school has; and `photo.jpg`, of four
/// megabytes and 12 megapixels.
pub fn store(folder: &Path, pieces: u64) -> Result<(), BoxError> {
    std::fs::create_dir_all(folder)?;
    let school = RealSchool::start()?;
    let mut mina = driver::enrol(&school.link("mina")?, &folder.join("store"))?;
    driver::sync(&mut mina, true, Duration::from_secs(30))?;
    let folios = ["mina/community-garden", "mina/bridge-workshop"].map(|name| school.folio(name));
    for number in 0..pieces {
        let new = NewPiece {
            media: vec![NewMedium::of_bytes(photos::field_photo(number, 320, 240))],
            title: format!("Leaf {number}"),
            words: "What I saw in the garden, and what I want to try next.".to_owned(),
            folios: vec![folios[number as usize % 2]],
            outcomes: vec![school.outcome("THINK")],
            audience: Some(Roles::of([Role::Owner, Role::Teacher, Role::Guardian])),
            ..NewPiece::of(crate::a_day())
        };
        mina.capture(new, driver::now(), &mut OsRng)?;
    }
    driver::sync(&mut mina, true, Duration::from_secs(600))?;
    std::fs::write(folder.join("photo.jpg"), photos::grainy_photo(4_000, 3_000, 91))?;
    Ok(mina.pause()?)
}
