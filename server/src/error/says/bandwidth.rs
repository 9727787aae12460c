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
    test_not_given: "この端末に、行うべき帯域測定はありません", "this device was given no such test";
    test_used_up: "この帯域測定で送受信できる量に達しました", "this test has moved all that it may";
    tests_crowded: "同時に行える帯域測定の数に達しています。あとで測定してください", "as many tests run as this server allows at once; measure later";
    lessons_on: "授業中、またはその前後です。それでも測定するには、授業中でもよいと指定してください", "lessons are on, or near; say that it may be in lessons to measure all the same";
    no_device_there: "学校のネットワークから最近報告した端末がありません", "no device has reported from the school's own network lately";
    test_under_way: "この学校では帯域測定が進行中です", "a test is under way at this school";
    school_closed(name): "{name} は閉校しています", "{name} is closed";
    endpoint: "ホスト名:ポートの形で、260文字以内にしてください", "needs HOST:PORT of at most 260 characters";
    most_bytes: "1000000〜1000000000バイトにしてください", "needs 1000000 to 1000000000 bytes";
    import_header: "学校コード(または学校名)、測定日時、受信Mbpsの見出しが見つかりません", "the headers for school, time and received Mbps were not found";
    import_time: "2026-11-25 17:40 の形で、2000年以降の未来ではない日時にしてください", "needs a time such as 2026-11-25 17:40, after 2000 and not in the future";
    import_method: "簡易帯域測定、速度測定サービス、事業者のいずれかにしてください", "needs simple, speed_test or provider";
    import_lesson: "授業中か授業外にしてください。空欄なら時間割で判断します", "needs yes or no; left empty, the timetable decides";
    import_note: "200文字以内で、改行などを含まないようにしてください", "needs at most 200 characters without line breaks";
    edition_exists(date): "{date} の版はすでにあります", "there is an edition of {date} already";
}
