//! An answer that grows while long work goes on: each step takes the place of the one before, the end leads on. It works
//! without script, since browsers show what has come of a page so far; who leaves early does not stop the work.

use std::convert::Infallible;

use askama::Template;
use axum::{
    body::{Body, Bytes},
    response::{Html, IntoResponse as _},
};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::{PageResult, Shell, charts::escape, format};

/// Where the steps stand in the page.
const MARK: &str = "<!--steps-->";

#[derive(Template)]
#[template(path = "progress.html")]
struct ProgressPage<'a> {
    shell: &'a Shell,
    title: &'a str,
    mark: &'static str,
}

/// How far work is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// Parts that are done.
    pub done: u64,
    /// Parts in all.
    pub all: u64,
}

/// How work ended and where the person goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ending {
    /// What is said.
    pub text: String,
    /// The page that goes on.
    pub path: String,
    /// A page is opened by itself unless something must be read first.
    pub stays: bool,
}

/// The page of work that tells its steps and then its end. The work is to run by itself.
pub fn growing(
    shell: &Shell,
    title: &str,
    mut steps: mpsc::Receiver<Step>,
    end: impl Future<Output = Ending> + Send + 'static,
) -> PageResult {
    let html = ProgressPage { shell, title, mark: MARK }
        .render()
        .map_err(|source| crate::error::Error::internal("the page of progress could not be made", source))?;
    let (head, tail) = html.split_once(MARK).expect("the template has the mark");
    let (head, tail) = (head.to_owned(), tail.to_owned());
    let (language, onward) = (shell.language, shell.w.shell.onward);
    let (sender, body) = mpsc::channel::<Result<Bytes, Infallible>>(8);
    tokio::spawn(async move {
        // Whoever has left is told nothing more; the work goes on by itself.
        let _gone = sender.send(Ok(head.into())).await;
        let mut shown = None;
        while let Some(step) = steps.recv().await {
            let percent = step.done * 100 / step.all.max(1);
            if shown.replace(percent) != Some(percent) {
                let _gone = sender.send(Ok(step_html(language, step).into())).await;
            }
        }
        let _gone = sender.send(Ok((ending_html(&end.await, onward) + &tail).into())).await;
    });
    Ok((Html(Body::from_stream(ReceiverStream::new(body)))).into_response())
}

fn step_html(language: super::Language, step: Step) -> String {
    let number = |number: u64| format::number(i64::try_from(number).unwrap_or(i64::MAX));
    let (done, all) = (number(step.done), number(step.all));
    let text = language.choose(format!("{all}件中 {done}件"), format!("{done} of {all}"));
    format!(
        "<p class=\"step\"><label>{text} <progress value=\"{}\" max=\"{}\"></progress></label></p>\n",
        step.done,
        step.all.max(1)
    )
}

fn ending_html(ending: &Ending, onward: &str) -> String {
    let path = escape(&ending.path);
    let on =
        if ending.stays { String::new() } else { format!("<meta http-equiv=\"refresh\" content=\"0; url={path}\">") };
    format!(
        "<p class=\"step\">{}</p><p class=\"step\"><a class=\"button primary\" href=\"{path}\">{}</a></p>{on}\n",
        escape(&ending.text),
        escape(onward)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_and_endings_are_escaped_and_lead_on() {
        let step = step_html(crate::console::Language::En, Step { done: 20_000, all: 100_000 });
        assert!(step.contains("20,000 of 100,000") && step.contains("value=\"20000\" max=\"100000\""), "{step}");
        let ending = |stays| Ending { text: String::from("<b>"), path: String::from("/imports/1?a=1&b=2"), stays };
        let html = ending_html(&ending(false), "Go on");
        assert!(html.contains("&lt;b&gt;") && html.contains("url=/imports/1?a=1&amp;b=2\""), "{html}");
        assert!(!ending_html(&ending(true), "Go on").contains("refresh"));
    }
}
