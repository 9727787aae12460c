//! Pages before they are written: nothing leaves them, nothing is lost, heads are repeated. And that what is written is what
//! archives and readers need.

use proptest::prelude::*;

use super::{
    super::{
        Cell, Column, ColumnKind, Section, Table,
        tests::{cover, document_of, far_too_much, odd_table, plan_document, yen},
    },
    marks::{Mark, Shape},
    *,
};
use crate::renewal::documents::Orientation;

const LANGUAGES: [Language; 2] = [Language::Ja, Language::En];

/// Many municipalities by ten years, one with a long name.
fn long(rows: usize, orientation: Orientation) -> Document {
    let mut columns = vec![Column::new(ColumnKind::Text, Both::fixed("区市町村", "Municipality"))];
    let heading = |year: i32| Both::same(format!("令和{year}年度"));
    columns.extend((6..16).map(|year| Column::new(ColumnKind::Yen, heading(year)).summed()));
    columns.push(Column::sum_of(ColumnKind::Yen, words::sum(), 1..11));
    let row = |at: usize| {
        let name = if at == 7 {
            format!("{at}番の{}", "とても長い名前の".repeat(6))
        } else {
            format!("{at}番の町")
        };
        let amount =
            |year: usize| Cell::Yen(yen(i64::try_from((at * 7_919 + year * 104_729) % 9_973).unwrap() * 123_457));
        std::iter::once(Cell::name(name)).chain((0..10).map(amount)).collect()
    };
    let table = Table::new(columns, (0..rows).map(row).collect()).unwrap().with_totals(words::total()).unwrap();
    Document { orientation, ..document_of(table) }
}

/// All pages of a document and the font they were measured with.
fn laid_out(document: &Document, language: Language) -> (Vec<Vec<Mark>>, Face, Frame) {
    let Setter { pages, face, frame, .. } = Setter::set(document, language);
    (pages.finish().0, face, frame)
}

/// Texts of a page with their places: left, right, base line, size.
fn texts<'m>(page: &'m [Mark], face: &Face) -> Vec<(&'m str, [f32; 4])> {
    let text = |mark: &'m Mark| match &mark.shape {
        Shape::Text { text, size, is_bold: _ } => {
            let right = mark.x + face.width(text.trim_end(), *size);
            Some((text.as_str(), [mark.x, right, mark.y, *size]))
        }
        Shape::Area { .. } | Shape::Rule { .. } => None,
    };
    page.iter().filter_map(text).collect()
}

/// Everything stands on its page and on nothing else.
fn check(document: &Document, language: Language) {
    let (pages, face, frame) = laid_out(document, language);
    let (_, foot) = frame.furniture();
    for page in &pages {
        let texts = texts(page, &face);
        for (text, [left, right, base, _]) in &texts {
            assert!(*left >= frame.left() - 0.1 && *right <= frame.right() + 0.1, "{text} from {left} to {right}");
            assert!(*base > 0.0 && *base < foot - 4.0, "{text} at {base}");
        }
        for (at, (text, [left, right, base, size])) in texts.iter().enumerate() {
            for (other, [other_left, other_right, other_base, _]) in &texts[at + 1..] {
                let is_apart = right <= &(other_left + 0.1) || other_right <= &(left + 0.1);
                assert!(is_apart || (base - other_base).abs() > size * 0.8, "{text} stands on {other}");
            }
        }
    }
}

#[test]
fn nothing_leaves_its_page_or_stands_on_something_else() {
    for language in LANGUAGES {
        for orientation in [Orientation::Portrait, Orientation::Landscape] {
            for rows in [0, 1, 2, 3, 60] {
                check(&long(rows, orientation), language);
            }
        }
        check(&plan_document(), language);
        check(&document_of(odd_table()), language);
    }
}

#[test]
fn what_is_far_too_much_still_stands_on_its_pages() {
    let mut document = far_too_much();
    for orientation in [Orientation::Portrait, Orientation::Landscape] {
        document.orientation = orientation;
        check(&document, Language::Ja);
        assert!(write(&document, Language::Ja).is_ok());
    }
}

#[test]
fn rows_go_on_over_pages_under_their_heads() {
    let document = long(60, Orientation::Landscape);
    let (pages, face, _) = laid_out(&document, Language::Ja);
    assert!(pages.len() > 1);
    for page in &pages {
        let texts = texts(page, &face);
        assert_eq!(texts.iter().filter(|(text, _)| *text == "令和15年度").count(), 1, "a head on each page");
        assert!(texts.iter().filter(|(text, _)| text.ends_with("番の町")).count() >= 2, "no row stands alone");
    }
    let all: Vec<_> = pages.iter().flat_map(|page| texts(page, &face)).collect();
    for at in (0..60).filter(|at| *at != 7) {
        let name = format!("{at}番の町");
        assert_eq!(all.iter().filter(|(text, _)| *text == name).count(), 1, "{name}");
    }
    assert_eq!(all.iter().filter(|(text, _)| *text == "合計").count(), 1);
}

#[test]
fn numbers_of_a_column_end_at_one_place() {
    let document = long(20, Orientation::Landscape);
    let (pages, face, _) = laid_out(&document, Language::Ja);
    let mut ends: Vec<_> = texts(&pages[0], &face)
        .into_iter()
        .filter(|(text, _)| text.chars().all(|c| c.is_ascii_digit() || c == ',') && text.len() > 3)
        .map(|(_, [_, right, _, _])| (right * 10.0).round() as i64)
        .collect();
    ends.sort_unstable();
    ends.dedup();
    assert_eq!(ends.len(), 11, "{ends:?}");
}

#[test]
fn heading_stays_with_its_table() {
    for lines in 0..60 {
        let mut document = long(12, Orientation::Landscape);
        let filler = Section { paragraphs: vec![Both::same("文"); lines], ..Section::default() };
        document.sections[0].heading = Some(Both::same("見出し"));
        document.sections.insert(0, filler);
        let (pages, face, _) = laid_out(&document, Language::Ja);
        let with_heading = pages.iter().find(|page| texts(page, &face).iter().any(|(text, _)| *text == "見出し"));
        let texts = texts(with_heading.unwrap(), &face);
        assert!(texts.iter().any(|(text, _)| *text == "1番の町"), "{lines}");
    }
}

#[test]
fn characters_that_the_font_lacks_are_counted_and_shown() {
    let face = Face::new();
    assert_eq!(
        face.printable("髙﨑𠮷①⑳㈱鷗剝檮神～−–〓か\u{3099}葛󠄀"),
        (String::from("髙﨑𠮷①⑳㈱鷗剝檮神～−–〓が葛"), 0)
    );
    assert_eq!(face.printable("🦀\u{e000}a\tb\u{0}"), (String::from("〓〓a b "), 2));
    let document = Document { title: Both::same("🦀"), ..plan_document() };
    let (pages, face, _) = laid_out(&document, Language::Ja);
    let last = texts(pages.last().unwrap(), &face).last().unwrap().0.to_owned();
    assert_eq!(last, "※ 印字できない文字1字を〓で示しています。");
    for (name, ja, en) in words::ALL {
        assert_eq!(face.printable(ja).1 + face.printable(en).1, 0, "{name}");
    }
}

#[test]
fn file_is_for_archives_and_for_everybody() {
    let bytes = write(&plan_document(), Language::Ja).unwrap();
    assert!(bytes.starts_with(b"%PDF-1.7"));
    let text = String::from_utf8_lossy(&bytes);
    for expected in
        ["<pdfaid:part>2</pdfaid:part>", "<pdfuaid:part>1</pdfuaid:part>", "/FontFile3", "/StructTreeRoot", "/Lang(ja)"]
    {
        assert!(text.replace("/Lang (", "/Lang(").contains(expected), "{expected}");
    }
    assert!(bytes.len() < 200_000, "the glyphs that are used are in it, not the font: {}", bytes.len());
    let nothing = Document { sections: Vec::new(), sources: Vec::new(), cover: cover(""), ..plan_document() };
    assert!(write(&nothing, Language::En).is_ok());
}

#[test]
fn lines_keep_to_the_rules_of_japanese() {
    let face = Face::new();
    let broken = |text: &str, characters: f32| lines::broken(&face, text, 10.0, characters * 10.0 + 0.1);
    assert_eq!(broken("これは、文です。", 3.0), ["これ", "は、文", "です。"]);
    assert_eq!(broken("彼は「はい」と", 3.0), ["彼は", "「は", "い」と"]);
    assert_eq!(broken("更新 2026年度まで", 5.0), ["更新 ", "2026年度", "まで"]);
    assert_eq!(broken("", 5.0), [""]);
    assert_eq!(broken("ああああああ", 2.0), ["ああ", "ああ", "ああ"]);
    assert_eq!(broken("two words here", 3.0), ["two ", "words ", "here"]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn lines_hold_all_of_a_text_within_their_width(text in ".{0,80}", width in 1.0_f32..200.0) {
        let face = Face::new();
        let (text, _) = face.printable(&text);
        let lines = lines::broken(&face, &text, 9.0, width);
        let bare = |text: &str| text.replace(' ', "");
        prop_assert_eq!(bare(&lines.concat()), bare(&text), "blanks at which lines are broken may go");
        for line in &lines {
            let fits = face.width(line.trim_end(), 9.0) <= width + 0.01;
            prop_assert!(fits || line.trim_end().chars().count() <= 1, "{:?} of {:?}", line, text);
        }
    }

    #[test]
    fn no_text_makes_the_writer_fail(text in ".{0,60}", other in "\\PC{0,200}") {
        let columns = vec![Column::new(ColumnKind::Text, Both::same(text.clone()))];
        let rows = vec![vec![Cell::name(other.clone())], vec![Cell::name(text.clone())]];
        let mut document = document_of(Table::new(columns, rows).unwrap());
        document.title = Both::same(other);
        document.sections[0].heading = Some(Both::same(text));
        check(&document, Language::Ja);
        prop_assert!(write(&document, Language::Ja).is_ok());
    }
}
