//! A phone whose battery dies.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use fieldfolio_core::device::{Device, DeviceError, Edits, Enrolment, NewPiece};
use fieldfolio_core::ids::{FolioId, SeededRng};
use fieldfolio_core::model::invitation::InvitationLink;
use fieldfolio_core::model::role::Roles;
use fieldfolio_core::store::StoreError;
use fieldfolio_server::database;
use fieldfolio_tests::driver::{self, now};
use fieldfolio_tests::ledger::Acknowledged;
use fieldfolio_tests::local_relay::LocalRelay;
use fieldfolio_tests::processes::binary;
use fieldfolio_tests::real::RealSchool;

use super::Cuts;
use super::disk::{Disk, Entry, Watched, What};
use crate::device::{all_is_there, known_of};

/// Lives of the phone: each makes a piece, writes on it, and syncs.
const LIVES: u64 = 2;

#[test]
fn a_phone_whose_power_goes_at_any_moment_has_what_it_said_is_saved_and_goes_on() {
    let (watched, school) = (Watched::new(), RealSchool::start().unwrap());
    let mut field = Field {
        folio: school.folio("mina/community-garden"),
        local: watched.beside("desk"),
        disk: Disk::default(),
        cuts: Cuts::at(watched.beside("cut")),
        played: 0,
        said: Vec::new(),
    };
    let link = school.link("mina").unwrap();
    let mut command = Command::new(binary("fieldfolio-device").unwrap());
    command.arg("--data").arg(watched.root().join("phone")).args(["enrol", &link]);
    watched.under(&mut command);
    assert!(command.stdout(Stdio::piped()).output().unwrap().status.success());
    let link = InvitationLink::from_url(&link).unwrap();
    field.enrolling(&watched.diary(), &link);
    driver::sync(&mut Device::open(&watched.root().join("phone")).unwrap(), true, Duration::from_secs(30))
        .unwrap();

    for life in 0..LIVES {
        let start = watched.diary().len();
        field.disk = watched.disk();
        let before = copy_of(&school.home(), &watched.beside(&format!("school-{life}")));
        let mut command = Command::new(env!("CARGO_BIN_EXE_fieldfolio-crash-device"));
        command.arg(watched.root().join("phone")).args([field.folio.to_string(), life.to_string()]);
        command.env("FIELDFOLIO_PIECES", "1").stdin(Stdio::null()).stdout(Stdio::piped());
        watched.under(&mut command);
        assert!(command.output().unwrap().status.success());
        let after = copy_of(&school.home(), &watched.beside(&format!("school-{life}-after")));
        field.living(&watched.diary()[start..], &before, &after);
    }
    println!(
        "{} cuts at {} moments, {} things acknowledged",
        field.cuts.made,
        field.played,
        field.said.len()
    );
    assert!(field.played > 150, "it did too little: {}", field.played);
}

/// Everything but files reaches the school, once.
pub(crate) fn agrees_with(local: &mut LocalRelay, phone: &mut Device, how: &str) {
    let synced = local.sync(phone, &mut SeededRng::new(78)).and_then(|()| local.agrees(phone));
    synced.unwrap_or_else(|error| panic!("{how}: {error}"));
}

/// The relay's database as it is now.
pub(crate) fn copy_of(home: &Path, to: &Path) -> PathBuf {
    std::fs::create_dir(to).unwrap();
    let copy = to.join("relay.db");
    database::open_reader(home).unwrap().execute("vacuum into ?1", [copy.display().to_string()]).unwrap();
    copy
}

struct Field {
    folio: FolioId,
    /// Where a relay stands for each cut.
    local: PathBuf,
    disk: Disk,
    cuts: Cuts,
    played: usize,
    said: Vec<Acknowledged>,
}

impl Field {
    fn enrolling(&mut self, diary: &[Entry], link: &InvitationLink) {
        let mut is_enrolled = false;
        for entry in diary {
            let lasts = self.disk.play(&entry.what);
            is_enrolled |= matches!(entry.what, What::Printed(_));
            self.played += 1;
            let is_new = lasts || matches!(entry.what, What::Printed(_));
            self.cuts.each(&self.disk, self.played, is_new, |cut, how| {
                let folder = cut.join("phone");
                match Device::open(&folder) {
                    Ok(phone) => assert_eq!(phone.identity().person, link.person, "{how}"),
                    Err(DeviceError::Store(StoreError::Absent(_))) => {
                        assert!(!is_enrolled, "{how}: it said that it is enrolled");
                        let mut rng = SeededRng::new(5);
                        Enrolment::begin(&folder, link.clone(), now(), &mut rng)
                            .unwrap_or_else(|error| panic!("{how}: the link can be used again: {error}"));
                    }
                    Err(other) => panic!("{how}: {other}"),
                }
            });
        }
        assert!(is_enrolled);
    }

    /// `before` and `after` are the school before the phone sent anything, and after it had sent all.
    fn living(&mut self, diary: &[Entry], before: &Path, after: &Path) {
        let mut is_sent = false;
        for entry in diary {
            let lasts = self.disk.play(&entry.what);
            if let What::Printed(bytes) = &entry.what
                && bytes.starts_with(b"{")
            {
                self.said.push(serde_json::from_slice(bytes).unwrap());
            }
            is_sent |= matches!(entry.what, What::Sent);
            self.played += 1;
            let known = known_of(self.said.clone());
            let is_new = lasts || matches!(entry.what, What::Printed(_) | What::Sent);
            let school = if is_sent { after } else { before };
            let (folio, local) = (self.folio, self.local.clone());
            self.cuts.each(&self.disk, self.played, is_new, |cut, how| {
                let mut phone =
                    Device::open(&cut.join("phone")).unwrap_or_else(|error| panic!("{how}: {error}"));
                all_is_there(&phone, &known, how);
                goes_on(&mut phone, folio, &known.keys().copied().collect::<Vec<_>>(), how);
                agrees_with(&mut LocalRelay::with(&local, school).unwrap(), &mut phone, how);
            });
        }
        assert!(is_sent && !self.said.is_empty());
    }
}

/// Work goes on where it stopped, and with something new.
fn goes_on(phone: &mut Device, folio: FolioId, pieces: &[fieldfolio_core::ids::PieceId], how: &str) {
    let mut rng = SeededRng::new(77);
    let failed = |error: DeviceError| panic!("{how}: work does not go on: {error}");
    let new = NewPiece {
        title: "After the cut".into(),
        folios: vec![folio],
        audience: Some(Roles::WHOLE_CIRCLE),
        ..NewPiece::of(fieldfolio_tests::a_day())
    };
    phone.capture(new, now(), &mut rng).map(drop).unwrap_or_else(failed);
    for piece in pieces {
        let edits = Edits { words: Some("after the cut".into()), ..Edits::default() };
        phone.edit(*piece, edits, now(), &mut rng).unwrap_or_else(failed);
    }
}
