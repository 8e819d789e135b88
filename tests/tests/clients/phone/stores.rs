//! A store and its folder: what is saved, refused, opened twice, exported and logged.

use std::fs::File;
use std::sync::Arc;
use std::time::Duration;

use fieldfolio_mobile::bindings::{
    Config, Connection, Fieldfolio, FieldfolioError, LogLevel, LogSink, LogSinkError, SyncEnd,
};
use fieldfolio_tests::{photos, processes};
use tokio::time::timeout;

use super::{Done, enrolled, evidence, folder, library, run, stage};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_done_at_once_is_all_there_and_a_call_that_is_dropped_is_finished() -> Done {
    let stage = stage();
    let mina = enrolled(&stage, "mina", "mina").await?;
    let made = (0..8).map(|number| {
        let (mina, new) = (mina.clone(), evidence(&stage, &format!("Leaf {number}"), &[&stage.photos[0]]));
        tokio::spawn(async move { mina.capture(new).await })
    });
    for made in made.collect::<Vec<_>>() {
        made.await.expect("it returns")?;
    }
    assert_eq!(mina.mine().await?.len(), 8);
    // Asked for once, then dropped: what was begun is done.
    let changes = mina.open_change_stream();
    tokio::select! {
        biased;
        _ = mina.capture(evidence(&stage, "Ninth", &[])) => {}
        () = std::future::ready(()) => {}
    }
    timeout(Duration::from_secs(10), changes.next()).await.expect("in time");
    assert_eq!(mina.mine().await?.len(), 9);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_files_are_named_and_the_piece_is_not_made() -> Done {
    let stage = stage();
    let mina = enrolled(&stage, "mina", "mina").await?;
    let (torn, absent) = (stage.school.folder().join("torn.jpg"), stage.school.folder().join("absent.jpg"));
    std::fs::write(&torn, &photos::field_photo(3, 640, 480)[..4_000]).expect("it is written");
    for bad in [&torn, &absent] {
        let refused = mina.capture(evidence(&stage, "Bad", &[&stage.photos[0], bad])).await;
        assert!(matches!(refused, Err(FieldfolioError::Media { number: 2, .. })), "{refused:?}");
    }
    // A picture of a terabyte is not read to its end.
    let note = stage.school.folder().join("note.wav");
    let wav = [
        &b"RIFF\x2c\0\0\0WAVEfmt \x10\0\0\0"[..],
        b"\x01\0\x01\0\x40\x1f\0\0\x40\x1f\0\0\x01\0\x08\0",
        b"data\x08\0\0\0",
        &[128; 8],
    ];
    std::fs::write(&note, wav.concat()).expect("it is written");
    let mut huge = evidence(&stage, "Bad", &[&note]);
    let poster = stage.school.folder().join("poster.jpg");
    std::fs::copy(&stage.photos[0], &poster).expect("it is copied");
    File::options().write(true).open(&poster).and_then(|file| file.set_len(1 << 40)).expect("it has holes");
    huge.files[0].poster_path = Some(poster.to_string_lossy().into_owned());
    let refused = mina.capture(huge).await.expect_err("it is too large");
    assert!(matches!(refused, FieldfolioError::Media { number: 1, .. }), "{refused:?}");
    assert!(refused.to_string().contains("and the limit is"), "{refused}");
    mina.capture(evidence(&stage, "Good", &[&note])).await?;
    let long = mina.capture(evidence(&stage, &"x".repeat(100_000), &[])).await;
    assert!(matches!(long, Err(FieldfolioError::TooLong { .. })), "{long:?}");
    assert_eq!(mina.mine().await?.len(), 1);
    let elsewhere = library().open(folder(&stage, "nowhere")).await;
    assert!(matches!(elsewhere, Err(FieldfolioError::Missing { .. })), "{elsewhere:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revoked_phone_says_sign_in_and_keeps_its_work() -> Done {
    let stage = stage();
    let mina = enrolled(&stage, "mina", "mina").await?;
    let device = mina.me().await?.device;
    stage
        .school
        .office(&["device", "revoke", &device])
        .or_else(|_| stage.school.office(&["revoke", &device]))
        .expect("it is revoked");
    mina.capture(evidence(&stage, "Afterwards", &[])).await?;
    assert_eq!(run(&mina, 30).await?, SyncEnd::Locked);
    assert_eq!(mina.sync_service().status().await?.connection, Connection::Locked);
    assert!(matches!(mina.invite_device(None).await, Err(FieldfolioError::SignIn { .. })));
    assert_eq!(mina.mine().await?.len(), 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_has_one_writer_whoever_lets_go_of_it() -> Done {
    let stage = stage();
    let mina = enrolled(&stage, "mina", "mina").await?;
    let second = library().open(folder(&stage, "mina")).await?;
    second.pause().await?;
    assert!(mina.is_paused(), "one folder, one store");
    mina.resume().await?;

    // Let go of while it is live: what is opened is the same, and hears what the other said.
    let sync = mina.sync_service();
    let changes = mina.open_change_stream();
    sync.go_live();
    drop((mina, second));
    let again = library().open(folder(&stage, "mina")).await?;
    again.capture(evidence(&stage, "Leaf", &[])).await?;
    timeout(Duration::from_secs(10), changes.next()).await.expect("in time");
    sync.stop_live();

    // Who only listens keeps nothing open.
    let statuses = again.sync_service().open_status_stream();
    assert!(statuses.next().await?.is_some());
    drop((again, sync));
    let end = async {
        while statuses.next().await?.is_some() {}
        Ok::<_, FieldfolioError>(())
    };
    timeout(Duration::from_secs(10), end).await.expect("in time")?;
    let opened = library().open(folder(&stage, "mina")).await?;
    assert_eq!(opened.mine().await?.len(), 1);

    // Another program is told, until this one pauses.
    let other = processes::DeviceProcess::at(folder(&stage, "mina"));
    let told = other.refused(&["status"]).expect("it is refused");
    assert!(told.contains("is open in another program"), "{told}");
    opened.pause().await?;
    other.words(&["status"]).expect("it opens");
    opened.resume().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_invitation_that_is_taken_twice_at_once_makes_one_store_that_works() -> Done {
    let stage = stage();
    // Which of the two comes first is chance.
    for round in 0..8 {
        let (link, to) =
            (stage.school.link("mina").expect("a link"), folder(&stage, &format!("mina-{round}")));
        let (library, again) = (library(), library());
        let (one, two) = tokio::join!(library.enrol(link.clone(), to.clone()), again.enrol(link, to));
        let made: Vec<_> = [one, two].into_iter().filter_map(Result::ok).collect();
        assert_eq!(made.len(), 1);
        assert_eq!(run(&made[0], 30).await?, SyncEnd::InStep);
    }
    let (link, to) = (stage.school.link("mina").expect("a link"), folder(&stage, "mina"));
    let (library, again) = (library(), library());
    let (one, two) = tokio::join!(library.enrol(link.clone(), to.clone()), again.enrol(link, to.clone()));
    let made: Vec<_> = [one, two].into_iter().filter_map(Result::ok).collect();
    assert_eq!(made.len(), 1);
    assert_eq!(run(&made[0], 30).await?, SyncEnd::InStep);
    // The same folder by another name is the same store; and nothing is salvaged into one that is open.
    let another = stage.school.folder().join("another");
    std::os::unix::fs::symlink(&to, &another).expect("a name");
    let same = library.open(another.to_string_lossy().into_owned()).await?;
    same.pause().await?;
    assert!(made[0].is_paused());
    let refused = library.salvage(folder(&stage, "old"), to).await;
    assert!(matches!(refused, Err(FieldfolioError::Argument { .. })), "{refused:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_export_is_whole_or_leaves_nothing() -> Done {
    let stage = stage();
    let mina = enrolled(&stage, "mina", "mina").await?;
    mina.capture(evidence(&stage, "Leaf", &[&stage.photos[0]])).await?;
    let (student, to) = (stage.school.person("mina"), stage.school.folder().join("out"));
    let taken = stage.school.folder().join("taken");
    std::fs::create_dir_all(&taken).expect("a folder");
    std::fs::write(taken.join("something"), "else").expect("a file");
    let refused = mina.export_portfolio(student, taken.to_string_lossy().into_owned()).await;
    assert!(matches!(refused, Err(FieldfolioError::Argument { .. })), "{refused:?}");
    // What an export before this one left in the middle makes way.
    std::fs::create_dir_all(stage.school.folder().join("out.fieldfolio-part/media")).expect("a folder");
    let others = stage.school.folder().join("out.fieldfolio-part/letter.txt");
    std::fs::write(&others, "somebody else's").expect("a file");
    let refused = mina.export_portfolio(student, to.to_string_lossy().into_owned()).await;
    assert!(matches!(refused, Err(FieldfolioError::Argument { .. })), "{refused:?}");
    std::fs::remove_file(&others).expect("it is still there");
    let done = mina.export_portfolio(student, to.to_string_lossy().into_owned()).await?;
    assert_eq!((done.pieces, done.files, done.missing), (1, 1, 0));
    assert!(!stage.school.folder().join("out.fieldfolio-part").exists());
    assert_eq!(std::fs::read_dir(to.join("media")).expect("a folder").count(), 1);
    // A folder's name may end with a slash.
    let slash = format!("{}/", stage.school.folder().join("slash").display());
    mina.export_portfolio(student, slash.clone()).await?;
    assert_eq!(std::fs::read_dir(&slash).expect("a folder").count(), 2);
    Ok(())
}

struct Throws;

impl LogSink for Throws {
    fn log(&self, _: LogLevel, line: String) -> Result<(), LogSinkError> {
        for secret in ["Mina", "Leaf", "127.0.0.1", "Bearer"] {
            assert!(!line.contains(secret), "{line}");
        }
        Err(LogSinkError::Failed { reason: "full".into() })
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn log_lines_name_nobody_and_a_sink_that_throws_harms_nothing() -> Done {
    let stage = stage();
    let mina = enrolled(&stage, "mina", "mina").await?;
    Fieldfolio::new(Config { log_level: LogLevel::Debug, log_sink: Some(Arc::new(Throws)) });
    mina.capture(evidence(&stage, "Leaf", &[&stage.photos[0]])).await?;
    assert_eq!(run(&mina, 60).await?, SyncEnd::InStep);
    library();
    Ok(())
}
