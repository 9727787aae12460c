//! What is kept, what is refused, what is given up.

use std::os::unix::fs::PermissionsExt as _;

use proptest::prelude::*;

use super::*;

fn trouble(text: &str) -> Trouble {
    Trouble { text: text.to_owned(), ..Trouble::default() }
}

fn outbox() -> (tempfile::TempDir, Outbox) {
    let state = tempfile::tempdir().unwrap();
    let outbox = Outbox::of(state.path());
    (state, outbox)
}

#[test]
fn reports_wait_in_the_order_in_which_they_were_written_until_they_are_sent() {
    let (_state, outbox) = outbox();
    assert!(outbox.oldest().is_none() && outbox.last_sent().is_empty(), "a folder that is missing has none");
    for (wall_ms, text) in [(2_000, "second"), (1_000, "first"), (3_000, "third")] {
        outbox.put(trouble(text), wall_ms).unwrap();
    }
    let mut order = Vec::new();
    while let Some(waiting) = outbox.oldest() {
        order.push(waiting.request.text.clone());
        outbox.sent(&waiting);
    }
    assert_eq!(order, ["first", "second", "third"]);
    let sent: Vec<_> = outbox.last_sent().into_iter().map(|request| request.text).collect();
    assert_eq!((sent.as_slice(), outbox.depth()), (&order[..], 0));
}

#[test]
fn report_is_read_as_it_was_written_and_closed_to_others() {
    let (_state, outbox) = outbox();
    let said = Trouble {
        text: String::from("  画面がつかない\n"),
        category: Some(TicketCategory::NoStart),
        by_teacher: true,
        lesson_stopped: true,
        ticket_wanted: true,
    };
    let put = outbox.put(said, 1_795_420_800_000).unwrap();
    let (request, path) = (put.request.clone(), put.path.clone());
    assert!(outbox.oldest().is_none(), "whoever wrote it is about to send it");
    drop(put);
    let next = outbox.oldest().unwrap();
    assert_eq!(next.request, request);
    assert_eq!((request.text.as_str(), request.report_id[6] >> 4), ("画面がつかない", 7));
    assert_eq!((request.category(), request.caller_kind()), (TicketCategory::NoStart, TicketCallerKind::Teacher));
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
}

#[test]
fn text_that_the_form_would_not_take_is_not_kept() {
    let (_state, outbox) = outbox();
    assert!(matches!(outbox.put(trouble(" \n"), 1), Err(TroubleError::Empty)));
    let long = "あ".repeat(TEXT_CHARS_MAX + 1);
    assert!(matches!(outbox.put(trouble(&long), 1), Err(TroubleError::TooLong(501))));
    assert_eq!(outbox.depth(), 0);
    outbox.put(trouble(&"あ".repeat(TEXT_CHARS_MAX)), 1).unwrap();
}

#[test]
fn so_many_reports_wait_and_no_more_and_no_more_bytes() {
    let (_state, outbox) = outbox();
    for wall_ms in 0..REPORTS_MAX as u64 {
        outbox.put(trouble("short"), wall_ms).unwrap();
    }
    let full = outbox.put(trouble("one more"), 99).unwrap_err();
    assert!(full.to_string().contains("32 reports wait"), "{full}");
    let first = outbox.oldest().unwrap();
    outbox.sent(&first);
    drop(outbox.put(trouble("one more"), 99).unwrap());

    let (_other_state, outbox) = self::outbox();
    let mut kept = 0;
    while outbox.put(trouble(&"𠮷".repeat(TEXT_CHARS_MAX)), kept).is_ok() {
        kept += 1;
    }
    assert!((8..REPORTS_MAX as u64).contains(&kept), "{kept} reports of 2 kB");
}

#[test]
fn what_was_sent_last_stays_to_be_asked_about() {
    let (_state, outbox) = outbox();
    for wall_ms in 0..SENT_MAX as u64 + 3 {
        let put = outbox.put(trouble(&wall_ms.to_string()), wall_ms).unwrap();
        outbox.sent(&put);
    }
    let sent = outbox.last_sent();
    assert_eq!((sent.len(), sent[0].text.as_str()), (SENT_MAX, "3"));
}

#[test]
fn only_what_the_server_refuses_for_ever_is_given_up() {
    let (_state, outbox) = outbox();
    drop(outbox.put(trouble("x"), 1).unwrap());
    for kind in [FailureKind::Unreachable, FailureKind::Refused, FailureKind::Busy, FailureKind::Other] {
        assert_eq!(fate(kind), Fate::Keep, "{kind:?}");
    }
    assert_eq!(fate(FailureKind::Invalid), Fate::Drop);
    let waiting = outbox.oldest().unwrap();
    outbox.give_up(&waiting);
    assert!(outbox.oldest().is_none() && outbox.last_sent().is_empty());
}

proptest! {
    /// A power loss leaves no half of a report, but a broken disk may.
    #[test]
    fn damaged_file_stops_no_report_behind_it(damage in prop::collection::vec(any::<u8>(), 0..64)) {
        let (state, outbox) = outbox();
        drop(outbox.put(trouble("whole"), 1_000).unwrap());
        let path = state.path().join(FOLDER).join(format!("{}.{WAITING}", "0".repeat(ID_CHARS)));
        fs::write(&path, &damage).unwrap();
        let mut read = Vec::new();
        while let Some(waiting) = outbox.oldest() {
            read.push(waiting.request.text.clone());
            outbox.give_up(&waiting);
        }
        prop_assert_eq!(read.last().map(String::as_str), Some("whole"));
        prop_assert!(!path.exists());
    }
}
