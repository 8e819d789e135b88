//! The relay beside the server of tus's makers: the same requests to both, and every difference in the answers stands in
//! a table with its reason.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};

use fieldfolio_tests::real::RealSchool;

use super::differences::DIFFERENCES;
use super::script::{LEAVES, MOST, Step, leaf, script};
use super::stage::{device_that_may_bring, node, token};

/// The headers that are compared by their value.
const VALUES: [&str; 8] = [
    "tus-resumable",
    "tus-version",
    "tus-max-size",
    "upload-offset",
    "upload-length",
    "upload-defer-length",
    "upload-concat",
    "upload-metadata",
];

/// Those that are compared by whether they are there: their values are each server's own.
const PRESENCE: [&str; 3] = ["location", "upload-expires", "tus-extension"];

#[test]
fn the_relay_answers_as_the_server_of_tus_does_but_where_a_reason_stands() {
    let school = RealSchool::start_with(&format!("max_upload_bytes = {MOST}")).unwrap();
    let mut leaves: Vec<Vec<u8>> = (0..LEAVES).map(leaf).collect();
    leaves.push(Vec::new());
    let (phone, piece) = device_that_may_bring(&school, &leaves);
    let folder = school.folder().join("theirs");
    std::fs::create_dir(&folder).unwrap();
    let theirs = Theirs::start(&folder);

    let mut found = Vec::new();
    let (mut ours_kept, mut theirs_kept) = (BTreeMap::new(), BTreeMap::new());
    let steps = script(piece);
    assert!(steps.len() >= 60);
    for step in &steps {
        let ours = ask(&school.address.to_string(), &token(&phone), step, &mut ours_kept);
        let theirs = ask(&theirs.address, "", step, &mut theirs_kept);
        // Where the statuses differ, the headers follow from them.
        let is_other = ours["status"] != theirs["status"];
        for (what, ours) in ours.iter().filter(|(what, _)| !is_other || *what == "status") {
            if *ours != theirs[what] {
                found.push((step.name, what.clone(), ours.clone(), theirs[what].clone()));
            }
        }
    }
    let mut met = BTreeSet::new();
    for row in &DIFFERENCES {
        assert!(!row.why.is_empty());
        for step in row.steps {
            met.insert((*step, row.what.to_owned(), row.ours.to_owned(), row.theirs.to_owned()));
        }
    }
    let found: BTreeSet<_> = found.into_iter().collect();
    let untold: Vec<_> = found.difference(&met).collect();
    assert!(untold.is_empty(), "differences without a reason: {untold:#?}");
    let gone: Vec<_> = met.difference(&found).collect();
    assert!(gone.is_empty(), "reasons without a difference: {gone:#?}");
    println!("{} requests, {} differences, each with its reason", steps.len(), found.len());
}

/// Asks, and tells what is compared: the status and the headers of tus.
fn ask(
    address: &str,
    token: &str,
    step: &Step,
    kept: &mut BTreeMap<&'static str, String>,
) -> BTreeMap<String, String> {
    // An upload that never began goes on nowhere.
    let fill = |text: &str| {
        kept.iter().fold(text.to_owned(), |text, (name, place)| text.replace(&format!("{{{name}}}"), place))
    };
    let mut request =
        format!("{} {} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n", step.method, fill(&step.path));
    request += &format!("Authorization: Bearer {token}\r\nContent-Length: {}\r\n", step.body.len());
    for (name, value) in &step.headers {
        request += &format!("{name}: {}\r\n", fill(value));
    }
    let mut line = TcpStream::connect(address).unwrap();
    line.write_all(request.as_bytes()).unwrap();
    line.write_all(b"\r\n").unwrap();
    line.write_all(&step.body).unwrap();
    let mut answer = Vec::new();
    line.read_to_end(&mut answer).unwrap_or_else(|error| panic!("{}: {error}", step.name));
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let head = answer.split("\r\n\r\n").next().unwrap();
    let status = head.split(' ').nth(1).unwrap_or_else(|| panic!("{}: {answer:?}", step.name)).to_owned();
    let headers: BTreeMap<String, &str> =
        head.lines().filter_map(|line| line.split_once(": ")).map(|(n, v)| (n.to_lowercase(), v)).collect();

    if let (Some(name), Some(place)) = (step.keep, headers.get("location")) {
        let path = place.split_once("://").map_or(*place, |(_, rest)| &rest[rest.find('/').unwrap()..]);
        kept.insert(name, path.to_owned());
    }
    let named = |value: &str| {
        kept.iter()
            .fold(value.to_owned(), |value, (name, place)| value.replace(place, &format!("{{{name}}}")))
    };
    let mut compared = BTreeMap::from([("status".to_owned(), status)]);
    for name in VALUES {
        compared.insert(name.to_owned(), headers.get(name).map_or("-".to_owned(), |value| named(value)));
    }
    for name in PRESENCE {
        let there = if headers.contains_key(name) { "there" } else { "-" };
        compared.insert(name.to_owned(), there.to_owned());
    }
    let is_kept = !headers.get("cache-control").is_some_and(|value| value.contains("no-store"));
    if step.method == "HEAD" {
        compared.insert("may be kept".to_owned(), is_kept.to_string());
    }
    compared
}

/// The server of tus's makers, as a process that ends with its test.
struct Theirs {
    child: Child,
    address: String,
}

impl Theirs {
    fn start(folder: &std::path::Path) -> Self {
        let mut command = node("server.mjs");
        command.arg(folder).arg(MOST.to_string()).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut said = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut said).unwrap();
        let address =
            said.trim_end().strip_prefix("listening on http://").unwrap_or_else(|| panic!("{said}"));
        Self { child, address: address.to_owned() }
    }
}

impl Drop for Theirs {
    fn drop(&mut self) {
        // Nobody is left to tell; the process is gone either way.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
