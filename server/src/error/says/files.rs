//! Files in and out. What is wrong inside a file stands with its problems, in `devices/rules/import/problems`.

use super::super::both::says;

says! {
    file_kind: "ファイルの種類を選んでください", "names no kind of file";
    entries_too_many(has, most): "{has}件あります。{most}件以内にしてください", "has {has} entries, may have {most}";
    first_message_only: "最初のメッセージだけに入れてください", "stands in the first message only";
    first_message_missing: "最初のメッセージに入っていません", "is missing in the first message";
    piece_too_large(bytes): "1つのメッセージは{bytes}バイトまでです", "may have {bytes} bytes";
    import_unknown(import): "取り込み {import} はありません", "there is no import {import}";
    import_applied: "この取り込みは適用済みです。もう一度適用するには、ファイルを選び直してください", "this import was applied already; hand the file in again to apply it again";
    import_changed: "取り込みは、開いたあとに変更されました。読み直してください", "the import was changed since it was read; read it again";
    import_has_errors(count): "エラーが{count}件あります。ファイルを直すか、エラーの行を除いて取り込んでください", "{count} errors; correct the file, or hand it in again and leave out rows with errors";
    mapping_for_whole: "列の対応は区市町村全体のために保存されます。その管理者に依頼してください", "a mapping is kept for the whole municipality; ask an administrator of it";
    import_expired: "ファイルの保管期限(1日)が過ぎました。もう一度選んでください", "the file of this import is gone after a day; hand it in again";
    too_many_devices(most): "1つの区市町村の端末が{most}台を超えると、ファイルと照合できません", "more than {most} devices of one owner cannot be matched with a file";
}
