//! Which keys are followed: all that is needed to show a page, turn to another, and fill in a form.

use super::object::{Dict, Object};

/// What a value is, as far as its keys are concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Catalog,
    /// A page, or a list of pages.
    Page,
    /// What pages draw with, by kind.
    Resources,
    /// Names given by the document, each to something drawn.
    Named,
    /// Pictures, fonts, colours, patterns, functions, and what is drawn with them.
    Graphics,
    /// A colour profile.
    Profile,
    /// How a remark looks, in each of its states.
    Appearance,
    /// Layers that can be switched.
    Layers,
    /// Names given by the document, each to a layer.
    NamedLayers,
    /// A remark, a link, or an entry of a form.
    Annotation,
    /// What an entry of a form holds: anything but a signature.
    Entry,
    /// What a click does.
    Action,
    /// A place in the document, and the lists of them.
    Place,
    Names,
    NamedPlaces,
    Outline,
    Form,
    /// The order of reading, for those who listen.
    Structure,
    /// Settings without references to anything private.
    Settings,
}

impl Role {
    /// What the value of a key is; none if the key goes.
    pub(super) fn follow(self, key: &[u8], dict: &Dict) -> Option<Self> {
        match self {
            Self::Catalog => match key {
                b"Type" | b"Version" | b"PageMode" | b"PageLayout" | b"ViewerPreferences" | b"Lang"
                | b"MarkInfo" | b"PageLabels" => Some(Self::Settings),
                b"Pages" => Some(Self::Page),
                b"Outlines" => Some(Self::Outline),
                b"Dests" => Some(Self::NamedPlaces),
                b"Names" => Some(Self::Names),
                b"AcroForm" => Some(Self::Form),
                b"OCProperties" => Some(Self::Layers),
                b"StructTreeRoot" => Some(Self::Structure),
                _ => None,
            },
            Self::Page => match key {
                b"Type" | b"Count" | b"MediaBox" | b"CropBox" | b"BleedBox" | b"TrimBox" | b"ArtBox"
                | b"Rotate" | b"UserUnit" | b"Tabs" | b"StructParents" | b"Trans" | b"Dur" => {
                    Some(Self::Settings)
                }
                b"Parent" | b"Kids" => Some(Self::Page),
                b"Resources" => Some(Self::Resources),
                b"Contents" | b"Group" => Some(Self::Graphics),
                b"Annots" => Some(Self::Annotation),
                _ => None,
            },
            Self::Resources => match key {
                b"Font" | b"XObject" | b"ExtGState" | b"ColorSpace" | b"Pattern" | b"Shading" => {
                    Some(Self::Named)
                }
                b"Properties" => Some(Self::NamedLayers),
                b"ProcSet" => Some(Self::Settings),
                _ => None,
            },
            Self::Named => Some(Self::Graphics),
            Self::NamedLayers => Some(Self::Layers),
            Self::NamedPlaces => Some(Self::Place),
            Self::Appearance => matches!(key, b"N" | b"R" | b"D").then_some(Self::Named),
            Self::Graphics | Self::Profile => match key {
                b"Resources" => Some(Self::Resources),
                b"CharProcs" | b"Colorants" => Some(Self::Named),
                b"OC" => Some(Self::Layers),
                _ => GRAPHICS.contains(&key).then_some(Self::Graphics),
            },
            Self::Layers => match key {
                b"Type" | b"Name" | b"Intent" | b"OCGs" | b"P" | b"VE" | b"D" | b"ON" | b"OFF" | b"Order"
                | b"RBGroups" | b"Locked" | b"BaseState" | b"ListMode" | b"MCID" | b"Lang"
                | b"ActualText" | b"Alt" | b"E" => Some(self),
                // What is shown on screens and what on paper.
                b"AS" | b"Event" | b"Category" | b"Usage" | b"View" | b"ViewState" | b"Print"
                | b"PrintState" | b"Zoom" | b"min" | b"max" => Some(self),
                _ => None,
            },
            Self::Annotation => annotation(key, dict),
            Self::Entry => None,
            Self::Action => match key {
                b"S" | b"URI" | b"Type" => Some(Self::Settings),
                b"D" => Some(Self::Place),
                _ => None,
            },
            Self::Place => match key {
                b"D" => Some(self),
                b"Kids" | b"Names" | b"Limits" => Some(self),
                // A page that a place leads to.
                _ => Self::Page.follow(key, dict),
            },
            Self::Names => (key == b"Dests").then_some(Self::Place),
            Self::Outline => match key {
                b"First" | b"Last" | b"Next" | b"Prev" | b"Parent" => Some(self),
                b"Type" | b"Title" | b"Count" | b"C" | b"F" => Some(Self::Settings),
                b"Dest" => Some(Self::Place),
                b"A" => Some(Self::Action),
                _ => None,
            },
            Self::Form => match key {
                b"Fields" => Some(Self::Annotation),
                b"DR" => Some(Self::Resources),
                b"DA" | b"Q" | b"NeedAppearances" => Some(Self::Settings),
                _ => None,
            },
            Self::Structure => match key {
                b"K" | b"P" | b"ParentTree" | b"Kids" | b"Nums" | b"Limits" => Some(self),
                b"Type" | b"S" | b"R" | b"Lang" | b"Alt" | b"E" | b"ActualText" | b"MCID"
                | b"ParentTreeNextKey" => Some(Self::Settings),
                b"RoleMap" | b"A" | b"ClassMap" | b"C" => Some(Self::Settings),
                b"Pg" => Some(Self::Page),
                b"Obj" => Some(Self::Annotation),
                _ => None,
            },
            Self::Settings => SETTINGS.contains(&key).then_some(self),
        }
    }

    /// Whether this key leads to pages, or to what stands on one.
    pub(super) fn shows(self, key: &[u8]) -> bool {
        match self {
            Self::Catalog => key == b"Pages",
            Self::Page => matches!(key, b"Kids" | b"Contents"),
            // A page that a place leads to.
            Self::Place => key == b"Contents",
            _ => false,
        }
    }

    /// Whether what a reference leads to must be looked at before it is kept.
    pub(super) fn is_choosy(self) -> bool {
        matches!(self, Self::Annotation | Self::Action | Self::Entry)
    }
}

fn annotation(key: &[u8], dict: &Dict) -> Option<Role> {
    let is_remark = dict.get(&b"Subtype"[..]).is_some_and(|subtype| !subtype.is_name(b"Widget"));
    let is_signature = dict.get(&b"FT"[..]).is_some_and(|kind| kind.is_name(b"Sig"));
    match key {
        // The title of a remark is who wrote it; that of an entry is the entry's name.
        b"T" | b"TU" if is_remark => None,
        b"V" | b"DV" if is_signature => None,
        b"V" | b"DV" => match dict.get(key) {
            Some(Object::Reference(_)) => Some(Role::Entry),
            _ => Some(Role::Settings),
        },
        b"Type" | b"Subtype" | b"Rect" | b"Contents" | b"F" | b"AS" | b"Border" | b"C" | b"BS" | b"BE"
        | b"DA" | b"Q" | b"IT" | b"LE" | b"L" | b"Vertices" | b"InkList" | b"QuadPoints" | b"IC" | b"RD"
        | b"CL" | b"Open" | b"Name" | b"StructParent" | b"CA" | b"H" | b"FT" | b"T" | b"TU" | b"Ff"
        | b"Opt" | b"MaxLen" | b"TI" | b"I" | b"MK" | b"RT" => Some(Role::Settings),
        b"AP" => Some(Role::Appearance),
        b"OC" => Some(Role::Layers),
        b"A" => Some(Role::Action),
        b"Dest" => Some(Role::Place),
        b"P" => Some(Role::Page),
        b"Parent" | b"Kids" | b"Popup" | b"IRT" => Some(Role::Annotation),
        _ => None,
    }
}

/// The remarks that are words, shapes and links. Of others, which carry files, sounds or films, only the look stays.
pub(super) fn is_known_remark(subtype: &[u8]) -> bool {
    matches!(
        subtype,
        b"Link"
            | b"Text"
            | b"FreeText"
            | b"Line"
            | b"Square"
            | b"Circle"
            | b"Polygon"
            | b"PolyLine"
            | b"Highlight"
            | b"Underline"
            | b"Squiggly"
            | b"StrikeOut"
            | b"Caret"
            | b"Stamp"
            | b"Ink"
            | b"Popup"
            | b"Widget"
            | b"Watermark"
    )
}

/// Keys of streams, fonts, pictures, graphics states, colours, patterns, shadings and functions.
const GRAPHICS: &[&[u8]] = &[
    b"Type",
    b"Subtype",
    b"Filter",
    b"DecodeParms",
    b"JBIG2Globals",
    b"K",
    b"EndOfLine",
    b"EncodedByteAlign",
    b"Columns",
    b"Rows",
    b"EndOfBlock",
    b"BlackIs1",
    b"DamagedRowsBeforeError",
    b"Predictor",
    b"Colors",
    b"BitsPerComponent",
    b"EarlyChange",
    b"ColorTransform",
    b"Length1",
    b"Length2",
    b"Length3",
    b"BaseFont",
    b"FirstChar",
    b"LastChar",
    b"Widths",
    b"FontDescriptor",
    b"Encoding",
    b"ToUnicode",
    b"DescendantFonts",
    b"CIDSystemInfo",
    b"Registry",
    b"Ordering",
    b"Supplement",
    b"DW",
    b"W",
    b"DW2",
    b"W2",
    b"CIDToGIDMap",
    b"Name",
    b"FontBBox",
    b"FontMatrix",
    b"BaseEncoding",
    b"Differences",
    b"CMapName",
    b"WMode",
    b"UseCMap",
    b"FontName",
    b"FontFamily",
    b"FontStretch",
    b"FontWeight",
    b"Flags",
    b"ItalicAngle",
    b"Ascent",
    b"Descent",
    b"Leading",
    b"CapHeight",
    b"XHeight",
    b"StemV",
    b"StemH",
    b"AvgWidth",
    b"MaxWidth",
    b"MissingWidth",
    b"FontFile",
    b"FontFile2",
    b"FontFile3",
    b"CharSet",
    b"CIDSet",
    b"Style",
    b"Panose",
    b"Lang",
    b"FormType",
    b"BBox",
    b"Matrix",
    b"Group",
    b"S",
    b"CS",
    b"I",
    b"StructParent",
    b"StructParents",
    b"Width",
    b"Height",
    b"ColorSpace",
    b"Intent",
    b"ImageMask",
    b"Mask",
    b"Decode",
    b"Interpolate",
    b"SMask",
    b"SMaskInData",
    b"Matte",
    b"LW",
    b"LC",
    b"LJ",
    b"ML",
    b"D",
    b"RI",
    b"OP",
    b"op",
    b"OPM",
    b"Font",
    b"BG",
    b"BG2",
    b"UCR",
    b"UCR2",
    b"TR",
    b"TR2",
    b"FL",
    b"SM",
    b"SA",
    b"BM",
    b"CA",
    b"ca",
    b"AIS",
    b"TK",
    b"G",
    b"BC",
    b"N",
    b"R",
    b"Alternate",
    b"Range",
    b"WhitePoint",
    b"BlackPoint",
    b"Gamma",
    b"PatternType",
    b"PaintType",
    b"TilingType",
    b"XStep",
    b"YStep",
    b"Shading",
    b"ExtGState",
    b"ShadingType",
    b"Background",
    b"AntiAlias",
    b"Domain",
    b"Coords",
    b"Function",
    b"Extend",
    b"BitsPerCoordinate",
    b"BitsPerFlag",
    b"VerticesPerRow",
    b"FunctionType",
    b"Size",
    b"BitsPerSample",
    b"Order",
    b"Encode",
    b"C0",
    b"C1",
    b"Functions",
    b"Bounds",
    b"Process",
    b"Components",
    b"MixingHints",
    b"Solidities",
    b"PrintingOrder",
    b"DotGain",
];

/// Keys within the settings of a document, its page labels, its remarks' borders and its structure.
const SETTINGS: &[&[u8]] = &[
    b"Type",
    b"HideToolbar",
    b"HideMenubar",
    b"HideWindowUI",
    b"FitWindow",
    b"CenterWindow",
    b"DisplayDocTitle",
    b"NonFullScreenPageMode",
    b"Direction",
    b"ViewArea",
    b"ViewClip",
    b"PrintArea",
    b"PrintClip",
    b"PrintScaling",
    b"Duplex",
    b"Marked",
    b"Nums",
    b"Kids",
    b"Limits",
    b"S",
    b"P",
    b"St",
    b"W",
    b"D",
    b"I",
    b"R",
    b"BC",
    b"BG",
    b"CA",
    b"RC",
    b"AC",
    b"Dm",
    b"M",
    b"Di",
    b"SS",
    b"B",
    b"O",
    b"Placement",
    b"WritingMode",
    b"SpaceBefore",
    b"SpaceAfter",
    b"StartIndent",
    b"EndIndent",
    b"TextIndent",
    b"TextAlign",
    b"BBox",
    b"Width",
    b"Height",
    b"BlockAlign",
    b"InlineAlign",
    b"LineHeight",
    b"BaselineShift",
    b"ListNumbering",
    b"RowSpan",
    b"ColSpan",
    b"Headers",
    b"Scope",
    b"Summary",
];
