//! The log in SQLite passes the suite that every ledger must pass.

use fieldfolio_core::sync::relay::{Asker, suite};
use fieldfolio_server::database;
use fieldfolio_server::gate::ContainedTrial;
use fieldfolio_server::ledger::SqliteLedger;
use fieldfolio_tests::sim::School;

#[test]
fn the_ledger_in_sqlite_does_what_every_ledger_must() {
    let mut school = School::new(70);
    school.enrol("phone", "mina");
    let me = school.device("phone").device().identity().clone();
    let student = Asker { person: me.person, device: me.device };
    let (folio, now) = (school.folio("mina/community-garden"), school.now);
    let tx = database::begin(&mut school.conn).unwrap();
    let mut ledger = SqliteLedger::writing(&tx, me.school, now);
    suite::every_ledger_must(&mut ledger, &ContainedTrial::new(), student, &me.key, folio);
    tx.commit().unwrap();
}
