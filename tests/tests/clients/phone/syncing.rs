//! Runs, the live line and the queue: ended, paused and cancelled in the middle.

use std::sync::Arc;
use std::time::{Duration, Instant};

use fieldfolio_mobile::bindings::{
    BackgroundUploadAnswer, FieldfolioError, MediaVariant, SyncBudget, SyncEnd,
};
use fieldfolio_mobile::records::{At, HeldBack};
use rusqlite::Connection;
use tokio::time::timeout;

use super::{Done, enrolled, evidence, run, stage};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_nobody_waits_for_ends_and_the_next_goes_on() -> Done {
    let stage = stage();
    let mina = enrolled(&stage, "mina", "mina").await?;
    mina.capture(evidence(&stage, "Leaf", &[&stage.photos[2]])).await?;
    let sync = mina.sync_service();
    // Given up after its first moment.
    assert!(timeout(Duration::from_millis(1), sync.run(SyncBudget { seconds: 600 })).await.is_err());
    let statuses = sync.open_status_stream();
    let idle = async {
        while statuses
            .next()
            .await?
            .is_some_and(|status| status.connection != fieldfolio_mobile::bindings::Connection::Idle)
        {
        }
        Ok::<_, FieldfolioError>(())
    };
    timeout(Duration::from_secs(10), idle).await.expect("it ends soon")?;
    assert_eq!(run(&mina, 60).await?, SyncEnd::InStep);
    assert_eq!(mina.mine().await?[0].whereabouts.at, At::School);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_ends_with_its_budget_and_when_it_is_cancelled() -> Done {
    let stage = stage();
    let mina = enrolled(&stage, "mina", "mina").await?;
    mina.capture(evidence(&stage, "Leaf", &[&stage.photos[2]])).await?;
    let began = Instant::now();
    assert_eq!(run(&mina, 0).await?, SyncEnd::OutOfTime);
    let sync = mina.sync_service();
    let (ended, ()) = tokio::join!(sync.run(SyncBudget { seconds: 600 }), async {
        let statuses = sync.open_status_stream();
        while statuses
            .next()
            .await
            .expect("told")
            .is_some_and(|now| now.connection == fieldfolio_mobile::bindings::Connection::Idle)
        {}
        sync.cancel();
    });
    assert!(matches!(ended?.end, SyncEnd::Cancelled | SyncEnd::InStep));
    assert!(began.elapsed() < Duration::from_secs(60), "not the budget's end");
    assert_eq!(run(&mina, 60).await?, SyncEnd::InStep);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn paused_in_the_middle_nothing_is_lost() -> Done {
    let stage = stage();
    let mina = enrolled(&stage, "mina", "mina").await?;
    mina.sync_service().go_live();
    for number in 0..6 {
        let new = evidence(&stage, &format!("Leaf {number}"), &[&stage.photos[1]]);
        let (made, paused) = tokio::join!(mina.capture(new), mina.pause());
        paused?;
        assert!(mina.is_paused());
        mina.resume().await?;
        // It was saved, or it was refused in words and left nothing.
        let there = mina.mine().await?.iter().filter(|piece| piece.title == format!("Leaf {number}")).count();
        match made {
            Ok(_) => assert_eq!(there, 1),
            Err(FieldfolioError::Closed { .. }) => assert_eq!(there, 0),
            Err(error) => return Err(error),
        }
    }
    let all = mina.mine().await?.len();
    mina.sync_service().stop_live();
    assert_eq!(run(&mina, 60).await?, SyncEnd::InStep);
    let second = enrolled(&stage, "mina", "second").await?;
    assert_eq!(second.mine().await?.len(), all);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_travel_in_the_platforms_own_uploader() -> Done {
    let stage = stage();
    let mina = enrolled(&stage, "mina", "mina").await?;
    let made = mina.capture(evidence(&stage, "Leaf", &[&stage.photos[2]])).await?;
    let sync = mina.sync_service();
    // What was written goes first: the school must expect the files.
    sync.pause_uploads(true).await?;
    assert_eq!(run(&mina, 30).await?, SyncEnd::InStep);
    sync.pause_uploads(false).await?;
    let uploads = sync.background_uploads(16).await?;
    assert!(!uploads.is_empty());
    for upload in &uploads {
        assert!(upload.headers.iter().any(|header| header.name == "Authorization"));
        assert!(upload.length > 0 && upload.url.starts_with("https://"));
    }
    // The first was lost on its way, the others never came back: all is sent from here.
    sync.background_upload_done(
        uploads[0].name.clone(),
        BackgroundUploadAnswer { status: None, location: None, upload_offset: None },
    )
    .await?;
    let strange = BackgroundUploadAnswer { status: Some(201), location: None, upload_offset: None };
    let unknown = sync.background_upload_done("none/such/0".into(), strange).await;
    assert!(matches!(unknown, Err(FieldfolioError::Missing { .. })), "{unknown:?}");
    sync.take_back().await?;
    assert_eq!(run(&mina, 60).await?, SyncEnd::InStep);
    let tablet = enrolled(&stage, "mina", "tablet").await?;
    assert!(tablet.media_path(made.piece, MediaVariant::Original, None).await?.is_none(), "it is asked for");
    assert_eq!(run(&tablet, 60).await?, SyncEnd::InStep);
    assert!(tablet.media_path(made.piece, MediaVariant::Original, None).await?.is_some());
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_queue_says_what_waits_and_obeys() -> Done {
    let stage = stage();
    let mina = enrolled(&stage, "mina", "mina").await?;
    let made = mina.capture(evidence(&stage, "Leaf", &[&stage.photos[2]])).await?;
    let sync = mina.sync_service();
    let queue = sync.queue().await?;
    assert_eq!(queue.len(), 2, "a photo and its small picture: {queue:?}");
    assert!(queue[0].is_preview && queue.iter().all(|upload| upload.sent == 0));
    let original = queue[1].hash.parse().expect("a hash");
    sync.hold(made.piece, HeldBack::Cancelled, Some(original)).await?;
    assert_eq!(run(&mina, 60).await?, SyncEnd::InStep, "what waits for people is nobody's business");
    let queue = sync.queue().await?;
    assert_eq!((queue.len(), queue[0].why.as_deref()), (1, Some("cancelled")));
    sync.hold(made.piece, HeldBack::Not, Some(original)).await?;
    assert_eq!(run(&mina, 60).await?, SyncEnd::InStep);
    assert!(sync.queue().await?.is_empty());
    assert!(matches!(
        sync.hold(made.piece, HeldBack::Paused, Some(fieldfolio_core::blob::BlobHash::of(b"none"))).await,
        Err(FieldfolioError::Missing { .. })
    ));
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_is_closed_answers_who_waits() -> Done {
    let stage = stage();
    let mina = enrolled(&stage, "mina", "mina").await?;
    let (changes, statuses) = (Arc::new(mina.open_change_stream()), mina.sync_service().open_status_stream());
    let waiting = tokio::spawn({
        let changes = changes.clone();
        async move { changes.next().await }
    });
    changes.end();
    assert_eq!(timeout(Duration::from_secs(5), waiting).await.expect("in time").expect("it returns"), None);
    assert_eq!(changes.next().await, None);
    statuses.end();
    assert!(statuses.next().await?.is_none());
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pausing_resuming_and_going_live_in_any_order_ends_as_the_last_one_said() -> Done {
    let stage = stage();
    let mina = enrolled(&stage, "mina", "mina").await?;
    let sync = mina.sync_service();
    for _ in 0..20 {
        sync.go_live();
        let (paused, resumed) = tokio::join!(mina.pause(), mina.resume());
        paused?;
        resumed?;
        assert!(!mina.is_paused());
    }
    // Live is asked for while the store is paused: it begins when the store is there again, and nothing spins meanwhile.
    mina.pause().await?;
    sync.go_live();
    let statuses = sync.open_status_stream();
    assert!(
        timeout(Duration::from_millis(200), statuses.next()).await.is_err(),
        "a paused store tells nothing"
    );
    mina.resume().await?;
    let live = async {
        while statuses
            .next()
            .await?
            .is_some_and(|now| now.connection != fieldfolio_mobile::bindings::Connection::Live)
        {}
        Ok::<_, FieldfolioError>(())
    };
    timeout(Duration::from_secs(20), live).await.expect("in time")?;
    mina.wipe().await?;
    sync.go_live();
    assert!(matches!(mina.me().await, Err(FieldfolioError::Closed { .. })));
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_resume_that_nobody_waits_for_is_finished() -> Done {
    let stage = stage();
    let mina = enrolled(&stage, "mina", "mina").await?;
    for moment in 0..20 {
        mina.pause().await?;
        // Given up at some moment or not: an app is opened and left at once.
        drop(timeout(Duration::from_micros(moment * 100), mina.resume()).await);
        let opened = async {
            while mina.is_paused() {
                tokio::task::yield_now().await;
            }
        };
        timeout(Duration::from_secs(10), opened).await.expect("it is opened");
        assert_eq!(run(&mina, 60).await?, SyncEnd::InStep, "given up after {moment}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_can_not_be_taken_in_is_not_asked_for_again_and_again() -> Done {
    let stage = stage();
    let mina = enrolled(&stage, "mina", "mina").await?;
    mina.capture(evidence(&stage, "Leaf", &[])).await?;
    let database = Connection::open(format!("{}/fieldfolio.db", mina.folder())).expect("it opens");
    database
        .execute_batch("create trigger full before delete on outbox begin select raise(abort, 'full'); end")
        .expect("nothing goes from the outbox");
    let report = mina.sync_service().run(SyncBudget { seconds: 4 }).await?;
    assert_eq!(report.end, SyncEnd::OutOfTime);
    assert!(report.bytes_up < 20_000, "{} bytes sent in vain", report.bytes_up);
    database.execute_batch("drop trigger full").expect("there is room again");
    assert_eq!(run(&mina, 60).await?, SyncEnd::InStep);
    assert_eq!(mina.mine().await?[0].whereabouts.at, At::School);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_paid_line_stays_one_over_a_pause() -> Done {
    let stage = stage();
    let mina = enrolled(&stage, "mina", "mina").await?;
    let sync = mina.sync_service();
    sync.set_thrifty(true).await?;
    mina.pause().await?;
    // Told while nothing can be done with it.
    assert!(matches!(sync.set_metered(true).await, Err(FieldfolioError::Closed { .. })));
    mina.resume().await?;
    mina.capture(evidence(&stage, "Leaf", &[&stage.photos[2]])).await?;
    run(&mina, 5).await?;
    assert_ne!(mina.mine().await?[0].whereabouts.at, At::School, "the original waits");
    sync.set_metered(false).await?;
    assert_eq!(run(&mina, 60).await?, SyncEnd::InStep);
    assert_eq!(mina.mine().await?[0].whereabouts.at, At::School);
    Ok(())
}
