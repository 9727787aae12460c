//! The server itself: its database, its addresses, its files.

use super::super::both::says;

says! {
    internal: "サーバーの内部でエラーが発生しました。記録されています。続くときは管理者に伝えてください", "something went wrong on our side";
    database_away: "データベースに接続できません。少し待ってから試してください", "the database is away; try again";
    database_url: "データベースのURLを読めません(例 postgres://user@host/name)", "the database URL cannot be read; it looks like postgres://user@host/name";
    database_unreachable(place): "{place} のPostgreSQLに接続できません", "PostgreSQL at {place} cannot be reached";
    file_unwritable(path): "{path} に書き込めません", "{path} cannot be written";
    file_in_use(path): "別のgigafleetサーバーが {path} を使っています。それを止めるか、--data で別のフォルダーを指定するか、複数のサーバーなら --database postgres://… を使ってください", "another gigafleet server uses {path}; stop it, or use --data for another folder, or --database postgres://… for several servers";
    database_locked(path): "{path} は別のプログラムがロックしています。それを終了してから、もう一度起動してください", "{path} is locked by another program; end that program and start again";
    database_unopened(path): "{path} を開けません", "{path} cannot be opened";
    database_corrupt(path): "{path} は壊れているか、gigafleetのデータベースではありません。何も変更していません。バックアップから戻してください", "{path} is damaged or is no gigafleet database; nothing was changed. Restore a backup of it";
    migration_failed(place): "{place} のスキーマを最新にできません", "the schema of {place} cannot be brought up to date";
    attachments_folder(path): "添付ファイルのフォルダー {path} を使えません", "the folder of attachments {path} can not be used";
    data_folder(path): "データフォルダー {path} を作れません", "the data folder {path} cannot be made";
    address_in_use(address): "{address} は別のプログラムが使っています。それを止めるか、別のアドレスにしてください", "{address} is in use by another program; stop it or choose another address";
    address_unbound(address): "{address} で待ち受けできません", "{address} cannot be bound";
    observe_not_loopback(address): "{address} はループバックアドレスではありません。メトリクスにはパスワードがないので、前にプロキシを置いてください", "{address} is not a loopback address; metrics have no password, put a proxy before them";
    ca_unreadable(folder): "{folder} の認証局を読めないか、作れません", "the certificate authority in {folder} cannot be read or made";
    ca_mismatch(noted, own): "このデータベースの端末は認証局 {noted} を信頼していますが、このサーバーのものは {own} です。最初のサーバーの `ca` フォルダーをコピーし、--ca-dir で指定してください", "the devices of this database trust the certificate authority {noted}, this server has {own}; copy the folder `ca` of the first server and name it with --ca-dir";
    console_not_secure(address): "{address} はループバックアドレスではないので、コンソールにはTLSが必要です。--console-certificate と --console-key か、プロキシがTLSを受け持つなら --console-behind-proxy https://… を指定してください", "{address} is not a loopback address, so the console needs TLS there: give --console-certificate and --console-key, or --console-behind-proxy https://… if a proxy does it";
    console_address(address): "コンソールは {address} で待ち受けできません。--console で別のアドレスを指定してください", "the console cannot listen on {address}; choose another with --console ADDRESS";
    console_proxy(text): "{text} はプロキシのアドレスではありません。パスなしの https://ホスト にしてください", "{text} is no address of a proxy; needs https:// and a host, without a path";
    judged_elsewhere: "別のサーバーがネットワークの判定を続けています", "another server goes on judging networks";
    took_too_long: "時間がかかりすぎました。もう一度送信してください", "the request took too long; send it again";
    console_certificate(path): "{path} はコンソールに使えません。証明書とその鍵のPEMが必要です", "{path} cannot be used for the console; needs PEM of a certificate and its key";
}
