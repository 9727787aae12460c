//! The invented municipalities and schools of the demo. Their codes have valid check digits and belong to nobody: no
//! municipality of 都道府県 13 has the numbers 901 to 903.

use gigafleet_proto::v1;

use crate::{
    cli::{
        client::{Client, answer, promised},
        failure::Result,
    },
    schools::rules::{MunicipalityId, SchoolId, parse_uuid},
};

/// How long the tokens of the demo are good, in seconds; a demo that runs longer has enrolled long before.
const TOKEN_SECONDS: u64 = 86_400;

/// A municipality of the demo with its schools.
#[derive(Debug)]
pub(super) struct InventedMunicipality {
    code: &'static str,
    pub(super) name: &'static str,
    schools: &'static [InventedSchool],
}

#[derive(Debug)]
struct InventedSchool {
    code: &'static str,
    name: &'static str,
    /// Share of the devices, in parts of all shares together.
    share: usize,
}

const fn school(code: &'static str, name: &'static str, share: usize) -> InventedSchool {
    InventedSchool { code, name, share }
}

/// All of them.
pub(super) const MUNICIPALITIES: [InventedMunicipality; 3] = [
    InventedMunicipality {
        code: "139017",
        name: "若葉野市",
        schools: &[
            school("B113299900018", "若葉野市立第一小学校", 4),
            school("B113299900027", "若葉野市立第二小学校", 3),
            school("B113299900036", "若葉野市立けやき小学校", 2),
            school("C113299900016", "若葉野市立若葉野中学校", 4),
        ],
    },
    InventedMunicipality {
        code: "139025",
        name: "潮見台市",
        schools: &[
            school("B113299900045", "潮見台市立みなと小学校", 4),
            school("B113299900054", "潮見台市立灯台前小学校", 3),
            school("C113299900025", "潮見台市立潮見台中学校", 4),
        ],
    },
    InventedMunicipality {
        code: "139033",
        name: "雲取原町",
        schools: &[
            school("B113299900063", "雲取原町立原小学校", 3),
            school("B113299900072", "雲取原町立こだま分校", 1),
            school("C113299900034", "雲取原町立雲取原中学校", 2),
        ],
    },
];

/// A school that exists on the server now, with a token for its devices.
#[derive(Debug)]
pub(super) struct Place {
    /// The school's name.
    pub(super) name: &'static str,
    /// Its owner.
    pub(super) municipality: MunicipalityId,
    /// The school.
    pub(super) school: SchoolId,
    /// Secret that devices enrol with.
    pub(super) token: String,
    share: usize,
}

/// Adds municipalities, schools and one token for each school, good for `uses` devices.
pub(super) async fn add(client: &Client, uses: u32) -> Result<Vec<Place>> {
    let mut places = Vec::new();
    for invented in &MUNICIPALITIES {
        let request = v1::CreateMunicipalityRequest {
            request_id: String::new(),
            code: invented.code.to_owned(),
            name: invented.name.to_owned(),
        };
        let owner = promised(answer(client.schools().create_municipality(request)).await?.municipality)?;
        for school in invented.schools {
            places.push(add_school(client, &owner.municipality_id, school, uses).await?);
        }
    }
    Ok(places)
}

async fn add_school(
    client: &Client,
    municipality_id: &str,
    invented: &'static InventedSchool,
    uses: u32,
) -> Result<Place> {
    let request = v1::CreateSchoolRequest {
        request_id: String::new(),
        municipality_id: municipality_id.to_owned(),
        code: invented.code.to_owned(),
        name: invented.name.to_owned(),
    };
    let school = promised(answer(client.schools().create_school(request)).await?.school)?;
    let municipality = promised(parse_uuid("municipality_id", municipality_id).ok())?;
    let id = promised(parse_uuid("school_id", &school.school_id).ok())?;
    let request = v1::CreateEnrollmentTokenRequest {
        request_id: String::new(),
        municipality_id: municipality_id.to_owned(),
        school_id: school.school_id,
        note: String::from("demo"),
        uses_allowed: uses,
        lifetime_seconds: TOKEN_SECONDS,
    };
    let token = answer(client.enrollment().create_enrollment_token(request)).await?.token;
    Ok(Place {
        name: invented.name,
        municipality: MunicipalityId(municipality),
        school: SchoolId(id),
        token,
        share: invented.share,
    })
}

/// Which of the places a device is at: by their shares, and spread, so that a few devices are not all at one school.
pub(super) fn place_of(places: &[Place], number: u32) -> usize {
    let all: usize = places.iter().map(|place| place.share).sum();
    // 7 has no divisor in common with the sum of the shares, so that each of them comes once in a round.
    let mut left = (number as usize).wrapping_mul(7) % all.max(1);
    for (index, place) in places.iter().enumerate() {
        match left.checked_sub(place.share) {
            Some(rest) => left = rest,
            None => return index,
        }
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schools::rules::{MunicipalityCode, SchoolCode};

    #[test]
    fn invented_codes_are_valid_and_there_are_ten_schools() {
        for municipality in &MUNICIPALITIES {
            assert!(MunicipalityCode::parse(municipality.code).is_ok(), "{}", municipality.code);
            for school in municipality.schools {
                assert!(SchoolCode::parse(school.code).is_ok(), "{:?}", SchoolCode::parse(school.code));
            }
        }
        assert_eq!(MUNICIPALITIES.iter().map(|municipality| municipality.schools.len()).sum::<usize>(), 10);
    }

    fn place(share: usize) -> Place {
        let nil = uuid::Uuid::nil();
        Place { name: "", municipality: MunicipalityId(nil), school: SchoolId(nil), token: String::new(), share }
    }

    #[test]
    fn devices_are_spread_over_all_schools_by_their_shares() {
        let shares = MUNICIPALITIES.iter().flat_map(|municipality| municipality.schools).map(|school| school.share);
        let places: Vec<_> = shares.map(place).collect();
        let mut counts = vec![0; places.len()];
        let all: usize = places.iter().map(|place| place.share).sum();
        for number in 0..10 * all as u32 {
            counts[place_of(&places, number)] += 1;
        }
        assert_eq!(counts, places.iter().map(|place| 10 * place.share).collect::<Vec<_>>());
        assert_eq!(place_of(&[], 3), 0);
    }
}
