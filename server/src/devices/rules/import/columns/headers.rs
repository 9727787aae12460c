//! The headers that mean a field: data, read once.

use std::sync::LazyLock;

use super::{ColumnField, ImportKind, fold_header, fold_without_brackets};

const FILE: &str = include_str!("../../../../../data/ledger-headers.csv");

/// A field with the kinds of files that have it and the headers that mean it.
struct Known {
    field: ColumnField,
    kinds: Vec<ImportKind>,
    ja: Vec<&'static str>,
    en: Vec<&'static str>,
}

static KNOWN: LazyLock<Vec<Known>> = LazyLock::new(|| {
    let rows = FILE.lines().filter(|line| !line.starts_with('#')).skip(1);
    rows.map(|row| read(row).unwrap_or_else(|| panic!("{row} is four cells with known names; tested"))).collect()
});

/// All headers folded, with the field that each means.
static FOLDED: LazyLock<Vec<(String, &'static Known)>> = LazyLock::new(|| {
    let folded = |known: &'static Known| known.words().map(move |word| (fold_header(word), known));
    KNOWN.iter().flat_map(folded).collect()
});

fn read(row: &'static str) -> Option<Known> {
    let cells: Vec<&str> = row.split(',').collect();
    let [name, kinds, ja, en] = cells[..] else { return None };
    let words = |cell: &'static str| cell.split('|').filter(|word| !word.is_empty()).collect();
    let kind = |name| {
        ImportKind::ALL.into_iter().find(|kind| match kind {
            ImportKind::Devices => name == "devices",
            ImportKind::Schools => name == "schools",
            ImportKind::Pupils => name == "pupils",
            ImportKind::Calendar => name == "calendar",
        })
    };
    Some(Known {
        field: ColumnField::all().find(|field| field.name() == name)?,
        kinds: kinds.split('|').map(kind).collect::<Option<_>>()?,
        ja: words(ja),
        en: words(en),
    })
}

impl Known {
    fn words(&self) -> impl Iterator<Item = &'static str> {
        self.ja.iter().chain(&self.en).copied().chain([self.field.name()])
    }
}

impl ColumnField {
    /// The header that people know it by, Japanese.
    pub fn title(self) -> &'static str {
        let known = KNOWN.iter().find(|known| known.field == self).expect("every field stands in the file; tested");
        known.ja.first().copied().unwrap_or(self.name())
    }

    /// The field of a kind with this name.
    pub fn from_name(kind: ImportKind, name: &str) -> Option<Self> {
        Self::of_kind(kind).find(|field| field.name() == name)
    }

    /// All fields of a kind.
    pub fn of_kind(kind: ImportKind) -> impl Iterator<Item = Self> {
        KNOWN.iter().filter(move |known| known.kinds.contains(&kind)).map(|known| known.field)
    }
}

/// The field that a header means in a kind of file.
pub(super) fn field_of(kind: ImportKind, header: &str) -> Option<ColumnField> {
    let find = |folded: &str| {
        let found = FOLDED.iter().find(|(word, known)| word == folded && known.kinds.contains(&kind));
        found.map(|(_, known)| known.field)
    };
    let folded = fold_header(header);
    if folded.is_empty() {
        return None;
    }
    find(&folded).or_else(|| find(&fold_without_brackets(header)))
}

/// Whether a cell looks like a header of this kind.
pub fn is_known(kind: ImportKind, cell: &str) -> bool {
    !cell.is_empty() && cell.chars().count() <= 40 && field_of(kind, cell).is_some()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn file_has_every_field_once() {
        let fields: Vec<_> = KNOWN.iter().map(|known| known.field.name()).collect();
        assert_eq!(fields.len(), ColumnField::all().count());
        assert_eq!(fields.iter().collect::<BTreeSet<_>>().len(), fields.len());
        assert!(KNOWN.iter().all(|known| !known.field.title().is_empty() && !known.kinds.is_empty()));
    }

    #[test]
    fn no_header_means_two_fields_of_one_kind() {
        for kind in ImportKind::ALL {
            let mut all = BTreeSet::new();
            for known in KNOWN.iter().filter(|known| known.kinds.contains(&kind)) {
                for word in known.words().map(fold_header).collect::<BTreeSet<_>>() {
                    assert!(all.insert(word.clone()), "{kind:?}: {word}");
                }
            }
        }
    }
}
