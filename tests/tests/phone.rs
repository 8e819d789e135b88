//! What phones must hold beside the journey: whom they believe on the network, and what a call that is given up, paused or
//! repeated leaves behind.

use std::sync::Arc;
use std::time::{Duration, Instant};

use fieldfolio_core::model::invitation::{InvitationLink, Pin};
use fieldfolio_mobile::phone::{
    Config, Connection, Fieldfolio, FieldfolioError, LogLevel, LogSink, LogSinkError, MediaVariant,
    NewEvidence, NewFile, ParcelAnswer, Store, SyncBudget, SyncEnd,
};
use fieldfolio_mobile::records::{At, HeldBack};
use fieldfolio_tests::journey::Stage;
use fieldfolio_tests::photos;
use fieldfolio_tests::proxy::front::{Front, Identity};
use rustls::pki_types::pem::PemObject;
use tokio::time::timeout;

type Done = Result<(), FieldfolioError>;

fn library() -> Arc<Fieldfolio> {
    Fieldfolio::new(Config { log_level: LogLevel::Off, log_sink: None })
}

fn stage() -> Stage {
    Stage::set().expect("the stage stands")
}

fn folder(stage: &Stage, name: &str) -> String {
    stage.school.folder().join(name).to_string_lossy().into_owned()
}

async fn enrolled(stage: &Stage, person: &str, name: &str) -> Result<Arc<Store>, FieldfolioError> {
    let link = stage.school.link(person).expect("a link");
    let store = library().enrol(link, folder(stage, name)).await?;
    assert_eq!(run(&store, 60).await?, SyncEnd::InStep);
    Ok(store)
}

async fn run(store: &Store, seconds: u32) -> Result<SyncEnd, FieldfolioError> {
    Ok(store.sync_service().run(SyncBudget { seconds }).await?.end)
}

fn evidence(stage: &Stage, title: &str, files: &[&std::path::Path]) -> NewEvidence {
    let file = |path: &&std::path::Path| NewFile {
        path: path.to_string_lossy().into_owned(),
        caption: String::new(),
        alt: String::new(),
        poster_path: None,
        replaces: None,
    };
    NewEvidence {
        files: files.iter().map(file).collect(),
        links: Vec::new(),
        title: title.to_owned(),
        words: String::new(),
        work_date: None,
        outcomes: Vec::new(),
        folios: vec![stage.school.folio("mina/community-garden")],
        audience: None,
        is_observation: false,
        revises: None,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_phone_believes_the_key_of_its_invitation_and_nobody_else() -> Done {
    let stage = stage();
    let link = stage.school.link("mina").expect("a link");
    let pinned = InvitationLink::from_url(&link).expect("it reads");
    let with = |pin: Option<Pin>| InvitationLink { pin, ..pinned.clone() }.to_url();

    // No authority vouches for the certificate: without a pin nobody is believed; with another pin neither. The link is not
    // used up by either.
    for (name, pin) in [("none", None), ("other", Some(Pin([7; 32])))] {
        let refused = library().enrol(with(pin), folder(&stage, name)).await;
        assert!(matches!(refused, Err(FieldfolioError::Offline { .. })), "{name}: {refused:?}");
    }
    let mina = library().enrol(link, folder(&stage, "mina")).await?;
    assert_eq!(run(&mina, 30).await?, SyncEnd::InStep);

    assert_eq!(Some(mina_pin(&mina, &stage).await), pinned.pin, "a device hands its pin on");

    // The platform's own uploader can ask whom to believe.
    let certificate = std::fs::read(stage.school.home().join("certificate.pem")).expect("it is there");
    let der = rustls::pki_types::CertificateDer::from_pem_slice(&certificate).expect("it reads");
    assert!(mina.is_pinned() && mina.believes(der.to_vec()));
    assert!(!mina.believes(der[..der.len() - 1].to_vec()) && !mina.believes(Vec::new()));
    Ok(())
}

/// The pin in a link that this device makes for the next one.
async fn mina_pin(store: &Store, stage: &Stage) -> Pin {
    let invited = store.invite_device(None).await.expect("the school takes it");
    let tablet =
        library().enrol(invited.link.clone(), folder(stage, "tablet")).await.expect("it can be used");
    assert_eq!(run(&tablet, 30).await.expect("it syncs"), SyncEnd::InStep);
    InvitationLink::from_url(&invited.link).expect("it reads").pin.expect("it is pinned")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_renewed_certificate_is_believed_and_another_key_is_not() -> Done {
    let stage = stage();
    let (own, foreign) = (Identity::of_its_own().expect("a key"), Identity::of_its_own().expect("a key"));
    let address = stage.school.address;
    let settings = stage.school.home().join("fieldfolio.toml");
    let certificate = Front::keep_certificate(&own, &stage.school.home()).expect("it is written");
    std::fs::write(&settings, format!("disk_floor_bytes = 0\n{certificate}")).expect("it is written");
    let person = stage.school.person("mina").to_string();
    for (name, identity, reaches) in
        [("renewed", own.renewed().expect("a certificate"), true), ("foreign", foreign, false)]
    {
        let front = Front::start(address, &identity).expect("it listens");
        let invited = fieldfolio_tests::processes::school(
            &stage.school.home(),
            Some(&front.url()),
            &["invite", &person],
        );
        let link = invited.expect("a link")["url"].as_str().expect("a link").to_owned();
        let enrolled = library().enrol(link, folder(&stage, name)).await;
        match reaches {
            true => assert_eq!(run(&*enrolled?, 30).await?, SyncEnd::InStep),
            false => assert!(matches!(enrolled, Err(FieldfolioError::Offline { .. })), "{enrolled:?}"),
        }
    }
    Ok(())
}

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
        while statuses.next().await?.is_some_and(|status| status.connection != Connection::Idle) {}
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
        while statuses.next().await.expect("told").is_some_and(|now| now.connection == Connection::Idle) {}
        sync.cancel();
    });
    assert!(matches!(ended?.end, SyncEnd::Cancelled | SyncEnd::InStep));
    assert!(began.elapsed() < Duration::from_secs(60), "not the budget's end");
    assert_eq!(run(&mina, 60).await?, SyncEnd::InStep);
    Ok(())
}

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
    let parcels = sync.hand_over(16).await?;
    assert!(!parcels.is_empty());
    for parcel in &parcels {
        assert!(parcel.headers.iter().any(|header| header.name == "Authorization"));
        assert!(parcel.length > 0 && parcel.url.starts_with("https://"));
    }
    // The first was lost on its way, the others never came back: all is sent from here.
    sync.brought(parcels[0].name.clone(), ParcelAnswer { status: None, location: None, upload_offset: None })
        .await?;
    let strange = ParcelAnswer { status: Some(201), location: None, upload_offset: None };
    let unknown = sync.brought("none/such/0".into(), strange).await;
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
async fn bad_files_are_named_and_the_piece_is_not_made() -> Done {
    let stage = stage();
    let mina = enrolled(&stage, "mina", "mina").await?;
    let (torn, absent) = (stage.school.folder().join("torn.jpg"), stage.school.folder().join("absent.jpg"));
    std::fs::write(&torn, &photos::field_photo(3, 640, 480)[..4_000]).expect("it is written");
    for bad in [&torn, &absent] {
        let refused = mina.capture(evidence(&stage, "Bad", &[&stage.photos[0], bad])).await;
        assert!(matches!(refused, Err(FieldfolioError::Media { number: 2, .. })), "{refused:?}");
    }
    let long = mina.capture(evidence(&stage, &"x".repeat(100_000), &[])).await;
    assert!(matches!(long, Err(FieldfolioError::TooLong { .. })), "{long:?}");
    assert!(mina.mine().await?.is_empty());
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
        .desk(&["device", "revoke", &device])
        .or_else(|_| stage.school.desk(&["revoke", &device]))
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
        while statuses.next().await?.is_some_and(|now| now.connection != Connection::Live) {}
        Ok::<_, FieldfolioError>(())
    };
    timeout(Duration::from_secs(20), live).await.expect("in time")?;
    mina.wipe().await?;
    sync.go_live();
    assert!(matches!(mina.me().await, Err(FieldfolioError::Closed { .. })));
    Ok(())
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
    std::fs::create_dir_all(stage.school.folder().join("out.part/media")).expect("a folder");
    let others = stage.school.folder().join("out.part/letter.txt");
    std::fs::write(&others, "somebody else's").expect("a file");
    let refused = mina.export_portfolio(student, to.to_string_lossy().into_owned()).await;
    assert!(matches!(refused, Err(FieldfolioError::Argument { .. })), "{refused:?}");
    std::fs::remove_file(&others).expect("it is still there");
    let done = mina.export_portfolio(student, to.to_string_lossy().into_owned()).await?;
    assert_eq!((done.pieces, done.files, done.missing), (1, 1, 0));
    assert!(!stage.school.folder().join("out.part").exists());
    assert_eq!(std::fs::read_dir(to.join("media")).expect("a folder").count(), 1);
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
