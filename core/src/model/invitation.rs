//! The link that makes a device one of a person's: the secret travels in the fragment, which no server sees.

use std::net::IpAddr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use minicbor::{Decode, Encode};

use crate::ids::{PersonId, SchoolId};
use crate::signing::{PublicKey, SecretKey};
use crate::time::Timestamp;

/// An invitation as its holder carries it. Whoever has the link can use it once, until it expires.
#[derive(Debug, Clone)]
pub struct InvitationLink {
    /// Where the relay answers, without a trailing slash.
    pub relay: String,
    /// The key that the relay's web server proves itself by, where no authority vouches for it.
    pub pin: Option<Pin>,
    pub school: SchoolId,
    /// The school's root key: pinned by the device that enrols.
    pub root: PublicKey,
    /// Who is invited.
    pub person: PersonId,
    /// The invitation's key pair.
    pub key: SecretKey,
    /// Until when.
    pub expires: Timestamp,
}

/// SHA-256 of the `SubjectPublicKeyInfo` of a school's own certificate. A certificate that is renewed for the same key
/// has the same pin. Browsers can't be told of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(transparent)]
pub struct Pin(#[cbor(n(0), with = "minicbor::bytes")] pub [u8; 32]);

/// Text that is no invitation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "this is not a whole invitation link, or it was changed on the way: open it from the message itself, or ask for a new one"
)]
pub struct BadLink;

#[derive(Encode, Decode)]
struct Fragment {
    #[n(0)]
    version: u8,
    #[n(1)]
    school: SchoolId,
    #[n(2)]
    root: PublicKey,
    #[n(3)]
    person: PersonId,
    #[cbor(n(4), with = "minicbor::bytes")]
    seed: [u8; 32],
    #[n(5)]
    expires: Timestamp,
    #[n(6)]
    pin: Option<Pin>,
}

const MARK: &str = "/#join=";

impl InvitationLink {
    /// The link as text.
    pub fn to_url(&self) -> String {
        let fragment = Fragment {
            version: 1,
            school: self.school,
            root: self.root,
            person: self.person,
            seed: self.key.seed(),
            expires: self.expires,
            pin: self.pin,
        };
        let bytes = minicbor::to_vec(&fragment).expect("writing to memory can't fail");
        format!("{}{MARK}{}", self.relay, URL_SAFE_NO_PAD.encode(bytes))
    }

    /// Reads a link, at most 2,000 characters. What programs add to a link that is passed on is not part of it: a query that
    /// counts clicks, a full stop or a bracket behind it, an encoded `#`.
    pub fn from_url(text: &str) -> Result<Self, BadLink> {
        let text = text.trim().trim_start_matches(['<', '(', '"', '\'', '\u{201c}']);
        let (relay, fragment) = parts(text).ok_or(BadLink)?;
        let is_web = relay.starts_with("http://") || relay.starts_with("https://");
        // Addresses are written in ASCII (others as Punycode): what looks like one and is another is none.
        if text.len() > 2_000 || !is_web || !relay.chars().all(|c| c.is_ascii_graphic()) {
            return Err(BadLink);
        }
        let end = fragment.find(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_');
        let bytes =
            URL_SAFE_NO_PAD.decode(&fragment[..end.unwrap_or(fragment.len())]).map_err(|_| BadLink)?;
        let fragment: Fragment = minicbor::decode(&bytes).map_err(|_| BadLink)?;
        // A key proves nothing to who does not ask for a proof.
        let is_plain = fragment.pin.is_some() && relay.starts_with("http://");
        if fragment.version != 1 || is_plain {
            return Err(BadLink);
        }
        Ok(Self {
            relay: relay.to_owned(),
            pin: fragment.pin,
            school: fragment.school,
            root: fragment.root,
            person: fragment.person,
            key: SecretKey::from_seed(&fragment.seed),
            expires: fragment.expires,
        })
    }
}

/// The relay's address and the secret, of a link as it came through other programs.
fn parts(text: &str) -> Option<(&str, &str)> {
    let marks = ["#join=", "#/join=", "%23join=", "%23/join="];
    let (at, mark) = marks.iter().filter_map(|mark| Some((text.find(mark)?, mark))).min()?;
    let address = &text[..at];
    let relay = address.split('?').next().unwrap_or(address).trim_end_matches('/');
    Some((relay, &text[at + mark.len()..]))
}

impl InvitationLink {
    /// Would a device send its token in the clear, over lines that are not the school's own? So it is with `http://` to
    /// anything but this machine or a private address.
    pub fn is_exposed(&self) -> bool {
        let Some(rest) = self.relay.strip_prefix("http://") else { return false };
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let host_and_port = authority.rsplit('@').next().unwrap_or_default();
        let host = match host_and_port.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((address, _)) => address,
            None => host_and_port.split(':').next().unwrap_or_default(),
        };
        match host.parse::<IpAddr>() {
            Ok(IpAddr::V4(address)) => {
                !(address.is_loopback() || address.is_private() || address.is_link_local())
            }
            Ok(IpAddr::V6(address)) => {
                !(address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local())
            }
            Err(_) => {
                let name = host.trim_end_matches('.').to_ascii_lowercase();
                let is_near = name == "localhost"
                    || [".localhost", ".local", ".home.arpa", ".internal"]
                        .iter()
                        .any(|end| name.ends_with(end));
                !is_near
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::SeededRng;

    #[test]
    fn a_link_reads_back_and_a_cut_one_is_refused() {
        let mut rng = SeededRng::new(4);
        let now = Timestamp::from_millis(9);
        let link = InvitationLink {
            relay: "http://127.0.0.1:8080".into(),
            pin: None,
            school: SchoolId::new(now, &mut rng),
            root: SecretKey::generate(&mut rng).public(),
            person: PersonId::new(now, &mut rng),
            key: SecretKey::generate(&mut rng),
            expires: now,
        };
        let url = link.to_url();
        let read = InvitationLink::from_url(&format!(" {url}\n")).unwrap();
        assert_eq!((read.person, read.key.seed()), (link.person, link.key.seed()));
        assert_eq!((&read.relay, read.pin), (&link.relay, None));
        let plain = InvitationLink { pin: Some(Pin([7; 32])), ..read.clone() };
        assert!(InvitationLink::from_url(&plain.to_url()).is_err(), "a pin is worth nothing without TLS");
        let pinned = InvitationLink { relay: "https://127.0.0.1".into(), ..plain };
        assert_eq!(InvitationLink::from_url(&pinned.to_url()).unwrap().pin, Some(Pin([7; 32])));
        let (base, secret) = url.split_once("/#join=").unwrap();
        for altered in [
            format!("{url}."),
            format!("<{url}>"),
            format!("({url})"),
            format!("{url}?fbclid=IwAR0"),
            format!("{url}&utm_source=mail"),
            format!("{base}/?fbclid=IwAR0#join={secret}"),
            format!("{base}/#/join={secret}"),
            format!("{base}/%23join={secret}"),
            format!("{base}#join={secret}%20"),
        ] {
            let read = InvitationLink::from_url(&altered).expect(&altered);
            assert_eq!((&read.relay, read.key.seed()), (&link.relay, link.key.seed()), "{altered}");
        }
        for bad in [
            &url[..url.len() - 9],
            "",
            "http://x/#join=",
            "javascript:alert(1)/#join=AA",
            &url.replace("127.0.0.1:8080", "school.example/\u{202e}gpj.exe"),
            &url.replace("http", "ftp"),
        ] {
            assert!(InvitationLink::from_url(bad).is_err(), "{bad}");
        }
        for (relay, exposed) in [
            ("http://127.0.0.1:8080", false),
            ("http://[::1]:8080", false),
            ("http://192.168.1.4", false),
            ("http://10.0.0.7:80", false),
            ("http://school.local", false),
            ("https://folio.school.example", false),
            ("http://folio.school.example", true),
            ("http://8.8.8.8", true),
            ("http://127.0.0.1@evil.example", true),
            ("http://localhost.evil.example", true),
            ("http://[2001:db8::1]:8080", true),
        ] {
            let link = InvitationLink { relay: relay.into(), ..read.clone() };
            assert_eq!(link.is_exposed(), exposed, "{relay}");
        }
    }
}
