//! The dictionaries that a portal begins with: sources, types and stages.

use brimful_protocol::Value;

use super::PortalData;
use super::entities::STATUS;
use super::stages::{self, Stage};
use super::table::Record;

const SOURCES: &[(&str, &str)] = &[
    ("CALL", "Звонок"),
    ("EMAIL", "Электронная почта"),
    ("WEB", "Веб-сайт"),
    ("ADVERTISING", "Реклама"),
    ("PARTNER", "Существующий клиент"),
    ("RECOMMENDATION", "По рекомендации"),
    ("TRADE_SHOW", "Выставка"),
    ("WEBFORM", "CRM-форма"),
    ("CALLBACK", "Обратный звонок"),
    ("OTHER", "Другое"),
];

const DEAL_TYPES: &[(&str, &str)] = &[
    ("SALE", "Продажа"),
    ("COMPLEX", "Комплексная продажа"),
    ("GOODS", "Продажа товара"),
    ("SERVICES", "Продажа услуги"),
    ("SERVICE", "Сервисное обслуживание"),
];

/// The statuses of invoices before those of smart processes: ID, title, meaning.
const INVOICE_STATUSES: &[(&str, &str, &str)] = &[
    ("N", "Новый", "P"),
    ("S", "Отправлен клиенту", "P"),
    ("P", "Оплачен", "S"),
    ("D", "Не оплачен", "F"),
];

impl PortalData {
    /// Fills the dictionaries of a portal that was not given any.
    pub(super) fn begin_dictionary(&mut self) {
        fn entries(stages: &[Stage]) -> impl Iterator<Item = (String, &str, &str)> {
            stages
                .iter()
                .map(|stage| (stage.id.to_owned(), stage.title, stage.semantic))
        }
        self.fill("STATUS", None, entries(stages::LEAD_STAGES));
        for (dictionary, plain) in [("SOURCE", SOURCES), ("DEAL_TYPE", DEAL_TYPES)] {
            let plain = plain
                .iter()
                .map(|(id, title)| ((*id).to_owned(), *title, "P"));
            self.fill(dictionary, None, plain);
        }
        let statuses = INVOICE_STATUSES.iter();
        let statuses = statuses.map(|(id, title, semantic)| ((*id).to_owned(), *title, *semantic));
        self.fill("INVOICE_STATUS", None, statuses);
        for category in stages::DEAL_CATEGORIES {
            let dictionary = stages::dictionary_of_deals(category.id);
            self.fill(&dictionary, Some(category.id), entries(category.stages));
        }
        for (entity_type, category) in [(128, 1), (191, 2)] {
            let dictionary = format!("DYNAMIC_{entity_type}_STAGE_{category}");
            let prefixed = entries(stages::ITEM_STAGES).map(|(id, title, semantic)| {
                (format!("DT{entity_type}_{category}:{id}"), title, semantic)
            });
            self.fill(&dictionary, Some(category), prefixed);
        }
    }

    /// Gives a new funnel its stages.
    pub(crate) fn begin_funnel(&mut self, entity_type: u32, category: i64) {
        const DEAL: u32 = 2;
        let (dictionary, prefix, stages) = match entity_type {
            DEAL => (
                stages::dictionary_of_deals(category),
                format!("C{category}"),
                stages::DEAL_CATEGORIES[0].stages,
            ),
            _ => (
                format!("DYNAMIC_{entity_type}_STAGE_{category}"),
                format!("DT{entity_type}_{category}"),
                stages::ITEM_STAGES,
            ),
        };
        let stages = stages.iter().map(|stage| {
            (
                format!("{prefix}:{}", stage.id),
                stage.title,
                stage.semantic,
            )
        });
        self.fill(&dictionary, Some(category), stages);
    }

    /// Deletes the stages of a funnel.
    pub(crate) fn end_funnel(&mut self, entity_type: u32, category: i64) {
        const DEAL: u32 = 2;
        let dictionary = match entity_type {
            DEAL => stages::dictionary_of_deals(category),
            _ => format!("DYNAMIC_{entity_type}_STAGE_{category}"),
        };
        let table = &mut self.tables[STATUS];
        let Some(field) = table.schema.legacy("ENTITY_ID") else {
            return;
        };
        let is_of = |id: &u64| {
            let of = table.row(*id).cell(field).to_text();
            of.as_deref() == Some(&dictionary)
        };
        let going: Vec<u64> = table.ids(1, u64::MAX).filter(is_of).collect();
        for id in going {
            self.tables[STATUS].delete(id);
        }
    }

    fn fill<'e>(
        &mut self,
        dictionary: &str,
        category: Option<i64>,
        entries: impl Iterator<Item = (String, &'e str, &'e str)>,
    ) {
        let table = &mut self.tables[STATUS];
        for (place, (status, title, semantic)) in (1..).zip(entries) {
            let mut record = Record::default();
            let semantic = match semantic {
                "P" => Value::Null,
                other => other.into(),
            };
            for (name, value) in [
                ("ENTITY_ID", dictionary.into()),
                ("STATUS_ID", status.into()),
                ("NAME", title.into()),
                ("NAME_INIT", title.into()),
                ("SORT", Value::Int(place * 10)),
                ("SYSTEM", "Y".into()),
                ("SEMANTICS", semantic),
                ("CATEGORY_ID", category.map_or(Value::Null, Value::Int)),
            ] {
                if let Some(field) = table.schema.legacy(name) {
                    record.set(field, value);
                }
            }
            // Every other ID, as on a portal whose database has two masters.
            let next = table.ids(1, u64::MAX).next_back().map_or(1, |id| id + 2);
            table.put(next, record);
        }
    }
}
