//! Two pupils before one label: the second is told that it is reported already and how it stands, adds to it, and reads nothing of the first.

use std::time::Duration;

use gigafleet_proto::v1::{self, DeviceFieldName, StaffPlace, StaffRole, ticket_service_client::TicketServiceClient};
use gigafleet_tests::{Engine, ServerOptions, Visitor};
use http::StatusCode;

use crate::a_broken_screen::code_of;

on_both_engines!(same_report_of_one_device_is_told_and_added_to);

async fn same_report_of_one_device_is_told_and_added_to(engine: Engine) {
    let server = ServerOptions::on(engine).await.start().await;
    let staff = server.staff();
    let owner = staff.add_municipality("若葉野市").await.municipality_id;
    let school = staff.add_school(&owner, "第一小学校").await.school_id;
    for label in ["W-1", "W-2"] {
        let fields = [
            (DeviceFieldName::Label, label),
            (DeviceFieldName::Lifecycle, "in_use"),
            (DeviceFieldName::School, school.as_str()),
        ];
        staff.add_device(&owner, &fields).await;
    }
    let place = StaffPlace { municipality_id: owner.clone(), ..StaffPlace::default() };
    let (_, link) = staff.invite("sato", StaffRole::Engineer, place, Duration::from_secs(86_400)).await;
    let mut engineer = Visitor::new(server.console_address());
    engineer.accept_link(&link, &[("password", "correct horse battery staple 7")]).await;
    let code = code_of(&mut engineer, &school, "W-1").await;
    let other = code_of(&mut engineer, &school, "W-2").await;
    let said = |text: &'static str, known: &'static str| {
        [("form", ""), ("category", "1"), ("who", "pupil"), ("stopped", "no"), ("text", text), ("known", known)]
    };
    let tickets = async || {
        let request = v1::ListTicketsRequest { municipality_id: owner.clone(), ..Default::default() };
        let mut client = TicketServiceClient::new(staff.connection().await);
        client.list_tickets(request).await.expect("a list").into_inner().tickets
    };

    let mut first = Visitor::new(server.console_address());
    let sent = first.post(&format!("/r/{code}"), &said("左下が割れた", "")).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.text);
    let follow = sent.location().to_owned();

    let mut second = Visitor::new(server.console_address());
    let told = second.post(&format!("/r/{code}"), &said("線が出る", "")).await;
    assert_eq!(told.status, StatusCode::CONFLICT);
    assert!(told.text.contains("もう連絡されています") && told.text.contains("受け付けました"), "{}", told.text);
    assert!(told.text.contains("線が出る") && !told.text.contains("左下が割れた"), "only their own words come back");
    assert_eq!(tickets().await.len(), 1);
    let form = told.between("name=\"form\" value=\"", "\"").expect("the form has an id").to_owned();
    let mut adding: [(&str, &str); 6] = said("線が出る", "add");
    adding[0] = ("form", &form);
    for _ in 0..2 {
        let added = second.post(&format!("/r/{code}"), &adding).await;
        assert_eq!((added.status, added.location()), (StatusCode::SEE_OTHER, format!("/r/{code}").as_str()));
    }
    let shown = engineer.get(&format!("/tickets/{owner}/1")).await;
    assert!(shown.text.contains("<dt>ほかの人も同じ</dt><dd>1 件</dd>"), "{}", shown.text);
    let page = first.get(&follow).await;
    assert_eq!(page.text.matches("線が出る").count(), 1, "once, and for whoever reported first: {}", page.text);
    assert_eq!(tickets().await.len(), 1);

    // Something else with it, the same on another device, and the same as something else are tickets of their own.
    let mut keyboard = said("キーが外れた", "");
    keyboard[1] = ("category", "2");
    for (code, said) in [(&code, keyboard), (&other, said("割れた", "")), (&code, said("右上も割れた", "other"))]
    {
        let sent = second.post(&format!("/r/{code}"), &said).await;
        assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.text);
    }
    assert_eq!(tickets().await.len(), 4);
}
