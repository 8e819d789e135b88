//! The end: everyone syncs, and what the devices hold is compared, pair by pair.

use std::collections::BTreeMap;

use rusqlite::Connection;
use serde_json::Value;

use super::BoxError;
use super::stage::{Player, Stage};
use super::trouble::Work;

/// What one device holds.
struct Held {
    name: &'static str,
    digest: String,
    /// Heads, by document.
    documents: BTreeMap<String, String>,
    /// Sentences, by student and outcome; only what is seen whole.
    levels: BTreeMap<(String, String), String>,
}

/// Everyone syncs until quiet; then the devices are compared. With `negative` one change is taken away before that;
/// answers whether the comparison noticed.
pub(super) fn everyone(
    stage: &mut Stage,
    work: &Work,
    has_film: bool,
    negative: bool,
) -> Result<bool, BoxError> {
    stage.scene("Everyone syncs, and the devices are compared");
    // What one sends in the first round, others have after the second.
    for _ in 0..2 {
        stage.sync(&stage.players())?;
    }
    for player in stage.players().map(Player::clone) {
        let status = player.device.json(&["status"])?;
        let none = Value::Array(Vec::new());
        let open =
            ["waiting", "set_aside", "unopened", "new_devices"].iter().any(|list| status[*list] != none);
        let quiet = !open && status["uploads"] == 0 && status["to_fill"] == 0;
        stage.check(&format!("{}: nothing waits, nothing was refused", player.name), quiet);
    }
    if negative {
        drop_one_change(&stage.tablet, work)?;
    }
    let held: Vec<Held> = stage.players().into_iter().map(read).collect::<Result<_, _>>()?;
    let differences = compare(&held);
    if negative {
        differences.iter().for_each(|difference| println!("  [DIFFERENT] {difference}"));
        return Ok(!differences.is_empty());
    }
    for difference in &differences {
        stage.check(difference, false);
    }
    let [phone, tablet, _, ito, okafor, _] = &held[..] else { return Err("six devices were read".into()) };
    // Four contents, Mina's reflection, and the voices about her: Lea's, three of Ms Ito's, one of Mr Okafor's. Lea sees
    // the garden alone and no teacher; the teachers see what Ms Ito said of Otto too; Otto sees that, and the bed. The film
    // lies in the garden, where there is one.
    let film = usize::from(has_film);
    let may_read = [10 + film, 10 + film, 5 + film, 11 + film, 11 + film, 2];
    let exactly = held.iter().map(|held| held.documents.len()).eq(may_read);
    stage.check("each device holds exactly the documents that its person may read", exactly);
    stage.check("every document that two devices hold is the same on both", differences.is_empty());
    stage.check(
        &format!("Mina's phone and tablet hold the same: {}", &phone.digest[..16]),
        phone.digest == tablet.digest,
    );
    stage.check(
        &format!("the two teachers hold the same: {}", &ito.digest[..16]),
        ito.digest == okafor.digest,
    );
    let of_mina = |held: &Held| {
        held.levels.keys().filter(|(student, _)| phone.levels.keys().any(|(mina, _)| mina == student)).count()
    };
    let whole = [phone, tablet, ito, okafor].iter().all(|held| of_mina(held) == phone.levels.len());
    stage.check("Mina and her teachers see every level of hers whole", whole && !phone.levels.is_empty());
    Ok(false)
}

fn read(player: &Player) -> Result<Held, BoxError> {
    let digest = player.device.json(&["digest"])?;
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let rows = |key: &str| digest[key].as_array().cloned().unwrap_or_default();
    let documents = rows("documents").iter().map(|row| (word(&row[0]), row[1].to_string())).collect();
    let levels = rows("levels").iter().map(|row| ((word(&row[0]), word(&row[1])), word(&row[2]))).collect();
    Ok(Held { name: player.name, digest: word(&digest["digest"]), documents, levels })
}

/// Compares each two devices; prints what they have in common, and answers what differs.
fn compare(held: &[Held]) -> Vec<String> {
    let mut differences = Vec::new();
    for (position, one) in held.iter().enumerate() {
        for other in &held[position + 1..] {
            let documents = common(&one.documents, &other.documents);
            let levels = common(&one.levels, &other.levels);
            println!(
                "  {} and {}: {} documents and {} levels in common",
                one.name,
                other.name,
                documents.len(),
                levels.len()
            );
            let different = documents.iter().filter(|(_, a, b)| a != b).map(|(id, _, _)| (*id).clone());
            let different = different.map(|id| format!("document {id}"));
            let levels = levels.iter().filter(|(_, a, b)| a != b);
            let levels =
                levels.map(|((_, outcome), a, b)| format!("the level in {outcome}: {a:?} and {b:?}"));
            differences.extend(
                different.chain(levels).map(|what| format!("{} and {} differ: {what}", one.name, other.name)),
            );
        }
    }
    differences
}

fn common<'a, K: Ord, V>(one: &'a BTreeMap<K, V>, other: &'a BTreeMap<K, V>) -> Vec<(&'a K, &'a V, &'a V)> {
    one.iter().filter_map(|(key, value)| Some((key, value, other.get(key)?))).collect()
}

/// Takes the newest change of Mina's reflection out of her tablet's store, as if it had never arrived.
fn drop_one_change(tablet: &Player, work: &Work) -> Result<(), BoxError> {
    let piece: fieldfolio_core::ids::PieceId = work.leaf.piece.parse()?;
    let store = Connection::open(tablet.device.folder.join("fieldfolio.db"))?;
    let dropped = store.execute(
        "delete from change where row = (
             select max(change.row) from change join document on document.row = change.document
             where document.piece = ?1 and document.author = document.about)",
        [piece.as_bytes().as_slice()],
    )?;
    if dropped != 1 {
        return Err(format!("{dropped} changes were taken away instead of one").into());
    }
    drop(store);
    tablet.device.json(&["rebuild-index"])?;
    println!("  On purpose: one change of Mina's reflection was taken away from her tablet.");
    Ok(())
}
