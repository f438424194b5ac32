//! Records that two families of methods write: one product is a row of `crm.product.*` and of `catalog.product.*`. Each
//! family has a view of its own; what is written to one is written to the other too, with the same number.

use std::collections::BTreeSet;

use brimful_protocol::Value;
use serde_json::{Map, Value as Json};

use super::PortalData;
use super::fixtures::collection::text;
use super::records::{self, RecordTable, table::Writer};

/// Two kinds of records that are one, and the fields that both have, by their names in each.
struct Twins {
    older: &'static str,
    newer: &'static str,
    fields: &'static [(&'static str, &'static str)],
}

const TWINS: &[Twins] = &[
    Twins {
        older: "crm.vat",
        newer: "catalog.vat",
        fields: &[
            ("TIMESTAMP_X", "timestampX"),
            ("ACTIVE", "active"),
            ("C_SORT", "sort"),
            ("NAME", "name"),
            ("RATE", "rate"),
        ],
    },
    Twins {
        older: "crm.measure",
        newer: "catalog.measure",
        fields: &[
            ("CODE", "code"),
            ("MEASURE_TITLE", "measureTitle"),
            ("SYMBOL_RUS", "symbol"),
            ("SYMBOL_INTL", "symbolIntl"),
            ("SYMBOL_LETTER_INTL", "symbolLetterIntl"),
            ("IS_DEFAULT", "isDefault"),
        ],
    },
    Twins {
        older: "crm.persontype",
        newer: "sale.persontype",
        fields: &[("NAME", "name")],
    },
    Twins {
        older: "crm.productsection",
        newer: "catalog.section",
        fields: &[
            ("CATALOG_ID", "iblockId"),
            ("SECTION_ID", "iblockSectionId"),
            ("NAME", "name"),
            ("XML_ID", "xmlId"),
            ("CODE", "code"),
        ],
    },
    Twins {
        older: PRODUCT,
        newer: "catalog.product",
        fields: &[
            ("NAME", "name"),
            ("CODE", "code"),
            ("ACTIVE", "active"),
            ("SORT", "sort"),
            ("XML_ID", "xmlId"),
            ("TIMESTAMP_X", "timestampX"),
            ("DATE_CREATE", "dateCreate"),
            ("MODIFIED_BY", "modifiedBy"),
            ("CREATED_BY", "createdBy"),
            ("CATALOG_ID", "iblockId"),
            ("SECTION_ID", "iblockSectionId"),
            ("DESCRIPTION", "detailText"),
            ("DESCRIPTION_TYPE", "detailTextType"),
            ("VAT_ID", "vatId"),
            ("VAT_INCLUDED", "vatIncluded"),
            ("MEASURE", "measure"),
        ],
    },
];

const PRODUCT: &str = "crm.product";
const PRICE: &str = "catalog.price";

/// The price type of the prices that `crm.product.*` shows: the base one, which every portal has.
const BASE_PRICE: u64 = 1;

/// Whether what is written to a kind is written to another too.
pub(in crate::data) fn has_twin(kind: &str) -> bool {
    kind == PRICE
        || TWINS
            .iter()
            .any(|twins| twins.older == kind || twins.newer == kind)
}

impl PortalData {
    /// Gives each kind the rows of its twin. Rows that were loaded stand for both; where both were loaded, they stay as
    /// they are.
    pub(super) fn begin_twins(&mut self) {
        for twins in TWINS {
            let (Some(older), Some(newer)) =
                (records::place(twins.older), records::place(twins.newer))
            else {
                continue;
            };
            let loaded = [older, newer].map(|place| self.records[place].is_loaded);
            let ways: &[(usize, usize)] = match loaded {
                [false, false] => &[(older, newer), (newer, older)],
                [true, false] => &[(older, newer)],
                [false, true] => &[(newer, older)],
                [true, true] => &[],
            };
            if loaded[0] != loaded[1] {
                let (_, to) = ways[0];
                let last = self.records[to].last();
                self.records[to].forget(last);
            }
            for &(from, to) in ways {
                let numbers: Vec<u64> = self.records[from].rows().map(|(id, _)| id).collect();
                for number in numbers {
                    if self.records[to].get(number).is_none() {
                        self.copy_to_twin(twins, from, to, number);
                    }
                }
            }
        }
        let prices = records::place(PRICE).map(|place| &self.records[place]);
        let prices = prices.into_iter().flat_map(RecordTable::rows);
        let prices: BTreeSet<u64> = prices.map(|(id, _)| id).collect();
        self.copy_prices(&prices);
        let products = records::place(PRODUCT).map(|place| &self.records[place]);
        let products = products.into_iter().flat_map(RecordTable::rows);
        let products: BTreeSet<u64> = products.map(|(id, _)| id).collect();
        self.price_products(&products);
        for table in &mut self.records {
            table.take_unshared();
        }
    }

    /// Writes to each kind what calls have written to its twin since the last time.
    pub(crate) fn write_twins(&mut self) {
        for twins in TWINS {
            let (Some(older), Some(newer)) =
                (records::place(twins.older), records::place(twins.newer))
            else {
                continue;
            };
            for (from, to) in [(older, newer), (newer, older)] {
                let changed = self.records[from].take_unshared();
                for &number in &changed {
                    self.copy_to_twin(twins, from, to, number);
                }
                if twins.older == PRODUCT && from == older {
                    self.price_products(&changed);
                }
            }
        }
        if let Some(place) = records::place(PRICE) {
            let changed = self.records[place].take_unshared();
            self.copy_prices(&changed);
        }
    }

    /// Writes one record to its twin, or deletes that.
    fn copy_to_twin(&mut self, twins: &Twins, from: usize, to: usize, number: u64) {
        let Some(row) = self.records[from].get(number) else {
            self.records[to].delete_twin(number);
            return;
        };
        let is_older = self.records[from].kind.name == twins.older;
        let value = |(older, newer): &(&'static str, &'static str)| {
            let (source, target) = if is_older {
                (older, newer)
            } else {
                (newer, older)
            };
            Some((*target, Value::from(row.get(*source)?.clone())))
        };
        let values: Vec<(&'static str, Value)> = twins.fields.iter().filter_map(value).collect();
        let writer = writer_of(row);
        self.records[to].write_twin(number, &values, writer);
    }

    /// Writes the prices of products of the older family as rows of `catalog.price`.
    fn price_products(&mut self, products: &BTreeSet<u64>) {
        let (Some(product), Some(price)) = (records::place(PRODUCT), records::place(PRICE)) else {
            return;
        };
        for &number in products {
            let known = self.base_price(number);
            let Some(row) = self.records[product].get(number) else {
                if let Some(known) = known {
                    self.records[price].delete_twin(known);
                }
                continue;
            };
            let asked = row
                .get("PRICE")
                .filter(|asked| !text(Some(asked)).is_empty());
            let Some(asked) = asked else { continue };
            let values = [
                ("productId", Value::Int(number as i64)),
                ("catalogGroupId", Value::Int(BASE_PRICE as i64)),
                ("price", Value::from(asked.clone())),
                ("priceScale", Value::from(asked.clone())),
                ("currency", Value::Text(text(row.get("CURRENCY_ID")))),
            ];
            let writer = writer_of(row);
            let at = known.unwrap_or_else(|| self.records[price].last() + 1);
            self.records[price].write_twin(at, &values, writer);
        }
    }

    /// Writes base prices into the products of the older family.
    fn copy_prices(&mut self, prices: &BTreeSet<u64>) {
        let (Some(product), Some(price)) = (records::place(PRODUCT), records::place(PRICE)) else {
            return;
        };
        for &number in prices {
            let Some(row) = self.records[price].get(number) else {
                continue;
            };
            let of = text(row.get("productId")).parse().unwrap_or(0);
            let is_base = text(row.get("catalogGroupId")) == BASE_PRICE.to_string();
            if !is_base || self.records[product].get(of).is_none() {
                continue;
            }
            let values = [
                ("PRICE", Value::Text(text(row.get("price")))),
                ("CURRENCY_ID", Value::Text(text(row.get("currency")))),
            ];
            let writer = writer_of(row);
            self.records[product].write_twin(of, &values, writer);
        }
    }

    /// The base price of a product.
    fn base_price(&self, product: u64) -> Option<u64> {
        let (product, base) = (product.to_string(), BASE_PRICE.to_string());
        let mut prices = self.record_table(PRICE)?.rows();
        let is_it = |row: &Map<String, Json>| {
            text(row.get("productId")) == product && text(row.get("catalogGroupId")) == base
        };
        prices.find(|(_, row)| is_it(row)).map(|(number, _)| number)
    }
}

/// Who wrote a row, for the fields that its twin alone has.
fn writer_of(row: &Map<String, Json>) -> Writer {
    let user = ["CREATED_BY", "createdBy", "modifiedBy"];
    let user = user
        .iter()
        .find_map(|name| text(row.get(*name)).parse().ok());
    let time = ["TIMESTAMP_X", "timestampX"];
    let time = time.iter().find_map(|name| {
        let written = text(row.get(*name));
        crate::context::moment::parse(&written, 0)
    });
    Writer {
        user: user.unwrap_or(1),
        now: time.unwrap_or(0),
    }
}
