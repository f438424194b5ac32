//! Fields that several entities of the CRM have.

use super::{COMPANY, CONTACT, LEAD, USER};
use crate::data::sample_words;
use crate::data::schema::{FieldSpec, Kind, field};
use crate::data::source::Source;

/// The fields of several groups, one behind the other.
pub(super) const fn join<const COUNT: usize>(groups: &[&[FieldSpec]]) -> [FieldSpec; COUNT] {
    let mut all = [groups[0][0]; COUNT];
    let (mut group, mut count) = (0, 0);
    while group < groups.len() {
        let mut place = 0;
        while place < groups[group].len() {
            all[count] = groups[group][place];
            place += 1;
            count += 1;
        }
        group += 1;
    }
    all
}

/// How many fields the groups have together.
pub(super) const fn count(groups: &[&[FieldSpec]]) -> usize {
    let (mut group, mut count) = (0, 0);
    while group < groups.len() {
        count += groups[group].len();
        group += 1;
    }
    count
}

/// Groups of fields as one list.
macro_rules! joined {
    ($($group:expr),+ $(,)?) => {{
        const GROUPS: &[&[FieldSpec]] = &[$($group),+];
        &$crate::data::entities::shared::join::<{ $crate::data::entities::shared::count(GROUPS) }>(GROUPS)
    }};
}
pub(super) use joined;

/// The address of a lead, a contact or a company.
pub(super) const ADDRESS_FIELDS: &[FieldSpec] = &[
    ADDRESS,
    ADDRESS_2,
    ADDRESS_CITY,
    ADDRESS_POSTAL_CODE,
    ADDRESS_REGION,
    ADDRESS_PROVINCE,
    ADDRESS_COUNTRY,
    ADDRESS_COUNTRY_CODE,
    ADDRESS_LOC_ADDR_ID,
];
/// Where a visitor came from.
pub(super) const UTM_FIELDS: &[FieldSpec] =
    &[UTM_SOURCE, UTM_MEDIUM, UTM_CAMPAIGN, UTM_CONTENT, UTM_TERM];
/// Telephones, mail addresses and the like.
pub(super) const COMMUNICATION_FIELDS: &[FieldSpec] = &[PHONE, EMAIL, WEB, IM, LINK];
/// A user field of each type.
pub(super) const USER_FIELDS: &[FieldSpec] = &[
    UF_STRING,
    UF_INTEGER,
    UF_DOUBLE,
    UF_DATETIME,
    UF_BOOLEAN,
    UF_ENUMERATION,
    UF_CHOICES,
    UF_MONEY,
    UF_STRINGS,
    UF_DATE,
    UF_LINK,
];

/// The lead that this came from, in `percent` of the rows.
pub(super) const fn lead_id(percent: u64) -> FieldSpec {
    let source = Source::One(LEAD, percent);
    field("LEAD_ID", Kind::Crm("crm_lead", 1), source, "Лид")
}

/// A company, in `percent` of the rows.
pub(super) const fn company_id(percent: u64) -> FieldSpec {
    let source = Source::One(COMPANY, percent);
    field(
        "COMPANY_ID",
        Kind::Crm("crm_company", 4),
        source,
        "Компания",
    )
}

/// The first contact, in `percent` of the rows; [`contact_ids`] has all of them.
pub(super) const fn contact_id(percent: u64) -> FieldSpec {
    let source = Source::One(CONTACT, percent);
    field("CONTACT_ID", Kind::Crm("crm_contact", 3), source, "Контакт")
}

/// The contacts, in `percent` of the rows.
pub(super) const fn contact_ids(percent: u64) -> FieldSpec {
    let source = Source::Contacts(percent);
    field(
        "CONTACT_IDS",
        Kind::Crm("crm_contact", 3),
        source,
        "Контакты",
    )
    .multiple()
    .items_only()
}

/// Users who look on.
pub(super) const OBSERVERS: FieldSpec =
    field("OBSERVERS", Kind::User, Source::Nothing, "Наблюдатели")
        .multiple()
        .items_only();

/// The companies, in `percent` of the rows; [`company_id`] is the first of them.
pub(super) const fn company_ids(percent: u64) -> FieldSpec {
    let source = Source::Companies(percent);
    field(
        "COMPANY_IDS",
        Kind::Crm("crm_company", 4),
        source,
        "COMPANY_IDS",
    )
    .multiple()
    .items_only()
}

/// A constant field that only items have.
pub(super) const fn entity_type(id: i64) -> FieldSpec {
    field("ENTITY_TYPE_ID", Kind::Integer, Source::Number(id), "Тип")
        .read_only()
        .items_only()
}

pub(super) const UTM_SOURCE: FieldSpec = field(
    "UTM_SOURCE",
    Kind::Text,
    Source::Seldom(40, &Source::Pick(sample_words::UTM)),
    "Рекламная система",
);
pub(super) const UTM_MEDIUM: FieldSpec = field(
    "UTM_MEDIUM",
    Kind::Text,
    Source::Seldom(20, &Source::Always("CPC")),
    "Тип трафика",
);
pub(super) const UTM_CAMPAIGN: FieldSpec = field(
    "UTM_CAMPAIGN",
    Kind::Text,
    Source::Nothing,
    "Обозначение рекламной кампании",
);
pub(super) const UTM_CONTENT: FieldSpec = field(
    "UTM_CONTENT",
    Kind::Text,
    Source::Nothing,
    "Содержание кампании",
);
pub(super) const UTM_TERM: FieldSpec = field(
    "UTM_TERM",
    Kind::Text,
    Source::Nothing,
    "Условие поиска кампании",
);

pub(super) const ASSIGNED_BY_ID: FieldSpec = field(
    "ASSIGNED_BY_ID",
    Kind::User,
    Source::One(USER, 100),
    "Ответственный",
);
pub(super) const CREATED_BY_ID: FieldSpec = field(
    "CREATED_BY_ID",
    Kind::User,
    Source::One(USER, 100),
    "Кем создан",
)
.item("CREATED_BY")
.read_only();
pub(super) const MODIFY_BY_ID: FieldSpec = field(
    "MODIFY_BY_ID",
    Kind::User,
    Source::One(USER, 100),
    "Кем изменен",
)
.item("UPDATED_BY")
.read_only();
pub(super) const DATE_CREATE: FieldSpec = field(
    "DATE_CREATE",
    Kind::DateTime,
    Source::Created,
    "Дата создания",
)
.item("CREATED_TIME")
.read_only();
pub(super) const DATE_MODIFY: FieldSpec = field(
    "DATE_MODIFY",
    Kind::DateTime,
    Source::Modified,
    "Дата изменения",
)
.item("UPDATED_TIME")
.read_only();
pub(super) const LAST_ACTIVITY_BY: FieldSpec = field(
    "LAST_ACTIVITY_BY",
    Kind::User,
    Source::One(USER, 100),
    "LAST_ACTIVITY_BY",
)
.read_only();
pub(super) const LAST_ACTIVITY_TIME: FieldSpec = field(
    "LAST_ACTIVITY_TIME",
    Kind::DateTime,
    Source::Modified,
    "LAST_ACTIVITY_TIME",
)
.read_only();
pub(super) const OPENED: FieldSpec =
    field("OPENED", Kind::Char, Source::Flag(80), "Доступен для всех");
pub(super) const COMMENTS: FieldSpec = field(
    "COMMENTS",
    Kind::Text,
    Source::Seldom(35, &Source::Prose(sample_words::COMMENTS)),
    "Комментарий",
);
pub(super) const SOURCE_ID: FieldSpec = field(
    "SOURCE_ID",
    Kind::Status("SOURCE"),
    Source::Pick(sample_words::SOURCES),
    "Источник",
);
pub(super) const SOURCE_DESCRIPTION: FieldSpec = field(
    "SOURCE_DESCRIPTION",
    Kind::Text,
    Source::Nothing,
    "Дополнительно об источнике",
);
pub(super) const CURRENCY_ID: FieldSpec = field(
    "CURRENCY_ID",
    Kind::Currency,
    Source::Pick(sample_words::CURRENCIES),
    "Валюта",
);
pub(super) const OPPORTUNITY: FieldSpec = field(
    "OPPORTUNITY",
    Kind::Double,
    Source::Cents(500_000_000),
    "Сумма",
);
pub(super) const IS_MANUAL_OPPORTUNITY: FieldSpec = field(
    "IS_MANUAL_OPPORTUNITY",
    Kind::Char,
    // Product rows that are set make the amount.
    Source::Flag(0),
    "IS_MANUAL_OPPORTUNITY",
);
pub(super) const ORIGINATOR_ID: FieldSpec = field(
    "ORIGINATOR_ID",
    Kind::Text,
    Source::Nothing,
    "Внешний источник",
);
pub(super) const ORIGIN_ID: FieldSpec = field(
    "ORIGIN_ID",
    Kind::Text,
    Source::Nothing,
    "Идентификатор элемента во внешнем источнике",
);
pub(super) const NAME: FieldSpec = field("NAME", Kind::Text, Source::First, "Имя");
pub(super) const SECOND_NAME: FieldSpec =
    field("SECOND_NAME", Kind::Text, Source::Nothing, "Отчество");
pub(super) const LAST_NAME: FieldSpec = field("LAST_NAME", Kind::Text, Source::Last, "Фамилия");
pub(super) const HONORIFIC: FieldSpec = field(
    "HONORIFIC",
    Kind::Status("HONORIFIC"),
    Source::Nothing,
    "Обращение",
);
pub(super) const BIRTHDATE: FieldSpec =
    field("BIRTHDATE", Kind::Date, Source::Nothing, "Дата рождения");
pub(super) const POST: FieldSpec = field(
    "POST",
    Kind::Text,
    Source::Seldom(50, &Source::Pick(sample_words::POSTS)),
    "Должность",
);
pub(super) const ADDRESS: FieldSpec = field("ADDRESS", Kind::Text, Source::Nothing, "Адрес");
pub(super) const ADDRESS_2: FieldSpec =
    field("ADDRESS_2", Kind::Text, Source::Nothing, "Адрес (стр. 2)");
pub(super) const ADDRESS_CITY: FieldSpec = field(
    "ADDRESS_CITY",
    Kind::Text,
    Source::Seldom(60, &Source::Pick(sample_words::CITIES)),
    "Город",
);
pub(super) const ADDRESS_POSTAL_CODE: FieldSpec = field(
    "ADDRESS_POSTAL_CODE",
    Kind::Text,
    Source::Nothing,
    "Почтовый индекс",
);
pub(super) const ADDRESS_REGION: FieldSpec =
    field("ADDRESS_REGION", Kind::Text, Source::Nothing, "Район");
pub(super) const ADDRESS_PROVINCE: FieldSpec =
    field("ADDRESS_PROVINCE", Kind::Text, Source::Nothing, "Область");
pub(super) const ADDRESS_COUNTRY: FieldSpec =
    field("ADDRESS_COUNTRY", Kind::Text, Source::Nothing, "Страна");
pub(super) const ADDRESS_COUNTRY_CODE: FieldSpec = field(
    "ADDRESS_COUNTRY_CODE",
    Kind::Text,
    Source::Nothing,
    "Код страны",
);
pub(super) const ADDRESS_LOC_ADDR_ID: FieldSpec = field(
    "ADDRESS_LOC_ADDR_ID",
    Kind::Integer,
    Source::Nothing,
    "Идентификатор адреса местоположения",
);

pub(super) const ORIGIN_VERSION: FieldSpec = field(
    "ORIGIN_VERSION",
    Kind::Text,
    Source::Nothing,
    "Версия оригинала",
);
pub(super) const HAS_PHONE: FieldSpec =
    field("HAS_PHONE", Kind::Char, Source::HasPhone, "Задан телефон").read_only();
pub(super) const HAS_EMAIL: FieldSpec =
    field("HAS_EMAIL", Kind::Char, Source::HasEmail, "Задан e-mail").read_only();
pub(super) const HAS_IMOL: FieldSpec = field(
    "HAS_IMOL",
    Kind::Char,
    Source::Flag(0),
    "Задана открытая линия",
)
.read_only();
pub(super) const PHONE: FieldSpec =
    field("PHONE", Kind::Multifield, Source::Phones, "Телефон").multiple();
pub(super) const EMAIL: FieldSpec =
    field("EMAIL", Kind::Multifield, Source::Emails, "E-mail").multiple();
pub(super) const WEB: FieldSpec =
    field("WEB", Kind::Multifield, Source::Nothing, "Сайт").multiple();
pub(super) const LINK: FieldSpec =
    field("LINK", Kind::Multifield, Source::Nothing, "LINK").multiple();
pub(super) const IM: FieldSpec =
    field("IM", Kind::Multifield, Source::Nothing, "Мессенджер").multiple();

/// The values of the enumerations among the user fields.
pub(super) const CHOICES: &[(i64, &str)] = &[
    (1, "Розница"),
    (2, "Wholesale"),
    (3, "Тендер"),
    (4, "Partner"),
    (5, "Другое"),
];

pub(super) const UF_STRING: FieldSpec = field(
    "UF_CRM_1700000000001",
    Kind::Text,
    Source::Seldom(70, &Source::Pick(sample_words::REGIONS)),
    "Регион",
);
pub(super) const UF_INTEGER: FieldSpec = field(
    "UF_CRM_1700000000002",
    Kind::Integer,
    Source::Seldom(60, &Source::Between(0, 5_000)),
    "Количество",
);
pub(super) const UF_DOUBLE: FieldSpec = field(
    "UF_CRM_1700000000003",
    Kind::Double,
    Source::Seldom(60, &Source::Cents(100_000)),
    "Вес, кг",
);
pub(super) const UF_DATETIME: FieldSpec = field(
    "UF_CRM_1700000000004",
    Kind::DateTime,
    Source::Seldom(50, &Source::After(120)),
    "Дата отгрузки",
);
pub(super) const UF_BOOLEAN: FieldSpec = field(
    "UF_CRM_1700000000005",
    Kind::Boolean,
    Source::Flag(40),
    "Постоянный клиент",
);
pub(super) const UF_ENUMERATION: FieldSpec = field(
    "UF_CRM_1700000000006",
    Kind::Enumeration(CHOICES),
    Source::Seldom(80, &Source::Between(1, 5)),
    "Канал продаж",
);
pub(super) const UF_CHOICES: FieldSpec = field(
    "UF_CRM_1700000000007",
    Kind::Enumeration(CHOICES),
    Source::Choices(5),
    "Интересы",
)
.multiple();
pub(super) const UF_MONEY: FieldSpec = field(
    "UF_CRM_1700000000008",
    Kind::Money,
    Source::Seldom(50, &Source::Money(90_000_000)),
    "Предоплата",
);
pub(super) const UF_STRINGS: FieldSpec = field(
    "UF_CRM_1700000000009",
    Kind::Text,
    Source::Words(sample_words::TAGS),
    "Метки",
)
.multiple();
pub(super) const UF_DATE: FieldSpec = field(
    "UF_CRM_1700000000010",
    Kind::Date,
    Source::Seldom(50, &Source::DayAfter(365)),
    "Дата договора",
);
pub(super) const UF_LINK: FieldSpec = field(
    "UF_CRM_1700000000011",
    Kind::Url,
    Source::Seldom(30, &Source::Prose(sample_words::LINKS)),
    "Ссылка",
);
pub(super) const MYCOMPANY_ID: FieldSpec = field(
    "MYCOMPANY_ID",
    Kind::Crm("crm_company", 4),
    Source::Nothing,
    "Реквизиты вашей компании",
);
pub(super) const MOVED_BY_ID: FieldSpec = field(
    "MOVED_BY_ID",
    Kind::User,
    Source::One(USER, 100),
    "MOVED_BY_ID",
)
.item("MOVED_BY")
.read_only();
pub(super) const MOVED_TIME: FieldSpec =
    field("MOVED_TIME", Kind::DateTime, Source::Modified, "MOVED_TIME").read_only();
