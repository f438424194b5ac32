//! The proxy that stands between: which one it is, and settings of one that would be passed over.

use std::fmt;
use std::sync::Arc;

use http::Uri;
use hyper_util::client::proxy::matcher::Matcher;
use url::Url;

use super::http::Route;
use super::options::Proxy;
use crate::error::Error;

/// The variables that name a proxy; of a pair the first one that is set counts.
const OF_HTTPS: [&str; 2] = ["HTTPS_PROXY", "https_proxy"];
const OF_HTTP: [&str; 2] = ["HTTP_PROXY", "http_proxy"];
const OF_ALL: [&str; 2] = ["ALL_PROXY", "all_proxy"];

/// Which proxy is asked for which address.
#[derive(Debug, Clone)]
pub(super) struct Proxies(Option<Arc<Matcher>>);

impl Proxies {
    /// # Errors
    /// A proxy is set that cannot be one: without it, requests would go another way than was meant.
    pub(super) fn of(proxy: &Proxy, route: Route) -> Result<Self, Error> {
        Ok(Self(match proxy {
            Proxy::At(address) => {
                check("the address of the proxy", address.expose())?;
                Some(Arc::new(Matcher::builder().all(address.expose()).build()))
            }
            Proxy::System if !route.is_direct => {
                check_environment(route)?;
                Some(Arc::new(Matcher::from_system()))
            }
            Proxy::System | Proxy::None => None,
        }))
    }

    /// A client that is not ours has its own.
    pub(super) fn unknown() -> Self {
        Self(None)
    }

    /// The proxy on the way to `url`, without its password.
    pub(super) fn to(&self, url: &Url) -> Option<String> {
        let uri: Uri = url.as_str().parse().ok()?;
        let between = self.0.as_ref()?.intercept(&uri)?;
        let proxy = between.uri();
        let scheme = proxy.scheme_str().unwrap_or("http");
        Some(format!("{scheme}://{}", proxy.authority()?))
    }
}

fn check_environment(route: Route) -> Result<(), Error> {
    // A server that runs programs for its clients (CGI) lets a client set their HTTP_PROXY: there it is not used.
    if std::env::var_os("REQUEST_METHOD").is_some() {
        return Ok(());
    }
    let of_scheme = if route.is_encrypted {
        OF_HTTPS
    } else {
        OF_HTTP
    };
    for names in [of_scheme, OF_ALL] {
        let set = names
            .iter()
            .find_map(|name| Some((name, std::env::var(name).ok()?)));
        if let Some((name, value)) = set.filter(|(_, value)| !value.is_empty()) {
            check(name, &value)?;
        }
    }
    Ok(())
}

/// Refuses what is not an address of a proxy. `name` is where it stands; a password in it is not shown.
fn check(name: &str, value: &str) -> Result<(), Error> {
    let uri: Option<Uri> = value.parse().ok();
    let Some(uri) = uri.filter(|uri| uri.authority().is_some_and(|at| !at.host().is_empty()))
    else {
        return Err(Error::config(format!(
            "{name} is not an address of a proxy: it looks like http://proxy.example:3128"
        )));
    };
    match uri.scheme_str() {
        None | Some("http" | "https") => Ok(()),
        Some(scheme) => Err(Error::config(format!(
            "{name} names a proxy with {scheme}://, and only those with http:// and https:// can be gone through"
        ))),
    }
}

/// The error of a connection that was to go through a proxy.
#[derive(Debug)]
pub(super) struct ThroughProxy {
    pub(super) proxy: String,
    pub(super) source: Box<dyn std::error::Error + Send + Sync>,
}

impl fmt::Display for ThroughProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "through the proxy {}", self.proxy)
    }
}

impl std::error::Error for ThroughProxy {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(self.source.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_is_none_is_refused_by_its_name_and_without_its_password() {
        for (value, why) in [
            ("http://proxy.example:3128", None),
            ("https://u:pa55word@proxy.example", None),
            ("proxy.example:3128", None),
            ("127.0.0.1:1", None),
            ("junk://u:pa55word@x", Some("junk://")),
            ("socks5://u:pa55word@x:1080", Some("socks5://")),
            ("http://", Some("looks like")),
            ("u:pa55word@ x", Some("looks like")),
            ("/proxy", Some("looks like")),
            (" ", Some("looks like")),
        ] {
            let refused = check("HTTPS_PROXY", value).map_err(|error| error.to_string());
            match (refused, why) {
                (Ok(()), None) => {}
                (Err(said), Some(why)) => {
                    assert!(said.contains("HTTPS_PROXY") && said.contains(why), "{said}");
                    assert!(!said.contains("pa55word"), "{said}");
                }
                (refused, _) => panic!("{value}: {refused:?}"),
            }
        }
    }

    #[test]
    fn a_proxy_is_named_without_its_password() {
        let route = Route {
            is_direct: false,
            is_encrypted: true,
        };
        let set = Proxy::At("http://u:pa55word@proxy.example:3128".into());
        let proxies = Proxies::of(&set, route).unwrap();
        let portal = "https://portal.example/rest/1/s3cr3tc0de/".parse().unwrap();
        assert_eq!(
            proxies.to(&portal).as_deref(),
            Some("http://proxy.example:3128")
        );
        let none = Proxies::of(&Proxy::None, route).unwrap();
        assert_eq!(none.to(&portal), None);
    }
}
