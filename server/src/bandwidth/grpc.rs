//! BandwidthService: the recommended table, what was measured, who reaches it.

use gigafleet_proto::v1::{self, bandwidth_service_server::BandwidthService};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::{
    rules::{
        Edition, MeasurementOrder, Method, Outcome, check_kbps,
        planning::{check_endpoint, check_most_bytes},
    },
    service::{
        Bandwidth, MeasurementRow, NEWEST, Report, SchoolVerdict,
        directed::{TestOrder, TestRow},
    },
};
use crate::{
    access::{rules::fields::parse_filled, service::Access},
    clock::Timestamp,
    error::{
        Error, FieldViolation, Result as OwnResult,
        says::{bandwidth as say, fields as say_fields},
    },
    grpc::{caller, page},
    schools::{
        grpc::row_errors,
        rules::{
            MunicipalityId, SchoolId,
            fiscal::{FiscalYear, date_text, parse_date},
            parse_optional_uuid, parse_page_size, parse_text, parse_uuid,
        },
    },
};

/// Answers staff about bandwidth.
#[derive(Debug, Clone)]
pub struct BandwidthGrpc {
    bandwidth: Bandwidth,
    access: Access,
}

impl BandwidthGrpc {
    /// Answers with this service.
    pub fn new(bandwidth: Bandwidth, access: Access) -> Self {
        Self { bandwidth, access }
    }
}

fn small(number: i64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn year(number: u32) -> OwnResult<Option<FiscalYear>> {
    match number {
        0 => Ok(None),
        number => {
            let known = i32::try_from(number).ok().and_then(FiscalYear::starting_in);
            known.map(Some).ok_or_else(|| Error::invalid_field("fiscal_year", say_fields::no_fiscal_year(number)))
        }
    }
}

/// The owner and one of its schools.
fn place(municipality: &str, school: &str) -> OwnResult<(MunicipalityId, SchoolId)> {
    let mut refused = Vec::new();
    let owner = page::collect(parse_uuid("municipality_id", municipality), &mut refused);
    let school = page::collect(parse_uuid("school_id", school), &mut refused);
    match (owner, school) {
        (Some(owner), Some(school)) => Ok((MunicipalityId(owner), SchoolId(school))),
        _ => Err(Error::invalid_fields("FIELD_INVALID", refused)),
    }
}

fn edition_message(edition: Edition) -> v1::BandwidthEdition {
    let row = |(pupils, kbps)| v1::BandwidthRow { pupils: small(pupils), kbps: small(kbps) };
    v1::BandwidthEdition {
        edition_date: date_text(edition.date),
        source: edition.source,
        below_kbps_per_pupil: small(edition.below_kbps),
        rows: edition.rows.into_iter().map(row).collect(),
    }
}

fn edition_of(message: v1::BandwidthEdition) -> OwnResult<Edition> {
    let mut refused = Vec::new();
    let date = page::collect(parse_date("edition_date", &message.edition_date), &mut refused);
    let source = page::collect(parse_filled("source", &message.source, 200), &mut refused);
    let rows = message.rows.iter().map(|row| (i64::from(row.pupils), i64::from(row.kbps))).collect();
    let (Some(date), Some(source)) = (date, source) else {
        return Err(Error::invalid_fields("FIELD_INVALID", refused));
    };
    page::field(Edition { date, source, below_kbps: i64::from(message.below_kbps_per_pupil), rows }.check())
}

fn measurement_message(row: MeasurementRow) -> v1::BandwidthMeasurement {
    let moment = match row.in_lesson {
        true => v1::BandwidthMoment::InLessons,
        false => v1::BandwidthMoment::OutsideLessons,
    };
    v1::BandwidthMeasurement {
        measurement_id: row.measurement_id.to_string(),
        measure_time: Some(Timestamp(row.measured_at).to_proto()),
        receive_kbps: small(row.receive_kbps),
        send_kbps: row.send_kbps.map_or(0, small),
        method: i32::from(row.method),
        moment: moment.into(),
        note: row.note,
    }
}

fn test_message(row: TestRow) -> v1::BandwidthTest {
    let time = |at: i64| Timestamp(at).to_proto();
    v1::BandwidthTest {
        test_id: row.test_id.to_string(),
        school_id: row.school_id.to_string(),
        device_id: row.device_id.to_string(),
        state: i32::from(row.state),
        give_time: Some(time(row.given_at)),
        expire_time: Some(time(row.expires_at)),
        end_time: row.ended_at.map(time),
        endpoint: row.endpoint,
        receive_kbps: row.receive_kbps.map_or(0, small),
        send_kbps: row.send_kbps.map_or(0, small),
    }
}

fn time(time: Option<prost_types::Timestamp>) -> Result<Timestamp, FieldViolation> {
    let micros = time.and_then(|time| {
        let nanos = i64::from(time.nanos);
        (0..1_000_000_000).contains(&nanos).then_some(())?;
        time.seconds.checked_mul(1_000_000)?.checked_add(nanos / 1_000)
    });
    micros.map(Timestamp).ok_or_else(|| FieldViolation::new("measure_time", say_fields::time_needed()))
}

fn order_of(message: v1::BandwidthMeasurement) -> OwnResult<MeasurementOrder> {
    let mut refused = Vec::new();
    let id = page::collect(parse_optional_uuid("measurement_id", &message.measurement_id), &mut refused);
    let at = page::collect(time(message.measure_time), &mut refused);
    let receive = page::collect(check_kbps("receive_kbps", i64::from(message.receive_kbps)), &mut refused);
    let send = match message.send_kbps {
        0 => Some(None),
        kbps => page::collect(check_kbps("send_kbps", i64::from(kbps)), &mut refused).map(Some),
    };
    let method = i16::try_from(message.method).ok().and_then(Method::from_number);
    let method = method.filter(|method| Method::BY_PERSON.contains(method));
    let method = page::collect(method.ok_or_else(|| FieldViolation::new("method", say::method())), &mut refused);
    let in_lesson = match v1::BandwidthMoment::try_from(message.moment) {
        Ok(v1::BandwidthMoment::Unspecified) => Ok(None),
        Ok(v1::BandwidthMoment::OutsideLessons) => Ok(Some(false)),
        Ok(v1::BandwidthMoment::InLessons) => Ok(Some(true)),
        Err(_) => Err(FieldViolation::new("moment", say::moment())),
    };
    let in_lesson = page::collect(in_lesson, &mut refused);
    let note = page::collect(parse_text("note", &message.note, 200), &mut refused);
    match (id, at, receive, send, method, in_lesson, note) {
        (Some(id), Some(at), Some(receive_kbps), Some(send_kbps), Some(method), Some(in_lesson), Some(note)) => {
            Ok(MeasurementOrder { id, at, receive_kbps, send_kbps, method, in_lesson, note })
        }
        _ => Err(Error::invalid_fields("FIELD_INVALID", refused)),
    }
}

fn school_message(school: SchoolVerdict) -> v1::SchoolBandwidth {
    let SchoolVerdict { school, pupils, contract_mbps, verdict, advice } = school;
    v1::SchoolBandwidth {
        school_id: school.school_id.to_string(),
        name: school.name,
        outcome: verdict.outcome as i32,
        unknown_reason: verdict.unknown.map_or(0, |reason| reason as i32),
        pupils: pupils.map(|(_, pupils)| small(pupils)),
        pupils_fiscal_year: pupils.map(|(year, _)| small(year.to_number())),
        recommended_kbps: verdict.recommended.map(|value| small(value.kbps)),
        basis: verdict.recommended.map_or(0, |value| value.basis as i32),
        measured_kbps: verdict.measured_kbps.map(small),
        measurement_count: u32::try_from(verdict.count).unwrap_or(u32::MAX),
        first_measure_time: verdict.span.map(|(first, _)| first.to_proto()),
        last_measure_time: verdict.span.map(|(_, last)| last.to_proto()),
        contract_mbps: contract_mbps.map(small),
        advice: advice as i32,
        mext_place: advice.place().map_or(0, u32::from),
    }
}

fn edition_named(edition: Option<Edition>) -> (String, String) {
    edition.map(|edition| (date_text(edition.date), edition.source)).unwrap_or_default()
}

fn report_message(report: Report) -> v1::GetBandwidthReportResponse {
    let counts = [Outcome::Reached, Outcome::Missed, Outcome::Unknown].map(|outcome| report.count(outcome));
    let (edition_date, edition_source) = edition_named(report.edition);
    v1::GetBandwidthReportResponse {
        fiscal_year: small(report.year.to_number()),
        as_of_time: Some(report.as_of.to_proto()),
        edition_date,
        edition_source,
        reached_count: counts[0],
        missed_count: counts[1],
        unknown_count: counts[2],
        schools: report.schools.into_iter().map(school_message).collect(),
    }
}

#[tonic::async_trait]
impl BandwidthService for BandwidthGrpc {
    async fn list_bandwidth_editions(
        &self,
        request: Request<v1::ListBandwidthEditionsRequest>,
    ) -> Result<Response<v1::ListBandwidthEditionsResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let editions = self.bandwidth.editions(&staff).await?.into_iter().map(edition_message).collect();
        Ok(Response::new(v1::ListBandwidthEditionsResponse { editions }))
    }

    async fn add_bandwidth_edition(
        &self,
        request: Request<v1::AddBandwidthEditionRequest>,
    ) -> Result<Response<v1::AddBandwidthEditionResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let edition = edition_of(request.into_inner().edition.unwrap_or_default())?;
        self.bandwidth.add_edition(&staff, &edition).await?;
        Ok(Response::new(v1::AddBandwidthEditionResponse { edition: Some(edition_message(edition)) }))
    }

    async fn record_bandwidth(
        &self,
        request: Request<v1::RecordBandwidthRequest>,
    ) -> Result<Response<v1::RecordBandwidthResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let request = request.into_inner();
        let school = place(&request.municipality_id, &request.school_id)?;
        let order = order_of(request.measurement.unwrap_or_default())?;
        let row = self.bandwidth.record(&staff, school, order).await?;
        Ok(Response::new(v1::RecordBandwidthResponse { measurement: Some(measurement_message(row)) }))
    }

    async fn delete_bandwidth(
        &self,
        request: Request<v1::DeleteBandwidthRequest>,
    ) -> Result<Response<v1::DeleteBandwidthResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let request = request.into_inner();
        let school = place(&request.municipality_id, &request.school_id)?;
        let measurement = page::field(parse_uuid("measurement_id", &request.measurement_id))?;
        self.bandwidth.delete(&staff, school, measurement).await?;
        Ok(Response::new(v1::DeleteBandwidthResponse {}))
    }

    async fn list_bandwidth(
        &self,
        request: Request<v1::ListBandwidthRequest>,
    ) -> Result<Response<v1::ListBandwidthResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let request = request.into_inner();
        let school = place(&request.municipality_id, &request.school_id)?;
        let limit = page::field(parse_page_size(request.page_size))?;
        let before = page::read_time_and_id(&request.page_token)?.unwrap_or(NEWEST);
        let rows = self.bandwidth.measurements(&staff, school, before, limit).await?;
        let token =
            |row: &MeasurementRow| page::write_token(&[&row.measured_at.to_be_bytes(), row.measurement_id.as_bytes()]);
        let next_page_token = page::next(&rows, limit, token);
        let measurements = rows.into_iter().map(measurement_message).collect();
        Ok(Response::new(v1::ListBandwidthResponse { measurements, next_page_token }))
    }

    async fn get_bandwidth_report(
        &self,
        request: Request<v1::GetBandwidthReportRequest>,
    ) -> Result<Response<v1::GetBandwidthReportResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let request = request.into_inner();
        let owner = MunicipalityId(page::field(parse_uuid("municipality_id", &request.municipality_id))?);
        let report = self.bandwidth.report(&staff, owner, year(request.fiscal_year)?).await?;
        Ok(Response::new(report_message(report)))
    }

    async fn get_bandwidth_assessment(
        &self,
        request: Request<v1::GetBandwidthAssessmentRequest>,
    ) -> Result<Response<v1::GetBandwidthAssessmentResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let request = request.into_inner();
        let school = place(&request.municipality_id, &request.school_id)?;
        let report = self.bandwidth.assess(&staff, school, None).await?;
        let (edition_date, edition_source) = edition_named(report.edition);
        let school = report.schools.into_iter().next().map(school_message);
        Ok(Response::new(v1::GetBandwidthAssessmentResponse { school, edition_date, edition_source }))
    }

    async fn start_bandwidth_test(
        &self,
        request: Request<v1::StartBandwidthTestRequest>,
    ) -> Result<Response<v1::StartBandwidthTestResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let request = request.into_inner();
        let school = place(&request.municipality_id, &request.school_id)?;
        let mut refused = Vec::new();
        let endpoint = page::collect(check_endpoint(&request.endpoint), &mut refused);
        let most_bytes = page::collect(check_most_bytes(request.most_bytes), &mut refused);
        let (Some(()), Some(most_bytes)) = (endpoint, most_bytes) else {
            return Err(Error::invalid_fields("FIELD_INVALID", refused).into());
        };
        let order = TestOrder { in_lesson: request.in_lesson, endpoint: request.endpoint, most_bytes };
        let test = self.bandwidth.start_test(&staff, school, &order).await?;
        Ok(Response::new(v1::StartBandwidthTestResponse { test: Some(test_message(test)) }))
    }

    async fn list_bandwidth_tests(
        &self,
        request: Request<v1::ListBandwidthTestsRequest>,
    ) -> Result<Response<v1::ListBandwidthTestsResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let request = request.into_inner();
        let mut refused = Vec::new();
        let owner = page::collect(parse_uuid("municipality_id", &request.municipality_id), &mut refused);
        let school = page::collect(parse_optional_uuid("school_id", &request.school_id), &mut refused);
        let limit = page::collect(parse_page_size(request.page_size), &mut refused);
        let (Some(owner), Some(school), Some(limit)) = (owner, school, limit) else {
            return Err(Error::invalid_fields("FIELD_INVALID", refused).into());
        };
        let before = page::read_token::<16>(&request.page_token)?.map_or(Uuid::max(), Uuid::from_bytes);
        let owner = MunicipalityId(owner);
        let rows = self.bandwidth.tests(&staff, owner, school.map(SchoolId), before, limit).await?;
        let next_page_token = page::next(&rows, limit, |row| page::write_token(&[row.test_id.as_bytes()]));
        let tests = rows.into_iter().map(test_message).collect();
        Ok(Response::new(v1::ListBandwidthTestsResponse { tests, next_page_token }))
    }

    async fn import_bandwidth(
        &self,
        request: Request<v1::ImportBandwidthRequest>,
    ) -> Result<Response<v1::ImportBandwidthResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let request = request.into_inner();
        let owner = MunicipalityId(page::field(parse_uuid("municipality_id", &request.municipality_id))?);
        let outcome = self.bandwidth.import(&staff, owner, &request.content, request.dry_run).await?;
        Ok(Response::new(v1::ImportBandwidthResponse {
            added_count: outcome.added,
            unchanged_count: outcome.unchanged,
            errors: row_errors(outcome.faults),
        }))
    }
}
