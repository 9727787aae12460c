//! Questions against small resolvers on this machine, and answers that are none.

use std::sync::Arc;

use super::*;

/// What a resolver does with a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Resolver {
    Answers(IpAddr),
    /// Only one name exists.
    Knows(&'static str, IpAddr),
    Refuses(u8),
    Silent,
    /// Every second question is lost on the way.
    Loses(IpAddr),
    /// Answers with other people's answers first.
    Confuses(IpAddr),
}

const BOTH: [RecordType; 2] = [RecordType::A, RecordType::Aaaa];
const LIMIT: Duration = Duration::from_millis(400);
const HERE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7));

fn answer(question: &[u8], code: u8, address: Option<IpAddr>) -> Vec<u8> {
    let mut bytes = question.to_vec();
    bytes[2] |= 0x80;
    bytes[3] = code;
    let wanted = question[question.len() - 3];
    let data = match address {
        Some(IpAddr::V4(address)) if wanted == 1 => address.octets().to_vec(),
        Some(IpAddr::V6(address)) if wanted == 28 => address.octets().to_vec(),
        _ => return bytes,
    };
    // An alias first, as content networks have it.
    bytes[7] = 2;
    bytes.extend([0xc0, 12, 0, 5, 0, 1, 0, 0, 0, 60, 0, 2, 0xc0, 12]);
    bytes.extend([0xc0, 12, 0, wanted, 0, 1, 0, 0, 0, 60, 0, data.len() as u8]);
    bytes.extend(data);
    bytes
}

/// Starts a resolver and gives its address.
pub(crate) async fn resolver(behaviour: Resolver) -> SocketAddr {
    let socket = Arc::new(UdpSocket::bind("127.0.0.1:0").await.unwrap());
    let address = socket.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut buffer, mut count) = ([0; 512], 0);
        while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
            let question = &buffer[..length];
            count += 1;
            let answers = match behaviour {
                Resolver::Answers(address) => vec![answer(question, 0, Some(address))],
                Resolver::Knows(name, address) => {
                    let known = super::question(0, name, RecordType::A).unwrap();
                    let is_known = question[12..question.len() - 4] == known[12..known.len() - 4];
                    let code = if is_known { 0 } else { 3 };
                    vec![answer(question, code, Some(address).filter(|_| is_known))]
                }
                Resolver::Refuses(code) => vec![answer(question, code, None)],
                Resolver::Silent => Vec::new(),
                Resolver::Loses(_) if count % 2 == 1 => Vec::new(),
                Resolver::Loses(address) => vec![answer(question, 0, Some(address))],
                Resolver::Confuses(address) => {
                    let mut other = answer(question, 3, None);
                    other[0] ^= 0xff;
                    let strange = super::question(0, "other.example", RecordType::A).unwrap();
                    vec![other, answer(&strange, 3, None), vec![0; 5], answer(question, 0, Some(address))]
                }
            };
            for answer in answers {
                socket.send_to(&answer, from).await.unwrap();
            }
        }
    });
    address
}

async fn names(resolvers: &[Resolver]) -> Names {
    let mut names = Names::default();
    for behaviour in resolvers {
        names.resolvers.push(resolver(*behaviour).await);
    }
    names
}

#[tokio::test]
async fn what_a_resolver_says_is_told_apart() {
    for (behaviour, expected) in [
        (Resolver::Answers(HERE), Ok(vec![HERE])),
        (Resolver::Answers("2001:db8::7".parse().unwrap()), Ok(vec!["2001:db8::7".parse().unwrap()])),
        (Resolver::Confuses(HERE), Ok(vec![HERE])),
        (Resolver::Refuses(3), Err(CheckError::NameUnknown)),
        (Resolver::Refuses(2), Err(CheckError::ResolverFailed)),
        (Resolver::Refuses(5), Err(CheckError::ResolverFailed)),
        (Resolver::Refuses(0), Err(CheckError::NameUnknown)),
        (Resolver::Silent, Err(CheckError::Timeout)),
    ] {
        let answer = names(&[behaviour]).await.resolve("fleet.example", BOTH, LIMIT).await;
        assert_eq!(answer, expected, "{behaviour:?}");
    }
}

#[tokio::test]
async fn nobody_at_the_resolvers_address_is_refused_and_not_waited_for() {
    let closed = UdpSocket::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let names = Names { resolvers: vec![closed], ..Names::default() };
    let begun = Instant::now();
    assert_eq!(names.resolve("fleet.example", BOTH, LIMIT).await, Err(CheckError::Refused));
    assert!(begun.elapsed() < LIMIT);
}

#[tokio::test]
async fn second_resolver_is_asked_where_the_first_does_not_help() {
    for first in [Resolver::Silent, Resolver::Refuses(2)] {
        let answer = names(&[first, Resolver::Answers(HERE)]).await.resolve("fleet.example", BOTH, LIMIT).await;
        assert_eq!(answer, Ok(vec![HERE]), "{first:?}");
    }
    let told = names(&[Resolver::Refuses(3), Resolver::Answers(HERE)]).await;
    let answer = told.resolve("fleet.example", BOTH, LIMIT).await;
    assert_eq!(answer, Err(CheckError::NameUnknown), "that a name does not exist is an answer");
    let silent = names(&[Resolver::Silent, Resolver::Silent, Resolver::Silent]).await;
    let begun = Instant::now();
    assert_eq!(silent.resolve("fleet.example", BOTH, LIMIT).await, Err(CheckError::Timeout));
    assert!(begun.elapsed() < LIMIT * 2, "the limit is for all of them together");
}

#[tokio::test]
async fn question_that_is_lost_on_the_way_is_asked_again() {
    let names = names(&[Resolver::Loses(HERE)]).await;
    assert_eq!(names.resolve("fleet.example", BOTH, ASK_AGAIN * 3).await, Ok(vec![HERE]));
}

#[tokio::test]
async fn short_name_is_looked_for_in_the_domains_of_the_network() {
    let at = resolver(Resolver::Knows("fleet.city.example", HERE)).await;
    let names = Names::parse(&format!("search city.example.\nnameserver {at}\n"), String::new());
    assert_eq!(names.resolve("fleet", BOTH, LIMIT).await, Ok(vec![HERE]));
    for whole in ["fleet.", "fleet.other"] {
        assert_eq!(names.resolve(whole, BOTH, LIMIT).await, Err(CheckError::NameUnknown));
    }
}

#[test]
fn files_of_the_system_are_read() {
    let conf = "# made by hand\nnameserver 10.0.0.1\nnameserver fe80::1%eth0\nnameserver 2001:db8::1\noptions ndots:1\n\
                nameserver 10.0.0.2\nnameserver 10.0.0.3\n";
    let hosts = "127.0.0.1 localhost\n10.1.1.1 Fleet.Example fleet # old\n::1 localhost\n";
    let names = Names::parse(conf, hosts.to_owned());
    let resolvers: Vec<_> = names.resolvers.iter().map(ToString::to_string).collect();
    assert_eq!(resolvers, ["10.0.0.1:53", "[2001:db8::1]:53", "10.0.0.2:53"]);
    assert_eq!(names.of_hosts("fleet.example"), ["10.1.1.1".parse::<IpAddr>().unwrap()]);
    assert_eq!(names.of_hosts("localhost").len(), 2);
    assert!(names.of_hosts("old").is_empty());
    assert_eq!(Names::parse("", String::new()).resolvers, [SocketAddr::from((Ipv4Addr::LOCALHOST, 53))]);
}

#[test]
fn names_that_can_not_be_asked_for_are_none() {
    let long = format!("{}.example", "a".repeat(64));
    for name in ["", "a..b", ".", "学校.example", &long, &vec!["abcdefg"; 40].join(".")] {
        assert_eq!(question(1, name, RecordType::A), None, "{name:?}");
    }
    assert!(question(1, "s.example", RecordType::Aaaa).is_some());
}

proptest::proptest! {
    #[test]
    fn any_datagram_is_survived(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..600)) {
        let question = question(0x0102, "s.example", RecordType::A).unwrap();
        let _ = read_answer(&question, &bytes);
        // The same, behind a header and a question that are right.
        let mut answer = answer(&question, 0, None);
        (answer[6], answer[7]) = (0xff, 0xff);
        answer.extend(bytes);
        let addresses = read_answer(&question, &answer).unwrap().unwrap();
        proptest::prop_assert!(addresses.len() <= ADDRESSES_MAX);
    }
}
