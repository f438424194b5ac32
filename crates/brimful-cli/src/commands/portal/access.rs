//! Who may call the emulator, on the command line: `2:code:crm,user`, `2=own`, `local.app:secret:http://localhost/`.

use std::hash::{BuildHasher, RandomState};
use std::str::FromStr;

use brimful_portal::{AccessToken, App, Rights, Webhook};

/// A further webhook: the user, the code, and the scopes if not all.
#[derive(Debug, Clone)]
pub(crate) struct WebhookArg(pub(crate) Webhook);

/// An application: its ID, its secret, and where its users are sent back to.
#[derive(Debug, Clone)]
pub(crate) struct AppArg {
    pub(crate) client_id: String,
    secret: String,
    handler: Option<String>,
}

/// An access token that is always valid: the token, the application, and the user it calls for.
#[derive(Debug, Clone)]
pub(crate) struct TokenArg {
    token: String,
    client_id: String,
    user: u64,
}

/// What a user may see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RightsArg {
    pub(crate) user: u64,
    pub(crate) rights: Rights,
}

/// What stands in an address as it is.
pub(crate) fn code(text: &str) -> Result<String, String> {
    let sound = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if !text.is_empty() && text.chars().all(sound) {
        Ok(text.to_owned())
    } else {
        Err("a code has letters and digits".to_owned())
    }
}

/// A code that nobody can guess: the hasher of the standard library is seeded by the system.
pub(crate) fn random_code() -> String {
    const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let seed = RandomState::new();
    let letters = (0..24_u64).map(|place| {
        let at = seed.hash_one(place) % LETTERS.len() as u64;
        char::from(LETTERS[at as usize])
    });
    letters.collect()
}

fn word<'a>(words: &mut impl Iterator<Item = &'a str>) -> Option<&'a str> {
    words.next().filter(|word| !word.is_empty())
}

impl FromStr for WebhookArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let how = "a user and a code, and perhaps scopes, such as 2:abc or 2:abc:crm,user";
        let mut words = text.splitn(3, ':');
        let user = word(&mut words).and_then(|user| user.parse().ok());
        let user = user.ok_or(how)?;
        let hook = Webhook::new(user, code(words.next().ok_or(how)?)?);
        Ok(Self(match words.next() {
            Some(scopes) => hook.scopes(scopes.split(',').map(str::trim)),
            None => hook,
        }))
    }
}

impl FromStr for AppArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut words = text.splitn(3, ':');
        let (client_id, secret) = word(&mut words).zip(word(&mut words)).ok_or(
            "an ID and a secret, and perhaps an address, such as local.app:secret:http://localhost:8080/",
        )?;
        let handler = words.next().map(str::to_owned);
        if let Some(handler) = &handler
            && !(handler.starts_with("http://") || handler.starts_with("https://"))
        {
            return Err(
                "users are sent back to an address, such as http://localhost:8080/".to_owned(),
            );
        }
        Ok(Self {
            client_id: client_id.to_owned(),
            secret: secret.to_owned(),
            handler,
        })
    }
}

impl AppArg {
    /// The application, which may do what is in `scopes`; everything if that is empty.
    pub(crate) fn app(&self, scopes: &[String]) -> App {
        let handler = self.handler.as_deref().unwrap_or("http://localhost/");
        let app = App::new(&self.client_id, &self.secret, handler);
        if scopes.is_empty() {
            app
        } else {
            app.scopes(scopes)
        }
    }
}

impl FromStr for TokenArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let how = "a token and an application, and perhaps a user, such as secret:local.app:1";
        let mut words = text.splitn(3, ':');
        let (token, client_id) = word(&mut words).zip(word(&mut words)).ok_or(how)?;
        Ok(Self {
            token: token.to_owned(),
            client_id: client_id.to_owned(),
            user: words.next().unwrap_or("1").parse().map_err(|_| how)?,
        })
    }
}

impl TokenArg {
    /// The token, which may do what is in `scopes`; everything if that is empty.
    pub(crate) fn token(&self, scopes: &[String]) -> AccessToken {
        let token = AccessToken::new(&self.token, &self.client_id, self.user);
        if scopes.is_empty() {
            token
        } else {
            token.scopes(scopes)
        }
    }
}

impl FromStr for RightsArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let how = "a user and what the user sees: own, department or all, such as 2=own";
        let (user, rights) = text.split_once('=').ok_or(how)?;
        Ok(Self {
            user: user.trim().parse().map_err(|_| how)?,
            rights: match rights.trim() {
                "own" => Rights::Own,
                "department" => Rights::Department,
                "all" => Rights::All,
                _ => return Err(how.to_owned()),
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_random_code_is_long_and_a_code_and_never_the_same() {
        let codes: std::collections::HashSet<String> = (0..100).map(|_| random_code()).collect();
        assert_eq!(codes.len(), 100);
        assert!(codes.iter().all(|it| it.len() == 24 && code(it).is_ok()));
    }

    #[test]
    fn a_webhook_is_a_user_and_a_code_and_perhaps_scopes() {
        let hook = |text: &str| text.parse::<WebhookArg>().map(|hook| hook.0);
        assert_eq!(hook("2:abc"), Ok(Webhook::new(2, "abc")));
        assert_eq!(
            hook("2:abc:crm, user"),
            Ok(Webhook::new(2, "abc").scopes(["crm", "user"]))
        );
        for text in ["", "2", "2:", "x:abc", "2:a/b", ":abc"] {
            assert!(hook(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_application_is_an_id_and_a_secret_and_perhaps_an_address() {
        let app = |text: &str| text.parse::<AppArg>();
        assert_eq!(
            app("local.app:secret:http://localhost:8080/cb")
                .unwrap()
                .app(&[]),
            App::new("local.app", "secret", "http://localhost:8080/cb")
        );
        assert_eq!(
            app("local.app:secret").unwrap().app(&["crm".to_owned()]),
            App::new("local.app", "secret", "http://localhost/").scopes(["crm"])
        );
        for text in [
            "",
            "local.app",
            "local.app:",
            ":secret",
            "local.app:secret:localhost",
        ] {
            assert!(app(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_token_is_of_an_application_and_a_user() {
        let token = |text: &str| text.parse::<TokenArg>().map(|token| token.token(&[]));
        assert_eq!(
            token("t:local.app"),
            Ok(AccessToken::new("t", "local.app", 1))
        );
        assert_eq!(
            token("t:local.app:7"),
            Ok(AccessToken::new("t", "local.app", 7))
        );
        for text in ["", "t", "t:", "t:local.app:x"] {
            assert!(token(text).is_err(), "{text}");
        }
    }

    #[test]
    fn rights_are_own_department_or_all() {
        let rights = |text: &str| text.parse::<RightsArg>();
        assert_eq!(
            rights("2=department"),
            Ok(RightsArg {
                user: 2,
                rights: Rights::Department
            })
        );
        for text in ["", "2", "2=", "x=own", "2=everything"] {
            assert!(rights(text).is_err(), "{text}");
        }
    }
}
