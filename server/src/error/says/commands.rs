//! What a command says of an answer of the server. What commands say of themselves is English, as their help is.

use super::super::both::says;

says! {
    refused: "サーバーが依頼を受け付けませんでした", "the server refused the request";
    answered(code): "サーバーの応答: {code}", "the server answered {code}";
    connection_broke(cause): "接続が切れました: {cause}", "the connection broke: {cause}";
    correct: "上の項目を直して、もう一度実行してください", "correct what is named above and repeat the command";
    look: "`gigafleet schools list`、`devices list`、`enroll-token list` で、あるものを確認してください", "look at what there is with `gigafleet schools list`, `devices list` or `enroll-token list`";
    there_already: "すでにあります。`gigafleet schools list` で確認できます", "it is there already; `gigafleet schools list` shows it";
    changed: "ほかの人が変更しました。もう一度見てから決めてください", "somebody else changed it: look at it again, then decide";
    change_state: "先に、上に書かれた状態を変えてください", "change the state that is named above first";
    credentials: "--credentials FILE で、このサーバーがデータフォルダーに書いた admin.json を指定してください", "pass --credentials FILE with the admin.json that this server wrote into its data folder";
    ask_administrator: "この操作の権限を管理者に依頼してください", "ask an administrator for the right to do this";
    less_or_soon: "量を減らすか、少し待ってから試してください", "ask for less, or try again in a moment";
    less_or_later(seconds): "量を減らすか、{seconds}秒後に試してください", "ask for less, or try again in {seconds} s";
    soon: "少し待ってから試してください", "try again in a moment";
    later(seconds): "{seconds}秒後に試してください", "try again in {seconds} s";
    same_version: "サーバーとこのコマンドの版が違います。同じ版を使ってください", "the server is older or newer than this command: use the same version";
    log: "サーバーのログのこの時刻の行を見てください", "look at the server's log; its line of this time says more";
}
