//! RenewalService: the ledger, its rules and its reports in the words of the contract.

mod entries;
mod lives;
mod reports;
mod rules;

use gigafleet_proto::v1::{self, renewal_service_server::RenewalService};
use prost::Message;
use tonic::{Request, Response, Status};

use super::{
    rules::{
        Payer,
        plan::{CapAfterRenewal, Definitions, SpareShare},
        report::plan::PlanOrder,
    },
    service::Renewal,
};
use crate::{
    access::service::Access,
    clock::Timestamp,
    error::{
        Both, Error, FieldViolation, Kind, Result as OwnResult,
        says::{fields as say_field, renewal as say},
    },
    grpc::{caller, page},
    schools::rules::{MunicipalityId, fiscal::FiscalYear, parse_optional_uuid, parse_uuid},
};

/// Most bytes of a report that is verified: one of all places of a prefecture, or of a nation together.
const CONTENT_BYTES: usize = 16 << 20;

/// Most bytes of a request: a report that is verified, or a file of entries, which is smaller.
pub const MESSAGE_BYTES: usize = CONTENT_BYTES + (64 << 10);

/// Most bytes of an answer: a report of many owners, or a file of it. Clients that take less by themselves must be told.
pub const ANSWER_BYTES: usize = 64 << 20;

/// Answers staff about renewal.
#[derive(Debug, Clone)]
pub struct RenewalGrpc {
    renewal: Renewal,
    access: Access,
}

impl RenewalGrpc {
    /// Answers with this service.
    pub fn new(renewal: Renewal, access: Access) -> Self {
        Self { renewal, access }
    }
}

fn refused(wrong: Vec<FieldViolation>) -> Error {
    Error::invalid_fields("FIELD_INVALID", wrong)
}

/// Refuses an answer that clients do not take, which would fail there without a reason. Reason: DOCUMENT_TOO_LONG.
fn within_limit<M: Message>(answer: M) -> OwnResult<M> {
    let bytes = answer.encoded_len();
    match bytes > ANSWER_BYTES {
        true => Err(Error::new(Kind::Invalid, "DOCUMENT_TOO_LONG", say::answer_too_long(bytes, ANSWER_BYTES))),
        false => Ok(answer),
    }
}

fn owner(text: &str) -> OwnResult<MunicipalityId> {
    page::field(parse_uuid("municipality_id", text)).map(MunicipalityId)
}

fn optional_owner(text: &str) -> OwnResult<Option<MunicipalityId>> {
    Ok(page::field(parse_optional_uuid("municipality_id", text))?.map(MunicipalityId))
}

fn both(both: &Both) -> v1::BothLanguages {
    v1::BothLanguages { ja: both.ja.clone().into_owned(), en: both.en.clone().into_owned() }
}

/// A time that may be left out.
fn optional_time(
    field: &'static str,
    time: Option<prost_types::Timestamp>,
) -> Result<Option<Timestamp>, FieldViolation> {
    let Some(time) = time else { return Ok(None) };
    let nanos = i64::from(time.nanos);
    let micros = time.seconds.checked_mul(1_000_000).and_then(|micros| micros.checked_add(nanos / 1_000));
    let micros = micros.filter(|_| (0..1_000_000_000).contains(&nanos));
    micros.map(|micros| Some(Timestamp(micros))).ok_or_else(|| FieldViolation::new(field, say_field::no_time()))
}

fn as_of(time: Option<prost_types::Timestamp>) -> OwnResult<Option<Timestamp>> {
    page::field(optional_time("as_of_time", time))
}

/// A fiscal year, 0 for none.
fn optional_year(field: &'static str, number: u32) -> Result<Option<FiscalYear>, FieldViolation> {
    match number {
        0 => Ok(None),
        number => {
            let known = i32::try_from(number).ok().and_then(FiscalYear::starting_in);
            known.map(Some).ok_or_else(|| FieldViolation::new(field, say_field::no_fiscal_year(number)))
        }
    }
}

fn year_number(year: FiscalYear) -> u32 {
    u32::try_from(year.year()).expect("years are of 2000 to 2100")
}

/// A word that may be left out, by its number.
fn optional_word<T>(field: &'static str, number: i32, read: fn(i16) -> Option<T>) -> Result<Option<T>, FieldViolation> {
    match number {
        0 => Ok(None),
        number => {
            let word = i16::try_from(number).ok().and_then(read);
            word.map(Some).ok_or_else(|| FieldViolation::new(field, say_field::unknown_value()))
        }
    }
}

fn optional_payer(number: i32) -> Result<Option<Payer>, FieldViolation> {
    optional_word("payer", number, Payer::from_number)
}

/// In which way a plan is filled.
fn plan_order(definitions: Option<v1::RenewalPlanDefinitions>) -> OwnResult<PlanOrder> {
    let said = definitions.unwrap_or_default();
    let mut wrong = Vec::new();
    let usual = PlanOrder::default();
    let cap = optional_word("definitions.cap_after", said.cap_after, CapAfterRenewal::from_number);
    let share = optional_word("definitions.spare_share", said.spare_share, SpareShare::from_number);
    let (cap, share) = (page::collect(cap, &mut wrong), page::collect(share, &mut wrong));
    let (Some(cap), Some(share)) = (cap, share) else { return Err(refused(wrong)) };
    let definitions = Definitions {
        cap_after: cap.unwrap_or(usual.definitions.cap_after),
        spare_share: share.unwrap_or(usual.definitions.spare_share),
    };
    let programme = Some(said.programme_id).filter(|id| !id.is_empty());
    Ok(PlanOrder { definitions, programme })
}

/// Declares the calls: each finds the caller, hands the request on, and refuses an answer that is too large.
macro_rules! calls {
    ($($name:ident($request:ident) -> $response:ident = $module:ident::$function:ident;)*) => {
        #[tonic::async_trait]
        impl RenewalService for RenewalGrpc {
            $(async fn $name(&self, request: Request<v1::$request>) -> Result<Response<v1::$response>, Status> {
                let staff = caller::staff(request.metadata(), &self.access).await?;
                let answer = $module::$function(&self.renewal, &staff, request.into_inner()).await?;
                Ok(Response::new(within_limit(answer)?))
            })*
        }
    };
}

calls! {
    record_renewal_entry(RecordRenewalEntryRequest) -> RecordRenewalEntryResponse = entries::record;
    reverse_renewal_entry(ReverseRenewalEntryRequest) -> ReverseRenewalEntryResponse = entries::reverse;
    get_renewal_entry(GetRenewalEntryRequest) -> GetRenewalEntryResponse = entries::get;
    list_renewal_entries(ListRenewalEntriesRequest) -> ListRenewalEntriesResponse = entries::list;
    list_renewal_parts(ListRenewalPartsRequest) -> ListRenewalPartsResponse = reports::parts;
    list_renewal_devices(ListRenewalDevicesRequest) -> ListRenewalDevicesResponse = reports::devices;
    import_renewal_entries(ImportRenewalEntriesRequest) -> ImportRenewalEntriesResponse = entries::import;
    get_renewal_rules(GetRenewalRulesRequest) -> GetRenewalRulesResponse = rules::get;
    set_renewal_rules(SetRenewalRulesRequest) -> SetRenewalRulesResponse = rules::set;
    preview_renewal_rules(PreviewRenewalRulesRequest) -> PreviewRenewalRulesResponse = rules::preview;
    get_renewal_plan(GetRenewalPlanRequest) -> GetRenewalPlanResponse = reports::plan;
    get_renewal_costs(GetRenewalCostsRequest) -> GetRenewalCostsResponse = reports::costs;
    get_renewal_scenarios(GetRenewalScenariosRequest) -> GetRenewalScenariosResponse = reports::scenarios;
    get_renewal_changes(GetRenewalChangesRequest) -> GetRenewalChangesResponse = reports::changes;
    export_renewal_report(ExportRenewalReportRequest) -> ExportRenewalReportResponse = reports::export;
    verify_renewal_report(VerifyRenewalReportRequest) -> VerifyRenewalReportResponse = reports::verify;
    get_device_lives(GetDeviceLivesRequest) -> GetDeviceLivesResponse = lives::lives;
    get_repair_advice(GetRepairAdviceRequest) -> GetRepairAdviceResponse = lives::advice;
    get_spares(GetSparesRequest) -> GetSparesResponse = lives::spares;
    try_renewal_scenario(TryRenewalScenarioRequest) -> TryRenewalScenarioResponse = reports::try_scenario;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answer_that_no_client_takes_is_refused() {
        let answer = |bytes| v1::ExportRenewalReportResponse {
            content: vec![0; bytes],
            ..v1::ExportRenewalReportResponse::default()
        };
        assert!(within_limit(answer(ANSWER_BYTES - 8)).is_ok());
        let refused = within_limit(answer(ANSWER_BYTES)).unwrap_err();
        assert_eq!((refused.kind, refused.reason), (Kind::Invalid, "DOCUMENT_TOO_LONG"));
    }
}
