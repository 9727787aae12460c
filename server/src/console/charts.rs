//! Charts as SVG with their table beside them, so that nobody needs to see the picture. No colour carries a meaning alone:
//! every part has its words and its number.

use std::fmt::Write as _;

use super::{Language, format};

/// One figure of a chart.
#[derive(Debug, Clone)]
pub struct Figure {
    /// What it is.
    pub label: String,
    /// How much.
    pub value: i64,
    /// How it looks.
    pub tone: Tone,
    /// Where its label leads.
    pub path: Option<String>,
}

/// How a part of a chart looks; all differ in lightness and pattern too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// The accent.
    Plain,
    /// As it should be.
    Good,
    /// Somebody should look.
    Warning,
    /// Broken.
    Bad,
    /// Not known, not counted.
    Quiet,
}

impl Tone {
    /// The class of the style sheet.
    pub fn class(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Good => "good",
            Self::Warning => "warning",
            Self::Bad => "bad",
            Self::Quiet => "quiet",
        }
    }
}

impl Figure {
    /// A figure.
    pub fn new(label: impl Into<String>, value: i64, tone: Tone) -> Self {
        Self { label: label.into(), value, tone, path: None }
    }

    /// The same with a label that leads to what was counted.
    #[must_use]
    pub fn leading_to(mut self, path: String) -> Self {
        self.path = Some(path);
        self
    }

    fn label_html(&self) -> String {
        let label = escape(&self.label);
        match &self.path {
            Some(path) => format!("<a class=\"calm\" href=\"{}\">{label}</a>", escape(path)),
            None => label,
        }
    }
}

/// Bars, one under another, with their table. Put it on a page with `|safe`: all texts are escaped here.
pub fn bars(language: Language, title: &str, figures: &[Figure]) -> String {
    let most = figures.iter().map(|figure| figure.value).max().unwrap_or(0).max(1);
    let height = figures.len() * 22;
    let mut svg = open(title, figures, 100, height, "bars");
    for (row, figure) in figures.iter().enumerate() {
        let width = thousandth(figure.value, most);
        let (y, class) = (row * 22 + 4, figure.tone.class());
        let _infallible =
            write!(svg, "<rect class=\"{class}\" x=\"0\" y=\"{y}\" width=\"{width}\" height=\"14\" rx=\"1\"/>");
    }
    svg.push_str("</svg>");
    with_table(language, title, &svg, figures, None)
}

/// One bar of shares of a whole, with its table.
pub fn shares(language: Language, title: &str, figures: &[Figure]) -> String {
    let whole: i64 = figures.iter().map(|figure| figure.value.max(0)).sum();
    let mut svg = open(title, figures, 100, 12, "shares");
    let mut before = 0;
    for figure in figures.iter().filter(|figure| figure.value > 0) {
        let (x, width) = (thousandth(before, whole.max(1)), thousandth(figure.value, whole.max(1)));
        let class = figure.tone.class();
        let _infallible = write!(svg, "<rect class=\"{class}\" x=\"{x}\" y=\"0\" width=\"{width}\" height=\"12\"/>");
        before += figure.value;
    }
    svg.push_str("</svg>");
    with_table(language, title, &svg, figures, Some(whole))
}

/// A table whose lines carry their bar: for kinds of one thing beside each other. The bars are measured by `whole`.
pub fn tally(language: Language, title: &str, figures: &[Figure], whole: i64) -> String {
    let mut html = format!("<div class=\"tally\"><h3>{}</h3>", escape(title));
    if figures.is_empty() {
        let _infallible = write!(html, "<p class=\"hint\">{}</p></div>", language.words().shell.none);
        return html;
    }
    html.push_str("<table><tbody>");
    for figure in figures {
        // The bar repeats the number, so it is hidden from who hears the page.
        let _infallible = write!(
            html,
            "<tr><th scope=\"row\">{}</th><td class=\"number\">{}</td><td class=\"bar\" aria-hidden=\"true\">\
             <svg viewBox=\"0 0 100 8\" preserveAspectRatio=\"none\" focusable=\"false\">\
             <rect class=\"{}\" x=\"0\" y=\"0\" width=\"{}\" height=\"8\"/></svg></td></tr>",
            figure.label_html(),
            format::number(figure.value),
            figure.tone.class(),
            thousandth(figure.value, whole.max(1)),
        );
    }
    html.push_str("</tbody></table></div>");
    html
}

/// A value that is known as far as its interval goes.
#[derive(Debug, Clone)]
pub struct Range {
    /// What it is.
    pub label: String,
    /// As low as it may be.
    pub low: f64,
    /// As it was counted.
    pub value: f64,
    /// As high as it may be.
    pub high: f64,
    /// The same in words.
    pub text: String,
    /// How it looks.
    pub tone: Tone,
}

/// Bars with the interval within which each of them lies, in lines with their words. Values fill at most half of the width, so that
/// their intervals have room; what is less known still goes to the edge.
pub fn ranges(language: Language, title: &str, ranges: &[Range]) -> String {
    let mut html = format!("<figure class=\"chart\"><figcaption>{}</figcaption>", escape(title));
    if ranges.is_empty() {
        let _infallible = write!(html, "<p class=\"empty\">{}</p></figure>", language.words().shell.empty);
        return html;
    }
    let greatest = |of: fn(&Range) -> f64| ranges.iter().map(of).fold(0.0, f64::max);
    let (value, high) = (greatest(|range| range.value), greatest(|range| range.high));
    let most = if value > 0.0 { high.min(value * 2.0) } else { high }.max(f64::MIN_POSITIVE);
    let place = |value: f64| (value / most * 100.0).clamp(0.0, 100.0);
    html.push_str("<table class=\"ranges\"><tbody>");
    for range in ranges {
        let (low, value, high) = (place(range.low), place(range.value), place(range.high));
        let class = range.tone.class();
        // The picture repeats the words, so it is hidden from who hears the page.
        let _infallible = write!(
            html,
            "<tr><th scope=\"row\">{}</th><td class=\"number\">{}</td><td class=\"bar\" aria-hidden=\"true\">\
             <svg viewBox=\"0 0 100 12\" preserveAspectRatio=\"none\" focusable=\"false\">\
             <rect class=\"{class}\" x=\"0\" y=\"1\" width=\"{value:.1}\" height=\"10\"/>\
             <rect class=\"span\" x=\"{low:.1}\" y=\"5\" width=\"{:.1}\" height=\"2\"/>\
             <rect class=\"span\" x=\"{low:.1}\" y=\"2\" width=\"0.4\" height=\"8\"/>\
             <rect class=\"span\" x=\"{:.1}\" y=\"2\" width=\"0.4\" height=\"8\"/></svg></td></tr>",
            escape(&range.label),
            escape(&range.text),
            high - low,
            (high - 0.4).max(0.0),
        );
    }
    html.push_str("</tbody></table></figure>");
    html
}

/// One line of a chart of parts.
#[derive(Debug, Clone)]
pub struct Stack {
    /// What it is.
    pub label: String,
    /// Where its label leads.
    pub path: Option<String>,
    /// Its parts, one for each of the series.
    pub parts: Vec<i64>,
    /// All of it in words.
    pub text: String,
}

/// Lines whose bar is made of parts, measured by the longest; the series with their swatches stand above. The numbers of the
/// parts stand in a table beside it on the page.
pub fn stacks(language: Language, title: &str, series: &[(String, Tone)], stacks: &[Stack]) -> String {
    let mut html = format!("<figure class=\"chart\"><figcaption>{}</figcaption>", escape(title));
    let whole = |stack: &Stack| stack.parts.iter().map(|part| (*part).max(0)).sum::<i64>();
    let most = stacks.iter().map(whole).max().unwrap_or(0);
    if most == 0 {
        let _infallible = write!(html, "<p class=\"empty\">{}</p></figure>", language.words().shell.empty);
        return html;
    }
    html.push_str("<ul class=\"series\">");
    for (name, tone) in series {
        let _infallible = write!(html, "<li><span class=\"swatch {}\"></span>{}</li>", tone.class(), escape(name));
    }
    html.push_str("</ul><table class=\"ranges\"><tbody>");
    for stack in stacks {
        let label = Figure { path: stack.path.clone(), ..Figure::new(stack.label.as_str(), 0, Tone::Plain) };
        // The picture repeats the table beside it, so it is hidden from who hears the page.
        let _infallible = write!(
            html,
            "<tr><th scope=\"row\">{}</th><td class=\"number\">{}</td><td class=\"bar\" aria-hidden=\"true\">\
             <svg viewBox=\"0 0 100 12\" preserveAspectRatio=\"none\" focusable=\"false\">",
            label.label_html(),
            escape(&stack.text),
        );
        let mut before = 0;
        for ((_, tone), part) in series.iter().zip(&stack.parts).filter(|(_, part)| **part > 0) {
            let (x, width, class) = (thousandth(before, most), thousandth(*part, most), tone.class());
            let _infallible =
                write!(html, "<rect class=\"{class}\" x=\"{x}\" y=\"1\" width=\"{width}\" height=\"10\"/>");
            before += part;
        }
        html.push_str("</svg></td></tr>");
    }
    html.push_str("</tbody></table></figure>");
    html
}

/// A line without axes beside a figure; its text alternative names first, least, most and last.
pub fn sparkline(language: Language, title: &str, values: &[i64]) -> String {
    let (Some(first), Some(last)) = (values.first(), values.last()) else { return String::new() };
    let least = values.iter().min().copied().unwrap_or(0);
    let most = values.iter().max().copied().unwrap_or(0).max(least + 1);
    let number = format::number;
    let text = language.choose(
        format!(
            "{title}: 最初 {}、最小 {}、最大 {}、最後 {}",
            number(*first),
            number(least),
            number(most),
            number(*last)
        ),
        format!(
            "{title}: first {}, least {}, most {}, last {}",
            number(*first),
            number(least),
            number(most),
            number(*last)
        ),
    );
    let mut points = String::new();
    for (at, value) in values.iter().enumerate() {
        let x = if values.len() == 1 { 0 } else { at * 100 / (values.len() - 1) };
        let y = 22 - (value - least) * 20 / (most - least);
        let _infallible = write!(points, "{x},{y} ");
    }
    format!(
        "<svg class=\"sparkline\" viewBox=\"0 0 100 24\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"{}\"><polyline points=\"{}\"/></svg>",
        escape(&text),
        points.trim_end()
    )
}

/// One moment of a chart of latencies.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BandPoint {
    /// Where it is in the time that is shown, 0 to 1.
    pub at: f64,
    /// The line: the median; none without an answer.
    pub low: Option<f64>,
    /// Where the band ends: a higher percentile.
    pub high: Option<f64>,
    /// Share without an answer, 0 to 1.
    pub failed: f64,
}

/// Latencies over time: a band from the median to a higher percentile, and below it in red the share without an answer. `text`
/// says it in words; the table stands beside it on the page. Latencies are drawn on a logarithmic scale from 1 ms to 10 s,
/// since what people notice are multiples; pieces that are far apart are not joined.
pub fn band(text: &str, points: &[BandPoint]) -> String {
    const GAP: f64 = 0.05;
    let x = |point: &BandPoint| (point.at.clamp(0.0, 1.0) * 1_000.0).round() / 10.0;
    // 1 ms at the bottom, 10 s at the top, of 40.
    let y = |us: f64| (40.0 - ((us.max(1_000.0) / 1_000.0).log10() * 10.0).min(40.0)).round();
    let mut svg = format!(
        "<svg class=\"chart band\" viewBox=\"0 0 100 52\" preserveAspectRatio=\"none\" height=\"104\" role=\"img\" aria-label=\"{}\">\
         <path class=\"grid\" d=\"M0 10H100M0 20H100M0 30H100M0 40H100\"/>",
        escape(text)
    );
    let answered: Vec<_> = points.iter().filter(|point| point.low.is_some()).collect();
    for piece in answered.chunk_by(|a, b| b.at - a.at < GAP) {
        let corner = |us: Option<f64>, point: &BandPoint| format!("{},{} ", x(point), y(us.unwrap_or_default()));
        let line: String = piece.iter().map(|point| corner(point.low, point)).collect();
        let above: String = piece.iter().rev().map(|point| corner(point.high, point)).collect();
        let _infallible =
            write!(svg, "<polygon points=\"{line}{}\"/><polyline points=\"{}\"/>", above.trim_end(), line.trim_end());
    }
    for point in points.iter().filter(|point| point.failed > 0.0) {
        // At least a hair, so that a single failure is seen.
        let height = (point.failed.min(1.0) * 10.0).max(1.0).round();
        let _infallible = write!(
            svg,
            "<rect class=\"bad\" x=\"{}\" y=\"{}\" width=\"0.6\" height=\"{height}\"/>",
            x(point),
            52.0 - height
        );
    }
    svg.push_str("</svg>");
    svg
}

/// A fall of a line with the interval within which it lies.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fall {
    /// Where it is in the width, 0 to 1.
    pub at: f64,
    /// How far down the line is from there on, 0 to 1.
    pub value: f64,
    /// As low as it may be.
    pub low: f64,
    /// As high as it may be.
    pub high: f64,
}

/// A line that falls in steps from 1, within its interval as a band, between two places of the width; upright marks at places of
/// the width, lying ones at quarters. `text` says it in words; the numbers stand in a table beside it on the page.
pub fn falls(text: &str, marks: &[f64], falls: &[Fall], (begin, end): (f64, f64)) -> String {
    let x = |at: f64| (at.clamp(0.0, 1.0) * 1_000.0).round() / 10.0;
    // 1 at the top, 0 at the bottom, of 48.
    let y = |value: f64| ((2.0 + (1.0 - value.clamp(0.0, 1.0)) * 48.0) * 10.0).round() / 10.0;
    let corners = |of: fn(&Fall) -> f64| {
        let (mut corners, mut before) = (vec![(x(begin), y(1.0))], 1.0);
        for fall in falls {
            corners.extend([(x(fall.at), y(before)), (x(fall.at), y(of(fall)))]);
            before = of(fall);
        }
        corners.push((x(end), y(before)));
        corners
    };
    let points = |corners: &[(f64, f64)]| {
        let all: Vec<_> = corners.iter().map(|(x, y)| format!("{x},{y}")).collect();
        all.join(" ")
    };
    let grid: String = marks.iter().map(|mark| format!("M{} 2V50", x(*mark))).collect();
    let (line, low) = (corners(|fall| fall.value), corners(|fall| fall.low));
    let band: Vec<_> = corners(|fall| fall.high).into_iter().chain(low.into_iter().rev()).collect();
    format!(
        "<svg class=\"chart band\" viewBox=\"0 0 100 52\" preserveAspectRatio=\"none\" height=\"104\" role=\"img\" aria-label=\"{}\">\
         <path class=\"grid\" d=\"M0 2H100M0 14H100M0 26H100M0 38H100M0 50H100{grid}\"/>\
         <polygon points=\"{}\"/><polyline points=\"{}\"/></svg>",
        escape(text),
        points(&band),
        points(&line)
    )
}

/// A value against the most there is, as a length of 100 with one decimal.
fn thousandth(value: i64, most: i64) -> String {
    let tenths = value.max(0) * 1_000 / most;
    format!("{}.{}", tenths / 10, tenths % 10)
}

fn open(title: &str, figures: &[Figure], width: usize, height: usize, class: &str) -> String {
    let parts: Vec<_> = figures.iter().map(|f| format!("{} {}", f.label, format::number(f.value))).collect();
    let text = escape(&format!("{title}: {}", parts.join(", ")));
    format!(
        "<svg class=\"chart {class}\" viewBox=\"0 0 {width} {height}\" preserveAspectRatio=\"none\" height=\"{height}\" role=\"img\" aria-label=\"{text}\">"
    )
}

fn with_table(language: Language, title: &str, svg: &str, figures: &[Figure], whole: Option<i64>) -> String {
    let mut html = format!("<figure class=\"chart\"><figcaption>{}</figcaption>", escape(title));
    if figures.is_empty() {
        let _infallible = write!(html, "<p class=\"empty\">{}</p></figure>", language.words().shell.empty);
        return html;
    }
    let _infallible =
        write!(html, "<div class=\"chart-row\"><div class=\"chart-box\">{svg}</div><table class=\"legend\"><tbody>");
    for figure in figures {
        let share = whole.map(|whole| format!("<td class=\"number\">{}</td>", format::percent(figure.value, whole)));
        let _infallible = write!(
            html,
            "<tr><th scope=\"row\"><span class=\"swatch {}\"></span>{}</th><td class=\"number\">{}</td>{}</tr>",
            figure.tone.class(),
            figure.label_html(),
            format::number(figure.value),
            share.unwrap_or_default()
        );
    }
    html.push_str("</tbody></table></div></figure>");
    html
}

/// A text for HTML.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn band_is_drawn_in_pieces_and_says_itself_in_words() {
        let point = |at: f64, low: Option<f64>, failed| BandPoint { at, low, high: low.map(|us| us * 3.0), failed };
        let points = [
            point(0.0, Some(1_000.0), 0.0),
            point(0.01, Some(10_000.0), 0.5),
            point(0.5, None, 1.0),
            point(0.9, Some(1e9), 0.0),
        ];
        let svg = band("<DNS>", &points);
        assert!(svg.contains("aria-label=\"&lt;DNS&gt;\""));
        assert_eq!(svg.matches("<polyline").count(), 2, "what is far apart is not joined");
        assert!(svg.contains("<polyline points=\"0,40 1,30\"/>"), "{svg}");
        assert_eq!(svg.matches("class=\"bad\"").count(), 2);
        assert!(svg.contains("<polyline points=\"90,0\"/>"), "ten seconds and more are the top: {svg}");
    }

    #[test]
    fn a_line_falls_in_steps_within_its_band() {
        let fall = |at: f64, value: f64| Fall { at, value, low: value - 0.1, high: value + 0.1 };
        let svg = falls("<K-1>", &[0.2], &[fall(0.2, 0.75), fall(0.4, 0.5)], (0.0, 0.8));
        assert!(svg.contains("aria-label=\"&lt;K-1&gt;\"") && svg.contains("M20 2V50"), "{svg}");
        assert!(svg.contains("<polyline points=\"0,2 20,2 20,14 40,14 40,26 80,26\"/>"), "{svg}");
        assert!(svg.contains("80,21.2 80,30.8"), "the band goes back below: {svg}");
        assert!(falls("none", &[], &[], (0.1, 0.5)).contains("<polyline points=\"10,2 50,2\"/>"));
    }

    #[test]
    fn charts_have_their_table_and_escape_what_they_show() {
        let figures = [Figure::new("<b>校</b>", 1_200, Tone::Good), Figure::new("x", 400, Tone::Bad)];
        let html = shares(Language::Ja, "台数", &figures);
        assert!(html.contains("&lt;b&gt;校") && !html.contains("<b>校"));
        assert!(html.contains("1,200") && html.contains("75%") && html.contains("width=\"25.0\""));
        assert!(!html.contains("style="), "the policy forbids it");
    }

    #[test]
    fn tally_links_and_measures_by_the_whole() {
        let figures = [
            Figure::new("使用中", 30, Tone::Plain).leading_to(String::from("/devices?a=1&b=<")),
            Figure::new("x", 9, Tone::Bad),
        ];
        let html = tally(Language::Ja, "状態別", &figures, 60);
        assert!(html.contains("href=\"/devices?a=1&amp;b=&lt;\"") && html.contains("width=\"50.0\""));
        assert!(html.contains("width=\"15.0\"") && !html.contains("style="));
        assert!(tally(Language::En, "t", &[], 0).contains("None"));
    }

    #[test]
    fn ranges_keep_what_is_little_known_within_the_picture() {
        let range = |label: &str, low, value, high| Range {
            label: label.to_owned(),
            low,
            value,
            high,
            text: format!("{value:.1}"),
            tone: Tone::Plain,
        };
        let html = ranges(Language::Ja, "t", &[range("<a>", 1.0, 2.0, 3.0), range("b", 0.1, 1.0, 90.0)]);
        assert!(html.contains("&lt;a&gt;") && html.contains("width=\"50.0\" height=\"10\""), "{html}");
        assert!(html.contains("x=\"2.5\" y=\"5\" width=\"97.5\""), "up to the edge: {html}");
        assert!(!ranges(Language::En, "t", &[range("none", 0.0, 0.0, 0.0)]).contains("NaN"));
        assert!(ranges(Language::En, "t", &[]).contains("Nothing matches"));
    }

    #[test]
    fn stacks_are_measured_by_the_longest_and_link() {
        let series = [(String::from("<own>"), Tone::Plain), (String::from("state"), Tone::Good)];
        let stack = |label: &str, parts: [i64; 2], path: Option<&str>| Stack {
            label: label.to_owned(),
            path: path.map(str::to_owned),
            parts: parts.to_vec(),
            text: format!("{}", parts[0] + parts[1]),
        };
        let lines = [stack("R8", [25, 75], Some("/a?b=1&c=2")), stack("R9", [-5, 50], None)];
        let html = stacks(Language::Ja, "t", &series, &lines);
        assert!(html.contains("&lt;own&gt;") && html.contains("href=\"/a?b=1&amp;c=2\""), "{html}");
        assert!(
            html.contains("x=\"25.0\" y=\"1\" width=\"75.0\"") && html.contains("x=\"0.0\" y=\"1\" width=\"50.0\"")
        );
        assert!(!html.contains("style="), "the policy forbids it");
        assert!(stacks(Language::En, "t", &series, &[stack("R8", [0, 0], None)]).contains("Nothing matches"));
    }

    #[test]
    fn charts_of_nothing_say_so() {
        assert!(bars(Language::En, "t", &[]).contains("Nothing matches"));
        assert!(sparkline(Language::En, "t", &[]).is_empty());
        assert!(sparkline(Language::En, "t", &[5]).contains("0,22"));
        assert!(shares(Language::En, "t", &[Figure::new("a", 0, Tone::Plain)]).contains("–"));
    }
}
