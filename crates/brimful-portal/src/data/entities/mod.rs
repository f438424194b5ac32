//! The entities of the portal, as data.

mod activity;
mod company;
mod contact;
mod deal;
mod dictionaries;
mod disk_object;
mod events;
mod im;
mod lead;
mod people;
mod product_row;
mod quote;
pub(crate) mod smart;
mod task;
mod task_parts;

use super::schema::{Kind, Spec, field};
use super::source::Source;
use super::words;

pub(crate) const LEAD: usize = 0;
pub(crate) const DEAL: usize = 1;
pub(crate) const CONTACT: usize = 2;
pub(crate) const COMPANY: usize = 3;
pub(crate) const TASK: usize = 4;
pub(crate) const USER: usize = 5;
pub(crate) const DEPARTMENT: usize = 6;
pub(crate) const EVENT_LOG: usize = 7;
pub(crate) const ACTIVITY: usize = 8;
pub(crate) const QUOTE: usize = 9;
pub(crate) const STATUS: usize = 10;
pub(crate) const STAGE_HISTORY: usize = 11;
pub(crate) const ELAPSED: usize = 12;
pub(crate) const CHECKLIST: usize = 13;
pub(crate) const PRODUCT_ROW: usize = 14;
pub(crate) const DISK_OBJECT: usize = 15;
pub(crate) const CHAT: usize = 16;
pub(crate) const MESSAGE: usize = 17;
pub(crate) const OFFLINE_EVENT: usize = 18;
/// Smart processes begin here.
pub(crate) const SMART: usize = 19;

/// An entity that every portal has.
pub(crate) struct Entity {
    /// The name that rows are asked for by.
    pub(crate) name: &'static str,
    /// `entityTypeId`; 0 outside the CRM.
    pub(crate) type_id: u32,
    pub(crate) fields: &'static [Spec],
    /// How many rows a portal has that nobody asked for.
    pub(crate) rows: u64,
}

/// The entities in the order of their constants.
pub(crate) const ENTITIES: &[Entity] = &[
    Entity {
        name: "lead",
        type_id: 1,
        fields: lead::FIELDS,
        rows: 0,
    },
    Entity {
        name: "deal",
        type_id: 2,
        fields: deal::FIELDS,
        rows: 0,
    },
    Entity {
        name: "contact",
        type_id: 3,
        fields: contact::FIELDS,
        rows: 0,
    },
    Entity {
        name: "company",
        type_id: 4,
        fields: company::FIELDS,
        rows: 0,
    },
    Entity {
        name: "task",
        type_id: 0,
        fields: task::FIELDS,
        rows: 0,
    },
    Entity {
        name: "user",
        type_id: 0,
        fields: people::USER_FIELDS,
        rows: 12,
    },
    Entity {
        name: "department",
        type_id: 0,
        fields: people::DEPARTMENT_FIELDS,
        rows: 5,
    },
    Entity {
        name: "eventlog",
        type_id: 0,
        fields: events::EVENT_LOG_FIELDS,
        rows: 100,
    },
    Entity {
        name: "activity",
        // It has a number as an owner, and is no item all the same.
        type_id: 0,
        fields: activity::FIELDS,
        rows: 0,
    },
    Entity {
        name: "quote",
        type_id: 7,
        fields: quote::FIELDS,
        rows: 0,
    },
    Entity {
        name: "status",
        type_id: 0,
        fields: dictionaries::STATUS_FIELDS,
        rows: 0,
    },
    Entity {
        name: "stagehistory",
        type_id: 0,
        fields: dictionaries::STAGE_HISTORY_FIELDS,
        rows: 0,
    },
    Entity {
        name: "elapsed",
        type_id: 0,
        fields: task_parts::ELAPSED_FIELDS,
        rows: 0,
    },
    Entity {
        name: "checklist",
        type_id: 0,
        fields: task_parts::CHECKLIST_FIELDS,
        rows: 0,
    },
    Entity {
        name: "productrow",
        type_id: 0,
        fields: product_row::FIELDS,
        rows: 0,
    },
    Entity {
        name: "diskobject",
        type_id: 0,
        fields: disk_object::FIELDS,
        rows: 0,
    },
    Entity {
        name: "chat",
        type_id: 0,
        fields: im::CHAT_FIELDS,
        rows: 0,
    },
    Entity {
        name: "message",
        type_id: 0,
        fields: im::MESSAGE_FIELDS,
        rows: 0,
    },
    Entity {
        name: "offlineevent",
        type_id: 0,
        fields: events::OFFLINE_EVENT_FIELDS,
        rows: 0,
    },
    Entity {
        name: "128",
        type_id: 128,
        fields: smart::FIELDS_128,
        rows: 0,
    },
    Entity {
        name: "191",
        type_id: 191,
        fields: smart::FIELDS_191,
        rows: 0,
    },
];

/// The fields of a smart process that is not built in.
pub(crate) const SMART_FIELDS: &[Spec] = smart::FIELDS;

/// A constant field that only items have.
const fn entity_type(id: i64) -> Spec {
    field("ENTITY_TYPE_ID", Kind::Integer, Source::Number(id), "Тип")
        .read_only()
        .items_only()
}

const UTM_SOURCE: Spec = field(
    "UTM_SOURCE",
    Kind::Text,
    Source::Seldom(40, &Source::Pick(words::UTM)),
    "Рекламная система",
);
const UTM_MEDIUM: Spec = field(
    "UTM_MEDIUM",
    Kind::Text,
    Source::Seldom(20, &Source::Always("CPC")),
    "Тип трафика",
);
const UTM_CAMPAIGN: Spec = field(
    "UTM_CAMPAIGN",
    Kind::Text,
    Source::Nothing,
    "Обозначение рекламной кампании",
);
const UTM_CONTENT: Spec = field(
    "UTM_CONTENT",
    Kind::Text,
    Source::Nothing,
    "Содержание кампании",
);
const UTM_TERM: Spec = field(
    "UTM_TERM",
    Kind::Text,
    Source::Nothing,
    "Условие поиска кампании",
);

const ASSIGNED_BY_ID: Spec = field(
    "ASSIGNED_BY_ID",
    Kind::User,
    Source::One(USER, 100),
    "Ответственный",
);
const CREATED_BY_ID: Spec = field(
    "CREATED_BY_ID",
    Kind::User,
    Source::One(USER, 100),
    "Кем создан",
)
.item("CREATED_BY")
.read_only();
const MODIFY_BY_ID: Spec = field(
    "MODIFY_BY_ID",
    Kind::User,
    Source::One(USER, 100),
    "Кем изменен",
)
.item("UPDATED_BY")
.read_only();
const DATE_CREATE: Spec = field(
    "DATE_CREATE",
    Kind::DateTime,
    Source::Created,
    "Дата создания",
)
.item("CREATED_TIME")
.read_only();
const DATE_MODIFY: Spec = field(
    "DATE_MODIFY",
    Kind::DateTime,
    Source::Modified,
    "Дата изменения",
)
.item("UPDATED_TIME")
.read_only();
const LAST_ACTIVITY_BY: Spec = field(
    "LAST_ACTIVITY_BY",
    Kind::User,
    Source::One(USER, 100),
    "LAST_ACTIVITY_BY",
)
.read_only();
const LAST_ACTIVITY_TIME: Spec = field(
    "LAST_ACTIVITY_TIME",
    Kind::DateTime,
    Source::Modified,
    "LAST_ACTIVITY_TIME",
)
.read_only();
const OPENED: Spec = field("OPENED", Kind::Char, Source::Flag(80), "Доступен для всех");
const COMMENTS: Spec = field(
    "COMMENTS",
    Kind::Text,
    Source::Seldom(35, &Source::Prose(words::COMMENTS)),
    "Комментарий",
);
const SOURCE_ID: Spec = field(
    "SOURCE_ID",
    Kind::Status("SOURCE"),
    Source::Pick(words::SOURCES),
    "Источник",
);
const SOURCE_DESCRIPTION: Spec = field(
    "SOURCE_DESCRIPTION",
    Kind::Text,
    Source::Nothing,
    "Дополнительно об источнике",
);
const CURRENCY_ID: Spec = field(
    "CURRENCY_ID",
    Kind::Currency,
    Source::Pick(words::CURRENCIES),
    "Валюта",
);
const OPPORTUNITY: Spec = field(
    "OPPORTUNITY",
    Kind::Double,
    Source::Cents(500_000_000),
    "Сумма",
);
const IS_MANUAL_OPPORTUNITY: Spec = field(
    "IS_MANUAL_OPPORTUNITY",
    Kind::Char,
    Source::Flag(30),
    "IS_MANUAL_OPPORTUNITY",
);
const ORIGINATOR_ID: Spec = field(
    "ORIGINATOR_ID",
    Kind::Text,
    Source::Nothing,
    "Внешний источник",
);
const ORIGIN_ID: Spec = field(
    "ORIGIN_ID",
    Kind::Text,
    Source::Nothing,
    "Идентификатор элемента во внешнем источнике",
);
const NAME: Spec = field("NAME", Kind::Text, Source::First, "Имя");
const SECOND_NAME: Spec = field("SECOND_NAME", Kind::Text, Source::Nothing, "Отчество");
const LAST_NAME: Spec = field("LAST_NAME", Kind::Text, Source::Last, "Фамилия");
const HONORIFIC: Spec = field(
    "HONORIFIC",
    Kind::Status("HONORIFIC"),
    Source::Nothing,
    "Обращение",
);
const BIRTHDATE: Spec = field("BIRTHDATE", Kind::Date, Source::Nothing, "Дата рождения");
const POST: Spec = field(
    "POST",
    Kind::Text,
    Source::Seldom(50, &Source::Pick(words::POSTS)),
    "Должность",
);
const ADDRESS: Spec = field("ADDRESS", Kind::Text, Source::Nothing, "Адрес");
const ADDRESS_2: Spec = field("ADDRESS_2", Kind::Text, Source::Nothing, "Адрес (стр. 2)");
const ADDRESS_CITY: Spec = field(
    "ADDRESS_CITY",
    Kind::Text,
    Source::Seldom(60, &Source::Pick(words::CITIES)),
    "Город",
);
const ADDRESS_POSTAL_CODE: Spec = field(
    "ADDRESS_POSTAL_CODE",
    Kind::Text,
    Source::Nothing,
    "Почтовый индекс",
);
const ADDRESS_REGION: Spec = field("ADDRESS_REGION", Kind::Text, Source::Nothing, "Район");
const ADDRESS_PROVINCE: Spec = field("ADDRESS_PROVINCE", Kind::Text, Source::Nothing, "Область");
const ADDRESS_COUNTRY: Spec = field("ADDRESS_COUNTRY", Kind::Text, Source::Nothing, "Страна");
const ADDRESS_COUNTRY_CODE: Spec = field(
    "ADDRESS_COUNTRY_CODE",
    Kind::Text,
    Source::Nothing,
    "Код страны",
);
const ADDRESS_LOC_ADDR_ID: Spec = field(
    "ADDRESS_LOC_ADDR_ID",
    Kind::Integer,
    Source::Nothing,
    "Идентификатор адреса местоположения",
);

const ORIGIN_VERSION: Spec = field(
    "ORIGIN_VERSION",
    Kind::Text,
    Source::Nothing,
    "Версия оригинала",
);
const HAS_PHONE: Spec =
    field("HAS_PHONE", Kind::Char, Source::HasPhone, "Задан телефон").read_only();
const HAS_EMAIL: Spec =
    field("HAS_EMAIL", Kind::Char, Source::HasEmail, "Задан e-mail").read_only();
const HAS_IMOL: Spec = field(
    "HAS_IMOL",
    Kind::Char,
    Source::Flag(0),
    "Задана открытая линия",
)
.read_only();
const PHONE: Spec = field("PHONE", Kind::Multifield, Source::Phones, "Телефон").multiple();
const EMAIL: Spec = field("EMAIL", Kind::Multifield, Source::Emails, "E-mail").multiple();
const WEB: Spec = field("WEB", Kind::Multifield, Source::Nothing, "Сайт").multiple();
const LINK: Spec = field("LINK", Kind::Multifield, Source::Nothing, "LINK").multiple();
const IM: Spec = field("IM", Kind::Multifield, Source::Nothing, "Мессенджер").multiple();

/// The values of the enumerations among the user fields.
const CHOICES: &[(i64, &str)] = &[
    (1, "Розница"),
    (2, "Wholesale"),
    (3, "Тендер"),
    (4, "Partner"),
    (5, "Другое"),
];

const UF_STRING: Spec = field(
    "UF_CRM_1700000000001",
    Kind::Text,
    Source::Seldom(70, &Source::Pick(words::REGIONS)),
    "Регион",
);
const UF_INTEGER: Spec = field(
    "UF_CRM_1700000000002",
    Kind::Integer,
    Source::Seldom(60, &Source::Between(0, 5_000)),
    "Количество",
);
const UF_DOUBLE: Spec = field(
    "UF_CRM_1700000000003",
    Kind::Double,
    Source::Seldom(60, &Source::Cents(100_000)),
    "Вес, кг",
);
const UF_DATETIME: Spec = field(
    "UF_CRM_1700000000004",
    Kind::DateTime,
    Source::Seldom(50, &Source::After(120)),
    "Дата отгрузки",
);
const UF_BOOLEAN: Spec = field(
    "UF_CRM_1700000000005",
    Kind::Boolean,
    Source::Flag(40),
    "Постоянный клиент",
);
const UF_ENUMERATION: Spec = field(
    "UF_CRM_1700000000006",
    Kind::Enumeration(CHOICES),
    Source::Seldom(80, &Source::Between(1, 5)),
    "Канал продаж",
);
const UF_CHOICES: Spec = field(
    "UF_CRM_1700000000007",
    Kind::Enumeration(CHOICES),
    Source::Choices(5),
    "Интересы",
)
.multiple();
const UF_MONEY: Spec = field(
    "UF_CRM_1700000000008",
    Kind::Money,
    Source::Seldom(50, &Source::Money(90_000_000)),
    "Предоплата",
);
const UF_STRINGS: Spec = field(
    "UF_CRM_1700000000009",
    Kind::Text,
    Source::Words(words::TAGS),
    "Метки",
)
.multiple();
const UF_DATE: Spec = field(
    "UF_CRM_1700000000010",
    Kind::Date,
    Source::Seldom(50, &Source::DayAfter(365)),
    "Дата договора",
);
const UF_LINK: Spec = field(
    "UF_CRM_1700000000011",
    Kind::Url,
    Source::Seldom(30, &Source::Prose(words::LINKS)),
    "Ссылка",
);
