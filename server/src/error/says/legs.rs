//! Legs of tickets: spares, repairs, losses, costs.

use super::super::both::says;

says! {
    device_needed: "端末が登録されていない問い合わせです", "the ticket names no device";
    not_a_spare(label): "{label} は予備機ではありません", "{label} is no spare";
    spare_taken(label): "予備機 {label} は、たった今ほかの人が使いました。別の予備機を選んでください", "somebody else handed the spare {label} out just now: choose another one";
    spare_needed: "予備機を選んでください", "choose a spare";
    becomes_needed: "端末をどうするか選んでください", "say what becomes of the device";
    end_needed: "どう終わったか選んでください", "say how it ends";
    repair_open: "この端末の修理は、すでに進んでいます", "a repair of the device is open already";
    repair_unknown(id): "修理 {id} はこの問い合わせにありません", "the ticket has no repair {id}";
    repair_ended: "この修理は終わっています", "the repair has ended";
    loss_open: "この端末の紛失は、別の問い合わせで記録されています", "another ticket says that the device is lost";
    loss_unknown(id): "紛失 {id} はこの問い合わせにありません", "the ticket has no loss {id}";
    loss_ended: "この紛失への対応は終わっています", "the loss has ended";
    cost_unknown(id): "費用 {id} はこの問い合わせにありません", "the ticket has no cost {id}";
    is_correction: "訂正は訂正できません。新しく費用を記録してください", "is a correction itself: write a cost of its own";
    yen_needed(least, most): "{least}〜{most} 円の整数で入力してください", "needs {least} to {most} yen";
    correction_needed(left): "訂正は -1〜-{left} 円の整数で入力してください", "a correction needs -1 to -{left} yen";
    back_before_sent(sent): "送付日 {sent} より前です", "is before it was sent on {sent}";
    payer_needed: "だれが支払うか選んでください", "say who pays";
    notice_needed: "紛失に気づいた日を入力してください", "needs the day on which it was noticed";
    day_too_far(days): "{days} 日より先の日付です", "is more than {days} days ahead";
    day_in_future: "今日までの日付にしてください", "is in the future";
    range_reversed: "開始日より前です", "is before the first day";
}
