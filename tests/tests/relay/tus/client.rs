//! tus-js-client in every mode, directly and over lines that cut, stall, half-close and crawl. Every file is brought
//! once, and compared byte by byte with what the relay serves.

use std::path::PathBuf;

use fieldfolio_core::blob::BlobHash;
use fieldfolio_core::ids::SeededRng;
use fieldfolio_tests::photos;
use fieldfolio_tests::proxy::rough::{RoughLine, Way};
use fieldfolio_tests::real::RealSchool;

use super::stage::{device_that_may_bring, finish, node, noise, token};

#[test]
fn tus_js_client_is_served_in_every_mode_over_every_line_and_each_byte_arrives() {
    let seed = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(20_261_122);
    let school = RealSchool::start().unwrap();
    let rough: Vec<RoughLine> = (0..)
        .zip(Way::ALL)
        .map(|(n, way)| RoughLine::start(school.address, way, seed + n).unwrap())
        .collect();
    let mut lines = vec![("direct".to_owned(), school.url.clone())];
    lines.extend(Way::ALL.iter().zip(&rough).map(|(way, line)| (format!("{way:?}"), line.url())));

    let modes = finish(node("client.mjs").arg("--modes"));
    let folder = school.folder().join("files");
    std::fs::create_dir(&folder).unwrap();
    let mut files = Vec::new();
    let mut dice = SeededRng::new(seed);
    for (line, _) in &lines {
        for mode in modes.lines() {
            let length = match mode {
                "empty" | "empty-deferred" => 0,
                // One body that no client can cut in pieces: short enough to come through now and then.
                "creation-with-upload" => 50_000 + dice.below(100_000) as usize,
                _ => 250_000 + dice.below(450_000) as usize,
            };
            let bytes = noise(seed + files.len() as u64, length);
            std::fs::write(folder.join(format!("{line}-{mode}")), &bytes).unwrap();
            files.push(bytes);
        }
    }
    // One as a camera wrote it, where they were brought along.
    let real = photos::real_photos().unwrap_or_default().into_iter();
    let is_jpeg = |path: &PathBuf| path.extension().is_some_and(|kind| kind.eq_ignore_ascii_case("jpg"));
    if let Some(photo) =
        real.filter(is_jpeg).max_by_key(|path| path.metadata().map_or(0, |found| found.len()))
    {
        std::fs::copy(&photo, folder.join("direct-buffer")).unwrap();
        files[0] = std::fs::read(photo).unwrap();
    }

    let (mut phone, piece) = device_that_may_bring(&school, &files);
    let lines: Vec<_> = lines
        .iter()
        .map(|(name, url)| serde_json::json!({ "name": name, "endpoint": format!("{url}/v1/uploads") }))
        .collect();
    let plan = serde_json::json!({
        "token": token(&phone), "piece": piece.to_string(), "folder": folder, "lines": lines,
    });
    let plan_file = school.folder().join("plan.json");
    std::fs::write(&plan_file, plan.to_string()).unwrap();

    println!("seed {seed}");
    let said = finish(node("client.mjs").arg(&plan_file));
    assert_eq!(said.lines().last(), Some(format!("{} passed, 0 failed", files.len()).as_str()), "{said}");
    for (way, line) in Way::ALL.iter().zip(&rough) {
        println!("{way:?}: happened {} times", line.happened());
        assert!(line.happened() > 0, "{way:?} never happened: seed {seed}");
    }

    let mut teacher = school.client("ms-ito", "teacher").unwrap();
    for bytes in &files {
        let blob = BlobHash::of(bytes);
        for reader in [&mut phone, &mut teacher] {
            let answer = reader.blob(blob).unwrap();
            assert!(answer.status == 200 && answer.body == *bytes, "{blob}: {}, seed {seed}", answer.status);
        }
    }
    let left = std::fs::read_dir(school.home().join("blobs/parts")).unwrap().count();
    println!("tus-js-client: {} uploads; parts left of what was begun twice: {left}", files.len());
}
