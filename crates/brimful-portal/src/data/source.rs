//! Where the value of a generated field comes from: a pure function of the seed, the entity, the field and the ID.

use super::cell::{Cell, ComposedText, SeveralValues};
use super::entities::{COMPANY, CONTACT, smart};
use super::existing_ids::ExistingIds;
use super::hash::{below, field as field_hash};
use super::schema::Field;
use super::{hash, sample_words, stages};
use crate::context::moment;

/// How a generated field gets its value.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Source {
    Nothing,
    Blank,
    Id,
    Number(i64),
    Always(&'static str),
    /// The number, or the word, in the place that a row has in all fields of this sort: such fields belong together.
    RowNumber(&'static [i64]),
    RowWord(&'static [&'static str]),
    /// One of the words, which need no escapes.
    Pick(&'static [&'static str]),
    /// One of the texts.
    Prose(&'static [&'static str]),
    /// Filled in so many of a hundred rows.
    Seldom(u64, &'static Self),
    /// The same, with 0 in the other rows.
    OrZero(u64, &'static Self),
    /// Yes in so many of a hundred rows.
    Flag(u64),
    /// A number from the first to the second, both included.
    Between(i64, i64),
    /// An amount below so many hundredths.
    Cents(i64),
    Money(i64),
    /// The ID of an existing row of an entity, in so many of a hundred rows.
    One(usize, u64),
    /// The contact in `CONTACT_ID`, which so many of a hundred rows have.
    Contacts(u64),
    /// The company of `COMPANY_ID`, as a list.
    Companies(u64),
    /// Some IDs of rows of an entity.
    Several(usize),
    Words(&'static [&'static str]),
    Choices(u64),
    Created,
    Modified,
    /// A day so many days after the row was made at most.
    DayAfter(u64),
    /// A moment so many days after the row was made at most.
    After(u64),
    Subject,
    Chore,
    First,
    Last,
    Company,
    Phones,
    HasPhone,
    Emails,
    HasEmail,
    /// A single e-mail or phone, as users have it.
    Email,
    Phone,
    Guid,
    Category,
    DealStage,
    DealSemantic,
    DealClosed,
    LeadStatus,
    LeadSemantic,
    ItemStage(u32),
    TaskStatus,
    TaskClosed,
    /// The first so many rows are the roots; the others hang below one of them.
    Parent(u64),
    /// The first so many rows are the roots; the others hang below the first one.
    Below(u64),
    /// JSON as it is.
    Raw(Raw),
}

/// JSON that only some fields have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Raw {
    EmptyObject,
    EmptyList,
}

/// The generated part of the whole portal: what rows may refer to.
#[derive(Debug)]
pub(crate) struct AllRows {
    pub(crate) presences: Vec<ExistingIds>,
    /// The seconds between one row of an entity and the next.
    steps: Vec<u64>,
    /// No row was changed after that, in Unix seconds.
    changed_until: i64,
}

impl AllRows {
    /// `until` is the moment the last rows were made, in Unix seconds; the end of 2024 if not set.
    pub(crate) fn new(presences: Vec<ExistingIds>, until: Option<i64>) -> Self {
        let span = until.map_or(SPAN, |until| {
            u64::try_from(until.saturating_sub(FIRST_MOMENT)).unwrap_or(1)
        });
        let step = |existing_ids: &ExistingIds| (span / existing_ids.last().max(1)).max(1);
        Self {
            steps: presences.iter().map(step).collect(),
            presences,
            changed_until: until.unwrap_or(i64::MAX),
        }
    }
}

/// The moment the first row was made, 2020-01-01, and the years that the generated rows are spread over where nobody
/// says until when.
const FIRST_MOMENT: i64 = 1_577_826_000;
const SPAN: u64 = 5 * 365 * 86_400;

/// A generated row: its ID and its hash.
#[derive(Debug, Clone, Copy)]
pub(crate) struct GeneratedRow<'w> {
    pub(crate) all_rows: &'w AllRows,
    pub(crate) entity: usize,
    pub(crate) id: u64,
    pub(crate) hash: u64,
}

impl<'w> GeneratedRow<'w> {
    pub(crate) fn new(all_rows: &'w AllRows, entity: usize, key: u64, id: u64) -> Self {
        Self {
            all_rows,
            entity,
            id,
            hash: hash::mix(key.wrapping_add(id.wrapping_mul(0x9e37_79b9_7f4a_7c15))),
        }
    }

    pub(crate) fn cell(&self, field: &Field) -> Cell<'static> {
        self.make(field.source, field_hash(self.hash, field.salt))
    }

    fn make(&self, source: Source, hash: u64) -> Cell<'static> {
        match source {
            Source::Blank => Cell::Plain(""),
            Source::Id => Cell::Int(self.id as i64),
            Source::Number(number) => Cell::Int(number),
            Source::Always(word) => Cell::Plain(word),
            Source::RowNumber(numbers) => Cell::Int(numbers[self.choice(numbers.len())]),
            Source::RowWord(words) => Cell::Plain(words[self.choice(words.len())]),
            Source::Pick(words) => Cell::Plain(pick(words, hash)),
            Source::Prose(texts) => Cell::Text(pick(texts, hash)),
            Source::Seldom(percent, source) => self.seldom(percent, source, hash),
            Source::OrZero(percent, source) => match self.seldom(percent, source, hash) {
                Cell::Null => Cell::Int(0),
                cell => cell,
            },
            Source::Flag(percent) => Cell::Flag(below(hash, 100) < percent),
            Source::Between(low, high) => between(low, high, hash),
            Source::Cents(limit) => Cell::Cents(cents(limit, hash)),
            Source::Money(limit) => money(limit, hash),
            Source::One(entity, percent) => self.one(entity, percent, hash),
            Source::Contacts(percent) => self.contact(percent),
            Source::Companies(percent) => self.company_of_record(percent),
            Source::Several(entity) => self.several(entity, hash),
            Source::Words(words) => some_of(words, hash),
            Source::Choices(count) => choices(count, hash),
            Source::Created => Cell::Time(self.created()),
            Source::Modified => Cell::Time(self.changed(90 * 86_400, hash)),
            Source::After(days) => Cell::Time(self.later(days * 86_400, hash)),
            Source::DayAfter(days) => Cell::Time(moment::midnight(self.later(days * 86_400, hash))),
            Source::Subject => self.title(sample_words::SUBJECTS, hash),
            Source::Chore => self.title(sample_words::CHORES, hash),
            Source::First => Cell::Plain(pick(sample_words::FIRST, self.hash)),
            Source::Last => Cell::Plain(pick(sample_words::LAST, self.hash << 9)),
            Source::Company => self.company(hash),
            Source::Phones => self.phone_list(),
            Source::HasPhone => Cell::Flag(self.phones() > 0),
            Source::Emails => self.email_list(),
            Source::HasEmail => Cell::Flag(self.has_email()),
            Source::Email => self.email(),
            Source::Phone => Cell::ComposedText(SeveralValues::phone(hash, 0)),
            Source::Guid => Cell::ComposedText(ComposedText::Guid(hash, hash::mix(hash))),
            Source::Category => Cell::Int(self.category().id),
            Source::DealStage => Cell::Plain(self.deal_stage().id),
            Source::DealSemantic => Cell::Plain(self.deal_stage().semantic),
            Source::DealClosed => Cell::Flag(self.deal_stage().semantic != "P"),
            Source::LeadStatus => Cell::Plain(self.lead_status().id),
            Source::LeadSemantic => Cell::Plain(self.lead_status().semantic),
            Source::ItemStage(entity_type) => Cell::Plain(self.item_stage(entity_type)),
            Source::TaskStatus => Cell::Int(self.task_status()),
            Source::TaskClosed if self.task_status() == 5 => {
                Cell::Time(self.changed(60 * 86_400, hash))
            }
            Source::Parent(roots) if self.id > roots => {
                Cell::Int((below(hash, self.id - 1) + 1) as i64)
            }
            Source::Below(roots) if self.id > roots => Cell::Int(1),
            // Nothing, and what a task that is not closed or a root does not have.
            Source::Nothing | Source::TaskClosed | Source::Parent(_) | Source::Below(_) => {
                Cell::Null
            }
            Source::Raw(Raw::EmptyObject) => Cell::Plain("{}"),
            Source::Raw(Raw::EmptyList) => Cell::Plain("[]"),
        }
    }

    /// The place that this row has in all fields of a sort, of so many.
    fn choice(&self, count: usize) -> usize {
        below(self.hash, count as u64) as usize
    }

    fn seldom(&self, percent: u64, source: &Source, hash: u64) -> Cell<'static> {
        if below(hash, 100) >= percent {
            return Cell::Null;
        }
        let hash = hash.rotate_left(17).wrapping_mul(0x94d0_49bb_1331_11eb);
        self.make(*source, hash)
    }

    /// The contact that `CONTACT_ID` has, whatever field asks.
    fn contact(&self, percent: u64) -> Cell<'static> {
        let of_contact = field_hash(self.hash, hash::salt("CONTACT_ID"));
        self.one(CONTACT, percent, of_contact)
    }

    /// The company that `COMPANY_ID` has, whatever field asks.
    fn company_of_record(&self, percent: u64) -> Cell<'static> {
        let of_company = field_hash(self.hash, hash::salt("COMPANY_ID"));
        self.one(COMPANY, percent, of_company)
    }

    fn several(&self, entity: usize, hash: u64) -> Cell<'static> {
        let rows = self.all_rows.presences.get(entity);
        let rows = rows.map_or(0, ExistingIds::rows);
        let count = below(hash << 11, 4) as u32;
        Cell::SeveralValues(SeveralValues::Numbers {
            hash,
            count: if rows == 0 { 0 } else { count },
            below: rows,
        })
    }

    fn company(&self, hash: u64) -> Cell<'static> {
        Cell::ComposedText(ComposedText::Title {
            what: "",
            whom: pick(sample_words::COMPANIES, hash),
            number: self.id,
        })
    }

    fn phone_list(&self) -> Cell<'static> {
        match self.phones() {
            0 => Cell::Null,
            count => Cell::SeveralValues(SeveralValues::Phones {
                id: self.id,
                hash: self.hash,
                count,
            }),
        }
    }

    fn email_list(&self) -> Cell<'static> {
        if !self.has_email() {
            return Cell::Null;
        }
        let (first, last) = self.latin();
        Cell::SeveralValues(SeveralValues::Emails {
            id: self.id,
            first,
            last,
        })
    }

    fn email(&self) -> Cell<'static> {
        let (first, last) = self.latin();
        Cell::ComposedText(ComposedText::Email {
            first,
            last,
            number: self.id,
        })
    }

    fn created(&self) -> i64 {
        let step = self.all_rows.steps.get(self.entity).copied().unwrap_or(1);
        FIRST_MOMENT + (self.id.saturating_sub(1) * step + below(self.hash << 24, step)) as i64
    }

    /// A moment up to `seconds` after the row was made, soon rather than late.
    fn later(&self, seconds: u64, hash: u64) -> i64 {
        self.created() + below(hash, below(hash << 16, seconds) + 1) as i64
    }

    /// The same of a change, which has happened.
    fn changed(&self, seconds: u64, hash: u64) -> i64 {
        let latest = self.all_rows.changed_until.max(self.created());
        self.later(seconds, hash).min(latest)
    }

    fn title(&self, subjects: &'static [&'static str], hash: u64) -> Cell<'static> {
        let whom = pick(sample_words::COMPANIES, hash << 13);
        Cell::ComposedText(ComposedText::Title {
            what: pick(subjects, hash),
            whom,
            number: self.id,
        })
    }

    fn one(&self, entity: usize, percent: u64, hash: u64) -> Cell<'static> {
        let Some(existing_ids) = self
            .all_rows
            .presences
            .get(entity)
            .filter(|existing_ids| existing_ids.rows() > 0)
        else {
            return Cell::Null;
        };
        if below(hash << 23, 100) >= percent {
            return Cell::Null;
        }
        let id = below(hash, existing_ids.last()) + 1;
        existing_ids
            .at_or_above(id)
            .map_or(Cell::Null, |id| Cell::Int(id as i64))
    }

    fn latin(&self) -> (&'static str, &'static str) {
        (
            pick(sample_words::FIRST_LATIN, self.hash),
            pick(sample_words::LAST_LATIN, self.hash << 9),
        )
    }

    fn phones(&self) -> u32 {
        [0, 1, 1, 1, 1, 1, 1, 2][(self.hash >> 5 & 7) as usize]
    }

    fn has_email(&self) -> bool {
        self.hash >> 3 & 3 != 0
    }

    fn category(&self) -> &'static stages::Category {
        &stages::DEAL_CATEGORIES[stages::CATEGORY_BY_TENTH[below(self.hash << 5, 10) as usize]]
    }

    fn deal_stage(&self) -> &'static stages::Stage {
        one_of(self.category().stages, self.hash << 19)
    }

    fn lead_status(&self) -> &'static stages::Stage {
        one_of(stages::LEAD_STAGES, self.hash << 19)
    }

    fn item_stage(&self, entity_type: u32) -> &'static str {
        let stage = below(self.hash << 19, 5) as usize;
        match smart::process(entity_type) {
            Some(process) => process.stages[stage],
            None => stages::ITEM_STAGES[stage].id,
        }
    }

    fn task_status(&self) -> i64 {
        [2, 2, 2, 3, 3, 4, 5, 5, 5, 6][below(self.hash << 19, 10) as usize]
    }
}

fn between(low: i64, high: i64, hash: u64) -> Cell<'static> {
    Cell::Int(low + below(hash, (high - low + 1) as u64) as i64)
}

fn money(limit: i64, hash: u64) -> Cell<'static> {
    Cell::ComposedText(ComposedText::Money {
        cents: cents(limit, hash),
        currency: pick(sample_words::CURRENCIES, hash << 7),
    })
}

fn some_of(words: &'static [&'static str], hash: u64) -> Cell<'static> {
    Cell::SeveralValues(SeveralValues::Words {
        words,
        chosen: (hash >> 32) as u32 & (hash >> 16) as u32,
    })
}

fn choices(count: u64, hash: u64) -> Cell<'static> {
    Cell::SeveralValues(SeveralValues::Numbers {
        hash,
        count: below(hash << 11, 3) as u32,
        below: count,
    })
}

fn pick(words: &'static [&'static str], hash: u64) -> &'static str {
    words[below(hash, words.len() as u64) as usize]
}

fn one_of<T>(of: &'static [T], hash: u64) -> &'static T {
    &of[below(hash, of.len() as u64) as usize]
}

/// An amount: whole, or ending in 99 hundredths, and small rather than large.
fn cents(limit: i64, hash: u64) -> i64 {
    let whole = below(hash, below(hash << 16, limit as u64 / 100) + 1) as i64;
    whole * 100 + [0, 0, 50, 99][(hash >> 8 & 3) as usize]
}
