//! The team: what a profile can not say, and why somebody is proposed.

use super::super::both::says;

says! {
    skill_unknown: "得意分野に知らない種類があります", "names a category that does not exist";
    areas_many(most): "担当地域は {most} までです", "names more than {most} areas";
    weekdays_wrong: "曜日の指定が正しくありません", "needs the days of a week, 0 to 127";
    hours_wrong: "勤務時間は 0:00〜24:00 の間で、始まりより後に終わるようにしてください", "needs hours within a day that end after they begin";
    absences_many(most): "不在の期間は {most} 件までです", "names more than {most} periods";
    absence_backwards(days): "不在の期間は、初日から {days} 日以内に終わるようにしてください", "needs a period that ends after it begins, within {days} days";
    at_work: "いま勤務中", "at work";
    off_hours: "勤務時間の外", "off hours";
    away(until): "{until} まで不在", "away until {until}";
    stationed: "この学校に常駐", "stationed there";
    in_area: "この地域の担当", "looks after this area";
    skilled: "得意な分野", "good at it";
    load(count): "いま {count} 件を担当", "works on {count}";
}
