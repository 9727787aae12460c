//! Words and rules of tickets, pure: the life of one ([`life`]), what is promised ([`promise`]) and how the clocks of that
//! run ([`clock`]), where a ticket stands in the queue ([`queue`]), which tickets a list shows ([`filter`]), what can be taken back
//! ([`undo`]), what incidents make of tickets ([`incidents`]), what is
//! counted of them ([`figures`]), what the health of devices makes of them ([`health`]), what may be their cause ([`causes`]), which
//! are of the same thing ([`duplicates`]).

pub mod causes;
pub mod clock;
pub mod duplicates;
pub mod fields;
pub mod figures;
pub mod figures_file;
pub mod filter;
pub mod health;
pub mod incidents;
pub mod life;
pub mod promise;
pub mod queue;
#[cfg(test)]
mod tests;
pub mod undo;

use crate::{access::rules::id, error::Both};

id! {
    /// A ticket (問い合わせ).
    TicketId
}

/// Declares an enumeration whose numbers are stored and are those of the contract, with what people call its members.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$of:meta])* $member:ident = $number:literal, $ja:literal, $en:literal;)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(i16)]
        pub enum $name { $($(#[$of])* $member = $number,)* }

        impl $name {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$member),*];

            /// The number under which it is stored.
            pub fn to_number(self) -> i16 {
                self as i16
            }

            /// The one that is stored under a number.
            pub fn from_number(number: i16) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.to_number() == number)
            }

            /// What people call it.
            pub const fn label(self) -> Both {
                match self { $(Self::$member => Both::fixed($ja, $en),)* }
            }
        }
    };
}

pub(crate) use words;

words! {
    /// Where a ticket is in its life.
    State {
        /// Nobody looked at it.
        New = 1, "未対応", "new";
        /// Category, impact and urgency are judged.
        Triaged = 2, "受付済み", "triaged";
        /// Somebody works on it.
        InProgress = 3, "対応中", "in progress";
        /// It waits for somebody else.
        Waiting = 4, "待ち", "waiting";
        /// The trouble is over, as far as is known.
        Resolved = 5, "解決済み", "resolved";
        /// Done.
        Closed = 6, "完了", "closed";
    }
}

words! {
    /// Whom a ticket waits for.
    WaitingOn {
        /// The school, or whoever reported it: its clocks stand still.
        Caller = 1, "学校の回答待ち", "waiting for the school";
        /// A vendor.
        Vendor = 2, "事業者待ち", "waiting for a vendor";
        /// A part.
        Part = 3, "部品待ち", "waiting for a part";
    }
}

words! {
    /// What a ticket is about (domain §6).
    Category {
        /// A screen.
        Screen = 1, "画面割れ・液晶", "screen";
        /// A keyboard or a cover.
        Keyboard = 2, "キーボード・カバー", "keyboard, cover";
        /// A battery, or charging.
        Battery = 3, "バッテリー・充電", "battery, charging";
        /// A device that does not start.
        NoStart = 4, "起動しない", "does not start";
        /// A pen or something else that belongs to a device.
        Peripheral = 5, "ペン・周辺機器", "pen, peripheral";
        /// Signing in.
        SignIn = 6, "ログイン・パスワード", "sign-in, password";
        /// Wi-Fi.
        Wifi = 7, "Wi-Fi接続", "Wi-Fi";
        /// Everything is slow.
        Slow = 8, "遅い", "slow";
        /// An app or teaching material.
        App = 9, "アプリ・教材", "app, material";
        /// A wish about the management of devices.
        Settings = 10, "MDM・設定依頼", "MDM, settings";
        /// A wish about the filter.
        Filter = 11, "フィルタ解除依頼", "filter";
        /// Lost or stolen.
        Loss = 12, "紛失・盗難", "loss, theft";
        /// A new school year, or somebody who comes or leaves.
        YearChange = 13, "年度更新・転入出", "new year, moves";
        /// Something else.
        Other = 14, "その他", "other";
    }
}

impl Category {
    /// Whether an outage of the network, or of what lessons reach through it, shows itself so.
    pub fn may_be_of_an_incident(self) -> bool {
        matches!(self, Self::SignIn | Self::Wifi | Self::Slow | Self::App | Self::Filter)
    }
}

words! {
    /// Whom a trouble concerns.
    Impact {
        /// One person.
        OnePupil = 1, "1人", "one person";
        /// One class.
        OneClass = 2, "1学級", "one class";
        /// One grade.
        OneGrade = 3, "1学年", "one grade";
        /// The whole school.
        WholeSchool = 4, "学校全体", "the whole school";
        /// Several schools.
        ManySchools = 5, "複数の学校", "several schools";
    }
}

words! {
    /// How long a ticket can wait.
    Urgency {
        /// A lesson stands still now.
        LessonStopped = 1, "授業が止まっている", "a lesson stands still";
        /// Needed today.
        Today = 2, "今日中に必要", "needed today";
        /// Needed this week.
        ThisWeek = 3, "今週中に必要", "needed this week";
        /// Some time.
        SomeTime = 4, "急がない", "can wait";
    }
}

words! {
    /// How a ticket came in.
    Origin {
        /// The console.
        Console = 1, "コンソール", "console";
        /// A command or a program.
        Command = 2, "コマンド", "command";
        /// The form behind a label's code.
        PhoneForm = 3, "QRフォーム", "QR form";
        /// A device's agent.
        Agent = 4, "端末", "device";
        /// An incident.
        Incident = 5, "障害", "incident";
        /// A rule on the health of devices.
        DeviceHealth = 6, "端末の状態", "device health";
    }
}

words! {
    /// Who reported a ticket.
    CallerKind {
        /// A teacher.
        Teacher = 1, "教員", "teacher";
        /// A pupil.
        Pupil = 2, "児童生徒", "pupil";
        /// The board of education.
        Board = 3, "教育委員会", "board of education";
        /// A guardian.
        Guardian = 4, "保護者", "guardian";
        /// A device by itself.
        Device = 5, "端末", "device";
        /// An engineer.
        Engineer = 6, "ICTエンジニア", "engineer";
    }
}

words! {
    /// What happened to a ticket.
    EventKind {
        /// It came in.
        Created = 1, "受付", "came in";
        /// It was judged.
        Triaged = 2, "トリアージ", "triaged";
        /// Somebody got it.
        Assigned = 3, "担当", "assigned";
        /// It went back to the queue.
        Released = 4, "キューに戻した", "released";
        /// Work began.
        Started = 5, "対応開始", "started";
        /// It waits.
        Waiting = 6, "待ち", "waiting";
        /// It waits no longer.
        Resumed = 7, "再開", "resumed";
        /// A text to the caller.
        Replied = 8, "返信", "replied";
        /// A text among staff.
        Noted = 9, "内部メモ", "noted";
        /// A text of the caller.
        Answered = 10, "申告者の回答", "caller answered";
        /// The trouble is over.
        Resolved = 11, "解決", "resolved";
        /// It is done.
        Closed = 12, "完了", "closed";
        /// It came back.
        Reopened = 13, "再発", "reopened";
        /// It went into another ticket, or another came into it.
        Merged = 14, "統合", "merged";
        /// It was taken out again.
        Unmerged = 15, "統合の取消", "unmerged";
        /// It was attached to an incident.
        Attached = 16, "障害に紐付け", "attached";
        /// What was done last was taken back.
        Undone = 17, "取り消し", "taken back";
        /// Its incident is over: what devices measure says so.
        Recovered = 20, "計測で復旧を確認", "measured to work again";
        /// Its incident came back.
        Relapsed = 21, "障害の再発", "the incident came back";
        /// It went back to the queue because nobody did anything with it.
        Returned = 22, "動きがなくキューに戻した", "back in the queue, untouched";
        /// It went back to the queue because whoever had it may not work there any more.
        RightEnded = 23, "担当の権限が終わりキューに戻した", "back in the queue, its holder's right ended";
        /// Whoever reported it says that it works again.
        Fixed = 25, "申告者が解決を確認", "the caller says that it works";
        /// Somebody else has the same.
        Also = 28, "ほかの人も同じ", "somebody else has it too";
        /// Its device was swapped with a spare.
        Swapped = 30, "予備機と交換", "swapped with a spare";
        /// Its device went to repair.
        RepairStarted = 31, "修理に出した", "sent to repair";
        /// More is known of the repair.
        RepairChanged = 32, "修理の内容を更新", "repair changed";
        /// The repair ended.
        RepairEnded = 33, "修理が終了", "repair ended";
        /// Its device is lost, or more is known of that.
        LossRecorded = 34, "紛失を記録", "loss recorded";
        /// The device was found or written off.
        LossEnded = 35, "紛失の対応が終了", "loss ended";
        /// It cost something.
        CostRecorded = 36, "費用を記録", "cost recorded";
        /// A file was attached.
        AttachedFile = 26, "添付", "attached";
        /// An attachment was removed.
        RemovedFile = 27, "添付の削除", "attachment removed";
    }
}

impl EventKind {
    /// Whether whoever reported a ticket wants to know of it, also where nothing was written.
    pub fn is_news_for_caller(self) -> bool {
        match self {
            Self::Created
            | Self::Started
            | Self::Waiting
            | Self::Replied
            | Self::Answered
            | Self::Also
            | Self::Resolved
            | Self::Closed
            | Self::Reopened
            | Self::Merged
            | Self::Recovered
            | Self::Relapsed
            | Self::Fixed
            | Self::Swapped
            | Self::RepairStarted
            | Self::RepairEnded
            | Self::AttachedFile => true,
            Self::Triaged
            | Self::Assigned
            | Self::Released
            | Self::Resumed
            | Self::Noted
            | Self::Unmerged
            | Self::Attached
            | Self::Undone
            | Self::Returned
            | Self::RightEnded
            | Self::RepairChanged
            | Self::LossRecorded
            | Self::LossEnded
            | Self::CostRecorded
            | Self::RemovedFile => false,
        }
    }
}

words! {
    /// How urgent a ticket is, of impact and urgency.
    Priority {
        /// The highest.
        P1 = 1, "P1", "P1";
        /// The second.
        P2 = 2, "P2", "P2";
        /// The third.
        P3 = 3, "P3", "P3";
        /// The lowest.
        P4 = 4, "P4", "P4";
    }
}
