//! How the SQL of databases differs: names, texts, and where they keep what they know of their tables.

#![cfg_attr(
    not(feature = "dialects"),
    allow(
        unused,
        unreachable_code,
        reason = "ClickHouse alone has no dialect of this kind"
    )
)]

/// How the SQL of a store that tables can be kept in sync in differs from that of others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    #[cfg(feature = "sqlite")]
    Sqlite,
    #[cfg(feature = "postgres")]
    Postgres,
    #[cfg(feature = "mysql")]
    Mysql,
    #[cfg(feature = "adbc")]
    Duckdb,
}

impl Dialect {
    /// A name as statements have it.
    pub(crate) fn quoted(self, name: &str) -> String {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite => super::sqlite::quoted(name),
            #[cfg(feature = "postgres")]
            Self::Postgres => super::postgres::quoted(name),
            #[cfg(feature = "mysql")]
            Self::Mysql => super::mysql::quoted(name),
            #[cfg(feature = "adbc")]
            Self::Duckdb => super::adbc::quoted(name),
        }
    }

    /// A text as statements have it.
    pub(crate) fn literal(self, text: &str) -> String {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite => super::sqlite::literal(text),
            #[cfg(feature = "postgres")]
            Self::Postgres => super::postgres::literal(text),
            #[cfg(feature = "mysql")]
            Self::Mysql => super::mysql::literal(text),
            #[cfg(feature = "adbc")]
            Self::Duckdb => super::adbc::literal(text),
        }
    }

    /// The query that lists the columns of a table, in small letters.
    pub(crate) fn columns_of(self, table: &str) -> String {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite => format!(
                "SELECT lower(name) FROM pragma_table_info({})",
                self.literal(table)
            ),
            #[cfg(feature = "postgres")]
            Self::Postgres => format!(
                "SELECT attname::text FROM pg_attribute WHERE attrelid = to_regclass({}) AND attnum > 0 AND NOT attisdropped",
                self.literal(&self.quoted(table))
            ),
            #[cfg(feature = "mysql")]
            Self::Mysql => format!(
                "SELECT lower(column_name) FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = {}",
                self.literal(table)
            ),
            #[cfg(feature = "adbc")]
            Self::Duckdb => format!(
                "SELECT lower(column_name) FROM duckdb_columns() WHERE database_name = current_database() AND schema_name = \
                 current_schema() AND lower(table_name) = lower({})",
                self.literal(table)
            ),
        }
    }

    /// The statement that moves a table out of the way.
    pub(crate) fn rename(self, table: &str) -> String {
        let (table, mine) = (self.quoted(table), self.quoted(&format!("{table}_mine")));
        format!("ALTER TABLE {table} RENAME TO {mine}")
    }
}
