//! The words that generated rows are made of. Except for [`COMMENTS`] and [`LINKS`], JSON needs no escapes for them.

/// What a lead, deal or task is about.
pub const SUBJECTS: &[&str] = &[
    "Поставка оборудования — ",
    "Website redesign — ",
    "Внедрение CRM — ",
    "Annual support — ",
    "Ремонт офиса — ",
    "Mobile application — ",
    "Аренда склада — ",
    "Security audit — ",
    "Монтаж вентиляции — ",
    "Cloud migration — ",
    "Заявка с сайта — ",
    "Staff training — ",
    "Проектирование цеха — ",
    "Print campaign — ",
    "Закупка материалов — ",
    "Data warehouse — ",
];

/// What a task asks for.
pub const CHORES: &[&str] = &[
    "Подготовить договор: ",
    "Call back: ",
    "Согласовать смету: ",
    "Prepare an offer: ",
    "Проверить оплату: ",
    "Send the documents: ",
    "Провести встречу: ",
    "Fix the layout: ",
];

/// Names of companies.
pub const COMPANIES: &[&str] = &[
    "ООО «Ромашка»",
    "Northwind",
    "АО «Сибирский берег»",
    "Blue Harbor Ltd",
    "ИП Соколова",
    "Contoso",
    "ООО «Северный ветер»",
    "Fabrikam GmbH",
    "ЗАО «Точная механика»",
    "Tailspin Toys",
    "ООО «Новый горизонт»",
    "Wide World Importers",
    "ПАО «Уральский завод»",
    "Adventure Works",
    "ООО «Белый медведь»",
    "Litware Inc",
];

/// First names.
pub const FIRST: &[&str] = &[
    "Анна",
    "Ivan",
    "Мария",
    "John",
    "Сергей",
    "Emma",
    "Ольга",
    "Lukas",
    "Дмитрий",
    "Sofia",
    "Елена",
    "Peter",
    "Алексей",
    "Nina",
    "Татьяна",
    "Oscar",
];

/// Last names.
pub const LAST: &[&str] = &[
    "Ким",
    "Smith",
    "Шевченко",
    "Brown",
    "Литвин",
    "Miller",
    "Савчук",
    "Weber",
    "Ли",
    "Garcia",
    "Бондарь",
    "Novak",
    "Мельник",
    "Wilson",
    "Коваль",
    "Larsen",
];

/// [`FIRST`] in letters that e-mail addresses have.
pub const FIRST_LATIN: &[&str] = &[
    "anna", "ivan", "maria", "john", "sergey", "emma", "olga", "lukas", "dmitry", "sofia", "elena",
    "peter", "alexey", "nina", "tatiana", "oscar",
];

/// [`LAST`] in letters that e-mail addresses have.
pub const LAST_LATIN: &[&str] = &[
    "kim",
    "smith",
    "shevchenko",
    "brown",
    "litvin",
    "miller",
    "savchuk",
    "weber",
    "li",
    "garcia",
    "bondar",
    "novak",
    "melnik",
    "wilson",
    "koval",
    "larsen",
];

/// Positions in a company.
pub const POSTS: &[&str] = &[
    "Директор",
    "Manager",
    "Бухгалтер",
    "Engineer",
    "Закупщик",
    "Head of sales",
    "Юрист",
    "Analyst",
];

/// Cities.
pub const CITIES: &[&str] = &[
    "Москва",
    "Berlin",
    "Санкт-Петербург",
    "Warsaw",
    "Казань",
    "Lisbon",
    "Новосибирск",
    "Belgrade",
];

/// Departments.
pub const DEPARTMENTS: &[&str] = &[
    "Отдел продаж",
    "Marketing",
    "Бухгалтерия",
    "Development",
    "Служба поддержки",
    "Logistics",
    "Юридический отдел",
    "Human resources",
];

/// These hold what JSON must escape, as comments of people do.
pub(crate) const COMMENTS: &[&str] = &[
    "Просил перезвонить после 15:00",
    "[B]Urgent[/B]: call before 10 a.m.",
    "Договор на согласовании у юристов.<br>Ждём ответа.",
    "Prefers e-mail; \"no calls, please\"",
    "Скидка 10 % & бесплатная доставка",
    "See https://example.com/brief/2024?id=7&v=2",
    "Первая строка\nвторая строка",
    "It's a returning customer",
];

/// These hold slashes, which JSON as PHP writes it escapes.
pub(crate) const LINKS: &[&str] = &[
    "https://example.com/brief",
    "https://example.com/catalogue/?page=2&sort=price",
    "https://disk.example.com/d/договор.pdf",
];

pub(crate) const CURRENCIES: &[&str] = &["RUB", "RUB", "RUB", "RUB", "RUB", "USD", "EUR", "EUR"];

pub(crate) const SOURCES: &[&str] = &[
    "CALL",
    "EMAIL",
    "WEB",
    "ADVERTISING",
    "PARTNER",
    "RECOMMENDATION",
    "TRADE_SHOW",
    "WEBFORM",
    "CALLBACK",
    "OTHER",
];

pub(crate) const DEAL_TYPES: &[&str] = &[
    "SALE", "SALE", "SALE", "COMPLEX", "GOODS", "SERVICES", "SERVICE",
];

pub(crate) const UTM: &[&str] = &["google", "yandex", "newsletter", "partner", "vk"];

pub(crate) const REGIONS: &[&str] = &["Север", "South", "Восток", "West", "Центр"];

/// Tags.
pub const TAGS: &[&str] = &["срочно", "client", "договор", "internal", "склад"];

#[cfg(test)]
mod tests {
    use brimful_protocol::json;

    use super::*;

    #[test]
    fn the_words_that_are_written_raw_need_no_escapes() {
        let raw = [
            SUBJECTS,
            CHORES,
            COMPANIES,
            FIRST,
            LAST,
            FIRST_LATIN,
            LAST_LATIN,
            POSTS,
            CITIES,
            DEPARTMENTS,
            CURRENCIES,
            SOURCES,
            DEAL_TYPES,
            UTM,
            REGIONS,
            TAGS,
        ];
        for word in raw.into_iter().flatten() {
            let mut out = Vec::new();
            json::write_escaped(&mut out, word);
            assert_eq!(out, word.as_bytes(), "{word}");
        }
    }

    #[test]
    fn a_name_and_its_latin_spelling_stand_at_the_same_place() {
        assert_eq!(FIRST.len(), FIRST_LATIN.len());
        assert_eq!(LAST.len(), LAST_LATIN.len());
    }
}
