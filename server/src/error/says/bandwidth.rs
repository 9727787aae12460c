//! Bandwidth: measurements, editions of the recommended table.

use super::super::both::says;

says! {
    rows: "表は2〜200行で、児童生徒数とともに帯域が下がらないようにしてください", "the table has 2 to 200 rows in which bandwidth never falls as pupils grow";
    below: "1人あたりの値は1以上で、最初の行を超えないようにしてください", "the value for one pupil must be at least 1 and must not exceed the first row";
    speed: "速度は0.001〜400000 Mbit/sの数値を、小数点以下3桁までで入力してください", "a speed is 0.001 to 400000 Mbit/s with up to three digits behind the point";
    method: "測定方法を選んでください", "choose how it was measured";
    when: "測定日時は2000年以降で、未来ではない日時にしてください", "the time of a measurement lies after 2000 and not in the future";
    moment: "授業中か授業外かを選んでください", "choose whether it was in lessons";
    measurement_unknown(id): "測定 {id} はありません", "there is no measurement {id}";
    measurement_exists: "この測定はすでに記録されています", "this measurement was recorded already";
    edition_exists(date): "{date} の版はすでにあります", "there is an edition of {date} already";
}
