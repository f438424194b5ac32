//! Rows of a real portal without the people in them: names, addresses and what people wrote are replaced, so that the
//! rows can be given to others.
//!
//! The rule errs on the side of replacing. What stays are numbers, dates, flags and codes, which is what programs work
//! with: IDs, stages, types, currencies. Everything else that is text is replaced, also in fields that the emulator
//! does not know. The same text always becomes the same one, so that what was equal stays equal.

use serde_json::{Map, Value};

use super::hash;
use super::sample_words::{COMPANIES, FIRST, LAST, POSTS, SUBJECTS};

/// Replaces names, phones, addresses and texts of a row, and leaves IDs, numbers, dates, flags and codes as they are. Rows
/// of dictionaries, such as statuses and categories, name nobody and are left whole.
pub fn with_fake_names(entity: &str, row: &mut Map<String, Value>) {
    let entity = entity.to_ascii_lowercase();
    let is_of = |part: &str| DICTIONARIES.iter().any(|name| part.starts_with(name));
    if entity.split('.').any(is_of) {
        return;
    }
    let is_person = ["LAST_NAME", "lastName"]
        .iter()
        .any(|name| row.contains_key(*name));
    for (name, value) in row.iter_mut() {
        replace(Meaning::of(name, is_person), value);
    }
}

/// How entities begin whose names are those of the portal itself.
const DICTIONARIES: [&str; 10] = [
    "status",
    "categor",
    "currency",
    "stage",
    "userfield",
    "measure",
    "vat",
    "catalog",
    "product",
    "type",
];

/// The last word of names whose values are codes.
const WORDS_OF_CODES: [&str; 19] = [
    "ID",
    "IDS",
    "BY",
    "TYPE",
    "STATUS",
    "STAGE",
    "CODE",
    "MODE",
    "CURRENCY",
    "SEMANTICS",
    "LANG",
    "LANGUAGE",
    "ZONE",
    "PRIORITY",
    "DIRECTION",
    "GENDER",
    "SORT",
    "MARK",
    "OPENED",
];

/// What a field holds, as far as its name tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    FirstName,
    LastName,
    FullName,
    Company,
    Subject,
    Post,
    Phone,
    Email,
    Link,
    Messenger,
    Address,
    Birthday,
    /// A number that stands for somebody: of a passport, an account, a tax payer.
    PersonalNumber,
    Code,
    /// Unknown.
    Other,
}

impl Meaning {
    /// `is_person`: the record has a last name too.
    fn of(name: &str, is_person: bool) -> Self {
        let words = words(name);
        let has = |word: &str| words.iter().any(|one| one == word);
        let last = words.last().map_or("", String::as_str);
        if has("EMAIL") || has("MAIL") || last == "LOGIN" {
            Self::Email
        } else if has("PHONE") || has("MOBILE") || has("FAX") || has("TEL") {
            Self::Phone
        } else if has("BIRTHDATE") || has("BIRTHDAY") {
            Self::Birthday
        } else if has("ADDRESS") || has("CITY") || has("STREET") || has("ZIP") {
            Self::Address
        } else if has("RQ") || has("INN") || has("PASSPORT") || has("SNILS") || has("IBAN") {
            Self::PersonalNumber
        } else if has("COMPANY") && (last == "TITLE" || last == "NAME" || last == "COMPANY") {
            Self::Company
        } else if last == "POST" || last == "POSITION" {
            Self::Post
        } else if last == "NAME" && (has("LAST") || has("SECOND")) {
            Self::LastName
        } else if name == "NAME" || name == "name" || (has("FIRST") && last == "NAME") {
            if is_person {
                Self::FirstName
            } else {
                Self::FullName
            }
        } else if last == "NAME" {
            Self::FullName
        } else if last == "TITLE" || last == "SUBJECT" {
            Self::Subject
        } else if has("WEB") || has("URL") || has("LINK") || has("WWW") {
            Self::Link
        } else if last == "IM" || has("SKYPE") || has("ICQ") {
            Self::Messenger
        } else if has("ORIGIN") || has("ORIGINATOR") || has("XML") || has("EXTERNAL") {
            // Codes of other programs, and some of these are names.
            Self::Other
        } else if WORDS_OF_CODES.contains(&last) || words.first().is_some_and(|word| word == "UTM")
        {
            Self::Code
        } else {
            Self::Other
        }
    }
}

/// The words of a name, in capitals: `ASSIGNED_BY_ID`, `assignedById`.
fn words(name: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut was_lower = false;
    for letter in name.chars() {
        if !letter.is_alphanumeric() || (was_lower && letter.is_uppercase()) {
            words.extend((!word.is_empty()).then(|| std::mem::take(&mut word)));
        }
        if letter.is_alphanumeric() {
            word.extend(letter.to_uppercase());
        }
        was_lower = letter.is_lowercase();
    }
    words.extend((!word.is_empty()).then_some(word));
    words
}

/// Replaces the texts in a value, however deep.
fn replace(meaning: Meaning, value: &mut Value) {
    match value {
        Value::String(text) => {
            if let Some(instead) = instead_of(meaning, text) {
                *text = instead;
            }
        }
        Value::Array(values) => values.iter_mut().for_each(|value| replace(meaning, value)),
        Value::Object(members) => {
            for (name, value) in members.iter_mut() {
                // A phone is `{"VALUE": …, "VALUE_TYPE": "WORK"}`; the members of other objects have names that tell.
                let of_member = match words(name).last().map(String::as_str) {
                    Some("VALUE") => meaning,
                    _ => Meaning::of(name, false),
                };
                replace(of_member, value);
            }
        }
        Value::Number(number) => {
            let digits = number.to_string();
            if matches!(meaning, Meaning::Phone | Meaning::PersonalNumber) {
                *value = other_digits(&digits)
                    .parse()
                    .map_or(Value::Null, Value::Number);
            }
        }
        Value::Null | Value::Bool(_) => {}
    }
}

/// What a text is replaced by; `None`: it stays.
fn instead_of(meaning: Meaning, text: &str) -> Option<String> {
    if text.is_empty() || is_flag(text) {
        return None;
    }
    let number = hash::salt(&text.to_lowercase());
    let few = hash::below(number, 100_000);
    if text.contains('@') && text.contains('.') && !text.contains(' ') {
        return Some(format!("user{few}@example.com"));
    }
    Some(match meaning {
        Meaning::FirstName => one_of(FIRST, number),
        Meaning::LastName => one_of(LAST, number),
        Meaning::FullName => format!(
            "{} {}",
            one_of(FIRST, number),
            one_of(LAST, hash::mix(number))
        ),
        Meaning::Company => format!("{} {few}", one_of(COMPANIES, number)),
        Meaning::Post => one_of(POSTS, number),
        Meaning::Subject => format!("{}{few}", one_of(SUBJECTS, number)),
        Meaning::Email => format!("user{few}@example.com"),
        // No country and no operator has numbers that begin so.
        Meaning::Phone => format!("+7000{:07}", hash::below(number, 10_000_000)),
        Meaning::Link => format!("https://example.com/{few}"),
        Meaning::Messenger => format!("user{few}"),
        Meaning::Address => format!("ул. Примерная, {few}"),
        Meaning::Birthday => birthday_of(text)?,
        Meaning::Code if is_code(text) => return None,
        Meaning::Code | Meaning::Other if is_without_people(text) => return None,
        Meaning::Code | Meaning::Other if text.contains("://") => {
            format!("https://example.com/{few}")
        }
        Meaning::PersonalNumber | Meaning::Code | Meaning::Other if is_number(text) => {
            other_digits(text)
        }
        Meaning::PersonalNumber | Meaning::Code | Meaning::Other => filler(text, number),
    })
}

/// A date, an amount, a code, or a number that is too short for a phone.
fn is_without_people(text: &str) -> bool {
    let is_short = digits(text) < 7;
    let has_cents = text.contains('.');
    is_date(text)
        || is_code_in_capitals(text)
        || (is_number(text) && (is_short || has_cents))
        || text
            .split_once('|')
            .is_some_and(|(amount, currency)| is_number(amount) && currency.len() == 3)
}

fn one_of(words: &[&str], number: u64) -> String {
    let place = hash::below(number, words.len() as u64);
    let place = usize::try_from(place).unwrap_or_default();
    words.get(place).copied().unwrap_or_default().to_owned()
}

/// Words of no meaning, as many letters as the text has.
fn filler(text: &str, number: u64) -> String {
    let wanted = text.chars().count();
    let start = format!("text {} ", hash::below(number, 100_000));
    start.chars().cycle().take(wanted).collect()
}

/// The same text with other digits. The first one stays, so that a number has as many.
fn other_digits(text: &str) -> String {
    let number = hash::salt(text);
    let change = |(place, letter): (usize, char)| match letter {
        '0'..='9' if place > 0 => {
            let digit = hash::below(hash::mix(number ^ place as u64), 10);
            char::from_digit(u32::try_from(digit).unwrap_or_default(), 10).unwrap_or(letter)
        }
        _ => letter,
    };
    text.chars().enumerate().map(change).collect()
}

/// The first of January of that year, written the same way.
fn birthday_of(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    if !is_date(text) {
        return Some(String::new());
    }
    let (year_first, rest) = (
        bytes.get(4) == Some(&b'-'),
        text.get(10..).unwrap_or_default(),
    );
    Some(if year_first {
        format!("{}-01-01{rest}", text.get(..4)?)
    } else {
        format!("01{0}01{0}{1}{rest}", text.get(2..3)?, text.get(6..10)?)
    })
}

fn is_flag(text: &str) -> bool {
    text.len() == 1 && text.is_ascii()
}

fn digits(text: &str) -> usize {
    text.bytes().filter(u8::is_ascii_digit).count()
}

fn is_number(text: &str) -> bool {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    !unsigned.is_empty()
        && unsigned.matches('.').count() <= 1
        && unsigned
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'.')
}

/// `2026-01-31…`, `31.01.2026…` or `01/31/2026…`.
fn is_date(text: &str) -> bool {
    let Some(day) = text.as_bytes().get(..10) else {
        return false;
    };
    let is_digit = |at: usize| day[at].is_ascii_digit();
    let rest = &text.as_bytes()[10..];
    let ends = rest.is_empty()
        || rest
            .iter()
            .all(|byte| b"0123456789:.+-TZ apmAPM".contains(byte));
    let year_first = (0..10).all(|at| match at {
        4 | 7 => day[at] == b'-',
        _ => is_digit(at),
    });
    let year_last = (0..10).all(|at| match at {
        2 | 5 => day[at] == day[2] && matches!(day[at], b'.' | b'/'),
        _ => is_digit(at),
    });
    ends && (year_first || year_last)
}

/// A code in a field that holds one: `C1:NEW`, `tasks_task`, `Europe/Moscow`.
fn is_code(text: &str) -> bool {
    text.len() <= 64
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_:.-/|".contains(&byte))
        && !text.contains("://")
        && (digits(text) < 7 || is_number(text))
}

/// A code in an unknown field: `UC_4AF`, `C1:NEW`.
fn is_code_in_capitals(text: &str) -> bool {
    is_code(text)
        && !text.bytes().any(|byte| byte.is_ascii_lowercase())
        && text.bytes().any(|byte| byte.is_ascii_uppercase())
        && text
            .bytes()
            .any(|byte| b"_:".contains(&byte) || byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn faked(entity: &str, row: Value) -> Value {
        let Value::Object(mut row) = row else {
            panic!("a row is an object");
        };
        with_fake_names(entity, &mut row);
        Value::Object(row)
    }

    #[test]
    fn nothing_of_a_person_is_left_in_a_row() {
        let secrets = [
            "Пётр",
            "Иванов",
            "Сергеевич",
            "9161234567",
            "petr@mail.ru",
            "Рога",
            "Ленина",
            "перезвонить",
            "770123456789",
            "petrov_p",
            "12.05",
            "1985-05-12",
            "Директор по развитию",
            "token=abc",
            "4509",
            "t.me",
        ];
        let row = json!({
            "ID": "7", "NAME": "Пётр", "LAST_NAME": "Иванов", "SECOND_NAME": "Сергеевич", "TITLE": "Заявка от Пётр Иванов",
            "COMPANY_TITLE": "Рога и копыта", "POST": "Директор по развитию", "BIRTHDATE": "1985-05-12T03:00:00+03:00",
            "PHONE": [{"ID": "1", "VALUE": "+79161234567", "VALUE_TYPE": "WORK", "TYPE_ID": "PHONE"}],
            "EMAIL": [{"ID": "2", "VALUE": "petr@mail.ru", "VALUE_TYPE": "HOME"}],
            "IM": [{"VALUE": "petrov_p", "VALUE_TYPE": "TELEGRAM"}], "WEB": [{"VALUE": "https://t.me/petrov_p"}],
            "COMMENTS": "Просил перезвонить", "ADDRESS": "ул. Ленина, 5", "ADDRESS_CITY": "Ленина",
            "UF_CRM_1": "паспорт 4509 123456", "UF_CRM_2": "79161234567", "UF_CRM_3": ["перезвонить", "petr@mail.ru"],
            "RQ_INN": "770123456789", "ORIGIN_ID": "petr@mail.ru", "ASSIGNED_BY_NAME": "Пётр Иванов",
            "PHOTO": {"id": 5, "downloadUrl": "/bitrix/x?token=abc", "showUrl": "https://mail.ru/petrov_p"},
            "PERSONAL_MOBILE": 79_161_234_567_u64,
        });
        let text = faked("crm.contact", row).to_string();
        for secret in secrets {
            assert!(!text.contains(secret), "{secret} is left in {text}");
        }
    }

    #[test]
    fn what_programs_work_with_stays() {
        let row = json!({
            "ID": "7", "STAGE_ID": "C1:NEW", "STATUS_ID": "UC_4AF", "CURRENCY_ID": "RUB", "OPPORTUNITY": "1500000.00",
            "OPENED": "Y", "ASSIGNED_BY_ID": "12", "DATE_CREATE": "2026-01-31T10:00:00+03:00", "CLOSEDATE": "31.01.2026",
            "TYPE_ID": "SALE", "COMPANY_ID": "0", "IS_NEW": true, "PROBABILITY": 50, "UF_CRM_LIST": ["45", "46"],
            "stageSemanticId": "P", "createdBy": 1, "timeZone": "Europe/Moscow", "COMMENTS": "", "LEAD_ID": null,
            "UTM_SOURCE": "yandex", "UF_CRM_MONEY": "1500000|RUB",
        });
        assert_eq!(faked("crm.deal", row.clone()), row);
        let stage = json!({"ID": "1", "NAME": "Новая", "STATUS_ID": "NEW", "ENTITY_ID": "STATUS"});
        assert_eq!(faked("crm.status", stage.clone()), stage);
    }

    #[test]
    fn equal_texts_become_equal_ones_and_keep_their_shape() {
        let one = faked(
            "crm.lead",
            json!({"NAME": "Анна", "LAST_NAME": "Петрова", "COMMENTS": "двенадцать!"}),
        );
        let other = faked(
            "crm.contact",
            json!({"NAME": "анна", "LAST_NAME": "Сидорова"}),
        );
        assert_eq!(one["NAME"], other["NAME"]);
        assert_eq!(one["COMMENTS"].as_str().unwrap().chars().count(), 11);
        let user = faked(
            "user",
            json!({"LAST_NAME": "П", "PERSONAL_BIRTHDAY": "12.05.1985", "RQ_INN": "770123"}),
        );
        assert_eq!(user["PERSONAL_BIRTHDAY"], "01.01.1985");
        assert_eq!(user["RQ_INN"].as_str().unwrap().len(), 6);
    }

    #[test]
    fn names_are_cut_into_words() {
        assert_eq!(words("ASSIGNED_BY_ID"), ["ASSIGNED", "BY", "ID"]);
        assert_eq!(words("assignedById"), ["ASSIGNED", "BY", "ID"]);
        assert_eq!(words("ufCrm5_1"), ["UF", "CRM5", "1"]);
        assert!(words("").is_empty());
    }
}
