//! Several servers with one ledger of renewal: both servers on a PostgreSQL give a report as the same bytes, also after one of
//! them took a correction in; and a server on SQLite where the same was recorded gives them too.

use gigafleet_proto::v1::{
    AcquisitionKind, CostKind, CreateMunicipalityRequest, CreateSchoolRequest, DataEraser, ExportEncoding,
    ExportRenewalReportRequest, GetRenewalChangesRequest, GetRenewalCostsRequest, GetRenewalPlanRequest,
    GetRenewalScenariosRequest, Payer, RecordRenewalEntryRequest, RenewalCost, RenewalDisposalPlan, RenewalEntry,
    RenewalFunding, RenewalLot, RenewalNetwork, RenewalPlanned, RenewalPupils, RenewalReportForm, RenewalScheduleLine,
    ReverseRenewalEntryRequest, TaxBasis, VerifyRenewalReportRequest, export_renewal_report_request::Report,
    renewal_entry::Said, renewal_service_client::RenewalServiceClient,
};
use gigafleet_tests::{Engine, ServerOptions, ServerProcess, StaffConnection, staff::invented_code};
use prost_types::Timestamp;

/// All forms of a report.
const FORMS: [(RenewalReportForm, ExportEncoding); 4] = [
    (RenewalReportForm::Csv, ExportEncoding::Utf8),
    (RenewalReportForm::Csv, ExportEncoding::Cp932),
    (RenewalReportForm::Xlsx, ExportEncoding::Unspecified),
    (RenewalReportForm::Pdf, ExportEncoding::Unspecified),
];
/// Plan, costs and scenarios: what they say follows from what was recorded, and not from when each entry was.
const WITHOUT_TIMES: usize = 3;
/// Ids of entries that are named again.
const PUPILS: u32 = 1;
const REPAIR: u32 = 6;

/// A report as it was made: sealed, and as a file in each form.
struct Made {
    content: String,
    sha256: String,
    files: Vec<Vec<u8>>,
}

/// Two lists of reports are the same to the byte.
#[track_caller]
fn assert_same(one: &[Made], other: &[Made], why: &str) {
    assert_eq!(one.len(), other.len());
    for (one, other) in one.iter().zip(other) {
        assert_eq!((&one.content, &one.sha256), (&other.content, &other.sha256), "{why}");
        for ((form, encoding), (one, other)) in FORMS.iter().zip(one.files.iter().zip(&other.files)) {
            assert!(one == other, "{form:?} {encoding:?} of {} and {} bytes: {why}", one.len(), other.len());
        }
    }
}

/// An id that is given, so that each engine has the same.
fn id(number: u32) -> String {
    format!("00000000-0000-4000-8000-{number:012}")
}

fn funding(shares: &[(Payer, &str)]) -> Vec<RenewalFunding> {
    let share =
        |(payer, amount): &(Payer, &str)| RenewalFunding { payer: (*payer).into(), amount_yen: (*amount).to_owned() };
    shares.iter().map(share).collect()
}

fn pupils(year: &str, count: &str) -> Said {
    Said::Pupils(RenewalPupils { fiscal_year: year.to_owned(), count: count.to_owned(), ..RenewalPupils::default() })
}

fn lot() -> Said {
    Said::Lot(RenewalLot {
        kind: CostKind::Device.into(),
        maker: String::from("緑工業"),
        model: String::from("K-1 髙"),
        count: String::from("7,800台"),
        acquisition: AcquisitionKind::Purchase.into(),
        unit_yen: String::from("55,000円"),
        tax_basis: TaxBasis::Included.into(),
        tax_percent: String::from("10"),
        funding: funding(&[(Payer::StateFund, "286,000,000"), (Payer::Own, "143,000,000")]),
        delivered: String::from("R7.9.30"),
        serials: vec![String::from("AB12CD"), String::from("CD34EF")],
        ..RenewalLot::default()
    })
}

fn repair() -> Said {
    Said::Cost(RenewalCost {
        kind: CostKind::Repair.into(),
        amount_yen: String::from("3,000円"),
        funding: funding(&[(Payer::Own, "3,000")]),
        from: String::from("R8.4.1"),
        ..RenewalCost::default()
    })
}

fn disposal_plan() -> Said {
    Said::DisposalPlan(RenewalDisposalPlan {
        recycler_count: String::from("7,800"),
        erasers: vec![DataEraser::Contractor.into()],
        schedule: vec![RenewalScheduleLine {
            time: String::from("令和8年4月"), what: String::from("処分事業者 選定")
        }],
        ..RenewalDisposalPlan::default()
    })
}

/// A board at one of the servers.
struct Board {
    renewal: RenewalServiceClient<StaffConnection>,
    municipality_id: String,
}

impl Board {
    async fn at(server: &ServerProcess, municipality_id: &str) -> Self {
        let renewal = server.staff().renewal().await;
        Self { renewal: renewal.max_decoding_message_size(32 << 20), municipality_id: municipality_id.to_owned() }
    }

    /// A town with a code and one school.
    async fn of_town(server: &ServerProcess, code: &str) -> Self {
        let mut schools = server.staff().schools().await;
        let (code, name) = (code.to_owned(), String::from("若葉野市"));
        let request = CreateMunicipalityRequest { code, name, ..CreateMunicipalityRequest::default() };
        let made = schools.create_municipality(request).await.expect("a municipality can be added").into_inner();
        let municipality_id = made.municipality.expect("the answer holds it").municipality_id;
        let school = CreateSchoolRequest {
            request_id: id(100),
            municipality_id: municipality_id.clone(),
            name: String::from("第一小学校"),
            ..CreateSchoolRequest::default()
        };
        schools.create_school(school).await.expect("a school can be added");
        Self::at(server, &municipality_id).await
    }

    /// Records an entry; gives when it was.
    async fn record(&mut self, entry: RenewalEntry, corrects: Option<u32>) -> Timestamp {
        let request = RecordRenewalEntryRequest {
            entry: Some(RenewalEntry { municipality_id: self.municipality_id.clone(), ..entry }),
            corrects_entry_id: corrects.map(id).unwrap_or_default(),
            reason: corrects.map(|_| String::from("転入の計上漏れ")).unwrap_or_default(),
        };
        let answer = self.renewal.record_renewal_entry(request).await.expect("it can be recorded").into_inner();
        assert!(answer.is_new);
        answer.entry.and_then(|entry| entry.record_time).expect("it was recorded at a time")
    }

    /// Records the ledger of the town; gives when its first entry was recorded and when its last one.
    async fn record_all(&mut self) -> (Timestamp, Timestamp) {
        let planned = RenewalPlanned {
            fiscal_year: String::from("R8"),
            installed: String::from("0"),
            ..RenewalPlanned::default()
        };
        let network = RenewalNetwork { fiscal_year: String::from("R7"), ..RenewalNetwork::default() };
        let said = [
            pupils("R7", "7,800人"),
            pupils("R8", "7,800人"),
            Said::Planned(planned),
            Said::Network(network),
            lot(),
            repair(),
            disposal_plan(),
        ];
        let mut times = Vec::new();
        for (number, said) in (PUPILS..).zip(said) {
            // What tickets and repairs cost is of a school.
            let school_id = if number == REPAIR { id(100) } else { String::new() };
            let entry = RenewalEntry { entry_id: id(number), school_id, said: Some(said), ..RenewalEntry::default() };
            times.push(self.record(entry, None).await);
        }
        (times[0], times[times.len() - 1])
    }

    /// Puts pupils right and takes a repair back; gives when that was done.
    async fn correct(&mut self) -> Timestamp {
        let entry = RenewalEntry { said: Some(pupils("R7", "7,900人")), ..RenewalEntry::default() };
        self.record(entry, Some(PUPILS)).await;
        let request = ReverseRenewalEntryRequest {
            municipality_id: self.municipality_id.clone(),
            entry_id: id(REPAIR),
            reason: String::from("二重記録"),
            ..ReverseRenewalEntryRequest::default()
        };
        let answer = self.renewal.reverse_renewal_entry(request).await.expect("it can be taken back").into_inner();
        answer.entry.and_then(|entry| entry.record_time).expect("it was recorded at a time")
    }

    async fn seal(&mut self, report: Report) -> (String, String) {
        let seal = match report {
            Report::Plan(request) => self.renewal.get_renewal_plan(request).await.map(|made| made.into_inner().seal),
            Report::Costs(request) => self.renewal.get_renewal_costs(request).await.map(|made| made.into_inner().seal),
            Report::Scenarios(request) => {
                self.renewal.get_renewal_scenarios(request).await.map(|made| made.into_inner().seal)
            }
            Report::Changes(request) => {
                self.renewal.get_renewal_changes(request).await.map(|made| made.into_inner().seal)
            }
        };
        let seal = seal.expect("a report can be made").expect("it is sealed");
        (seal.content, seal.sha256)
    }

    /// Plan, costs, scenarios and changes as of a time, in all forms.
    async fn reports(&mut self, since: Timestamp, as_of: Timestamp) -> Vec<Made> {
        let (municipality_id, as_of_time) = (|| self.municipality_id.clone(), Some(as_of));
        let wanted = [
            Report::Plan(GetRenewalPlanRequest {
                municipality_id: municipality_id(),
                as_of_time,
                ..GetRenewalPlanRequest::default()
            }),
            Report::Costs(GetRenewalCostsRequest {
                municipality_id: municipality_id(),
                as_of_time,
                ..GetRenewalCostsRequest::default()
            }),
            Report::Scenarios(GetRenewalScenariosRequest {
                municipality_id: municipality_id(),
                as_of_time,
                ..GetRenewalScenariosRequest::default()
            }),
            Report::Changes(GetRenewalChangesRequest {
                municipality_id: municipality_id(),
                since_time: Some(since),
                as_of_time,
                ..GetRenewalChangesRequest::default()
            }),
        ];
        let mut reports = Vec::new();
        for report in wanted {
            let (content, sha256) = self.seal(report.clone()).await;
            let mut files = Vec::new();
            for (form, encoding) in FORMS {
                let request = ExportRenewalReportRequest {
                    report: Some(report.clone()),
                    encoding: encoding.into(),
                    form: form.into(),
                    ..ExportRenewalReportRequest::default()
                };
                let answer = self.renewal.export_renewal_report(request).await.expect("a file can be had").into_inner();
                assert_eq!(answer.sha256, sha256, "a file is of the report");
                files.push(answer.content);
            }
            reports.push(Made { content, sha256, files });
        }
        reports
    }

    /// Each of them is what the ledger gives.
    async fn verify(&mut self, reports: &[Made]) {
        for Made { content, sha256, .. } in reports {
            let request = VerifyRenewalReportRequest { content: content.clone(), sha256: sha256.clone() };
            let found = self.renewal.verify_renewal_report(request).await.expect("it can be verified").into_inner();
            assert_eq!((found.is_hash_right, found.is_same, &found.sha256), (true, true, sha256), "{content}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_of_one_ledger_give_the_same_bytes_before_and_after_a_correction() {
    let options = ServerOptions::on(Engine::Postgres).await;
    let first = options.clone().start().await;
    let second = options.beside().start().await;
    let alone = ServerOptions::on(Engine::Sqlite).await.start().await;
    let code = invented_code();
    // It has everything by the time as of which all are asked.
    let mut small = Board::of_town(&alone, &code).await;
    small.record_all().await;
    let mut one = Board::of_town(&first, &code).await;
    let (since, as_of) = one.record_all().await;
    let mut other = Board::at(&second, &one.municipality_id).await;

    let (then, there) = tokio::join!(one.reports(since, as_of), other.reports(since, as_of));
    assert_same(&there, &then, "the other server on the same database");
    for made in &then {
        let begins = [&b"\xef\xbb\xbf"[..], b"", b"PK", b"%PDF-1.7"];
        assert!(made.files.iter().zip(begins).all(|(file, begin)| file.starts_with(begin) && file.len() > 100));
    }
    let on_sqlite = small.reports(since, as_of).await;
    assert_same(&on_sqlite[..WITHOUT_TIMES], &then[..WITHOUT_TIMES], "a server on SQLite");

    let now = other.correct().await;
    let (again, there) = tokio::join!(one.reports(since, as_of), other.reports(since, as_of));
    assert_same(&again, &then, "the server that did not take the correction in");
    assert_same(&there, &then, "the server that took the correction in");
    for board in [&mut one, &mut other, &mut small] {
        board.verify(&then[..WITHOUT_TIMES]).await;
    }
    for board in [&mut one, &mut other] {
        board.verify(&then[WITHOUT_TIMES..]).await;
    }

    let (new, there) = tokio::join!(one.reports(as_of, now), other.reports(as_of, now));
    assert_same(&there, &new, "both know the correction");
    let pupils = |made: &Made| made.content.contains("\"7900\"");
    assert!(pupils(&new[0]) && !pupils(&then[0]), "{}", new[0].content);
    assert!(new.iter().zip(&then).all(|(new, then)| new.sha256 != then.sha256));
}
