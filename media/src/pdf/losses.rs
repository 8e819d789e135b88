//! What would be missed of a PDF: it is refused, or its owner is told.

use super::object::{Dict, Object};
use super::{Advice, Loaded, MediaError, Note, Walk};

/// Looks for what is no page: documents within the document, and forms that Acrobat draws.
pub(super) fn look(walk: &mut Walk<'_>, catalog: &Dict) -> Result<(), MediaError> {
    let has_files = has_files(walk, catalog)?;
    if has_files && is_there(catalog, b"Collection") {
        return Err(refused(Advice::PdfPortfolio));
    }
    if has_files {
        walk.note(Note::Attachments);
    }
    let Some(Object::Dict(form)) = value(walk, catalog, b"AcroForm")? else { return Ok(()) };
    if !is_there(&form, b"XFA") {
        return Ok(());
    }
    // The pages of such a form (XFA) are made when Acrobat opens it, most say so here. Others have pages of their own
    // with entries as in any form; Acrobat keeps both alike, so nothing is lost with XFA.
    match value(walk, catalog, b"NeedsRendering")? {
        Some(Object::Plain(word)) if word == b"true" => Err(refused(Advice::PdfForm)),
        _ => {
            walk.looks_for_entries = true;
            Ok(())
        }
    }
}

/// Whether one of a page's remarks is an entry of a form that has a look.
pub(super) fn shows_entries(walk: &mut Walk<'_>, remarks: &Object) -> Result<bool, MediaError> {
    let Object::Array(remarks) = walk.file.resolve(remarks)? else { return Ok(false) };
    for remark in remarks {
        let Object::Dict(remark) = walk.file.resolve(&remark)? else { continue };
        let is_entry = remark.get(&b"Subtype"[..]).is_some_and(|subtype| subtype.is_name(b"Widget"));
        if is_entry && is_there(&remark, b"AP") {
            return Ok(true);
        }
    }
    Ok(false)
}

fn has_files(walk: &mut Walk<'_>, catalog: &Dict) -> Result<bool, MediaError> {
    if is_there(catalog, b"AF") {
        return Ok(true);
    }
    let Some(Object::Dict(names)) = value(walk, catalog, b"Names")? else { return Ok(false) };
    Ok(match value(walk, &names, b"EmbeddedFiles")? {
        Some(Object::Dict(files)) => is_there(&files, b"Names") || is_there(&files, b"Kids"),
        _ => false,
    })
}

/// The value of a key, wherever it stands; none if it is null or a stream.
fn value(walk: &mut Walk<'_>, dict: &Dict, key: &[u8]) -> Result<Option<Object>, MediaError> {
    Ok(match dict.get(key) {
        Some(Object::Reference(number)) => match walk.file.load(*number)? {
            Loaded::Plain(Object::Null) | Loaded::Stream(_) => None,
            Loaded::Plain(object) => Some(object),
        },
        Some(Object::Null) | None => None,
        Some(object) => Some(object.clone()),
    })
}

/// Whether a key has a value; an empty list is none.
fn is_there(dict: &Dict, key: &[u8]) -> bool {
    match dict.get(key) {
        Some(Object::Array(items)) => !items.is_empty(),
        Some(Object::Null) | None => false,
        Some(
            Object::Plain(_) | Object::Name(_) | Object::Text(_) | Object::Dict(_) | Object::Reference(_),
        ) => true,
    }
}

/// What goes with a remark of an unknown kind.
pub(super) fn note(subtype: &[u8]) -> Option<Note> {
    match subtype {
        b"FileAttachment" => Some(Note::Attachments),
        b"Sound" | b"Movie" | b"Screen" | b"RichMedia" | b"3D" => Some(Note::MovingPages),
        // Marks of printers and of programs.
        _ => None,
    }
}

/// A remark as it is kept: one of an unknown kind becomes a stamp with the same look, and what was signed is told.
pub(super) fn remark(walk: &mut Walk<'_>, mut dict: Dict) -> Dict {
    let is_signature = dict.get(&b"FT"[..]).is_some_and(|kind| kind.is_name(b"Sig"));
    if is_signature && is_there(&dict, b"V") {
        walk.note(Note::SignatureLeft);
    }
    if let Some(Object::Name(subtype)) = dict.get(&b"Subtype"[..])
        && !super::keys::is_known_remark(subtype)
    {
        const LOOK: [&[u8]; 8] = [b"Type", b"Rect", b"F", b"AP", b"AS", b"OC", b"P", b"StructParent"];
        dict.retain(|key, _| LOOK.contains(&key.as_slice()));
        dict.insert(b"Subtype".to_vec(), Object::Name(b"Stamp".to_vec()));
    }
    dict
}

fn refused(advice: Advice) -> MediaError {
    MediaError::Unsupported { advice }
}

#[cfg(test)]
mod tests {
    use super::super::super::prepare_bytes;
    use super::super::tests::{cleaned, holds, plain};
    use super::*;

    /// A page with these remarks, and a catalog with these keys; the fifth object is a look, the sixth a file.
    fn document(catalog: &str, remarks: &str, more: &[&str]) -> Vec<u8> {
        let mut objects = vec![
            format!("<</Type /Catalog /Pages 2 0 R {catalog}>>"),
            "<</Type /Pages /Kids [3 0 R] /Count 1>>".to_owned(),
            format!(
                "<</Type /Page /Parent 2 0 R /MediaBox [0 0 99 99] /Contents 4 0 R /Annots [{remarks}]>>"
            ),
            "<</Length 2>>\nstream\nBT\nendstream".to_owned(),
            "<</Type /XObject /Subtype /Form /BBox [0 0 9 9] /Length 12>>\nstream\n(Twelve cm)Tj\nendstream"
                .to_owned(),
            "<</Type /EmbeddedFile /Length 6>>\nstream\nSECRET\nendstream".to_owned(),
        ];
        objects.extend(more.iter().map(|object| (*object).to_owned()));
        plain(&objects)
    }

    fn advice(file: &[u8]) -> Option<Advice> {
        match prepare_bytes(file) {
            Err(MediaError::Unsupported { advice }) => Some(advice),
            _ => None,
        }
    }

    const WIDGET: &str = "<</Type /Annot /Subtype /Widget /FT /Tx /T (height) /V (Twelve cm) /Rect [0 0 9 9] /AP <</N 5 0 R>>>>";

    #[test]
    fn a_form_that_only_acrobat_draws_is_refused_and_one_with_pages_is_taken() {
        let form = "/AcroForm <</Fields [7 0 R] /XFA [(template) 6 0 R]>>";
        let told = format!("/NeedsRendering true {form}");
        assert_eq!(advice(&document(&told, "7 0 R", &[WIDGET])), Some(Advice::PdfForm));
        assert_eq!(advice(&document(form, "", &[WIDGET])), Some(Advice::PdfForm));
        assert_eq!(advice(&document("/AcroForm <</Fields [] /XFA 6 0 R>>", "", &[])), Some(Advice::PdfForm));
        let file = document(form, "7 0 R", &[WIDGET]);
        let kept = cleaned(&file);
        assert!(holds(&kept, b"(Twelve cm)Tj") && holds(&kept, b"/Widget") && !holds(&kept, b"SECRET"));
        assert_eq!(prepare_bytes(&file).unwrap().notes, []);
    }

    #[test]
    fn what_is_filled_into_a_form_stays_to_be_seen() {
        let kept = cleaned(&document("/AcroForm <</Fields [7 0 R]>>", "7 0 R", &[WIDGET]));
        assert!(holds(&kept, b"(Twelve cm)Tj") && holds(&kept, b"/V (Twelve cm)"));
    }

    #[test]
    fn an_album_of_documents_is_refused_and_an_attachment_is_told() {
        let files = "/Names <</EmbeddedFiles <</Names [(a) <</EF <</F 6 0 R>>>>]>>>>";
        assert_eq!(
            advice(&document(&format!("/Collection <<>> {files}"), "", &[])),
            Some(Advice::PdfPortfolio)
        );
        let file = document(files, "", &[]);
        assert_eq!(prepare_bytes(&file).unwrap().notes, [Note::Attachments]);
        assert!(!holds(&cleaned(&file), b"SECRET"));
        let none = document("/Collection <<>> /Names <</EmbeddedFiles <</Names []>>>>", "", &[]);
        assert_eq!(prepare_bytes(&none).unwrap().notes, []);
    }

    #[test]
    fn a_remark_of_another_kind_keeps_its_look_and_what_goes_with_it_is_told() {
        for (subtype, notes) in [
            ("FileAttachment", vec![Note::Attachments]),
            ("RichMedia", vec![Note::MovingPages]),
            ("Redact", vec![]),
        ] {
            let remark = format!(
                "<</Type /Annot /Subtype /{subtype} /Rect [0 0 9 9] /AP <</N 5 0 R>> /FS 6 0 R /T (SECRET)>>"
            );
            let file = document("", "7 0 R", &[&remark]);
            assert_eq!(prepare_bytes(&file).unwrap().notes, notes, "{subtype}");
            let kept = cleaned(&file);
            assert!(holds(&kept, b"/Subtype /Stamp") && holds(&kept, b"(Twelve cm)Tj"), "{subtype}");
            assert!(!holds(&kept, b"SECRET") && !holds(&kept, subtype.as_bytes()), "{subtype}");
        }
    }

    #[test]
    fn a_signature_stays_to_be_seen_and_its_proof_is_told_to_go() {
        let signed = "<</Type /Annot /Subtype /Widget /FT /Sig /T (signature) /V <</Type /Sig /Name (SECRET)>> /Rect [0 0 9 9] /AP <</N 5 0 R>>>>";
        let file = document("/AcroForm <</Fields [7 0 R]>>", "7 0 R", &[signed]);
        assert_eq!(prepare_bytes(&file).unwrap().notes, [Note::SignatureLeft]);
        let kept = cleaned(&file);
        assert!(holds(&kept, b"(Twelve cm)Tj") && !holds(&kept, b"SECRET"));
    }
}
