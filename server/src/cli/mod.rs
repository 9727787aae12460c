//! The commands of the binary: run a server, and work with one over its contract.
//!
//! Exit codes: 0 done, 1 refused or failed (the reason is on standard error), 2 wrong usage. A reader of the output that
//! goes away (`| head`) is no failure.
//!
//! Deliberately not here: anything that a command knows and the server does not. The commands of operators use the gRPC
//! contract and nothing else, so that they work from any machine; `network replay` needs no server at all.

mod audit;
mod bandwidth;
mod calendar;
mod client;
mod costs;
mod demo;
mod device_lists;
mod devices;
mod enroll_token;
mod failure;
mod files;
mod hubs;
mod json;
mod network;
mod output;
mod places;
mod registry;
mod report;
mod reviews;
mod schools;
mod scratch;
mod serve;
mod simulate;
mod staff;
mod table;
mod tickets;
mod tokens;
mod watch;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use self::failure::Result;
use crate::error::Error;

/// Tracks school devices, network health and support tickets of many municipalities.
#[derive(Debug, Parser)]
#[command(name = "gigafleet", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run a server.
    Serve(serve::ServeArgs),
    /// Bring the schema of a database up to date, and end.
    Migrate(serve::MigrateArgs),
    /// Municipalities and schools, their pupils and lines.
    Schools(schools::SchoolsArgs),
    /// School calendars, lesson times, national holidays.
    Calendar(calendar::CalendarArgs),
    /// What lines of several schools go through.
    Hubs(hubs::HubsArgs),
    /// Network health: incidents, measurements, announced work.
    Network(network::NetworkArgs),
    /// Which schools reach the recommended bandwidth, and what was measured.
    Bandwidth(bandwidth::BandwidthArgs),
    /// Make, list and end the tokens that devices enrol with.
    EnrollToken(enroll_token::EnrollTokenArgs),
    /// List, show and watch devices, end their access, ask something of them.
    Devices(devices::DevicesArgs),
    /// Add, show, close and reset accounts of people, and give and end their roles.
    Staff(staff::StaffArgs),
    /// Make, list and end API tokens.
    Tokens(tokens::TokensArgs),
    /// List and end your sessions of the console.
    Sessions(tokens::SessionsArgs),
    /// Read the audit log and check it.
    Audit(audit::AuditArgs),
    /// Say who the credentials belong to and what they may do where.
    Whoami(tokens::WhoamiArgs),
    /// List devices whose identity a person should look at; merge, keep apart, undo.
    Reviews(reviews::ReviewsArgs),
    /// List the queue of tickets, make one, show one, take, answer, resolve, merge.
    Tickets(tickets::TicketsArgs),
    /// The ledger of renewal: what was bought, spent, disposed of and planned, and the rules.
    Costs(costs::CostsArgs),
    /// The published plan, costs, scenarios, what changed; each as of any time.
    Report(report::ReportArgs),
    /// Take a file of devices, schools, pupils or calendars in.
    Import(files::ImportArgs),
    /// Take devices out as a file for a spreadsheet.
    Export(files::ExportArgs),
    /// Play a school day of an invented town in virtual time, and say what came of it.
    Simulate(simulate::SimulateArgs),
    /// Run a server with ten invented schools, a thousand simulated devices and this machine's own agent.
    Demo(demo::DemoArgs),
}

/// Runs the command line of the process.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let outcome = match cli.command {
        Command::Serve(args) => block_on(async { Ok(serve::serve(args).await?) }),
        Command::Migrate(args) => block_on(async { Ok(serve::migrate(args).await?) }),
        Command::Schools(args) => block_on(schools::run(args)),
        Command::Calendar(args) => block_on(calendar::run(args)),
        Command::Hubs(args) => block_on(hubs::run(args)),
        Command::Network(args) => block_on(network::run(args)),
        Command::Bandwidth(args) => block_on(bandwidth::run(args)),
        Command::EnrollToken(args) => block_on(enroll_token::run(args)),
        Command::Devices(args) => block_on(devices::run(args)),
        Command::Staff(args) => block_on(staff::run(args)),
        Command::Tokens(args) => block_on(tokens::run(args)),
        Command::Sessions(args) => block_on(tokens::sessions(args)),
        Command::Audit(args) => block_on(audit::run(args)),
        Command::Whoami(args) => block_on(tokens::whoami(args)),
        Command::Reviews(args) => block_on(reviews::run(args)),
        Command::Tickets(args) => block_on(tickets::run(args)),
        Command::Costs(args) => block_on(costs::run(args)),
        Command::Report(args) => block_on(report::run(args)),
        Command::Import(args) => block_on(files::import(args)),
        Command::Export(args) => block_on(files::export(args)),
        Command::Simulate(args) => block_on(simulate::run(args)),
        Command::Demo(args) => block_on(demo::run(args)),
    };
    let Err(failure) = outcome else {
        return ExitCode::SUCCESS;
    };
    match failure.text(failure::language(|name| std::env::var(name).ok())) {
        Some(text) => {
            output::remark(&text);
            ExitCode::FAILURE
        }
        None => ExitCode::SUCCESS,
    }
}

fn block_on(command: impl Future<Output = Result<()>>) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|source| Error::internal("the runtime could not start", source))?;
    runtime.block_on(command)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    fn parse(line: &str) -> std::result::Result<Cli, clap::Error> {
        Cli::try_parse_from(line.split(' '))
    }

    #[test]
    fn commands_are_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn documented_lines_are_understood() {
        for line in [
            "gigafleet serve",
            "gigafleet schools add --municipality 139017 --municipality-name 若葉野市 --name 第一小学校 --json",
            "gigafleet schools --json list",
            "gigafleet schools list --municipality 139017 --credentials /x/admin.json",
            "gigafleet schools show 第一小学校 --municipality 139017",
            "gigafleet schools edit 第一小学校 --name 青葉小学校 --shelter true",
            "gigafleet schools close 第一小学校 --json",
            "gigafleet schools pupils 第一小学校 --year R8 --set 412 --source survey",
            "gigafleet schools lines 第一小学校",
            "gigafleet schools set-line 第一小学校 --topology municipal-hub --isp x --mbps 1000 --hub 019ab12c",
            "gigafleet schools delete-line 第一小学校 --number 2",
            "gigafleet schools municipality 139017 --keeps-names false",
            "gigafleet calendar show --municipality 139017 --school 第一小学校 --year 令和8年度",
            "gigafleet calendar set --municipality 139017 --kind vacation --name 夏季休業 --from R8.7.21 --to R8.8.31",
            "gigafleet calendar delete --municipality 139017 --kind vacation --name 夏季休業 --year R8",
            "gigafleet calendar days --municipality 139017 --from 2026-04-01 --to 2026-04-30 --json",
            "gigafleet calendar lessons --municipality 139017 --set 1:1=08:45-09:30 --set 1:2=09:40-10:25",
            "gigafleet calendar holidays --year 2028 --file holidays.csv --source 内閣府2027-02-01",
            "gigafleet hubs list",
            "gigafleet network incidents --municipality 139017 --school 第一小学校 --all --limit 20 --json",
            "gigafleet network incident 019ab12c",
            "gigafleet network watch --municipality 139017",
            "gigafleet network health --trouble",
            "gigafleet network measurements 第一小学校 --municipality 139017 --from 2026-11-25T08:40:00+09:00 --by-access-point",
            "gigafleet network known 第一小学校 --add 00:1a:2b:3c:4d:5e --kind access-point",
            "gigafleet network targets",
            "gigafleet network set-target --number 1 --name 学習サービス --host learn.example --kind learning --etag 2",
            "gigafleet network delete-target 1",
            "gigafleet network announce 第一小学校 --municipality 139017 --on line --from 2026-11-25T18:00:00+09:00 --to 2026-11-25T20:00:00+09:00 --reason 工事",
            "gigafleet network work",
            "gigafleet network cancel 019ab12c --municipality 139017",
            "gigafleet bandwidth report --municipality 139017 --year 2026 --json",
            "gigafleet bandwidth assessment 第一小学校 --municipality 139017",
            "gigafleet bandwidth list 第一小学校 --municipality 139017",
            "gigafleet bandwidth record 第一小学校 --municipality 139017 --at 2026-11-25T17:40:00+09:00 --receive 93.5 --send 40 --method simple --moment outside",
            "gigafleet bandwidth delete 第一小学校 --municipality 139017 --measurement 019ab12c",
            "gigafleet bandwidth test 第一小学校 --municipality 139017 --in-lesson --endpoint fleet2.example.jp:7443",
            "gigafleet bandwidth tests --municipality 139017 --school 第一小学校 --json",
            "gigafleet bandwidth import measured.csv --municipality 139017 --dry-run",
            "gigafleet bandwidth editions",
            "gigafleet bandwidth add-edition --date 2027-04-01 --source 文部科学省 --file table.csv",
            "gigafleet network replay --topology t.json --events e.jsonl --until 2026-11-25T09:00:00+09:00 --json",
            "gigafleet hubs add --kind municipal --name 市役所 --operator 139017",
            "gigafleet enroll-token create --municipality 139017 --school 第一小学校 --uses 40 --days 14 --note 1年1組",
            "gigafleet enroll-token list",
            "gigafleet enroll-token revoke 019ab12c-3d4e-7f56-8a9b-0c1d2e3f4a5b",
            "gigafleet devices list --municipality 139017 --school x --limit 5 --json",
            "gigafleet devices list --municipality 139017 --status in-use --status lost --use learner --os chromeos",
            "gigafleet devices list --model X --presence silent --open-review true --grade 3 --class 2 --search 0421 --sort label --descending",
            "gigafleet devices count --municipality 139017 --by school --by status --json",
            "gigafleet devices show 019ab12c --json",
            "gigafleet devices watch --school x",
            "gigafleet devices revoke 019ab12c --reason 紛失",
            "gigafleet devices command 019ab12c full-report",
            "gigafleet devices add --municipality 139017 label=A-1 room=理科室",
            "gigafleet devices edit 019ab12c room=3-2 price_yen=55000 --etag 4",
            "gigafleet devices clear 019ab12c room cart",
            "gigafleet devices retire 019ab12c --reason 年度末",
            "gigafleet devices undo-disposal 019ab12c --json",
            "gigafleet devices timeline 019ab12c --limit 20 --json",
            "gigafleet reviews list --municipality 139017",
            "gigafleet reviews merge 019ab12c 019ab12d",
            "gigafleet reviews keep-apart 019ab12c serial-shared",
            "gigafleet reviews undo 019ab12c 019ab12d",
            "gigafleet devices command 019ab12c renew-certificate",
            "gigafleet staff add --name sato@example.jp --display-name 佐藤花子",
            "gigafleet staff add --name sato --display-name 佐藤 --role engineer --municipality 139017 --reason 委託 --days 366",
            "gigafleet staff list --json",
            "gigafleet staff show sato@example.jp",
            "gigafleet staff disable sato@example.jp",
            "gigafleet staff enable sato@example.jp",
            "gigafleet staff reset sato@example.jp --second-factor",
            "gigafleet staff grant sato --role school-staff --municipality 139017 --school 第一小学校 --reason 異動",
            "gigafleet staff grant sato --role administrator --everywhere --reason 交代",
            "gigafleet staff revoke 019ab12c-3d4e-7f56-8a9b-0c1d2e3f4a5b",
            "gigafleet tokens create --name 夜間集計 --role prefecture-viewer --prefecture 13 --days 90",
            "gigafleet tokens list --all",
            "gigafleet tokens revoke 019ab12c-3d4e-7f56-8a9b-0c1d2e3f4a5b",
            "gigafleet audit list --municipality 139017 --limit 20",
            "gigafleet sessions list",
            "gigafleet sessions end 019ab12c-3d4e-7f56-8a9b-0c1d2e3f4a5b",
            "gigafleet audit verify --json",
            "gigafleet whoami",
            "gigafleet import devices 台帳.csv --municipality 139017 --dry-run",
            "gigafleet import devices x.xlsx --municipality 139017 --map 番号=seat_number --map 備考=ignore --skip-errors",
            "gigafleet import schools x.csv --municipality 139017 --json",
            "gigafleet import pupils x.csv --municipality 139017 --header-row 3 --keep-mapping",
            "gigafleet import calendar x.csv --municipality 139017",
            "gigafleet export devices --municipality 139017 --school 第一小学校 --encoding cp932 --out x.csv",
            "gigafleet export devices --municipality 139017",
            "gigafleet costs add --municipality 139017 --kind filter-license --yen 365千円 --from R7.4.1 --to R8.3.31 --vendor 緑商会",
            "gigafleet costs add --municipality 139017 --kind repair --yen 3000 --paid own=1000 --paid guardian=2000 --from 2026-04-01 --school 第一小学校",
            "gigafleet costs lots add --municipality 139017 --model K-1 --count 100 --unit 55,000円 --paid state-fund=3666666 --paid own=1833334 --delivered R7.9.30 --serials s.txt",
            "gigafleet costs lots add --municipality 139017 --kind spare --model K-1 --count 10 --acquisition lease --months 60 --monthly 10万円 --paid own=6000000 --delivered R7.9.30 --corrects 019ab12c --reason 検収日の誤り",
            "gigafleet costs disposals add --municipality 139017 --route certified-recycler --eraser contractor --on R8.3.1 --devices d.csv",
            "gigafleet costs disposals plan --municipality 139017 --recycler 100 --eraser contractor --schedule 令和8年4月=選定",
            "gigafleet costs pupils --municipality 139017 --year R7 --count 7,800人 --source 学校基本調査",
            "gigafleet costs planned --municipality 139017 --year R8 --installed 100 --installed-by-fund 100",
            "gigafleet costs networks --municipality 139017 --year R7",
            "gigafleet costs list --municipality 139017 --kind lot --as-of 2026-11-26 --all --json",
            "gigafleet costs show 019ab12c --municipality 139017",
            "gigafleet costs reverse 019ab12c --municipality 139017 --reason 二重記録",
            "gigafleet costs parts --municipality 139017 --year 2025 --payer own --kind device --school - --model K-1",
            "gigafleet costs devices 019ab12c --municipality 139017",
            "gigafleet costs import lot lots.csv --municipality 139017 --dry-run",
            "gigafleet costs rules show programmes --municipality 139017 --as-of R8.11.1",
            "gigafleet costs rules set assumptions a.json --municipality 139017",
            "gigafleet costs rules reset scenarios",
            "gigafleet costs rules preview programmes p.json --municipality 139017",
            "gigafleet report plan --municipality 139017 --as-of 2026-11-26T09:00:00+09:00 --cap-after computed --spare-share of-allowed --format csv --encoding cp932 --out plan.csv",
            "gigafleet report plan",
            "gigafleet report costs --municipality 139017 --first 2024 --last 2030 --format json",
            "gigafleet report scenarios --municipality 139017 --scenario today --scenario running-costs-covered",
            "gigafleet report changes --municipality 139017 --since 2026-11-01 --as-of 2026-11-26",
            "gigafleet report verify plan.json",
            "gigafleet demo",
            "gigafleet demo --for 30s --devices 10 --json",
        ] {
            assert!(parse(line).is_ok(), "{line}: {:?}", parse(line).err());
        }
    }

    #[test]
    fn wrong_usage_is_refused_before_anything_is_called() {
        for line in [
            "gigafleet schools add --name x",
            "gigafleet enroll-token create --municipality 139017 --uses 0",
            "gigafleet enroll-token create --municipality 139017 --days 367",
            "gigafleet devices list --limit 0",
            "gigafleet devices list --sort price",
            "gigafleet devices list --grade 10",
            "gigafleet devices count --by colour",
            "gigafleet devices command 019ab12c run-program",
            "gigafleet staff add --name sato",
            "gigafleet staff add --name sato --display-name 佐藤 --role engineer",
            "gigafleet staff grant sato --role engineer --everywhere --prefecture 13 --reason x",
            "gigafleet staff grant sato --role king --everywhere --reason x",
            "gigafleet tokens create --name x --role engineer --everywhere --days 367",
            "gigafleet network replay --topology t.json",
            "gigafleet network replay --topology t.json --events - --until soon",
            "gigafleet devices edit 019ab12c colour=red",
            "gigafleet devices edit 019ab12c room",
            "gigafleet reviews keep-apart 019ab12c whatever",
            "gigafleet import devices x.csv",
            "gigafleet import pets x.csv --municipality 139017",
            "gigafleet import devices x.csv --municipality 139017 --map serial",
            "gigafleet costs add --municipality 139017 --kind pens --yen 1 --from 2026-04-01",
            "gigafleet costs lots add --municipality 139017 --model K-1 --count 1 --unit 1 --delivered R7.9.30",
            "gigafleet costs pupils --municipality 139017 --year R7 --count 1 --corrects 019ab12c",
            "gigafleet report plan --as-of soon",
            "gigafleet report changes --municipality 139017",
            "gigafleet demo --for soon",
            "gigafleet demo --devices 0",
        ] {
            assert!(parse(line).is_err(), "{line}");
        }
    }
}
