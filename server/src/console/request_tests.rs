//! What every request of a browser meets, seen from outside.

use axum::routing::{get, post};
use http_body_util::BodyExt as _;

use super::*;
use crate::{
    clock::Timestamp,
    console::{Fields, FormState, PageResult, Respond as _, page, see_other},
};

#[derive(Template)]
#[template(
    source = r#"{% extends "layout.html" %}{% import "parts.html" as parts %}{% block title %}t{% endblock %}
{% block content %}<h1>h</h1>{% call parts::refusal(shell, form) %}{% endcall %}{% call parts::text(shell, form, "name", "l", true) %}{% endcall %}{% endblock %}"#,
    ext = "html"
)]
struct Form {
    shell: Shell,
    form: FormState,
}

async fn show(visit: Visit) -> PageResult {
    page(StatusCode::OK, &Form { shell: visit.shell(), form: FormState::default() })
}

async fn send(visit: Visit, fields: Fields) -> PageResult {
    match fields.some("name") {
        Some(_) => Ok(see_other("/form").flash("保存しました")),
        None => {
            let form = FormState::refused(fields, Error::invalid_field("name", says::fields::empty()))?;
            page(form.status(), &Form { shell: visit.shell(), form })
        }
    }
}

fn app(secure: bool) -> ConsoleApp {
    let gone = || async { PageError(Error::not_found("DEVICE_NOT_FOUND", says::devices::device_unknown("x"))) };
    let closed =
        || async { PageError(Error::new(Kind::Unauthenticated, "SESSION_ENDED", says::access::session_ended())) };
    let broken = || async { PageError(Error::internal("the list could not be read", "disk on fire")) };
    let away = || async {
        let error = Error::new(Kind::Unavailable, "DATABASE_UNAVAILABLE", says::server::database_away());
        PageError(error.retry_after(Duration::from_secs(7)))
    };
    let pages = Router::new()
        .route("/form", get(show).post(send))
        .route("/devices", get(closed))
        .route("/gone", get(gone))
        .route("/broken", get(broken))
        .route("/away", get(away))
        .route("/bytes", post(|body: axum::body::Bytes| async move { body.len().to_string() }));
    let site = ConsoleSite { secure, public: None };
    let (_, stop) = watch::channel(false);
    let clock = Clock::manual(Timestamp(1_795_390_812_000_000));
    ConsoleApp::new(pages, site, clock, &Limits::default(), Arc::default(), stop)
}

async fn ask(app: &ConsoleApp, request: http::request::Builder, body: &str) -> (StatusCode, HeaderMap, String) {
    let request = request.body(Body::from(body.to_owned())).unwrap();
    let response = app.answer(request, IpAddr::V4(Ipv4Addr::LOCALHOST)).await;
    let (parts, body) = response.into_parts();
    let text = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
    (parts.status, parts.headers, text)
}

const COOKIE: &str = "gigafleet-visit=0123456789abcdef";

fn form_post(path: &str) -> http::request::Builder {
    Request::post(path)
        .header("cookie", COOKIE)
        .header("sec-fetch-site", "same-origin")
        .header("content-type", "application/x-www-form-urlencoded")
}

fn with_field(rest: &str) -> String {
    format!("csrf={}&{rest}", csrf::field_of("0123456789abcdef"))
}

#[tokio::test]
async fn every_answer_has_the_headers_and_pages_are_not_kept() {
    let app = app(false);
    for path in ["/form", "/gone", "/nowhere", "/broken", "/devices", "/icon.svg", assets::css_path()] {
        let (_, headers, _) = ask(&app, Request::get(path), "").await;
        assert!(headers["content-security-policy"].to_str().unwrap().starts_with("default-src 'none'"), "{path}");
        assert_eq!(headers["x-content-type-options"], "nosniff", "{path}");
        let kept = headers["cache-control"] != "no-store";
        assert_eq!(kept, path.contains(".css") || path.contains(".svg"), "{path}");
    }
    let (_, headers, _) = ask(&app, Request::get(assets::css_path()), "").await;
    assert!(headers["cache-control"].to_str().unwrap().contains("immutable"));
}

#[tokio::test]
async fn cookies_are_closed_to_script_and_over_tls_to_other_hosts() {
    let (_, headers, _) = ask(&app(false), Request::get("/form"), "").await;
    let cookie = headers["set-cookie"].to_str().unwrap();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax") && !cookie.contains("Secure"), "{cookie}");
    let (_, headers, _) = ask(&app(true), Request::get("/form"), "").await;
    let cookie = headers["set-cookie"].to_str().unwrap();
    assert!(cookie.starts_with("__Host-gigafleet-visit=") && cookie.contains("; Secure"), "{cookie}");
    assert!(headers.contains_key("strict-transport-security"));
}

#[tokio::test]
async fn forged_forms_are_refused_before_the_handler() {
    let app = app(false);
    let no_field = ask(&app, form_post("/form"), "name=x").await;
    let wrong_field = ask(&app, form_post("/form"), "name=x&csrf=00").await;
    let other_site = Request::post("/form").header("cookie", COOKIE).header("sec-fetch-site", "cross-site");
    let other_site = ask(&app, other_site, &with_field("name=x")).await;
    let upload =
        Request::post("/bytes").header("cookie", COOKIE).header("content-type", "multipart/form-data; boundary=b");
    let upload = ask(&app, upload, "--b\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nx\r\n--b--\r\n").await;
    for (status, _, text) in [no_field, wrong_field, other_site, upload] {
        assert_eq!(status, StatusCode::FORBIDDEN);
        assert!(text.contains("FORM_FORGED") && text.contains("lang=\"ja\""), "{text}");
    }
}

#[tokio::test]
async fn upload_with_the_field_first_arrives_whole() {
    let field = csrf::field_of("0123456789abcdef");
    let body = format!(
        "--b\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\n{field}\r\n--b\r\n\r\n{}\r\n--b--\r\n",
        "x".repeat(100_000)
    );
    let request = Request::post("/bytes").header("cookie", COOKIE);
    let request = request.header("content-type", "multipart/form-data; boundary=b");
    let (status, _, text) = ask(&app(false), request, &body).await;
    assert_eq!((status, text), (StatusCode::OK, body.len().to_string()));
}

#[tokio::test]
async fn post_redirects_and_says_so_once() {
    let app = app(false);
    let (status, headers, _) = ask(&app, form_post("/form"), &with_field("name=x")).await;
    assert_eq!((status, headers["location"].to_str().unwrap()), (StatusCode::SEE_OTHER, "/form"));
    let flash = headers["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let (_, headers, text) = ask(&app, Request::get("/form").header("cookie", format!("{COOKIE}; {flash}")), "").await;
    assert!(text.contains("保存しました"));
    assert!(headers["set-cookie"].to_str().unwrap().contains("Max-Age=0"));
}

#[tokio::test]
async fn refused_form_comes_back_with_message_beside_the_field() {
    let (status, _, text) = ask(&app(false), form_post("/form"), &with_field("name=")).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(text.contains("aria-describedby=\"wrong-name\"") && text.contains("入力してください"), "{text}");
}

#[tokio::test]
async fn faults_have_pages_in_both_languages_and_hide_their_cause() {
    let app = app(false);
    let english = |path| Request::get(path).header("cookie", "gigafleet-language=en");
    for (path, status, ja, en) in [
        ("/gone", 404, "ページが見つかりません", "Page not found"),
        ("/nowhere", 404, "ページが見つかりません", "Page not found"),
        ("/broken", 500, "エラーが発生しました", "Something went wrong"),
        ("/away", 503, "一時的に利用できません", "Not available"),
        ("/bytes", 405, "この方法では開けません", "cannot be opened"),
    ] {
        let (found, headers, text) = ask(&app, Request::get(path), "").await;
        assert_eq!(found, status, "{path}");
        assert!(text.contains("<html lang=\"ja\">") && text.contains(ja), "{path}: {text}");
        let (_, _, text) = ask(&app, english(path), "").await;
        assert!(text.contains("<html lang=\"en\">") && text.contains(en), "{path}: {text}");
        assert!(!text.contains("disk on fire"));
        assert_eq!(headers.contains_key("retry-after"), path == "/away");
    }
}

#[tokio::test]
async fn who_is_not_signed_in_is_sent_to_sign_in_and_back() {
    let (status, headers, _) = ask(&app(false), Request::get("/devices?q=%E5%BA%9C"), "").await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    assert_eq!(headers["location"], "/sign-in?next=%2Fdevices%3Fq%3D%25E5%25BA%259C");
}

#[tokio::test]
async fn address_of_a_form_leads_to_the_page_above_it() {
    let pages = Router::new()
        .route("/devices/{device}", get(show))
        .route("/devices/{device}/tags/{tag}/remove", post(send))
        .merge(app(false).routes);
    let app = ConsoleApp { routes: pages, ..app(false) };
    let (status, headers, _) = ask(&app, Request::get("/devices/7/tags/3/remove?x=1"), "").await;
    assert_eq!((status, headers["location"].to_str().unwrap()), (StatusCode::SEE_OTHER, "/devices/7"));
}

#[tokio::test]
async fn form_that_is_too_large_has_a_page() {
    let body = with_field(&format!("name={}", "x".repeat(FORM_BYTES)));
    let (status, _, text) = ask(&app(false), form_post("/form"), &body).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(text.contains("データが大きすぎます"), "{text}");
}

#[tokio::test]
async fn menu_leads_only_where_pages_are() {
    let app = app(false).with_menu().await.unwrap();
    assert_eq!(*app.menu, [NavEntry::Devices]);
}
