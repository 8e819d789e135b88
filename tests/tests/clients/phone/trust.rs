//! Whom a phone believes on the network.

use fieldfolio_core::model::invitation::{InvitationLink, Pin};
use fieldfolio_mobile::bindings::{FieldfolioError, Store, SyncEnd};
use fieldfolio_tests::journey::Stage;
use fieldfolio_tests::proxy::front::{Front, Identity};
use rustls::pki_types::pem::PemObject;

use super::{Done, folder, library, run, stage};

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
