//! Pictures of all pages, for people to look through: `target/screenshots/index.html`.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    path::PathBuf,
    sync::{Mutex, PoisonError},
};

use gigafleet_tests::{Screen, browser::target_folder};

/// A folder of pictures that begins empty.
#[derive(Debug)]
pub struct Gallery {
    folder: PathBuf,
    kept: Mutex<BTreeMap<(usize, String), Vec<String>>>,
}

/// What a picture shows.
#[derive(Debug, Clone, Copy)]
pub struct Shot<'a> {
    /// Place of the page in the list.
    pub number: usize,
    /// Name of the page.
    pub page: &'a str,
    /// Its language.
    pub language: &'a str,
    /// Where it was shown.
    pub screen: Screen,
}

impl Gallery {
    /// Empties the folder.
    pub fn fresh() -> Self {
        let folder = target_folder().join("screenshots");
        // It may not be there yet.
        let _gone = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).expect("a folder can be made");
        Self { folder, kept: Mutex::default() }
    }

    /// Keeps a picture.
    pub fn keep(&self, shot: Shot<'_>, png: &[u8]) {
        let shade = if shot.screen.dark { "-dark" } else { "" };
        let name = format!("{:02}-{}-{}-{}{shade}.png", shot.number, shot.page, shot.language, shot.screen.width);
        fs::write(self.folder.join(&name), png).expect("a picture can be written");
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.entry((shot.number, shot.page.to_owned())).or_default().push(name);
    }

    /// Writes the page that shows all of them.
    pub fn write_index(&self) {
        let mut html = String::from(
            "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>gigafleet: all pages</title>\
             <style>body{font:15px sans-serif;margin:1rem}div{display:flex;flex-wrap:wrap;gap:1rem;align-items:start}\
             figure{margin:0}img{max-height:420px;border:1px solid #999}</style><h1>All pages</h1>\n",
        );
        for ((number, page), names) in self.kept.lock().unwrap_or_else(PoisonError::into_inner).iter_mut() {
            names.sort();
            let _infallible = writeln!(html, "<h2>{number:02} {page}</h2><div>");
            for name in names {
                let figure = format!("<figure><a href=\"{name}\"><img loading=\"lazy\" src=\"{name}\" alt=\"\"></a>");
                let _infallible = writeln!(html, "{figure}<figcaption>{name}</figcaption></figure>");
            }
            html.push_str("</div>\n");
        }
        fs::write(self.folder.join("index.html"), html).expect("the index can be written");
    }
}
