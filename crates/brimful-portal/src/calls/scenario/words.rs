//! What people of a language are called, where they work, and what they buy.

use crate::context::scenario::Language;

/// What a company sells: its name, what one costs, and how many are sold at once at most.
pub(super) type Product = (&'static str, i64, i64);

/// The words of a language. Last names are the same for women and men.
pub(super) struct Words {
    pub(super) first: &'static [&'static str],
    pub(super) last: &'static [&'static str],
    /// What a company is called, before and after its name.
    pub(super) forms: &'static [(&'static str, &'static str)],
    pub(super) companies: &'static [&'static str],
    pub(super) posts: &'static [&'static str],
    pub(super) products: &'static [Product],
    /// Titles of tasks, and what is to be done.
    pub(super) tasks: &'static [(&'static str, &'static str)],
    /// What is noted of a call.
    pub(super) notes: &'static [&'static str],
    /// The posts of the first employee, of the head of sales, and of the others.
    pub(super) director: &'static str,
    pub(super) head_of_sales: &'static str,
    pub(super) manager: &'static str,
    pub(super) whole_company: &'static str,
    pub(super) sales_department: &'static str,
    pub(super) currency: &'static str,
    pub(super) phone: &'static str,
    /// The domain of the company's own addresses.
    pub(super) domain: &'static str,
}

/// The words of the language that a company writes in.
pub(super) fn of(language: Language) -> &'static Words {
    match language {
        Language::Russian => &RUSSIAN,
        Language::English => &ENGLISH,
    }
}

const RUSSIAN: Words = Words {
    first: &[
        "Анна",
        "Иван",
        "Мария",
        "Сергей",
        "Ольга",
        "Дмитрий",
        "Елена",
        "Алексей",
        "Татьяна",
        "Павел",
        "Наталья",
        "Андрей",
        "Ирина",
        "Михаил",
        "Светлана",
        "Николай",
    ],
    last: &[
        "Ким",
        "Шевченко",
        "Литвин",
        "Савчук",
        "Бондарь",
        "Мельник",
        "Коваль",
        "Белых",
        "Седых",
        "Черных",
        "Ткач",
        "Гончар",
        "Мороз",
        "Ткаченко",
        "Дорош",
        "Живаго",
    ],
    forms: &[
        ("ООО «", "»"),
        ("АО «", "»"),
        ("ООО «", "»"),
        ("ПАО «", "»"),
    ],
    companies: &[
        "Ромашка",
        "Сибирский берег",
        "Северный ветер",
        "Точная механика",
        "Новый горизонт",
        "Уральский завод",
        "Белый медведь",
        "Тёплый дом",
        "Волжские мельницы",
        "Зелёный город",
        "Мастерская окон",
        "Дорстрой",
        "Лесная сказка",
        "Быстрый курьер",
        "Чистая вода",
        "Кофе и книги",
        "Медсервис",
        "Полюс",
        "Балтийский склад",
        "Фабрика мебели",
    ],
    posts: &[
        "директор",
        "закупщик",
        "главный инженер",
        "бухгалтер",
        "менеджер проекта",
    ],
    products: &[
        ("Внедрение CRM", 180_000, 1),
        ("Обучение сотрудника", 12_000, 10),
        ("Рабочее место кассира", 64_000, 6),
        ("Сайт с каталогом", 240_000, 1),
        ("IP-телефон", 7_500, 30),
        ("Обслуживание, месяц", 15_000, 12),
    ],
    tasks: &[
        (
            "Подготовить договор",
            "Реквизиты взять из карточки компании, срок оплаты — 10 дней.",
        ),
        (
            "Согласовать смету",
            "Проверить скидку и сроки поставки с руководителем.",
        ),
        (
            "Отправить предложение",
            "Отправить письмом и позвонить на следующий день.",
        ),
        ("Назначить встречу", "Узнать, кто ещё участвует в решении."),
    ],
    notes: &[
        "Обсудили состав работ, просит предложение до конца недели.",
        "Сравнивает с другим поставщиком, важны сроки.",
        "Перезвонить после обеда.",
        "Всё устраивает, ждёт договор.",
    ],
    director: "Генеральный директор",
    head_of_sales: "Руководитель отдела продаж",
    manager: "Менеджер по продажам",
    whole_company: "Компания",
    sales_department: "Отдел продаж",
    currency: "RUB",
    phone: "+7495",
    domain: "company.example",
};

const ENGLISH: Words = Words {
    first: &[
        "John", "Emma", "Lukas", "Sofia", "Peter", "Nina", "Oscar", "Grace", "Henry", "Laura",
        "Adam", "Clara", "Simon", "Julia", "Martin", "Alice",
    ],
    last: &[
        "Smith", "Brown", "Miller", "Weber", "Garcia", "Novak", "Wilson", "Larsen", "Taylor",
        "Fischer", "Moreau", "Rossi", "Clark", "Jensen", "Walker", "Meyer",
    ],
    forms: &[("", " Ltd"), ("", " Inc"), ("", " Group"), ("", " & Co")],
    companies: &[
        "Northwind",
        "Blue Harbor",
        "Fabric House",
        "Green Valley Foods",
        "Hilltop Tools",
        "Silver Lake Travel",
        "Old Mill Bakery",
        "Bright Windows",
        "Fast Courier",
        "Clear Water",
        "Coffee and Books",
        "Harbor Logistics",
        "City Dental",
        "Oak Furniture",
        "Polar Storage",
        "Riverside Print",
        "Stone Bridge",
        "Sunny Farms",
        "Metro Fitness",
        "West Coast Parts",
    ],
    posts: &[
        "director",
        "buyer",
        "chief engineer",
        "accountant",
        "project manager",
    ],
    products: &[
        ("CRM rollout", 4_800, 1),
        ("Training for one person", 290, 10),
        ("Checkout terminal", 1_450, 6),
        ("Website with a catalogue", 6_200, 1),
        ("IP phone", 180, 30),
        ("Support for a month", 350, 12),
    ],
    tasks: &[
        (
            "Prepare the contract",
            "Take the details from the company card; payment within 10 days.",
        ),
        (
            "Agree on the estimate",
            "Check the discount and the dates with the head of sales.",
        ),
        ("Send the offer", "Send it by mail and call the next day."),
        (
            "Arrange a meeting",
            "Find out who else takes part in the decision.",
        ),
    ],
    notes: &[
        "We went through the scope; wants an offer by the end of the week.",
        "Compares with another supplier; the dates matter.",
        "Call back in the afternoon.",
        "Agrees with everything and waits for the contract.",
    ],
    director: "Managing director",
    head_of_sales: "Head of sales",
    manager: "Sales manager",
    whole_company: "Company",
    sales_department: "Sales",
    currency: "USD",
    phone: "+1202",
    domain: "company.example",
};
