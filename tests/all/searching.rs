//! Schools that are searched for and lists that are taken out, seen from outside.

use gigafleet_proto::v1::{
    CreateSchoolRequest, DeviceFieldName, ExportDevicesRequest, ExportEncoding, Lifecycle, ListDevicesRequest,
    ListSchoolsRequest,
};
use gigafleet_tests::{Engine, ServerOptions, StaffClient};
use tonic::{Code, Status};

use crate::refusal::assert_refused;

on_both_engines!(schools_are_found_page_by_page, export_holds_what_the_list_shows);

async fn add_school(staff: &StaffClient, owner: &str, code: &str, name: &str) {
    let request = CreateSchoolRequest {
        municipality_id: owner.to_owned(),
        code: code.to_owned(),
        name: name.to_owned(),
        ..CreateSchoolRequest::default()
    };
    staff.schools().await.create_school(request).await.expect("a school");
}

/// Names of all schools that a search finds, one a page.
async fn found(staff: &StaffClient, asked: ListSchoolsRequest) -> Result<Vec<String>, Status> {
    let (mut names, mut page_token) = (Vec::new(), asked.page_token.clone());
    loop {
        let request = ListSchoolsRequest { page_size: 1, page_token, ..asked.clone() };
        let page = staff.schools().await.list_schools(request).await?.into_inner();
        names.extend(page.schools.into_iter().map(|school| school.name));
        if page.next_page_token.is_empty() {
            return Ok(names);
        }
        page_token = page.next_page_token;
    }
}

async fn schools_are_found_page_by_page(engine: Engine) {
    let server = ServerOptions::on(engine).await.start().await;
    let staff = server.staff();
    let owner = staff.add_municipality("若葉野市").await.municipality_id;
    add_school(&staff, &owner, "C113210000003", "第一中学校").await;
    add_school(&staff, &owner, "B113210000005", "第１小学校").await;
    add_school(&staff, &owner, "", "第1小学校 分校").await;
    let search = |query: &str, kind: &str| ListSchoolsRequest {
        query: query.to_owned(),
        kind: kind.to_owned(),
        ..ListSchoolsRequest::default()
    };
    assert_eq!(found(&staff, search("第1小", "")).await.expect("it is answered"), ["第１小学校", "第1小学校 分校"]);
    assert_eq!(found(&staff, search("b1132", "")).await.expect("it is answered"), ["第１小学校"]);
    assert_eq!(found(&staff, search("第", "C1")).await.expect("it is answered"), ["第一中学校"]);
    assert_refused(found(&staff, search("", "Z9")).await, Code::InvalidArgument, "FIELD_INVALID");
    assert_refused(found(&staff, search(&"校".repeat(65), "")).await, Code::InvalidArgument, "FIELD_INVALID");
    let forged = ListSchoolsRequest { page_token: String::from("AAAA"), ..search("第", "") };
    assert_refused(found(&staff, forged).await, Code::InvalidArgument, "PAGE_TOKEN_INVALID");
}

/// Labels of an export in its order, as the file has them.
async fn exported(staff: &StaffClient, request: ExportDevicesRequest) -> Result<Vec<String>, Status> {
    let mut pieces = staff.exports().await.export_devices(request).await?.into_inner();
    let mut content = Vec::new();
    while let Some(piece) = pieces.message().await? {
        content.extend(piece.content);
    }
    let text = String::from_utf8(content).expect("UTF-8");
    Ok(text.lines().skip(1).filter_map(|line| Some(line.split(',').next()?.to_owned())).collect())
}

async fn export_holds_what_the_list_shows(engine: Engine) {
    let server = ServerOptions::on(engine).await.start().await;
    let staff = server.staff();
    let (owner, other) = (staff.add_municipality("若葉野市").await, staff.add_municipality("潮見台市").await);
    for (owner, label, state) in
        [(&owner, "A-2", "lost"), (&owner, "A-1", "lost"), (&owner, "A-3", "in_use"), (&other, "=1+1", "lost")]
    {
        let fields = [(DeviceFieldName::Label, label), (DeviceFieldName::Lifecycle, state)];
        staff.add_device(&owner.municipality_id, &fields).await;
    }
    let lost = |municipality_id: &str, list: ListDevicesRequest| ExportDevicesRequest {
        municipality_id: municipality_id.to_owned(),
        school_id: String::new(),
        encoding: ExportEncoding::Utf8.into(),
        list: Some(ListDevicesRequest { lifecycles: vec![Lifecycle::Lost.into()], ..list }),
    };
    let by_label = ListDevicesRequest { order_by: String::from("label desc"), ..ListDevicesRequest::default() };
    assert_eq!(exported(&staff, lost(&owner.municipality_id, by_label)).await.expect("it is answered"), ["A-2", "A-1"]);
    let mut all = exported(&staff, lost("", ListDevicesRequest::default())).await.expect("it is answered");
    all.sort();
    assert_eq!(all, ["'=1+1", "A-1", "A-2"], "of all owners, guarded against formulas");
    let none = ListDevicesRequest { query: String::from("zz"), ..ListDevicesRequest::default() };
    assert!(exported(&staff, lost("", none)).await.expect("it is answered").is_empty());
    let wrong = ListDevicesRequest { order_by: String::from("price"), ..ListDevicesRequest::default() };
    assert_refused(exported(&staff, lost("", wrong)).await, Code::InvalidArgument, "FIELD_INVALID");
}
