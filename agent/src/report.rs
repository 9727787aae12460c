//! What whoever sits at the device says is wrong: kept first, then sent at once if the server can be reached, else by the running
//! agent later. Answers are Japanese and English: people at schools read them, not operators.

use std::{fmt::Write as _, path::Path, sync::Arc, time::Duration};

use gigafleet_agent::{
    engine::{Failure, FailureKind, Now},
    identity::{Identity, read_address, read_identity},
    platform::{Platform as _, linux::Linux},
    runtime::{StartError, trust_of},
    spool::read_memory,
    transport::{
        Connector, KnownAddress, Protocol,
        tls::{ServerTrust, TimeKnowledge},
    },
    trouble::{Fate, Outbox, Trouble, fate, hand_in},
};
use gigafleet_proto::v1::{ReportTroubleRequest, ReportTroubleResponse, TicketState, TroubleOutcome};

/// How long somebody waits at the device; after that the running agent goes on trying.
const PATIENCE: Duration = Duration::from_secs(12);

/// The server, as it is called from this folder.
struct Line {
    connector: Connector,
    now: Now,
}

impl Line {
    fn open(state: &Path, identity: &Identity) -> Result<Self, StartError> {
        let time = TimeKnowledge::new(read_memory(state).server_time_ms);
        let trust: Arc<ServerTrust> = trust_of(identity, time)?;
        let known = KnownAddress::new(read_address(state));
        let connector = Connector::for_identity(identity, &trust)?.knowing(known);
        Ok(Self { connector, now: Linux::new().now() })
    }

    async fn hand_in(&self, request: ReportTroubleRequest) -> Result<ReportTroubleResponse, Failure> {
        hand_in(&self.connector, Protocol::Http2, PATIENCE, request, self.now).await
    }
}

/// Reports trouble; gives what to tell.
pub(crate) async fn report(state: &Path, trouble: Trouble) -> Result<String, Box<dyn std::error::Error>> {
    let identity = read_identity(state)?.ok_or(StartError::NotEnrolled)?;
    let line = Line::open(state, &identity)?;
    let outbox = Outbox::of(state);
    let waiting = outbox.put(trouble, line.now.wall_ms)?;
    match line.hand_in(waiting.request.clone()).await {
        Ok(answer) => {
            match answer.outcome() {
                // Whoever reported reads it now; there is nothing to ask about later.
                TroubleOutcome::Known => outbox.give_up(&waiting),
                TroubleOutcome::Made
                | TroubleOutcome::Repeated
                | TroubleOutcome::Unknown
                | TroubleOutcome::Unspecified => {
                    outbox.sent(&waiting);
                }
            }
            Ok(told(&answer))
        }
        Err(failure) if fate(failure.kind) == Fate::Drop => {
            outbox.give_up(&waiting);
            Err(failure.message.into())
        }
        Err(failure) => Ok(kept(&failure)),
    }
}

/// Tells how the last reports of this device stand, and how many wait.
pub(crate) async fn standing(state: &Path) -> Result<String, Box<dyn std::error::Error>> {
    let identity = read_identity(state)?.ok_or(StartError::NotEnrolled)?;
    let line = Line::open(state, &identity)?;
    let outbox = Outbox::of(state);
    let mut text = String::new();
    match outbox.depth() {
        0 => {}
        count => {
            let _ = writeln!(text, "送信待ち {count} 件 / {count} wait to be sent");
        }
    }
    text.push_str(&stand(outbox.last_sent(), async |request: ReportTroubleRequest| line.hand_in(request).await).await);
    if text.is_empty() {
        text.push_str("連絡はありません / nothing was reported\n");
    }
    Ok(text)
}

/// How reports stand that the server has, asked one by one up to the first for which it can not be reached: whoever sits there would wait
/// as long for each of the others.
async fn stand(
    sent: Vec<ReportTroubleRequest>,
    ask: impl AsyncFn(ReportTroubleRequest) -> Result<ReportTroubleResponse, Failure>,
) -> String {
    let mut text = String::new();
    for request in sent {
        let first = request.text.lines().next().unwrap_or_default().to_owned();
        match ask(ReportTroubleRequest { only_asked: true, ..request }).await {
            Ok(answer) => {
                let _ = write!(text, "「{first}」 {}", told(&answer));
            }
            Err(failure) => {
                let _ = writeln!(text, "「{first}」 {}", failure.message);
                if matches!(failure.kind, FailureKind::Unreachable | FailureKind::Handshake) {
                    break;
                }
            }
        }
    }
    text
}

fn kept(failure: &Failure) -> String {
    format!(
        "保存しました。通信できるようになったら自動で送ります。\n\
         Kept. It is sent by itself as soon as the server can be reached ({}).\n",
        failure.message
    )
}

fn told(answer: &ReportTroubleResponse) -> String {
    let number = answer.ticket_number;
    match answer.outcome() {
        TroubleOutcome::Known => {
            let (minutes, also) = (answer.known_minutes, answer.also_count);
            format!(
                "この学校で約{minutes}分前から起きている不具合として、すでに分かっています(同じ知らせ {also} 件)。ほかのことなら --anyway を付けて送ってください。\n\
                 Trouble of this school is known since {minutes} minutes ago ({also} have it too), so no ticket was made. For something else, report it with --anyway.\n"
            )
        }
        TroubleOutcome::Unknown => String::from(
            "サーバーに、この連絡の記録がありません。まだ困っていたら、もう一度送ってください。\n\
             The server has no such report. Where it is still so, report it again.\n",
        ),
        TroubleOutcome::Made => {
            format!("受け付けました。番号 {number} / Reported, number {number}\n{}\n", answer.follow_url)
        }
        TroubleOutcome::Repeated | TroubleOutcome::Unspecified => {
            let (ja, en) = match answer.state() {
                TicketState::New | TicketState::Unspecified => ("未対応", "new"),
                TicketState::Triaged => ("受付済み", "triaged"),
                TicketState::InProgress => ("対応中", "in progress"),
                TicketState::Waiting if answer.is_asked => ("質問があります", "you are asked something"),
                TicketState::Waiting => ("待ち", "waiting"),
                TicketState::Resolved => ("解決済み", "resolved"),
                TicketState::Closed => ("完了", "closed"),
            };
            format!("番号 {number} {ja} / number {number}, {en}\n{}\n", answer.follow_url)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    fn sent(text: &str) -> ReportTroubleRequest {
        ReportTroubleRequest { text: text.to_owned(), ..ReportTroubleRequest::default() }
    }

    fn failure(kind: FailureKind) -> Failure {
        Failure { kind, retry_after_ms: None, message: String::from("no way") }
    }

    #[tokio::test]
    async fn who_asks_how_reports_stand_only_asks() {
        let answer = ReportTroubleResponse { outcome: TroubleOutcome::Unknown.into(), ..Default::default() };
        let asked = RefCell::new(Vec::new());
        let text = stand(vec![sent("画面\n右下"), sent("音")], async |request: ReportTroubleRequest| {
            asked.borrow_mut().push((request.text, request.only_asked));
            Ok(answer.clone())
        })
        .await;
        let asked: Vec<_> = asked.into_inner();
        assert_eq!(asked, [(String::from("画面\n右下"), true), (String::from("音"), true)]);
        assert!(text.contains("「画面」 サーバーに、この連絡の記録がありません"), "{text}");
    }

    #[tokio::test]
    async fn nobody_waits_for_each_report_where_the_server_is_away() {
        for (kind, asked_for) in [(FailureKind::Unreachable, 1), (FailureKind::Handshake, 1), (FailureKind::Busy, 3)] {
            let asked = RefCell::new(0);
            let text = stand(vec![sent("一"), sent("二"), sent("三")], async |_: ReportTroubleRequest| {
                *asked.borrow_mut() += 1;
                Err(failure(kind))
            })
            .await;
            assert_eq!(asked.into_inner(), asked_for, "{kind:?}");
            assert_eq!(text.lines().count(), asked_for, "{text}");
        }
    }

    #[test]
    fn each_answer_tells_what_to_do_next() {
        let answer = |outcome: TroubleOutcome| ReportTroubleResponse {
            outcome: outcome.into(),
            ticket_number: 12,
            state: TicketState::Waiting.into(),
            is_asked: true,
            follow_url: String::from("http://console/report/x"),
            known_minutes: 25,
            also_count: 3,
        };
        assert!(told(&answer(TroubleOutcome::Made)).contains("番号 12"));
        assert!(told(&answer(TroubleOutcome::Repeated)).contains("質問があります"));
        let known = told(&answer(TroubleOutcome::Known));
        assert!(known.contains("同じ知らせ 3 件"), "{known}");
        assert!(known.contains("約25分前") && known.contains("--anyway") && !known.contains("http"), "{known}");
        assert!(kept(&failure(FailureKind::Unreachable)).contains("自動で送ります"));
    }

    #[tokio::test]
    async fn nothing_is_kept_where_no_device_is_enrolled() {
        let state = tempfile::tempdir().expect("a temporary folder");
        let trouble = Trouble { text: String::from("x"), ..Trouble::default() };
        let refused = report(state.path(), trouble).await.expect_err("it is refused");
        assert!(refused.to_string().contains("not enrolled"), "{refused}");
        assert_eq!(Outbox::of(state.path()).depth(), 0);
    }
}
