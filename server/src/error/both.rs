//! A sentence in the two languages that people here read, and the tables of them.

use std::{borrow::Cow, fmt};

use serde::Serialize;

/// A sentence in Japanese and in English. No text becomes one by itself: it is declared in a table of [`super::says`], or said
/// to be the same in both ([`Both::same`]).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Both {
    /// Japanese, without a full stop at its end.
    pub ja: Cow<'static, str>,
    /// English, lower case, without a full stop at its end.
    pub en: Cow<'static, str>,
}

impl Both {
    /// Text that is the same in both languages, or in the reader's already.
    pub fn same(text: impl Into<Cow<'static, str>>) -> Self {
        let text = text.into();
        Self { ja: text.clone(), en: text }
    }

    /// A sentence without parameters.
    pub const fn fixed(ja: &'static str, en: &'static str) -> Self {
        Self { ja: Cow::Borrowed(ja), en: Cow::Borrowed(en) }
    }

    /// One sentence that names several things.
    pub fn joined<'a>(parts: impl Iterator<Item = (&'a str, &'a Self)>) -> Self {
        let (mut ja, mut en) = (Vec::new(), Vec::new());
        for (name, both) in parts {
            ja.push(format!("{name}: {}", both.ja));
            en.push(format!("{name}: {}", both.en));
        }
        Self { ja: ja.join("; ").into(), en: en.join("; ").into() }
    }

    /// A sentence whose parameters differ with the language: the Japanese of one, the English of the other.
    pub fn of(ja: Self, en: Self) -> Self {
        Self { ja: ja.ja, en: en.en }
    }

    /// Two sentences: what is wrong, and what would be right.
    pub fn then(&self, next: &Self) -> Self {
        Self { ja: format!("{}。{}", self.ja, next.ja).into(), en: format!("{}: {}", self.en, next.en).into() }
    }
}

/// The English, for logs and for programs.
impl fmt::Display for Both {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.en)
    }
}

/// Declares sentences as functions: `name(parameter, …): "日本語 {parameter}", "English {parameter}";`. A line without one of
/// the languages does not compile, nor one that leaves a parameter out in one of them.
macro_rules! says {
    ($($name:ident $(($($parameter:ident),+))?: $ja:literal, $en:literal;)*) => {
        $($crate::error::both::says!(@one $name ($($($parameter)+)?) $ja $en);)*

        /// Every sentence with its name in both languages.
        #[cfg(test)]
        pub(super) const ALL: &[(&str, &str, &str)] = &[$((stringify!($name), $ja, $en),)*];
    };
    (@one $name:ident () $ja:literal $en:literal) => {
        #[doc = $en]
        pub fn $name() -> $crate::error::Both {
            $crate::error::Both::fixed($ja, $en)
        }
    };
    (@one $name:ident ($($parameter:ident)+) $ja:literal $en:literal) => {
        #[doc = $en]
        pub fn $name($($parameter: impl std::fmt::Display),+) -> $crate::error::Both {
            let ja = {
                $(let $parameter = &$parameter;)+
                format!($ja)
            };
            let en = {
                $(let $parameter = &$parameter;)+
                format!($en)
            };
            $crate::error::Both { ja: ja.into(), en: en.into() }
        }
    };
}
pub(crate) use says;
