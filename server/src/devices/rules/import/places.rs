//! Which school a cell means: by its code, or by its name within the owner.

use std::collections::HashMap;

use super::{cells::fold_text, problems::Problem};
use crate::schools::rules::{SchoolCode, SchoolId};

/// Most candidates that an error names.
const CANDIDATES: usize = 5;

/// The schools of one owner that the caller may reach.
#[derive(Debug, Default)]
pub struct Places {
    names: HashMap<String, Vec<usize>>,
    /// Names without the owner before 立: 神南小学校 of 渋谷区立神南小学校.
    short_names: HashMap<String, Vec<usize>>,
    codes: HashMap<String, usize>,
    schools: Vec<(SchoolId, String, Option<String>)>,
}

/// A name as names of schools are compared: NFKC, no blanks.
fn fold_name(name: &str) -> String {
    fold_text(name).chars().filter(|c| !c.is_whitespace()).collect()
}

fn without_owner(name: &str) -> Option<&str> {
    name.split_once('立').map(|(_, short)| short).filter(|short| !short.is_empty())
}

impl Places {
    /// Knows these schools: id, code, name.
    pub fn new(schools: impl IntoIterator<Item = (SchoolId, Option<String>, String)>) -> Self {
        let mut places = Self::default();
        for (id, code, name) in schools {
            let at = places.schools.len();
            let folded = fold_name(&name);
            if let Some(short) = without_owner(&folded) {
                places.short_names.entry(short.to_owned()).or_default().push(at);
            }
            places.names.entry(folded).or_default().push(at);
            if let Some(code) = &code {
                places.codes.insert(code.clone(), at);
            }
            places.schools.push((id, name, code));
        }
        places
    }

    /// The school that a cell names. Names are compared whole; 渋谷区立神南小学校 is 神南小学校 too, whichever of both the
    /// list of schools says.
    pub fn find(&self, text: &str) -> Result<SchoolId, Problem> {
        let folded = fold_name(text);
        if looks_like_code(&folded) {
            let code = folded.to_uppercase();
            return match SchoolCode::parse(&code) {
                Ok(_) => self.codes.get(&code).map(|at| self.schools[*at].0).ok_or(Problem::SchoolUnknown),
                Err(_) => Err(Problem::SchoolCodeWrong { right: right_digit(&code) }),
            };
        }
        let found = self.names.get(&folded).or_else(|| self.short_names.get(&folded));
        let found = found.or_else(|| self.names.get(without_owner(&folded)?));
        match found.map(Vec::as_slice) {
            Some([at]) => Ok(self.schools[*at].0),
            Some(several) => Err(self.ambiguous(several.iter().copied())),
            None => {
                let near = (0..self.schools.len()).filter(|at| {
                    let name = fold_name(&self.schools[*at].1);
                    folded.chars().count() >= 2 && name.contains(folded.as_str())
                });
                let near: Vec<_> = near.take(CANDIDATES).collect();
                Err(if near.is_empty() { Problem::SchoolUnknown } else { self.ambiguous(near) })
            }
        }
    }

    /// The school whose name is a part of a path of organisational units, the last such part first; none if none is.
    pub fn find_in_path(&self, path: &str) -> Option<SchoolId> {
        path.rsplit(['/', '>', '\\']).filter(|part| !part.trim().is_empty()).find_map(|part| self.find(part).ok())
    }

    fn ambiguous(&self, schools: impl IntoIterator<Item = usize>) -> Problem {
        let name = |at: usize| match &self.schools[at] {
            (_, name, Some(code)) => format!("{name} ({code})"),
            (_, name, None) => name.clone(),
        };
        Problem::SchoolAmbiguous { candidates: schools.into_iter().take(CANDIDATES).map(name).collect() }
    }
}

fn looks_like_code(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    text.is_ascii() && text.len() >= 6 && digits + 1 >= text.len()
}

/// The digit that would be right at the end of a code of the right form.
fn right_digit(code: &str) -> Option<String> {
    let stem = code.get(..12).filter(|_| code.len() == 13)?;
    (0..10).map(|digit| digit.to_string()).find(|digit| SchoolCode::parse(&format!("{stem}{digit}")).is_ok())
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn places() -> Places {
        let school = |n, code: Option<&str>, name: &str| {
            (SchoolId(Uuid::from_u128(n)), code.map(str::to_owned), name.to_owned())
        };
        Places::new([
            school(1, Some("B113210000005"), "第一小学校"),
            school(2, None, "第一中学校"),
            school(3, None, "緑ヶ丘小学校"),
            school(4, None, "緑ヶ丘 小学校"),
            school(5, None, "若葉野市立青葉小学校"),
        ])
    }

    #[test]
    fn schools_are_found_by_code_and_by_whole_name() {
        let found = |text: &str| places().find(text).map(|id| id.0.as_u128());
        assert_eq!(found("B113210000005"), Ok(1));
        assert_eq!(found("ｂ１１３２１００００００５"), Ok(1));
        assert_eq!(found(" 第一小学校　"), Ok(1));
        assert_eq!(found("若葉野市立第一中学校"), Ok(2));
        assert_eq!(found("青葉小学校"), Ok(5));
        assert_eq!(found("若葉野市立青葉小学校"), Ok(5));
        assert_eq!(found("B113210000001"), Err(Problem::SchoolCodeWrong { right: Some(String::from("5")) }));
        assert_eq!(found("113210000005"), Err(Problem::SchoolCodeWrong { right: None }));
        assert_eq!(found("第三小学校"), Err(Problem::SchoolUnknown));
        let Err(Problem::SchoolAmbiguous { candidates }) = found("第一") else { panic!("two could be meant") };
        assert_eq!(candidates, ["第一小学校 (B113210000005)", "第一中学校"]);
        assert!(matches!(found("緑ヶ丘小学校"), Err(Problem::SchoolAmbiguous { .. })));
    }

    #[test]
    fn path_names_a_school_or_nothing() {
        assert_eq!(places().find_in_path("/児童生徒/第一小学校/3年").map(|id| id.0.as_u128()), Some(1));
        assert_eq!(places().find_in_path("/児童生徒/職員"), None);
        assert_eq!(places().find_in_path(""), None);
    }
}
