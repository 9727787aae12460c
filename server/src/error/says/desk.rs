//! The desk of those who work on tickets.

use super::super::both::says;

says! {
    reply_unknown(id): "定型文 {id} はありません", "there is no prepared answer {id}";
    replies_full(most): "定型文は {most} 件までです", "there are at most {most} prepared answers";
}
