//! What is wrong with a cell or a row.

use super::{Words, words};

/// Why a cell or a row cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// More characters than the field holds.
    TextTooLong {
        /// Characters there are.
        has: usize,
        /// Characters there may be.
        most: usize,
    },
    /// Control characters inside a text.
    ControlCharacters,
    /// A formula instead of a value.
    Formula,
    /// An error value of a spreadsheet such as #N/A.
    SpreadsheetError,
    /// A serial number that a spreadsheet turned into a number and rounded.
    SerialDamaged,
    /// A serial number with characters that none has.
    SerialCharacters,
    /// No date.
    DateUnreadable,
    /// A date that the calendar does not have.
    DateImpossible,
    /// A date of an era outside of that era's years.
    EraEnded {
        /// Name of the era.
        era: &'static str,
        /// Its last year.
        last: i32,
    },
    /// A date before 1989 or after 2100.
    DateFar,
    /// No class such as 3年2組15番.
    ClassUnreadable,
    /// No whole number within bounds.
    NumberUnreadable {
        /// Least.
        least: i64,
        /// Most.
        most: i64,
    },
    /// None of the words that the column knows.
    ChoiceUnknown {
        /// What is known.
        choices: &'static str,
    },
    /// No sum of yen.
    MoneyUnreadable,
    /// A sum in 万 or 千, which may be meant in several ways.
    MoneyInWords,
    /// A code of a school whose check digit is wrong or whose form is.
    SchoolCodeWrong {
        /// The check digit that would be right, if the form is right.
        right: Option<String>,
    },
    /// No school of the owner has that name or code.
    SchoolUnknown,
    /// Several schools of the owner could be meant.
    SchoolAmbiguous {
        /// Their names and codes.
        candidates: Vec<String>,
    },
    /// A school outside of what the caller may change.
    SchoolOutOfReach,
    /// A name of a school in the file that another one has.
    NeedsValue,
    /// Neither label nor serial number.
    NothingToKnowItBy,
    /// Another row of the file has the same.
    DuplicateInFile {
        /// That row.
        other_row: u32,
    },
    /// Several devices of the owner have it.
    SeveralDevices {
        /// How many.
        count: usize,
    },
    /// Label and serial number belong to two devices.
    TwoDevices,
    /// What the rules of another part say, in English.
    Other {
        /// What is wrong.
        message: String,
    },
}

impl Problem {
    /// Constant of the contract.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TextTooLong { .. } => "TEXT_TOO_LONG",
            Self::ControlCharacters => "CONTROL_CHARACTERS",
            Self::Formula => "FORMULA",
            Self::SpreadsheetError => "SPREADSHEET_ERROR",
            Self::SerialDamaged => "SERIAL_DAMAGED",
            Self::SerialCharacters => "SERIAL_CHARACTERS",
            Self::DateUnreadable => "DATE_UNREADABLE",
            Self::DateImpossible => "DATE_IMPOSSIBLE",
            Self::EraEnded { .. } => "ERA_ENDED",
            Self::DateFar => "DATE_FAR",
            Self::ClassUnreadable => "CLASS_UNREADABLE",
            Self::NumberUnreadable { .. } => "NUMBER_UNREADABLE",
            Self::ChoiceUnknown { .. } => "CHOICE_UNKNOWN",
            Self::MoneyUnreadable => "MONEY_UNREADABLE",
            Self::MoneyInWords => "MONEY_IN_WORDS",
            Self::SchoolCodeWrong { .. } => "SCHOOL_CODE_WRONG",
            Self::SchoolUnknown => "SCHOOL_UNKNOWN",
            Self::SchoolAmbiguous { .. } => "SCHOOL_AMBIGUOUS",
            Self::SchoolOutOfReach => "SCHOOL_OUT_OF_REACH",
            Self::NeedsValue => "NEEDS_VALUE",
            Self::NothingToKnowItBy => "NOTHING_TO_KNOW_IT_BY",
            Self::DuplicateInFile { .. } => "DUPLICATE_IN_FILE",
            Self::SeveralDevices { .. } => "SEVERAL_DEVICES",
            Self::TwoDevices => "TWO_DEVICES",
            Self::Other { .. } => "OTHER",
        }
    }

    /// The words for people.
    pub fn words(&self) -> Words {
        match self {
            Self::TextTooLong { has, most } => words(
                format!("{has}文字あります"),
                format!("{most}文字以内にしてください"),
                format!("has {has} characters"),
                format!("at most {most} characters"),
            ),
            Self::ControlCharacters => words(
                "制御文字が含まれています",
                "見えない文字を取り除いてください",
                "has control characters",
                "the same without them",
            ),
            Self::Formula => words(
                "数式が入っています",
                "値として貼り付けてから保存してください",
                "is a formula",
                "its value: paste as values, then save",
            ),
            Self::SpreadsheetError => words(
                "表計算ソフトのエラー値です",
                "元のセルの数式を直すか、空欄にしてください",
                "is an error of the spreadsheet",
                "a value, or nothing",
            ),
            Self::SerialDamaged => words(
                "表計算ソフトが数値に変えたため、シリアル番号が失われています",
                "列の書式を「文字列」にして、元の台帳から貼り直してください",
                "a spreadsheet made a number of the serial number and lost digits",
                "format the column as text and paste it anew from where it came",
            ),
            Self::SerialCharacters => words(
                "シリアル番号に使われない文字があります",
                "半角の英数字とハイフンなどで書いてください(例 5CD1234ABC)",
                "has characters that no serial number has",
                "letters, digits, dashes, for example 5CD1234ABC",
            ),
            Self::DateUnreadable => words(
                "日付として読めません",
                "2021/4/1、R3.4.1、令和3年4月1日 のように書いてください",
                "cannot be read as a date",
                "2021/4/1, R3.4.1 or 令和3年4月1日",
            ),
            Self::DateImpossible => words(
                "暦にない日付です",
                "実在する日付にしてください",
                "is a day that the calendar does not have",
                "a day that exists",
            ),
            Self::EraEnded { era, last } => words(
                format!("{era}は{last}年までです"),
                "元号と年を確かめてください",
                format!("{era} ended in its year {last}"),
                "the era and year that belong together",
            ),
            Self::DateFar => words(
                "1989年より前か、2100年より後の日付です",
                "年を確かめてください",
                "is before 1989 or after 2100",
                "a year that a tablet can have",
            ),
            Self::ClassUnreadable => words(
                "学年・組・番号として読めません",
                "「3年2組15番」または「3-2-15」のように書いてください",
                "cannot be read as grade, class and number",
                "3年2組15番 or 3-2-15",
            ),
            Self::NumberUnreadable { least, most } => words(
                "数として読めません",
                format!("{least}から{most}までの整数にしてください"),
                "cannot be read as a number",
                format!("a whole number from {least} to {most}"),
            ),
            Self::ChoiceUnknown { choices } => words(
                "知らない言葉です",
                format!("次のどれかにしてください: {choices}"),
                "is no word that is known here",
                format!("one of {choices}"),
            ),
            Self::MoneyUnreadable => words(
                "金額として読めません",
                "55000、55,000円、¥55,000 のように書いてください",
                "cannot be read as yen",
                "55000, 55,000円 or ¥55,000",
            ),
            Self::MoneyInWords => words(
                "「万」「千」を使った金額は読みません",
                "55000 のように数字だけで書いてください",
                "is a sum with 万 or 千, which is not guessed",
                "digits only, for example 55000",
            ),
            Self::SchoolCodeWrong { right: Some(right) } => words(
                "学校コードの検査数字が合いません",
                format!("番号が正しければ末尾は {right} です"),
                "the check digit of the school code is wrong",
                format!("{right} at the end, if the rest is right"),
            ),
            Self::SchoolCodeWrong { right: None } => words(
                "学校コードの形ではありません",
                "英字1文字と数字12桁にしてください(例 B113210000005)",
                "is no school code",
                "a letter A to H and twelve digits, for example B113210000005",
            ),
            Self::SchoolUnknown => words(
                "この区市町村に該当する学校がありません",
                "学校一覧にある名称か学校コードにするか、先に学校を登録してください",
                "the municipality has no such school",
                "a name or code from the list of schools; or add the school first",
            ),
            Self::SchoolAmbiguous { candidates } => words(
                format!("学校を1つに決められません。候補: {}", candidates.join("、")),
                "学校一覧にある名称か学校コードで書いてください",
                format!("does not name one school, but could mean {}", candidates.join(", ")),
                "the name as the list of schools has it, or the code of the school",
            ),
            Self::SchoolOutOfReach => words(
                "この学校の端末を変更する権限がありません",
                "権限のある学校の行だけにしてください",
                "you may not change devices of this school",
                "rows of schools that you may change",
            ),
            Self::NeedsValue => words("空欄です", "値を入れてください", "is empty", "a value"),
            Self::NothingToKnowItBy => words(
                "管理番号もシリアル番号もありません",
                "どちらか一方は入れてください",
                "has neither a label nor a serial number",
                "at least one of the two",
            ),
            Self::DuplicateInFile { other_row } => words(
                format!("{other_row}行目と同じ値です"),
                "1台につき1行にしてください",
                format!("is the same as in row {other_row}"),
                "one row for each device",
            ),
            Self::SeveralDevices { count } => words(
                format!("登録済みの端末{count}台に一致します"),
                "確認待ちの一覧で重複を解消するか、もう一方の番号も書いてください",
                format!("belongs to {count} devices of the registry"),
                "settle the double in the review queue, or give the other number too",
            ),
            Self::TwoDevices => words(
                "管理番号とシリアル番号が別々の端末に一致します",
                "どちらの端末か確かめて、番号を直してください",
                "label and serial number belong to two different devices",
                "the two numbers of one device",
            ),
            Self::Other { message } => words(message.clone(), "", message.clone(), ""),
        }
    }
}
