//! `Upload-Concat`: a file that comes as stretches, each an upload of its own, which one more upload joins.

use super::PATH;
use super::id::UploadId;

/// The most stretches of one file: as many as any client sends, and few enough to name in one header.
const MOST: usize = 256;

/// What a creation says of joining.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Concat {
    /// This is a stretch.
    Partial,
    /// This joins these, in this order. A place that can't be an upload of ours is `None`.
    Final(Vec<Option<UploadId>>),
}

/// A header that says neither.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum BadConcat {
    #[error("Upload-Concat must be partial, or final; and the uploads to join with a space between them")]
    Unclear,
    #[error("Upload-Concat joins {MOST} uploads at most")]
    TooMany,
    #[error("Upload-Concat names an upload twice")]
    Twice,
}

impl Concat {
    pub(super) fn parse(header: &str) -> Result<Self, BadConcat> {
        if header == "partial" {
            return Ok(Self::Partial);
        }
        let list = header.strip_prefix("final;").ok_or(BadConcat::Unclear)?;
        let places: Vec<&str> = list.split_ascii_whitespace().take(MOST + 1).collect();
        if places.is_empty() {
            return Err(BadConcat::Unclear);
        }
        if places.len() > MOST {
            return Err(BadConcat::TooMany);
        }
        let stretches: Vec<_> = places.into_iter().map(named).collect();
        let mut ids: Vec<_> = stretches.iter().flatten().collect();
        ids.sort();
        if ids.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(BadConcat::Twice);
        }
        Ok(Self::Final(stretches))
    }
}

/// The upload at a whole address or a path, as `Location` gave it; what stands in front of our path may have been put
/// there by a server between us and the world. Nothing is decoded or resolved: an id has one spelling.
fn named(place: &str) -> Option<UploadId> {
    let path = match place.split_once("://") {
        Some((_, rest)) => &rest[rest.find('/')?..],
        None => place,
    };
    let (folder, id) = path.rsplit_once('/')?;
    let before = folder.strip_suffix(PATH)?;
    let is_plain = before.is_empty() || (before.starts_with('/') && !before.contains(['.', '%', '?', '#']));
    UploadId::parse(id).filter(|_| is_plain)
}

/// The header of a file that is joined from these.
pub(super) fn header(stretches: &[UploadId]) -> String {
    let places: Vec<String> = stretches.iter().map(|id| format!("{PATH}/{id}")).collect();
    format!("final;{}", places.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0123456789abcdef0123456789abcdef";
    const OTHER: &str = "fedcba9876543210fedcba9876543210";

    #[test]
    fn places_are_known_by_their_end() {
        let id = UploadId::parse(ID);
        for place in [
            format!("/v1/uploads/{ID}"),
            format!("http://relay:8080/v1/uploads/{ID}"),
            format!("https://folio.example/v1/uploads/{ID}"),
            format!("https://school.example/folio/v1/uploads/{ID}"),
        ] {
            assert_eq!(Concat::parse(&format!("final;{place}")), Ok(Concat::Final(vec![id])), "{place}");
        }
        for place in [
            ID.to_owned(),
            format!("v1/uploads/{ID}"),
            format!("/v1/uploads/../uploads/{ID}"),
            format!("/v1/blobs/../v1/uploads/{ID}"),
            format!("/%2e%2e/v1/uploads/{ID}"),
            format!("/v1/uploads/%30{}", &ID[1..]),
            format!("/v1/uploads/{ID}/"),
            format!("/v1/uploads/{ID}%00"),
            format!("/v1/uploads/{ID}?"),
            format!("/v1/uploads//{ID}"),
            "/v1/uploads/".to_owned(),
            "http://".to_owned(),
            "http://v1".to_owned(),
            "/v1/uploads/../../uploads.db".to_owned(),
        ] {
            assert_eq!(Concat::parse(&format!("final;{place}")), Ok(Concat::Final(vec![None])), "{place}");
        }
    }

    #[test]
    fn what_joins_nothing_is_refused_by_name() {
        let place = format!("/v1/uploads/{ID}");
        for (header, problem) in [
            (String::new(), BadConcat::Unclear),
            ("Partial".to_owned(), BadConcat::Unclear),
            ("partial;".to_owned(), BadConcat::Unclear),
            ("final".to_owned(), BadConcat::Unclear),
            ("final;".to_owned(), BadConcat::Unclear),
            ("final;  ".to_owned(), BadConcat::Unclear),
            (format!("final;{place} {place}"), BadConcat::Twice),
            (format!("final;{}", "/x ".repeat(MOST + 1)), BadConcat::TooMany),
        ] {
            assert_eq!(Concat::parse(&header), Err(problem), "{header}");
        }
    }

    #[test]
    fn the_header_of_a_joined_file_names_the_same_stretches() {
        let ids = [UploadId::parse(ID).unwrap(), UploadId::parse(OTHER).unwrap()];
        assert_eq!(Concat::parse(&header(&ids)), Ok(Concat::Final(ids.map(Some).to_vec())));
    }
}
