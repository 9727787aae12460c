//! What may be attached and what becomes of it; pure.
//!
//! A picture is decoded and drawn anew as JPEG: what a phone wrote into it beside its pixels (where, when, with which device), and
//! what somebody hid behind them, is gone. How large it is stands in its head and is looked at before anything is decoded.

use std::io::Cursor;

use image::{
    DynamicImage, ExtendedColorType, ImageDecoder, ImageFormat, ImageReader, Limits, codecs::jpeg::JpegEncoder,
};

use crate::{
    access::rules::id,
    error::{Error, Kind, Result, says::tickets as say},
};

id! {
    /// An attachment (添付).
    AttachmentId
}

/// Most bytes of a file as it is handed in: a photo of a phone has 2 to 6 MiB.
pub const MOST_BYTES: usize = 10 << 20;
/// Most bytes of a text: some thousand lines of a log.
pub const MOST_TEXT_BYTES: usize = 256 << 10;
/// Most photos in one report from a phone.
pub const MOST_ON_PHONE: usize = 4;
/// Most attachments of a ticket.
pub const MOST_ON_TICKET: usize = 20;
/// Most pixels of a picture as it is handed in; phones send 12 million.
pub const MOST_PIXELS: u64 = 40_000_000;
/// Pixels from which on a picture is worked on alone: decoding it takes up to 9 bytes for each.
pub const LARGE_PIXELS: u64 = 16_000_000;
/// Most bytes that decoding may take for the pixels themselves.
const MOST_DECODED_BYTES: u64 = 200 << 20;
/// Longest side of a picture that is kept, in pixels: a cracked screen fills it.
pub const LONGEST_SIDE: u32 = 2_048;
/// Most bytes of a picture that is kept, so that it fits into one message of the contract.
pub const MOST_KEPT_BYTES: usize = 3 << 20;
/// Qualities that are tried until a picture is small enough.
const QUALITIES: [u8; 4] = [85, 70, 50, 30];
/// Most characters of a name.
pub const MOST_NAME_CHARS: usize = 100;

/// What an attachment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i16)]
pub enum FileKind {
    /// A picture, JPEG.
    Picture = 1,
    /// Plain text, UTF-8.
    Text = 2,
}

impl FileKind {
    /// The number under which it is stored.
    pub fn to_number(self) -> i16 {
        self as i16
    }

    /// The one that is stored under a number.
    pub fn from_number(number: i16) -> Option<Self> {
        [Self::Picture, Self::Text].into_iter().find(|kind| kind.to_number() == number)
    }

    /// Its type in HTTP.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Picture => "image/jpeg",
            Self::Text => "text/plain; charset=utf-8",
        }
    }
}

/// What is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accepted {
    /// Pictures.
    Pictures,
    /// Pictures and plain texts.
    PicturesAndTexts,
}

/// A file as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// What it is.
    pub kind: FileKind,
    /// Its name, cleaned.
    pub name: String,
    /// Its bytes.
    pub content: Vec<u8>,
    /// Of a picture, in pixels; 0 otherwise.
    pub width: u32,
    /// The same.
    pub height: u32,
}

fn kind_refused() -> Error {
    Error::new(Kind::Invalid, "ATTACHMENT_KIND", say::attachment_kind())
}

fn broken() -> Error {
    Error::new(Kind::Invalid, "ATTACHMENT_KIND", say::attachment_broken())
}

/// A file that has too many bytes.
pub fn too_large() -> Error {
    Error::new(Kind::Invalid, "ATTACHMENT_SIZE", say::attachment_size(MOST_BYTES >> 20))
}

/// A ticket that has as many attachments as one may have.
pub fn full() -> Error {
    Error::new(Kind::Precondition, "ATTACHMENT_LIMIT", say::attachment_limit(MOST_ON_TICKET))
}

/// A format of which pictures are taken, by the first bytes of a file.
fn picture_format(content: &[u8]) -> Option<ImageFormat> {
    image::guess_format(content)
        .ok()
        .filter(|format| matches!(format, ImageFormat::Jpeg | ImageFormat::Png | ImageFormat::WebP | ImageFormat::Gif))
}

/// Decodes no more than the head of a picture.
fn head(content: &[u8], format: ImageFormat) -> Result<impl ImageDecoder + '_> {
    let mut reader = ImageReader::with_format(Cursor::new(content), format);
    let mut limits = Limits::default();
    limits.max_alloc = Some(MOST_DECODED_BYTES);
    reader.limits(limits);
    reader.into_decoder().map_err(|_| broken())
}

/// Looks at a file without decoding it: how many pixels it has, 0 for a text.
///
/// # Errors
/// ATTACHMENT_KIND for what is neither a picture nor a text that is taken, ATTACHMENT_SIZE for what is too large.
pub fn measure(name: &str, content: &[u8], accepted: Accepted) -> Result<u64> {
    if content.len() > MOST_BYTES {
        return Err(too_large());
    }
    if let Some(format) = picture_format(content) {
        let (width, height) = head(content, format)?.dimensions();
        let pixels = u64::from(width) * u64::from(height);
        if pixels > MOST_PIXELS {
            let message = say::attachment_pixels(MOST_PIXELS / 1_000_000);
            return Err(Error::new(Kind::Invalid, "ATTACHMENT_SIZE", message));
        }
        return if pixels == 0 { Err(broken()) } else { Ok(pixels) };
    }
    let lower = name.to_ascii_lowercase();
    if accepted == Accepted::Pictures || !(lower.ends_with(".txt") || lower.ends_with(".log")) {
        return Err(kind_refused());
    }
    if content.len() > MOST_TEXT_BYTES {
        let message = say::attachment_text_size(MOST_TEXT_BYTES >> 10);
        return Err(Error::new(Kind::Invalid, "ATTACHMENT_SIZE", message));
    }
    match std::str::from_utf8(content) {
        Ok(text) if !text.is_empty() && !text.contains('\0') => Ok(0),
        _ => Err(kind_refused()),
    }
}

/// Makes of a file what is kept of it. Takes a second for a large picture.
///
/// # Errors
/// Those of [`measure`], and ATTACHMENT_KIND for a picture that is damaged.
pub fn prepare(name: &str, content: &[u8], accepted: Accepted) -> Result<Kept> {
    let pixels = measure(name, content, accepted)?;
    let name = clean_name(name);
    match picture_format(content).filter(|_| pixels > 0) {
        Some(format) => draw(&name, content, format),
        None => Ok(Kept { kind: FileKind::Text, name, content: content.to_vec(), width: 0, height: 0 }),
    }
}

fn draw(name: &str, content: &[u8], format: ImageFormat) -> Result<Kept> {
    if format == ImageFormat::Jpeg && !has_end(content) {
        return Err(broken());
    }
    let mut decoder = head(content, format)?;
    if decoder.total_bytes() > MOST_DECODED_BYTES {
        let message = say::attachment_pixels(MOST_PIXELS / 1_000_000);
        return Err(Error::new(Kind::Invalid, "ATTACHMENT_SIZE", message));
    }
    // What stands there of its orientation can be wrong; the picture then stays as it is.
    let orientation = decoder.orientation().unwrap_or(image::metadata::Orientation::NoTransforms);
    let mut picture = DynamicImage::from_decoder(decoder).map_err(|_| broken())?;
    if picture.width().max(picture.height()) > LONGEST_SIDE {
        picture = picture.thumbnail(LONGEST_SIDE, LONGEST_SIDE);
    }
    picture.apply_orientation(orientation);
    let picture = on_white(picture);
    let (width, height) = picture.dimensions();
    for quality in QUALITIES {
        let mut content = Vec::new();
        JpegEncoder::new_with_quality(&mut content, quality)
            .encode(picture.as_raw(), width, height, ExtendedColorType::Rgb8)
            .map_err(|source| Error::internal("a picture could not be written", source))?;
        if content.len() <= MOST_KEPT_BYTES {
            let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
            let stem: String = stem.chars().take(MOST_NAME_CHARS - 4).collect();
            return Ok(Kept { kind: FileKind::Picture, name: format!("{stem}.jpg"), content, width, height });
        }
    }
    Err(too_large())
}

/// What shines through is white, as paper is: JPEG knows no transparency.
fn on_white(picture: DynamicImage) -> image::RgbImage {
    if !picture.color().has_alpha() {
        return picture.into_rgb8();
    }
    let picture = picture.into_rgba8();
    image::RgbImage::from_fn(picture.width(), picture.height(), |x, y| {
        let [red, green, blue, alpha] = picture.get_pixel(x, y).0;
        let over = |colour: u8| {
            let (colour, alpha) = (u16::from(colour), u16::from(alpha));
            u8::try_from((colour * alpha + 255 * (255 - alpha)) / 255).expect("a mean of two bytes is a byte")
        };
        image::Rgb([over(red), over(green), over(blue)])
    })
}

/// Whether the data of a JPEG come to their end. A decoder fills in what is missing, and nobody would see that half of it was lost
/// on the way.
fn has_end(content: &[u8]) -> bool {
    // Segments up to the data have their length; a small picture in one of them has an end of its own.
    let mut at = 2;
    while let Some([0xff, kind, high, low]) = content.get(at..at + 4) {
        at += 2 + usize::from(u16::from_be_bytes([*high, *low]));
        if *kind == 0xda {
            return content.get(at..).is_some_and(|data| data.windows(2).any(|pair| pair == [0xff, 0xd9]));
        }
    }
    // What is written in another way than usual is left to the decoder.
    true
}

/// A name without the folders before it and without what would be no letter on a page; never empty.
pub fn clean_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    // Marks that turn the direction of writing hide what a name ends with.
    let is_hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    let shown: String = last.chars().filter(|c| !is_hidden(*c)).collect();
    let shown = shown.trim_matches(|c: char| c == '.' || c.is_whitespace());
    let (stem, ending) = match shown.rsplit_once('.') {
        Some((stem, ending)) if ending.chars().count() <= 8 => (stem, format!(".{ending}")),
        _ => (shown, String::new()),
    };
    let room = MOST_NAME_CHARS - ending.chars().count();
    let stem: String = stem.chars().take(room).collect();
    if stem.is_empty() { format!("file{ending}") } else { format!("{stem}{ending}") }
}

#[cfg(test)]
#[path = "rules_tests.rs"]
mod tests;
