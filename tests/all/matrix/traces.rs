//! What all the calls leave behind: metrics, the log, counts, and an audit log that cannot be changed unnoticed.

use gigafleet_tests::{
    Engine,
    process::{Ran, gigafleet},
};

use super::{
    people::{PASSWORD, Person},
    world::World,
};

/// What must stand in no metric and no line of the log.
fn private(people: &[Person]) -> Vec<String> {
    let marks = ["otsu", "kita", "minami", "乙市", "甲市", PASSWORD];
    let mut private: Vec<_> = marks.into_iter().map(str::to_owned).collect();
    for person in people {
        private.push(person.token.clone());
        private.extend(person.visitor.cookies.values().cloned());
        // The log calls the token of the installation the first administrator's.
        private.extend(Some(person.name.to_owned()).filter(|name| name != "administrator"));
    }
    // The cookie of the language is no secret.
    private.retain(|text| text.len() > 2);
    private
}

/// Gives what is wrong.
pub async fn check_all(world: &World, people: &[Person]) -> Vec<String> {
    let (_, metrics) = world.server.observe("/metrics").await;
    let log = world.server.log();
    assert!(log.lines().count() > 1_000 && metrics.contains("gigafleet_pages_total"), "there are traces");
    let mut wrong = Vec::new();
    for text in private(people) {
        for (place, traces) in [("a metric", &metrics), ("the log", &log)] {
            let line = traces.lines().find(|line| line.contains(&text));
            wrong.extend(line.map(|line| format!("{place} tells {text}: {line}")));
        }
    }
    let long = |label: &str| label.len() == 36 && label.bytes().filter(|byte| *byte == b'-').count() == 4;
    let ids = metrics.split(['"', '/', '=', ',']).filter(|label| long(label));
    wrong.extend(ids.map(|id| format!("a metric has the series of one thing: {id}")));
    wrong.extend(miscounted(world).await);
    wrong
}

/// Counts that are kept and differ from the devices there are.
async fn miscounted(world: &World) -> Vec<String> {
    macro_rules! difference {
        ($nil:literal) => {
            concat!(
                "SELECT municipality_id, lifecycle, purpose, os_kind, CAST(SUM(n) AS BIGINT)
                 FROM (
                     SELECT municipality_id, school_id, lifecycle, purpose, os_kind, device_count AS n FROM device_count
                     UNION ALL
                     SELECT municipality_id, COALESCE(school_id, ",
                $nil,
                "), lifecycle, purpose, os_kind, -1 FROM device WHERE merged_into_device_id IS NULL
                 ) AS counted
                 GROUP BY municipality_id, school_id, lifecycle, purpose, os_kind HAVING SUM(n) <> 0"
            )
        };
    }
    let difference = match world.engine {
        Engine::Sqlite => difference!("zeroblob(16)"),
        Engine::Postgres => difference!("CAST('00000000-0000-0000-0000-000000000000' AS UUID)"),
    };
    let rows = world.server.look().await.numbers(difference).await;
    rows.into_iter().map(|(owner, numbers)| format!("devices of {owner} are counted wrong: {numbers:?}")).collect()
}

fn verify(world: &World) -> (Option<i32>, String) {
    let credentials = world.server.options().data_dir.join("admin.json");
    let Ran { code, out, remarks } =
        gigafleet(&["audit", "verify", "--credentials", credentials.to_str().expect("UTF-8")]);
    (code, format!("{out}{remarks}"))
}

/// After all that, `gigafleet audit verify` passes; after a change by hand it fails and names the entry.
pub async fn check_audit(world: &World) {
    let (code, said) = verify(world);
    assert!(code == Some(0) && said.contains("entries are as they were written"), "{code:?}: {said}");
    assert!(!said.contains("FLAW"), "{said}");
    world
        .server
        .change(
            "UPDATE audit_entry SET actor_name = 'nobody' WHERE sequence = 3
             AND municipality_id = (SELECT municipality_id FROM municipality WHERE code = '149012')",
        )
        .await;
    let (code, said) = verify(world);
    assert!(code == Some(1), "{code:?}: {said}");
    assert!(said.contains("乙市 otsu-town") && said.contains("entry 3: an entry was changed"), "{said}");
    assert_eq!(said.matches("FLAW").count(), 1, "{said}");
}
