use image::{GrayImage, Rgb, RgbImage, Rgba, RgbaImage};
use proptest::prelude::*;

use super::*;

/// A picture with a red upper left corner.
fn drawn(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(
        width,
        height,
        |x, y| {
            if x < width / 2 && y < height / 2 { Rgb([250, 0, 0]) } else { Rgb([0, 0, 250]) }
        },
    )
}

fn written(picture: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    picture.into().write_to(&mut file, format).unwrap();
    file.into_inner()
}

/// What a phone writes beside the pixels: an orientation, and the place in an IFD of its own.
fn exif(orientation: u8) -> Vec<u8> {
    let mut tiff = b"II*\0\x08\0\0\0\x02\0".to_vec();
    tiff.extend([0x12, 0x01, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0]);
    // GPSInfo leads to the bytes behind this IFD.
    tiff.extend([0x25, 0x88, 4, 0, 1, 0, 0, 0, 38, 0, 0, 0]);
    tiff.extend([0; 4]);
    // GPSAreaInformation, ASCII.
    tiff.extend([1, 0, 0x1c, 0, 2, 0, 20, 0, 0, 0, 56, 0, 0, 0, 0, 0, 0, 0]);
    tiff.extend(b"N35.670E139.477-HOME\0");
    [b"Exif\0\0".as_slice(), &tiff].concat()
}

fn with_exif(jpeg: &[u8], orientation: u8) -> Vec<u8> {
    let exif = exif(orientation);
    let length = u16::try_from(exif.len() + 2).unwrap().to_be_bytes();
    [&jpeg[..2], &[0xff, 0xe1], &length, &exif, &jpeg[2..]].concat()
}

fn kept(name: &str, content: &[u8]) -> Kept {
    prepare(name, content, Accepted::PicturesAndTexts).unwrap()
}

fn reason(name: &str, content: &[u8]) -> &'static str {
    prepare(name, content, Accepted::PicturesAndTexts).unwrap_err().reason
}

fn has(content: &[u8], piece: &[u8]) -> bool {
    content.windows(piece.len()).any(|window| window == piece)
}

/// The picture as a browser sees it.
fn seen(kept: &Kept) -> RgbImage {
    assert_eq!(image::guess_format(&kept.content).unwrap(), ImageFormat::Jpeg);
    let picture = image::load_from_memory(&kept.content).unwrap().into_rgb8();
    assert_eq!(picture.dimensions(), (kept.width, kept.height));
    picture
}

fn is_red(picture: &RgbImage, x: u32, y: u32) -> bool {
    let [red, _, blue] = picture.get_pixel(x, y).0;
    red > 150 && blue < 100
}

#[test]
fn picture_is_turned_upright_and_nothing_but_pixels_is_kept() {
    let plain = written(drawn(80, 40), ImageFormat::Jpeg);
    // Where the red corner, the size and so on are, of each orientation: (width, height, x, y).
    let turned = [
        (1, 80, 40, 10, 10),
        (2, 80, 40, 70, 10),
        (3, 80, 40, 70, 30),
        (4, 80, 40, 10, 30),
        (5, 40, 80, 10, 10),
        (6, 40, 80, 30, 10),
        (7, 40, 80, 30, 70),
        (8, 40, 80, 10, 70),
    ];
    for (orientation, width, height, x, y) in turned {
        let file = with_exif(&plain, orientation);
        assert!(has(&file, b"HOME") && has(&file, b"Exif"));
        let kept = kept("IMG_0001.JPG", &file);
        assert_eq!((kept.width, kept.height), (width, height), "orientation {orientation}");
        let picture = seen(&kept);
        assert!(is_red(&picture, x, y), "orientation {orientation}");
        assert!(!is_red(&picture, width - 1 - x, height - 1 - y), "orientation {orientation}");
        for piece in [b"Exif".as_slice(), b"HOME", b"GPS", b"N35.670"] {
            assert!(!has(&kept.content, piece), "orientation {orientation}");
        }
    }
}

#[test]
fn what_hides_behind_a_picture_is_gone() {
    let mut file = written(drawn(60, 60), ImageFormat::Png);
    file.extend(b"<script>alert(1)</script>PK\x03\x04");
    let kept = kept("screen.png", &file);
    assert!(!has(&kept.content, b"<script>") && !has(&kept.content, b"PK\x03\x04"));
    assert_eq!((kept.kind, kept.name.as_str()), (FileKind::Picture, "screen.jpg"));
}

#[test]
fn each_format_is_kept_as_jpeg_and_no_larger_than_needed() {
    for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP, ImageFormat::Gif] {
        let picture = seen(&kept("x", &written(drawn(300, 200), format)));
        assert_eq!(picture.dimensions(), (300, 200), "{format:?}");
        assert!(is_red(&picture, 20, 20) && !is_red(&picture, 280, 180), "{format:?}");
    }
    let large = kept("x.jpg", &written(drawn(5_000, 2_500), ImageFormat::Jpeg));
    assert_eq!((large.width, large.height), (2_048, 1_024));
    let gray = kept("x.png", &written(GrayImage::from_pixel(9, 9, image::Luma([200])), ImageFormat::Png));
    assert!(seen(&gray).get_pixel(4, 4).0.iter().all(|byte| byte.abs_diff(200) < 8));
}

#[test]
fn what_shines_through_is_white() {
    let glass = RgbaImage::from_pixel(20, 20, Rgba([0, 0, 0, 0]));
    assert!(seen(&kept("x.png", &written(glass, ImageFormat::Png))).get_pixel(10, 10).0.iter().all(|byte| *byte > 245));
}

#[test]
fn noise_is_kept_small_enough_for_one_message() {
    let mut random = fastrand::Rng::with_seed(7);
    let noise = RgbImage::from_fn(2_048, 2_048, |_, _| Rgb([random.u8(..), random.u8(..), random.u8(..)]));
    let mut file = Vec::new();
    JpegEncoder::new_with_quality(&mut file, 90).encode_image(&noise).unwrap();
    assert!((MOST_KEPT_BYTES..MOST_BYTES).contains(&file.len()), "{}", file.len());
    assert!(kept("noise.jpg", &file).content.len() <= MOST_KEPT_BYTES);
}

#[test]
fn other_kinds_are_refused_whatever_their_name() {
    let svg = b"<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>";
    let html = b"<!doctype html><script>alert(1)</script>";
    for name in ["photo.jpg", "photo.png", "photo.svg", "photo", "page.html", ""] {
        assert_eq!(reason(name, svg), "ATTACHMENT_KIND", "{name}");
        assert_eq!(reason(name, html), "ATTACHMENT_KIND", "{name}");
    }
    assert_eq!(reason("x.pdf", b"%PDF-1.7\n"), "ATTACHMENT_KIND");
    assert_eq!(reason("x.bmp", b"BM\0\0\0\0\0\0\0\0"), "ATTACHMENT_KIND");
    assert_eq!(reason("x.exe", b"MZ\x90\0"), "ATTACHMENT_KIND");
    assert_eq!(reason("x.png", b""), "ATTACHMENT_KIND");
}

#[test]
fn damaged_picture_is_refused() {
    for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP] {
        let whole = written(drawn(200, 200), format);
        for share in [2, 10, 50, 90] {
            let part = &whole[..whole.len() * share / 100];
            assert_eq!(reason("x.png", part), "ATTACHMENT_KIND", "{format:?} {share} %");
        }
    }
}

fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 })
    })
}

fn png_of(width: u32, height: u32) -> Vec<u8> {
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    let head = [width.to_be_bytes().as_slice(), &height.to_be_bytes(), &[8, 6, 0, 0, 0]].concat();
    for (kind, data) in [(b"IHDR", head.as_slice()), (b"IDAT", &[0x78, 0x9c, 3, 0, 0, 0, 0, 1]), (b"IEND", &[])] {
        let chunk = [kind.as_slice(), data].concat();
        file.extend(u32::try_from(data.len()).unwrap().to_be_bytes());
        file.extend(&chunk);
        file.extend(crc(&chunk).to_be_bytes());
    }
    file
}

#[test]
fn bomb_is_refused_by_its_head() {
    for (width, height) in [(60_000, 60_000), (u32::MAX >> 1, 1), (6_400, 6_400)] {
        let bomb = png_of(width, height);
        let refused = measure("bomb.png", &bomb, Accepted::Pictures).unwrap_err().reason;
        assert!(["ATTACHMENT_SIZE", "ATTACHMENT_KIND"].contains(&refused), "{width} × {height}: {refused}");
        assert_eq!(reason("bomb.png", &bomb), refused);
    }
    assert_eq!(reason("bomb.png", &png_of(60_000, 60_000)), "ATTACHMENT_SIZE");
    let mut jpeg = written(drawn(64, 64), ImageFormat::Jpeg);
    let frame = jpeg.windows(2).position(|pair| pair == [0xff, 0xc0]).unwrap();
    jpeg[frame + 5..frame + 9].copy_from_slice(&[0xff, 0xf0, 0xff, 0xf0]);
    assert_eq!(reason("bomb.jpg", &jpeg), "ATTACHMENT_SIZE");
}

#[test]
fn largest_file_is_taken_and_one_byte_more_is_not() {
    let mut file = written(drawn(50, 50), ImageFormat::Jpeg);
    file.resize(MOST_BYTES, 0);
    assert_eq!(kept("x.jpg", &file).width, 50);
    file.push(0);
    assert_eq!(reason("x.jpg", &file), "ATTACHMENT_SIZE");
}

#[test]
fn text_is_kept_as_it_is_and_bounded() {
    let log = "2026-11-26 起動に失敗\r\n<script>alert(1)</script>\n";
    let found = kept("C:\\logs\\端末.log", log.as_bytes());
    assert_eq!(
        (found.kind, found.name.as_str(), found.content.as_slice()),
        (FileKind::Text, "端末.log", log.as_bytes())
    );
    assert_eq!(prepare("x.log", log.as_bytes(), Accepted::Pictures).unwrap_err().reason, "ATTACHMENT_KIND");
    assert_eq!(reason("x.txt", b"\x93\xfa\x96\x7b"), "ATTACHMENT_KIND", "CP932 is no UTF-8");
    assert_eq!(reason("x.txt", b"a\0b"), "ATTACHMENT_KIND");
    assert_eq!(reason("x.txt", b""), "ATTACHMENT_KIND");
    assert!(prepare("x.TXT", &vec![b'a'; MOST_TEXT_BYTES], Accepted::PicturesAndTexts).is_ok());
    assert_eq!(reason("x.txt", &vec![b'a'; MOST_TEXT_BYTES + 1]), "ATTACHMENT_SIZE");
}

#[test]
fn names_are_cleaned() {
    let cases = [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\x\\割れ.JPG", "割れ.JPG"),
        ("a\r\nb\0.txt", "ab.txt"),
        ("photo\u{202e}gpj.exe", "photogpj.exe"),
        ("..", "file"),
        ("", "file"),
        (".log", "log"),
    ];
    for (name, clean) in cases {
        assert_eq!(clean_name(name), clean, "{name:?}");
    }
    let long = clean_name(&format!("{}.txt", "長".repeat(300)));
    assert!(long.chars().count() == MOST_NAME_CHARS && long.ends_with("長.txt"), "{long}");
}

proptest! {
    #[test]
    fn any_name_becomes_a_good_one(name in "\\PC{0,200}|[\\x00-\\x40/\\\\.]{0,50}") {
        let clean = clean_name(&name);
        prop_assert!((1..=MOST_NAME_CHARS).contains(&clean.chars().count()), "{clean:?}");
        prop_assert!(!clean.contains(['/', '\\']) && !clean.chars().any(char::is_control));
        prop_assert_eq!(clean_name(&clean), clean.clone());
    }

    #[test]
    fn broken_bytes_are_refused_or_become_a_clean_picture(
        format in 0_usize..4,
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20),
    ) {
        let format = [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP, ImageFormat::Gif][format];
        let mut file = written(drawn(40, 30), format);
        if format == ImageFormat::Jpeg {
            file = with_exif(&file, 6);
        }
        for (at, byte) in changes {
            let at = at.index(file.len());
            file[at] = byte;
        }
        if let Ok(kept) = prepare("x.jpg", &file, Accepted::Pictures) {
            let picture = seen(&kept);
            prop_assert!(picture.width().max(picture.height()) <= LONGEST_SIDE);
            prop_assert!(!has(&kept.content, b"HOME"));
        }
    }
}
