//! Codes of labels, links to reports, and how many reports are taken; pure.

use std::{collections::HashMap, fmt, net::IpAddr, time::Duration};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use ring::hmac;
use uuid::Uuid;

use crate::{
    access::rules::lockout::network,
    clock::Timestamp,
    devices::rules::DeviceId,
    schools::rules::MunicipalityId,
    tickets::rules::{CallerKind, Category, Impact, TicketId, Urgency},
};

/// Characters of a code: no I, L, O and U, which people misread. QR writes capitals and digits in 5.5 bits each.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Bytes of a label's number, and of the mark behind it. Both together are 16 characters. Who guesses needs a number that exists
/// and its mark: of a million labels, one try in 2^60 hits one.
const ID_BYTES: usize = 6;
const MARK_BYTES: usize = 4;
/// Characters of a code.
const CODE_CHARS: usize = (ID_BYTES + MARK_BYTES) * 8 / 5;
/// Bytes of the mark of a link, which is never printed and need not be short.
const LINK_MARK_BYTES: usize = 16;

/// Most characters of what a phone sends: a few sentences. It bounds the form to well below a second on a slow line.
pub const MOST_CHARS: usize = 500;
/// Characters of a text that stand in a ticket's subject.
const SUBJECT_CHARS: usize = 60;

/// From when on a report at a device comes in late, and up to when that is believed.
const LATE: Duration = Duration::from_secs(600);
const LATEST: Duration = Duration::from_secs(60 * 86_400);

/// A number of reports in a window that is the same for all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// So many are taken.
    pub reports: i64,
    /// In a window of this length.
    pub window: Duration,
}

/// With one label: a person needs one, and a second when the first was wrong. Held by the database, for all servers.
pub const PER_LABEL: Limit = Limit { reports: 5, window: Duration::from_secs(600) };
/// From one school with its labels, and once more with its devices: two classes that report at once, all of it. When more is wrong
/// than that, the people who work on it know from the first hundred. Held by the database, for all servers.
pub const PER_SCHOOL: Limit = Limit { reports: 100, window: Duration::from_secs(600) };
/// Of others who add to one report: a class, each once. Held by the database, for all servers.
pub const ALSO: Limit = Limit { reports: 40, window: Duration::from_secs(3_600) };
/// From one address: a whole town may stand behind one. Each server counts for itself, so that behind n servers at most n times
/// as many come through; the other two limits hold all the same.
pub const PER_ADDRESS: Limit = Limit { reports: 300, window: Duration::from_secs(600) };
/// Photos of one report: those of a form, and once more those of the form that came again. Held by the database, for all servers.
pub const PHOTOS: Limit = Limit { reports: 8, window: Duration::from_secs(600) };
/// Addresses that are remembered; the one whose window began first makes room.
const ADDRESSES: usize = 10_000;

impl Limit {
    /// When the window began in which a moment lies.
    pub fn window_at(self, now: Timestamp) -> Timestamp {
        let length = crate::clock::micros(self.window);
        Timestamp(now.0.div_euclid(length) * length)
    }

    /// How long it is until the next window.
    pub fn wait(self, now: Timestamp) -> Duration {
        self.window_at(now).after(self.window).since(now)
    }
}

/// Reports by address, in the memory of one server.
#[derive(Debug, Default)]
pub struct Reporters {
    seen: HashMap<IpAddr, (Timestamp, i64)>,
}

impl Reporters {
    /// Counts a report; how long its address must wait, where it is one too many.
    pub fn count(&mut self, address: IpAddr, now: Timestamp) -> Option<Duration> {
        let (address, window) = (network(address), PER_ADDRESS.window_at(now));
        if self.seen.len() >= ADDRESSES && !self.seen.contains_key(&address) {
            let oldest = self.seen.iter().min_by_key(|(_, (window, _))| *window).map(|(address, _)| *address);
            oldest.map(|address| self.seen.remove(&address));
        }
        let (at, count) = self.seen.entry(address).or_insert((window, 0));
        if *at != window {
            (*at, *count) = (window, 0);
        }
        if *count >= PER_ADDRESS.reports {
            return Some(PER_ADDRESS.wait(now));
        }
        *count += 1;
        None
    }
}

/// A label: a number of 48 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LabelId(i64);

impl LabelId {
    /// The label with this number.
    pub fn from_number(number: i64) -> Option<Self> {
        (0..1 << (8 * ID_BYTES)).contains(&number).then_some(Self(number))
    }

    /// Its number.
    pub fn number(self) -> i64 {
        self.0
    }

    /// A label out of random bytes.
    pub fn of_bytes(bytes: [u8; ID_BYTES]) -> Self {
        Self(bytes.iter().fold(0, |number, byte| number << 8 | i64::from(*byte)))
    }

    fn bytes(self) -> [u8; ID_BYTES] {
        self.0.to_be_bytes()[8 - ID_BYTES..].try_into().expect("48 bits are six bytes")
    }
}

/// In the audit log and where a person names a label: the number, without its mark.
impl fmt::Display for LabelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:012x}", self.0)
    }
}

/// Marks codes and links, so that nobody else can make one. All servers of a database have the same.
#[derive(Debug, Clone)]
pub struct LabelKey(hmac::Key);

impl LabelKey {
    /// Of a key for this use only.
    pub fn new(key: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key))
    }

    fn mark(&self, purpose: &str, parts: &[&[u8]]) -> [u8; 32] {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(purpose.as_bytes());
        context.update(&[0]);
        // All parts but the last have one length for each purpose, so that no two lists of them are the same bytes.
        parts.iter().for_each(|part| context.update(part));
        context.sign().as_ref().try_into().expect("SHA-256 has 32 bytes")
    }

    /// What stands on a label.
    pub fn code(&self, label: LabelId) -> String {
        let mark = self.mark("label", &[&label.bytes()]);
        let bits =
            label.bytes().iter().chain(&mark[..MARK_BYTES]).fold(0_u128, |bits, byte| bits << 8 | u128::from(*byte));
        let letter = |place: usize| ALPHABET[usize::try_from(bits >> (5 * place) & 31).expect("five bits")];
        (0..CODE_CHARS).rev().map(|place| char::from(letter(place))).collect()
    }

    /// The label of a code; none for one that this key did not make. Small letters and dashes are as good, since some people type.
    pub fn label(&self, code: &str) -> Option<LabelId> {
        let (mut bits, mut count) = (0_u128, 0);
        for letter in code.bytes().filter(|letter| !matches!(letter, b'-' | b' ')) {
            let plain = match letter.to_ascii_uppercase() {
                b'O' => b'0',
                b'I' | b'L' => b'1',
                plain => plain,
            };
            let value = ALPHABET.iter().position(|one| *one == plain)?;
            count += 1;
            if count > CODE_CHARS {
                return None;
            }
            bits = bits << 5 | u128::try_from(value).ok()?;
        }
        let number = i64::try_from(bits >> (8 * MARK_BYTES)).ok()?;
        let label = LabelId::from_number(number).filter(|_| count == CODE_CHARS)?;
        let mark = self.mark("label", &[&label.bytes()]);
        let given = u32::try_from(bits & u128::from(u32::MAX)).ok()?.to_be_bytes();
        same(&given, &mark[..MARK_BYTES]).then_some(label)
    }

    /// The ticket that a form makes: a repeat makes the same, and who chooses the form's id reaches no ticket of others with it.
    pub fn ticket(&self, label: LabelId, form: Uuid) -> TicketId {
        let mark = self.mark("ticket", &[&label.bytes(), form.as_bytes()]);
        TicketId(uuid::Builder::from_custom_bytes(mark[..16].try_into().expect("16 of 32 bytes")).into_uuid())
    }

    /// The ticket that a report at a device makes, in the same way.
    pub fn ticket_of_device(&self, device: DeviceId, report: Uuid) -> TicketId {
        let mark = self.mark("ticket of a device", &[device.0.as_bytes(), report.as_bytes()]);
        TicketId(uuid::Builder::from_custom_bytes(mark[..16].try_into().expect("16 of 32 bytes")).into_uuid())
    }

    /// The last part of the address where a report is followed.
    pub fn link(&self, owner: MunicipalityId, ticket: TicketId) -> String {
        let mark = self.mark("link", &[owner.0.as_bytes(), ticket.0.as_bytes()]);
        BASE64_URL_SAFE_NO_PAD.encode([owner.0.as_bytes(), ticket.0.as_bytes(), &mark[..LINK_MARK_BYTES]].concat())
    }

    /// The ticket of a link; none for one that this key did not make.
    pub fn followed(&self, link: &str) -> Option<(MunicipalityId, TicketId)> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(link).ok().filter(|bytes| bytes.len() == 32 + LINK_MARK_BYTES)?;
        let uuid = |from: usize| Uuid::from_slice(&bytes[from..from + 16]).ok();
        let (owner, ticket) = (MunicipalityId(uuid(0)?), TicketId(uuid(16)?));
        let mark = self.mark("link", &[owner.0.as_bytes(), ticket.0.as_bytes()]);
        same(&bytes[32..], &mark[..LINK_MARK_BYTES]).then_some((owner, ticket))
    }
}

/// Compares without telling by time how much was right.
fn same(given: &[u8], right: &[u8]) -> bool {
    given.len() == right.len() && given.iter().zip(right).fold(0, |all, (a, b)| all | (a ^ b)) == 0
}

/// Categories that the form shows, the frequent ones first. Wishes of staff are for the console.
pub const SHOWN: [Category; 10] = [
    Category::Wifi,
    Category::Slow,
    Category::Screen,
    Category::NoStart,
    Category::Battery,
    Category::Keyboard,
    Category::Peripheral,
    Category::SignIn,
    Category::App,
    Category::Other,
];

/// What is chosen and typed on a phone or at a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// The form that was filled, so that it counts once.
    pub form: Uuid,
    /// What it is about.
    pub category: Category,
    /// Who reports.
    pub caller: CallerKind,
    /// Whether a lesson stands still.
    pub lesson_stopped: bool,
    /// In their own words; may be empty.
    pub text: String,
}

impl Said {
    /// In one line, for the queue: the beginning of what was written, else what was chosen. In Japanese, as staff read it.
    pub fn subject(&self) -> String {
        let line = self.text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default().trim();
        if line.is_empty() {
            return self.category.label().ja.into_owned();
        }
        let short: String = line.chars().take(SUBJECT_CHARS).collect();
        if short.len() < line.len() { format!("{short}…") } else { short }
    }

    /// What happened.
    pub fn body(&self) -> String {
        if self.text.is_empty() { self.category.label().ja.into_owned() } else { self.text.clone() }
    }

    /// What is added to a report that is there already. In Japanese, as staff read it.
    pub fn more(&self) -> String {
        if self.text.is_empty() { String::from("同じことで困っています。") } else { self.text.clone() }
    }

    /// What happened, and how long ago it was written where it comes in late: in Japanese, as staff read it. A delay that no battery
    /// survives says that the device's clock was set.
    pub fn body_after(&self, delay: Duration) -> String {
        if !(LATE..=LATEST).contains(&delay) {
            return self.body();
        }
        let minutes = delay.as_secs() / 60;
        let ago = match minutes {
            0..120 => format!("約{minutes}分"),
            120..2_880 => format!("約{}時間", minutes / 60),
            _ => format!("約{}日", minutes / 1_440),
        };
        format!("{}\n(端末で{ago}前に書かれ、いま届きました)", self.body())
    }

    /// Whom it concerns, as far as a form can know: a teacher whose lesson stands still speaks for the class.
    pub fn impact(&self) -> Impact {
        if self.lesson_stopped && self.caller == CallerKind::Teacher { Impact::OneClass } else { Impact::OnePupil }
    }

    /// How long it can wait.
    pub fn urgency(&self) -> Urgency {
        if self.lesson_stopped { Urgency::LessonStopped } else { Urgency::ThisWeek }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key() -> LabelKey {
        LabelKey::new(&[7; 32])
    }

    fn said(text: &str) -> Said {
        Said {
            form: Uuid::nil(),
            category: Category::Screen,
            caller: CallerKind::Pupil,
            lesson_stopped: false,
            text: text.to_owned(),
        }
    }

    proptest! {
        #[test]
        fn a_code_leads_to_its_label_and_an_altered_one_nowhere(number in 0_i64..1 << 48, place in 0_usize..16, letter in 0_usize..32) {
            let label = LabelId::from_number(number).unwrap();
            let code = key().code(label);
            prop_assert_eq!(code.len(), 16);
            prop_assert_eq!(key().label(&code), Some(label));
            prop_assert_eq!(key().label(&code.to_lowercase()), Some(label));
            prop_assert_eq!(LabelKey::new(&[8; 32]).label(&code), None);
            let mut other = code.clone().into_bytes();
            other[place] = ALPHABET[letter];
            let other = String::from_utf8(other).unwrap();
            prop_assert_eq!(key().label(&other).is_some(), other == code);
        }

        #[test]
        fn whatever_is_typed_as_a_code_is_read_without_a_fault(code in ".{0,40}") {
            let _label = key().label(&code);
            let _followed = key().followed(&code);
        }
    }

    #[test]
    fn codes_may_be_typed_by_people() {
        let label = LabelId::from_number(0).unwrap();
        let code = key().code(label);
        assert!(code.starts_with("000"), "{code}");
        let typed = format!("ooo{}-{}", &code[3..8], &code[8..]);
        assert_eq!(key().label(&typed), Some(label));
        assert_eq!(key().label(&format!("{code}0")), None);
        assert_eq!(key().label(""), None);
    }

    #[test]
    fn a_link_leads_to_one_ticket_only() {
        let (owner, ticket) = (MunicipalityId(Uuid::now_v7()), TicketId(Uuid::now_v7()));
        let link = key().link(owner, ticket);
        assert_eq!((link.len(), key().followed(&link)), (64, Some((owner, ticket))));
        let other = key().link(owner, TicketId(Uuid::now_v7()));
        assert_eq!(key().followed(&format!("{}{}", &other[..42], &link[42..])), None);
        assert_eq!(key().followed("x"), None);
    }

    #[test]
    fn a_form_makes_one_ticket_and_none_of_another_label() {
        let (one, two) = (LabelId::from_number(1).unwrap(), LabelId::from_number(2).unwrap());
        let form = Uuid::now_v7();
        assert_eq!(key().ticket(one, form), key().ticket(one, form));
        assert_ne!(key().ticket(one, form), key().ticket(two, form));
    }

    #[test]
    fn a_report_at_a_device_is_none_of_a_label_and_none_of_another_device() {
        let (report, device) = (Uuid::now_v7(), DeviceId(Uuid::now_v7()));
        let ticket = key().ticket_of_device(device, report);
        assert_eq!(ticket, key().ticket_of_device(device, report));
        assert_ne!(ticket, key().ticket_of_device(DeviceId(Uuid::now_v7()), report));
        assert_ne!(ticket, key().ticket_of_device(device, Uuid::now_v7()));
    }

    #[test]
    fn what_comes_in_late_says_so_where_the_delay_can_be() {
        let after = |minutes: u64| said("動かない").body_after(Duration::from_secs(60 * minutes));
        for minutes in [0, 9, 60 * 24 * 61] {
            assert_eq!(after(minutes), "動かない");
        }
        assert_eq!(after(45), "動かない\n(端末で約45分前に書かれ、いま届きました)");
        assert!(after(180).contains("約3時間前") && after(60 * 72).contains("約3日前"));
    }

    #[test]
    fn an_address_waits_for_the_next_window_and_others_do_not() {
        let mut reporters = Reporters::default();
        let now = Timestamp(1_795_489_200_000_000);
        let (one, two) = ("192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap());
        for _ in 0..PER_ADDRESS.reports {
            assert_eq!(reporters.count(one, now), None);
        }
        assert_eq!(reporters.count(one, now), Some(PER_ADDRESS.window));
        assert_eq!(reporters.count(two, now), None);
        assert_eq!(reporters.count(one, now.after(PER_ADDRESS.window)), None);
    }

    #[test]
    fn the_subject_is_the_first_line_or_what_was_chosen() {
        assert_eq!(said("").subject(), "画面割れ・液晶");
        assert_eq!(said("\n  線が出る \n二行目").subject(), "線が出る");
        assert_eq!(said(&"あ".repeat(61)).subject(), format!("{}…", "あ".repeat(60)));
        assert_eq!((said("").urgency(), said("").impact()), (Urgency::ThisWeek, Impact::OnePupil));
        let stopped = Said { lesson_stopped: true, caller: CallerKind::Teacher, ..said("") };
        assert_eq!((stopped.urgency(), stopped.impact()), (Urgency::LessonStopped, Impact::OneClass));
    }
}
