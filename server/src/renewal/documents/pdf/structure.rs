//! The structure of a document, for programs that read it aloud and for search: headings, paragraphs, tables with their
//! heads, figures with their words. Tagged PDF by krilla.

use std::num::{NonZeroU16, NonZeroU32};

use krilla::tagging::{Identifier, Node as Leaf, TableHeaderScope, Tag, TagGroup, TagKind, TagTree};

use super::marks::Node;

/// What a part is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Role {
    /// The title, or the heading of a section.
    Heading {
        /// 1 for the title.
        level: u16,
        /// Its text.
        text: String,
    },
    /// A paragraph.
    Paragraph,
    /// A note below a table.
    Note,
    /// A table.
    Table,
    /// The rows of heads, of cells, of totals.
    Rows(RowsOf),
    /// A row.
    Row,
    /// A head of a column or of a row.
    Head {
        /// Whether it is a row's.
        is_of_row: bool,
    },
    /// A cell.
    Cell,
    /// A chart with its words.
    Figure(String),
}

/// Which rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RowsOf {
    /// Of heads.
    Heads,
    /// Of cells.
    Cells,
    /// Of totals.
    Totals,
}

impl Role {
    fn tag(&self) -> TagKind {
        match self {
            Self::Heading { level, text } => {
                let level = NonZeroU16::new(*level).unwrap_or(NonZeroU16::MIN);
                Tag::Hn(level, Some(text.clone())).into()
            }
            Self::Paragraph | Self::Note => Tag::P.into(),
            Self::Table => Tag::Table.into(),
            Self::Rows(RowsOf::Heads) => Tag::THead.into(),
            Self::Rows(RowsOf::Cells) => Tag::TBody.into(),
            Self::Rows(RowsOf::Totals) => Tag::TFoot.into(),
            Self::Row => Tag::TR.into(),
            Self::Head { is_of_row } => {
                let scope = if *is_of_row { TableHeaderScope::Row } else { TableHeaderScope::Column };
                Tag::TH(scope).with_row_span(None::<NonZeroU32>).into()
            }
            Self::Cell => Tag::TD.into(),
            Self::Figure(words) => Tag::Figure(Some(words.clone())).into(),
        }
    }
}

struct Part {
    role: Role,
    parts: Vec<usize>,
    leaves: Vec<Identifier>,
}

/// Parts in the order of reading.
#[derive(Default)]
pub(super) struct Structure {
    parts: Vec<Part>,
    tops: Vec<usize>,
}

impl Structure {
    /// A new part, within another or of the document itself.
    pub(super) fn add(&mut self, role: Role, within: Option<Node>) -> Node {
        let at = self.parts.len();
        self.parts.push(Part { role, parts: Vec::new(), leaves: Vec::new() });
        match within {
            Some(Node(within)) => self.parts[within].parts.push(at),
            None => self.tops.push(at),
        }
        Node(at)
    }

    /// Something was drawn that belongs to a part.
    pub(super) fn drawn(&mut self, node: Node, leaf: Identifier) {
        self.parts[node.0].leaves.push(leaf);
    }

    /// The tree that is written.
    pub(super) fn into_tree(mut self, language: &str) -> TagTree {
        let mut tree = TagTree::new().with_lang(Some(language.to_owned()));
        for top in std::mem::take(&mut self.tops) {
            tree.push(self.group(top));
        }
        tree
    }

    fn group(&mut self, at: usize) -> TagGroup {
        let Part { role, parts, leaves } = &mut self.parts[at];
        let (role, parts, leaves) = (role.clone(), std::mem::take(parts), std::mem::take(leaves));
        let mut group = TagGroup::new(role.tag());
        for leaf in leaves {
            group.push(Leaf::from(leaf));
        }
        for part in parts {
            let inner = self.group(part);
            group.push(inner);
        }
        group
    }
}
