//! Renewal by command, against a running server: recorded, reported, corrected, and verified from a file.

use std::{
    fs,
    path::{Path, PathBuf},
};

use gigafleet_tests::{
    Engine, ServerOptions,
    process::{Ran, gigafleet},
};
use serde_json::Value;

on_both_engines!(a_board_makes_its_plan_by_command);

/// What a board types, with the credentials of the installation.
struct Board {
    credentials: PathBuf,
    code: String,
}

impl Board {
    fn run(&self, words: &str) -> Ran {
        let credentials = self.credentials.to_str().expect("UTF-8");
        let words: Vec<_> = words.split(' ').chain(["--credentials", credentials]).collect();
        gigafleet(&words)
    }

    /// Runs a command about the town, which must succeed.
    #[track_caller]
    fn told(&self, words: &str) -> String {
        let ran = self.run(&format!("{words} --municipality {}", self.code));
        assert!(ran.is_good(), "{words}: {}{}", ran.out, ran.remarks);
        ran.out
    }

    fn entry(&self, words: &str) -> String {
        let entry: Value = serde_json::from_str(&self.told(&format!("{words} --json"))).expect("an entry is JSON");
        entry["entry_id"].as_str().expect("it has an id").to_owned()
    }
}

fn sealed(file: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(file).expect("it was written")).expect("a report is JSON")
}

async fn a_board_makes_its_plan_by_command(engine: Engine) {
    let server = ServerOptions::on(engine).await.start().await;
    let owner = server.staff().add_municipality("若葉野市").await;
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str| folder.path().join(name);
    let board = Board { credentials: server.options().data_dir.join("admin.json"), code: owner.code };
    {
        let pupils = board.entry("costs pupils --year R7 --count 7,800人");
        board.told("costs planned --year R8 --installed 0");
        let serials = file("serials.txt");
        fs::write(&serials, "AB12CD\nCD34EF\n").expect("it can be written");
        let lot = board.entry(&format!(
            "costs lots add --model K-1 --count 7800 --unit 55,000円 --paid state-fund=286000000 --paid own=143000000 \
             --delivered R7.9.30 --serials {}",
            serials.display()
        ));
        let plan = board.told("report plan");
        assert!(
            plan.contains("100%") && plan.contains("SHA-256") && plan.contains("programmes of the product"),
            "{plan}"
        );
        let devices = board.told(&format!("costs devices {lot} --limit 3"));
        assert!(devices.contains("AB12CD") && devices.contains("55,000"), "{devices}");
        assert!(board.told("costs parts --payer state-fund").contains("286,000,000"));
        // 429,000,000 yen and the 143,000,000 of the town by 7,800 devices.
        let of_one = board.told("report costs --per-device");
        let year = of_one.lines().find(|line| line.starts_with("2025") && line.contains("7,800")).expect("a year");
        assert!(year.contains("55,000") && year.contains("18,333"), "{of_one}");
        assert!(!board.told("report costs").contains("OF A DEVICE"));
        let of_one = file("device-years.json");
        board.told(&format!("report costs --per-device --format json --out {}", of_one.display()));
        assert_eq!(sealed(&of_one)["content"]["devices"][0]["count"], 7_800);
        let ran = board.run(&format!("report verify {}", of_one.display()));
        assert!(ran.is_good() && ran.out.contains("what the ledger gives"), "{ran:?}");

        let (kept, csv) = (file("plan.json"), file("plan.csv"));
        board.told(&format!("report plan --format json --out {}", kept.display()));
        let first = sealed(&kept);
        let as_of = first["content"]["as_of"].as_str().expect("it says as of when");
        let first = first["sha256"].as_str().expect("it has a hash");
        board.told(&format!("report plan --as-of {as_of} --format csv --encoding cp932 --out {}", csv.display()));
        let bytes = fs::read(&csv).expect("it was written");
        let (text, _, _) = encoding_rs::SHIFT_JIS.decode(&bytes);
        assert!(text.contains("児童生徒数") && text.contains(first), "{text}");
        for (form, begins) in [("xlsx", &b"PK"[..]), ("pdf", &b"%PDF-1.7"[..])] {
            let written = ["plan", "again"].map(|name| {
                let out = file(&format!("{name}.{form}"));
                board.told(&format!("report plan --as-of {as_of} --format {form} --out {}", out.display()));
                fs::read(out).expect("it was written")
            });
            assert!(written[0].starts_with(begins) && written[0] == written[1], "{form}");
        }

        board.told(&format!("costs pupils --year R7 --count 7900 --corrects {pupils} --reason 転入"));
        let ran = board.run(&format!("report verify {}", kept.display()));
        assert!(ran.is_good() && ran.out.contains("what the ledger gives"), "{ran:?}");
        let later = file("later.json");
        board.told(&format!("report plan --format json --out {}", later.display()));
        assert_ne!(sealed(&later)["sha256"], first);
        let forged = fs::read_to_string(&kept).expect("it was written").replacen("7800", "7801", 1);
        fs::write(&kept, forged).expect("it can be written");
        let ran = board.run(&format!("report verify {}", kept.display()));
        assert!(!ran.is_good() && ran.remarks.contains("hash"), "{ran:?}");

        let ran = board.run(&format!("costs add --municipality {} --kind repair --yen -5 --from R8.4.1", board.code));
        assert!(!ran.is_good() && ran.remarks.contains("amount_yen"), "{ran:?}");
        let costs = file("costs.csv");
        fs::write(&costs, "種類,金額,日付\n修理,\"3,000円\",R8.4.1\n").expect("it can be written");
        board.told(&format!("costs import cost {} --dry-run", costs.display()));
        board.told(&format!("costs import cost {}", costs.display()));
        let list = board.told("costs list --kind cost");
        assert_eq!(list.lines().count(), 2, "{list}");
        board.told(&format!("costs reverse {lot} --reason 返品"));
        assert!(board.told("report scenarios").contains("running-costs-covered"));
        assert!(board.told("costs rules show assumptions").contains("renew_after_years"));
    }
}
