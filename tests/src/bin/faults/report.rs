//! What is counted over all scenarios, against the targets.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    fault::Class,
    scenario::{Judged, Scenario},
};

/// School days of a school year.
const YEAR: f64 = 200.0;

/// The figures of a run.
pub struct Report {
    seeds: String,
    scenarios: usize,
    events: u64,
    classes: BTreeMap<Class, Row>,
    school_days: f64,
    wrong_on_quiet: usize,
    quiet_days: f64,
    wrong: usize,
    ece: f64,
    ece_first: f64,
    start_off: Vec<f64>,
    line_alone: Vec<f64>,
    line_probe: Vec<f64>,
    hub: Vec<f64>,
}

#[derive(Default)]
struct Row {
    scenarios: usize,
    faults: usize,
    found: usize,
    right_first: usize,
    right: usize,
    right_place: usize,
    detect: Vec<f64>,
    wrong_alarms: usize,
}

/// A target: its name, the figure, whether it is held.
struct Target {
    name: &'static str,
    figure: String,
    held: bool,
}

impl Report {
    pub fn new(scenarios: &[Scenario], seeds: String) -> Self {
        let mut classes: BTreeMap<Class, Row> = BTreeMap::new();
        let (mut last, mut first) = (Vec::new(), Vec::new());
        let mut report = Self {
            seeds,
            scenarios: scenarios.len(),
            events: scenarios.iter().map(|scenario| scenario.events).sum(),
            classes: BTreeMap::new(),
            school_days: 0.0,
            wrong_on_quiet: 0,
            quiet_days: 0.0,
            wrong: 0,
            ece: 0.0,
            ece_first: 0.0,
            start_off: Vec::new(),
            line_alone: Vec::new(),
            line_probe: Vec::new(),
            hub: Vec::new(),
        };
        for scenario in scenarios {
            let Some(class) = scenario.class else { continue };
            let row = classes.entry(class).or_default();
            row.scenarios += 1;
            row.wrong_alarms += scenario.wrong_alarms.len();
            report.wrong += scenario.wrong_alarms.len();
            report.school_days += scenario.school_days;
            if class == Class::QuietDay {
                report.wrong_on_quiet += scenario.wrong_alarms.len();
                report.quiet_days += scenario.school_days;
            }
            last.extend(&scenario.calibration);
            first.extend(&scenario.calibration_first);
            for judged in &scenario.judged {
                row.add(judged);
                report.add(judged);
            }
        }
        (report.ece, report.ece_first) = (calibration_error(&last), calibration_error(&first));
        report.classes = classes;
        report
    }

    fn add(&mut self, judged: &Judged) {
        if matches!(judged.class, Class::LineCut | Class::Hub | Class::Isp) && judged.detect_s.is_some() {
            self.start_off.extend(judged.start_off_s.map(f64::abs));
        }
        let Some(detect) = judged.detect_s else { return };
        match (judged.class, judged.probe) {
            (Class::LineCut, Some(true)) => self.line_probe.push(detect),
            (Class::LineCut, Some(false)) => self.line_alone.push(detect),
            (Class::Hub, _) => self.hub.push(detect),
            _ => {}
        }
    }

    fn targets(&self) -> Vec<Target> {
        let sum = |count: fn(&Row) -> usize| self.classes.values().map(count).sum::<usize>();
        let faults = sum(|row| row.faults);
        let least = self
            .classes
            .iter()
            .filter(|(_, row)| row.faults > 0)
            .map(|(class, row)| (share(row.right, row.faults), class));
        let least = least.min_by(|a, b| a.0.total_cmp(&b.0));
        let (least_share, least_name) = least.map_or((1.0, "none"), |(share, class)| (share, class.name()));
        let year = self.wrong as f64 / self.school_days.max(1e-9) * YEAR;
        let right = share(sum(|row| row.right), faults);
        let place = share(sum(|row| row.right_place), faults);
        let within = |values: &[f64], limit: f64| values.is_empty() || quantile(values, 0.5) <= limit;
        let median = |values: &[f64]| {
            if values.is_empty() {
                String::from("–")
            } else {
                format!("{:.0} s (n={})", quantile(values, 0.5), values.len())
            }
        };
        let target = |name, figure, held| Target { name, figure, held };
        vec![
            target("right element ≥ 95 %", percent(right), right >= 0.95),
            target("each class ≥ 85 %", format!("{} ({least_name})", percent(least_share)), least_share >= 0.85),
            target("right MEXT place ≥ 97 %", percent(place), place >= 0.97),
            target("wrong alarms < 1 per school and year", format!("{year:.2}"), year < 1.0),
            target("expected calibration error ≤ 0.1", format!("{:.3}", self.ece), self.ece <= 0.1),
            target("line cut without probe, median ≤ 90 s", median(&self.line_alone), within(&self.line_alone, 90.0)),
            target("line cut with probe, median ≤ 30 s", median(&self.line_probe), within(&self.line_probe, 30.0)),
            target("hub, median ≤ 120 s", median(&self.hub), within(&self.hub, 120.0)),
        ]
    }

    /// Whether all targets are held.
    pub fn held(&self) -> bool {
        self.targets().iter().all(|target| target.held)
    }

    pub fn print(&self) {
        println!("seeds {}", self.seeds);
        println!("{} scenarios, {} events, {:.0} school days", self.scenarios, self.events, self.school_days);
        println!(
            "{:26} {:>4} {:>6} {:>7} {:>7} {:>6} {:>8} {:>8} {:>6}",
            "", "n", "found", "first", "final", "place", "median s", "p90 s", "wrong"
        );
        for (class, row) in &self.classes {
            let part =
                |count: usize| if row.faults == 0 { String::from("–") } else { percent(share(count, row.faults)) };
            let time = |q: f64| {
                if row.detect.is_empty() { String::from("–") } else { format!("{:.0}", quantile(&row.detect, q)) }
            };
            println!(
                "{:26} {:>4} {:>6} {:>7} {:>7} {:>6} {:>8} {:>8} {:>6}",
                class.name(),
                if row.faults == 0 { row.scenarios } else { row.faults },
                part(row.found),
                part(row.right_first),
                part(row.right),
                part(row.right_place),
                time(0.5),
                time(0.9),
                row.wrong_alarms
            );
        }
        let quiet = self.wrong_on_quiet as f64 / self.quiet_days.max(1e-9) * YEAR;
        println!(
            "wrong alarms on {:.0} quiet school days: {} ({quiet:.2} per school and year)",
            self.quiet_days, self.wrong_on_quiet
        );
        println!("expected calibration error at the first opening: {:.3}", self.ece_first);
        if !self.start_off.is_empty() {
            println!(
                "start of cuts (line, hub, ISP) off by: median {:.1} s, p90 {:.1} s",
                quantile(&self.start_off, 0.5),
                quantile(&self.start_off, 0.9)
            );
        }
        for target in self.targets() {
            println!("{:6} {}: {}", if target.held { "HELD" } else { "MISSED" }, target.name, target.figure);
        }
    }

    pub fn print_json(&self) {
        let classes: Vec<Value> = self
            .classes
            .iter()
            .map(|(class, row)| {
                let time = |q: f64| (!row.detect.is_empty()).then(|| quantile(&row.detect, q));
                json!({
                    "class": class.name(), "fault": class.is_fault(), "scenarios": row.scenarios, "faults": row.faults,
                    "found": row.found, "right_element_at_opening": row.right_first, "right_element": row.right,
                    "right_mext_place": row.right_place, "detect_median_s": time(0.5), "detect_p90_s": time(0.9),
                    "wrong_alarms": row.wrong_alarms,
                })
            })
            .collect();
        let targets: Vec<Value> = self
            .targets()
            .iter()
            .map(|target| json!({"target": target.name, "figure": target.figure, "held": target.held}))
            .collect();
        let all = json!({
            "seeds": self.seeds, "scenarios": self.scenarios, "events": self.events, "school_days": self.school_days,
            "classes": classes, "wrong_alarms": self.wrong, "quiet_school_days": self.quiet_days,
            "wrong_alarms_on_quiet_days": self.wrong_on_quiet, "calibration_error": self.ece,
            "calibration_error_at_opening": self.ece_first, "targets": targets,
        });
        println!("{all:#}");
    }
}

impl Row {
    fn add(&mut self, judged: &Judged) {
        self.faults += 1;
        self.found += usize::from(judged.found);
        self.right_first += usize::from(judged.right_first);
        self.right += usize::from(judged.right);
        self.right_place += usize::from(judged.right_place);
        self.detect.extend(judged.detect_s);
    }
}

/// Mean distance of confidence and share that was right, over ten bins of equal width.
fn calibration_error(told: &[(f64, bool)]) -> f64 {
    let mut bins = [(0.0, 0.0, 0.0); 10];
    for (confidence, right) in told {
        let bin = &mut bins[((confidence * 10.0) as usize).min(9)];
        *bin = (bin.0 + 1.0, bin.1 + confidence, bin.2 + f64::from(u8::from(*right)));
    }
    bins.iter().map(|(_, confidence, right)| (confidence - right).abs()).sum::<f64>() / (told.len().max(1) as f64)
}

fn share(part: usize, of: usize) -> f64 {
    if of == 0 { 1.0 } else { part as f64 / of as f64 }
}

fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

fn quantile(values: &[f64], q: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[((sorted.len() - 1) as f64 * q).round() as usize]
}
