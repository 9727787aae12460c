//! Ledgers at their limits: what somebody is told who asks for a report with too many rows, or records one entry too many.
//!
//! On SQLite alone: limits are counted by the same code on both engines. What would take a board years is written past the
//! server.

use gigafleet_proto::v1::{
    AcquisitionKind, CostKind, DataEraser, ExportRenewalReportRequest, GetRenewalChangesRequest,
    GetRenewalCostsRequest, GetRenewalPlanRequest, GetRenewalScenariosRequest, Payer, RecordRenewalEntryRequest,
    RenewalDisposalPlan, RenewalEntry, RenewalFunding, RenewalLot, RenewalReportForm, ReverseRenewalEntryRequest,
    TaxBasis, export_renewal_report_request::Report, renewal_entry::Said, renewal_service_client::RenewalServiceClient,
};
use gigafleet_tests::{Engine, ServerOptions, ServerProcess, StaffConnection};
use prost_types::Timestamp;
use tonic::{Code, Status};

use crate::refusal::assert_refused;

/// Models of devices that were bought: more than a hundred pages of sums.
const MODELS: u32 = 5_001;
/// Most entries of an owner without reversals; its reports read twice as many.
const SAID_MOST: u32 = 50_000;

/// A board with a ledger.
struct Board {
    renewal: RenewalServiceClient<StaffConnection>,
    municipality_id: String,
}

fn lot() -> Said {
    Said::Lot(RenewalLot {
        kind: CostKind::Device.into(),
        model: String::from("MODEL-0"),
        count: String::from("1"),
        acquisition: AcquisitionKind::Purchase.into(),
        unit_yen: String::from("55,000"),
        tax_basis: TaxBasis::Included.into(),
        tax_percent: String::from("10"),
        funding: vec![RenewalFunding { payer: Payer::Own.into(), amount_yen: String::from("55,000") }],
        delivered: String::from("R7.9.30"),
        ..RenewalLot::default()
    })
}

fn disposal_plan() -> Said {
    Said::DisposalPlan(RenewalDisposalPlan {
        recycler_count: String::from("1"),
        erasers: vec![DataEraser::Staff.into()],
        ..RenewalDisposalPlan::default()
    })
}

impl Board {
    async fn record(&mut self, said: Said, corrects: &str) -> Result<RenewalEntry, Status> {
        let municipality_id = self.municipality_id.clone();
        let entry = Some(RenewalEntry { municipality_id, said: Some(said), ..RenewalEntry::default() });
        let reason = if corrects.is_empty() { "" } else { "誤り" };
        let request =
            RecordRenewalEntryRequest { entry, corrects_entry_id: corrects.to_owned(), reason: reason.to_owned() };
        let answer = self.renewal.record_renewal_entry(request).await?;
        Ok(answer.into_inner().entry.expect("the answer holds it"))
    }

    fn plan_order(&self, as_of_time: Option<Timestamp>) -> GetRenewalPlanRequest {
        let municipality_id = self.municipality_id.clone();
        GetRenewalPlanRequest { municipality_id, as_of_time, ..GetRenewalPlanRequest::default() }
    }

    fn costs_order(&self) -> GetRenewalCostsRequest {
        GetRenewalCostsRequest { municipality_id: self.municipality_id.clone(), ..GetRenewalCostsRequest::default() }
    }

    /// Hash of the plan.
    async fn plan(&mut self, as_of: Option<Timestamp>) -> Result<String, Status> {
        let answer = self.renewal.get_renewal_plan(self.plan_order(as_of)).await?;
        Ok(answer.into_inner().seal.expect("it is sealed").sha256)
    }

    /// The file of costs.
    async fn file(&mut self, form: RenewalReportForm) -> Result<Vec<u8>, Status> {
        let request = ExportRenewalReportRequest {
            report: Some(Report::Costs(self.costs_order())),
            form: form.into(),
            ..ExportRenewalReportRequest::default()
        };
        Ok(self.renewal.export_renewal_report(request).await?.into_inner().content)
    }

    /// Every report and a file are refused for one reason.
    async fn assert_told_too_large(&mut self, since: Timestamp) {
        const REASON: &str = "LEDGER_TOO_LARGE";
        let refused = assert_refused(self.plan(None).await, Code::ResourceExhausted, REASON);
        assert!(refused.message().contains("100000"), "{refused:?}");
        let costs = self.renewal.get_renewal_costs(self.costs_order()).await;
        assert_refused(costs, Code::ResourceExhausted, REASON);
        let municipality_id = self.municipality_id.clone();
        let scenarios = GetRenewalScenariosRequest { municipality_id, ..GetRenewalScenariosRequest::default() };
        let scenarios = self.renewal.get_renewal_scenarios(scenarios).await;
        assert_refused(scenarios, Code::ResourceExhausted, REASON);
        let (municipality_id, since_time) = (self.municipality_id.clone(), Some(since));
        let changes = GetRenewalChangesRequest { municipality_id, since_time, ..GetRenewalChangesRequest::default() };
        let changes = self.renewal.get_renewal_changes(changes).await;
        assert_refused(changes, Code::ResourceExhausted, REASON);
        assert_refused(self.file(RenewalReportForm::Csv).await, Code::ResourceExhausted, REASON);
    }
}

/// Writes so many copies of the only entry of a kind, each recorded a microsecond after the other; lots of models of their own.
async fn copy(server: &ServerProcess, kind: u8, copies: u32) {
    let sql = format!(
        "WITH RECURSIVE copies (number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM copies WHERE number < {copies})
         INSERT INTO renewal_entry (municipality_id, entry_id, kind, valid_from, valid_to, recorded_at, body,
             reverses_entry_id, recorder_id, recorder_name)
         SELECT e.municipality_id, randomblob(16), e.kind, e.valid_from, e.valid_to, e.recorded_at + c.number,
             replace(e.body, 'MODEL-0', 'MODEL-' || c.number), NULL, e.recorder_id, e.recorder_name
         FROM (SELECT * FROM renewal_entry WHERE kind = {kind} ORDER BY recorded_at LIMIT 1) e CROSS JOIN copies c"
    );
    server.change(&sql).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_report_with_too_many_rows_is_refused_and_says_why() {
    let server = ServerOptions::on(Engine::Sqlite).await.start().await;
    let municipality_id = server.staff().add_municipality("若葉野市").await.municipality_id;
    let renewal = server.staff().renewal().await;
    let mut board = Board { renewal: renewal.max_decoding_message_size(32 << 20), municipality_id };
    let first = board.record(lot(), "").await.expect("a lot can be recorded");
    let began = first.record_time.expect("it was recorded at a time");
    let before = board.plan(Some(began)).await.expect("there is a plan");

    // More rows than people read on paper, and not too many for a program.
    copy(&server, 1, MODELS - 1).await;
    let refused = assert_refused(board.file(RenewalReportForm::Pdf).await, Code::InvalidArgument, "DOCUMENT_TOO_LONG");
    assert!(refused.message().contains("above the 5000 of this form"), "{refused:?}");
    let csv = board.file(RenewalReportForm::Csv).await.expect("a program reads all of it");
    let last = format!("MODEL-{}", MODELS - 1);
    assert!(String::from_utf8(csv).expect("it is UTF-8").contains(&last));
    assert!(board.file(RenewalReportForm::Xlsx).await.expect("so does a spreadsheet").starts_with(b"PK"));

    // Room for one entry more; what is taken back needs none.
    let plan = board.record(disposal_plan(), "").await.expect("a planned disposal can be recorded");
    copy(&server, 6, SAID_MOST - MODELS - 2).await;
    let corrected = board.record(disposal_plan(), &plan.entry_id).await.expect("a correction says one thing");
    board.plan(None).await.expect("a full ledger is still reported");
    for corrects in ["", &corrected.entry_id] {
        let more = board.record(disposal_plan(), corrects).await;
        let refused = assert_refused(more, Code::ResourceExhausted, "LEDGER_TOO_LARGE");
        assert!(refused.message().contains("50000"), "{refused:?}");
    }
    let request = ReverseRenewalEntryRequest {
        municipality_id: board.municipality_id.clone(),
        entry_id: corrected.entry_id,
        reason: String::from("誤り"),
        ..ReverseRenewalEntryRequest::default()
    };
    board.renewal.reverse_renewal_entry(request).await.expect("who is at the limit can take back");
    board.plan(None).await.expect("and is told");

    // More than anybody can record: no report leaves it out in silence, and those of before are still there.
    copy(&server, 6, SAID_MOST).await;
    board.assert_told_too_large(began).await;
    assert_eq!(board.plan(Some(began)).await.expect("it is of before"), before);
}
