//! The files in which people keep passwords of databases: `.pgpass` of PostgreSQL, `.my.cnf` of MySQL.

use std::fs::File;
use std::io::Read;
use std::path::Path;
#[cfg(feature = "postgres")]
use std::path::PathBuf;

/// More than that is no such file.
const LARGEST: u64 = 1 << 20;

/// Whom a password is for.
#[derive(Debug)]
pub(super) struct Login<'a> {
    pub(super) host: &'a str,
    pub(super) port: u16,
    #[cfg_attr(
        not(any(test, feature = "postgres")),
        expect(dead_code, reason = "the file of MySQL knows no databases")
    )]
    pub(super) database: &'a str,
    pub(super) user: &'a str,
}

/// The password of `PGPASSFILE`, or of `.pgpass` in the home folder:
/// <https://www.postgresql.org/docs/current/libpq-pgpass.html>.
#[cfg(feature = "postgres")]
pub(super) fn of_postgres(login: &Login<'_>) -> Option<String> {
    let usual = if cfg!(windows) {
        PathBuf::from(std::env::var_os("APPDATA")?).join("postgresql/pgpass.conf")
    } else {
        std::env::home_dir()?.join(".pgpass")
    };
    let path = std::env::var_os("PGPASSFILE").map_or(usual, PathBuf::from);
    in_pgpass(&read_private(&path)?, login)
}

/// The password of `.my.cnf` in the home folder: <https://dev.mysql.com/doc/refman/8.4/en/option-files.html>.
#[cfg(feature = "mysql")]
pub(super) fn of_mysql(login: &Login<'_>) -> Option<String> {
    in_my_cnf(
        &read_private(&std::env::home_dir()?.join(".my.cnf"))?,
        login,
    )
}

/// The text of a file that its owner alone can read. The clients of the databases pass over any other one too.
fn read_private(path: &Path) -> Option<String> {
    let file = File::open(path).ok()?;
    let about = file.metadata().ok()?;
    #[cfg(unix)]
    if std::os::unix::fs::PermissionsExt::mode(&about.permissions()) & 0o077 != 0 {
        return None;
    }
    let mut text = String::new();
    let read = about.is_file() && file.take(LARGEST).read_to_string(&mut text).is_ok();
    read.then_some(text)
}

/// The password of the first line that fits: `host:port:database:user:password`, where `*` is any.
#[cfg(feature = "postgres")]
fn in_pgpass(text: &str, login: &Login<'_>) -> Option<String> {
    let port = login.port.to_string();
    let wanted = [login.host, port.as_str(), login.database, login.user];
    let mut lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.find_map(|line| {
        let mut fields = fields_of(line).into_iter();
        for wanted in wanted {
            let field = fields.next()?;
            if field != "*" && field != wanted {
                return None;
            }
        }
        fields.next()
    })
}

/// The fields of a line, between which are colons; a backslash takes the next character as it is.
#[cfg(feature = "postgres")]
fn fields_of(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut characters = line.chars();
    while let Some(c) = characters.next() {
        match c {
            ':' if fields.len() < 5 => fields.push(String::new()),
            '\\' => fields
                .last_mut()
                .into_iter()
                .for_each(|field| field.extend(characters.next())),
            c => fields
                .last_mut()
                .into_iter()
                .for_each(|field| field.push(c)),
        }
    }
    fields
}

/// The password of the section `client`, if it has no other host, port or user.
#[cfg(feature = "mysql")]
fn in_my_cnf(text: &str, login: &Login<'_>) -> Option<String> {
    let port = login.port.to_string();
    let mut in_client = false;
    let mut password = None;
    for line in text.lines().map(str::trim) {
        if line.starts_with(['#', ';', '!']) {
            continue;
        }
        if let Some(section) = line.strip_prefix('[') {
            in_client = section.trim_end_matches(']').trim() == "client";
            continue;
        }
        let Some((name, value)) = line.split_once('=').filter(|_| in_client) else {
            continue;
        };
        let value = value.trim();
        let quoted = ['"', '\''].into_iter().find_map(|quote| {
            let value = value.strip_prefix(quote)?;
            value.strip_suffix(quote)
        });
        let value = quoted.unwrap_or(value);
        let fits = match name.trim() {
            "host" => value == login.host,
            "port" => value == port,
            "user" => value == login.user,
            "password" => {
                password = Some(value.to_owned());
                true
            }
            _ => true,
        };
        if !fits {
            return None;
        }
    }
    password
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOGIN: Login<'_> = Login {
        host: "db.example.com",
        port: 5432,
        database: "bi",
        user: "me",
    };

    #[cfg(feature = "postgres")]
    #[test]
    fn the_first_line_that_fits_has_the_password() {
        let lines = "# db.example.com:5432:bi:me:comment\nother:*:*:*:a\ndb.example.com:5433:*:*:b\n\
                     *:*:bi:me:c\\:d\\\\e:f\n*:*:*:*:g\n";
        assert_eq!(in_pgpass(lines, &LOGIN).as_deref(), Some("c:d\\e:f"));
        let other = Login {
            user: "you",
            ..LOGIN
        };
        assert_eq!(in_pgpass(lines, &other).as_deref(), Some("g"));
        assert_eq!(in_pgpass("db.example.com:5432:bi:me\n", &LOGIN), None);
    }

    #[cfg(feature = "mysql")]
    #[test]
    fn the_password_of_clients_is_that_of_their_host_and_user() {
        let file =
            "[mysqld]\npassword=x\n[client]\nuser = me\n; password = y\npassword = \"s3 cret\"\n";
        assert_eq!(in_my_cnf(file, &LOGIN).as_deref(), Some("s3 cret"));
        assert_eq!(
            in_my_cnf(
                file,
                &Login {
                    user: "you",
                    ..LOGIN
                }
            ),
            None
        );
        assert_eq!(
            in_my_cnf("[client]\nhost=elsewhere\npassword=x\n", &LOGIN),
            None
        );
        assert_eq!(in_my_cnf("password=x\n", &LOGIN), None);
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_may_read_is_passed_over() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("passwords");
        std::fs::write(&path, "*:*:*:*:s3cret").unwrap();
        for (mode, is_read) in [(0o644, false), (0o600, true)] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(read_private(&path).is_some(), is_read);
        }
    }
}
