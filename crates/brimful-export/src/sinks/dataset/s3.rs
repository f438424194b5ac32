//! Storage that speaks the protocol of Amazon S3, with requests signed as `AWS4-HMAC-SHA256`.

use std::fmt::Write as _;
use std::io;
use std::time::Duration;

use brimful::reqwest::{self, Method, StatusCode, Url};
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use sha2::{Digest, Sha256};

use super::objects::Objects;
#[cfg(feature = "sync")]
use super::objects::StoredObject;
use crate::sinks::RECONNECT_AFTER;
use crate::sinks::writer_runtime::{WriterRuntime, with_causes};

/// How long the storage may take for a request.
const PATIENCE: Duration = Duration::from_secs(600);

pub(super) struct Bucket {
    runtime: WriterRuntime,
    client: reqwest::Client,
    /// The address of the bucket, with `/` at its end.
    url: Url,
    /// The beginning of the names, with `/` at its end if there is any.
    prefix: String,
    region: String,
    keys: Keys,
}

/// Who comes.
struct Keys {
    id: String,
    secret: String,
    token: Option<String>,
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// What `s3://BUCKET/PREFIX/?endpoint=…&region=…` says, as far as the environment does not: the address of the bucket,
/// the prefix, and the region.
fn address(
    text: &str,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<(Url, String, String), String> {
    let wrong =
        || "this is not the address of a bucket: write it as s3://BUCKET/PREFIX/".to_owned();
    let parsed = Url::parse(text).map_err(|_| wrong())?;
    let bucket = parsed.host_str().filter(|host| !host.is_empty());
    let bucket = bucket.ok_or_else(wrong)?;
    let (mut endpoint, mut region) = (None, None);
    for (name, value) in parsed.query_pairs() {
        match name.as_ref() {
            "endpoint" => endpoint = Some(value.into_owned()),
            "region" => region = Some(value.into_owned()),
            _ => {
                return Err(format!(
                    "{name} is not known in the address; there are endpoint and region"
                ));
            }
        }
    }
    let endpoint = endpoint
        .or_else(|| variable("AWS_ENDPOINT_URL_S3"))
        .or_else(|| variable("AWS_ENDPOINT_URL"));
    let region = region
        .or_else(|| variable("AWS_REGION"))
        .or_else(|| variable("AWS_DEFAULT_REGION"))
        .unwrap_or_else(|| "us-east-1".to_owned());
    let url = match endpoint {
        Some(endpoint) => {
            let endpoint = endpoint.trim_end_matches('/');
            Url::parse(&format!("{endpoint}/{bucket}/"))
        }
        // A certificate for one name before the dot has none for two.
        None if bucket.contains('.') => {
            Url::parse(&format!("https://s3.{region}.amazonaws.com/{bucket}/"))
        }
        None => Url::parse(&format!("https://{bucket}.s3.{region}.amazonaws.com/")),
    };
    let url = url.map_err(|_| "the endpoint is not a URL: write it as https://HOST".to_owned())?;
    // The address has escapes, and names of objects get their own when they are sent.
    let prefix = percent_decode_str(parsed.path()).decode_utf8_lossy();
    let prefix = prefix.trim_matches('/');
    let prefix = if prefix.is_empty() {
        String::new()
    } else {
        format!("{prefix}/")
    };
    Ok((url, prefix, region))
}

impl Bucket {
    pub(super) fn open(text: &str, table: &str) -> Result<Self, String> {
        let (url, prefix, region) = address(text, variable)?;
        let missing = |name: &str| {
            format!(
                "{name} is not in the environment: export AWS_ACCESS_KEY_ID=… AWS_SECRET_ACCESS_KEY=…"
            )
        };
        let keys = Keys {
            id: variable("AWS_ACCESS_KEY_ID").ok_or_else(|| missing("AWS_ACCESS_KEY_ID"))?,
            secret: variable("AWS_SECRET_ACCESS_KEY")
                .ok_or_else(|| missing("AWS_SECRET_ACCESS_KEY"))?,
            token: variable("AWS_SESSION_TOKEN"),
        };
        let client = brimful::HttpOptions::reqwest_builder().map_err(|error| error.to_string())?;
        let client = client.timeout(PATIENCE).build();
        let runtime = WriterRuntime::on_this_thread();
        Ok(Self {
            runtime: runtime.map_err(|error| error.to_string())?,
            client: client.map_err(|error| error.to_string())?,
            url,
            prefix: format!("{prefix}{table}/"),
            region,
            keys,
        })
    }

    /// Sends a request for a name.
    fn send(
        &self,
        method: &Method,
        name: &str,
        copy_of: Option<&str>,
        body: &[u8],
    ) -> Result<(StatusCode, Vec<u8>), String> {
        let path = encoded(&format!("{}{name}", self.prefix));
        self.send_to(method, &path, "", copy_of, body)
    }

    /// Sends a request until it is answered; what the storage is sent can be sent twice. The path is that behind the
    /// bucket; the parameters of the query are in the order of their names.
    fn send_to(
        &self,
        method: &Method,
        path: &str,
        query: &str,
        copy_of: Option<&str>,
        body: &[u8],
    ) -> Result<(StatusCode, Vec<u8>), String> {
        let path = format!("{}{path}", self.url.path());
        let closed = |error: io::Error| error.to_string();
        let mut waits = RECONNECT_AFTER.iter();
        loop {
            let tried = self
                .runtime
                .wait(self.try_once(method, &path, query, copy_of, body));
            let why = match tried.map_err(closed)? {
                Ok((status, body)) if status.is_server_error() => {
                    format!("the storage answers {status}{}", said(&body))
                }
                Ok(answer) => return Ok(answer),
                Err(why) => why,
            };
            let Some(wait) = waits.next() else {
                return Err(why);
            };
            self.runtime.sleep(*wait).map_err(closed)?;
        }
    }

    async fn try_once(
        &self,
        method: &Method,
        path: &str,
        query: &str,
        copy_of: Option<&str>,
        body: &[u8],
    ) -> Result<(StatusCode, Vec<u8>), String> {
        let mut url = self.url.clone();
        url.set_path(path);
        if !query.is_empty() {
            url.set_query(Some(query));
        }
        let host = match (url.host_str(), url.port()) {
            (Some(host), Some(port)) => format!("{host}:{port}"),
            (host, _) => host.unwrap_or_default().to_owned(),
        };
        let mut headers = vec![("host".to_owned(), host)];
        if let Some(from) = copy_of {
            // Behind the bucket where it is in the path, and with it where it is in the name of the host.
            let bucket = self.bucket();
            let source = format!("/{bucket}/{}", encoded(&format!("{}{from}", self.prefix)));
            headers.push(("x-amz-copy-source".to_owned(), source));
        }
        if let Some(token) = &self.keys.token {
            headers.push(("x-amz-security-token".to_owned(), token.clone()));
        }
        let now = Timestamp::now().strftime("%Y%m%dT%H%M%SZ").to_string();
        sign(
            method.as_str(),
            &format!("{path}\n{query}"),
            &mut headers,
            body,
            &now,
            &self.region,
            &self.keys,
        );
        let mut request = self.client.request(method.clone(), url).body(body.to_vec());
        for (name, value) in &headers[1..] {
            request = request.header(name, value);
        }
        let no_answer = |error: reqwest::Error| {
            let error = with_causes(&error.without_url());
            format!("no answer: {error}")
        };
        let answer = request.send().await.map_err(no_answer)?;
        let status = answer.status();
        let body = answer.bytes().await.map_err(no_answer)?;
        Ok((status, body.to_vec()))
    }

    fn bucket(&self) -> &str {
        let path = self.url.path().trim_matches('/');
        match path.rsplit('/').next() {
            Some(bucket) if !bucket.is_empty() => bucket,
            _ => {
                let host = self.url.host_str().unwrap_or_default();
                host.split(".s3.").next().unwrap_or(host)
            }
        }
    }

    fn done(&self, answer: (StatusCode, Vec<u8>)) -> Result<(), String> {
        let (status, body) = answer;
        // A copy may fail although its answer began well.
        if status.is_success() && !body.windows(7).any(|bytes| bytes == b"<Error>") {
            return Ok(());
        }
        Err(refusal(status, &body, WRITES, &self.region))
    }
}

/// What a refused request to write lacks.
const WRITES: &str = "may they write here";
/// What a refused listing lacks.
#[cfg(feature = "sync")]
const LISTS: &str = "may they list the bucket below this prefix (the right s3:ListBucket, which the rights on objects do not include)";

/// The message of a request that was refused. `may` asks whether the keys may do what was asked for.
fn refusal(status: StatusCode, body: &[u8], may: &str, region: &str) -> String {
    let hint = match status {
        StatusCode::FORBIDDEN => {
            format!("; are AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY right, and {may}?")
        }
        status if status.is_redirection() => {
            format!("; the bucket is not in the region {region}: set AWS_REGION")
        }
        _ => String::new(),
    };
    format!("the storage answers {status}{}{hint}", said(body))
}

/// The content of the first element of this name.
fn element<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let (_, rest) = text.split_once(&format!("<{name}>"))?;
    let (content, _) = rest.split_once(&format!("</{name}>"))?;
    Some(content)
}

/// The names of a listing without what is in front of them, and where the next part of it begins.
#[cfg(feature = "sync")]
fn listed(text: &str) -> (Vec<StoredObject>, Option<String>) {
    let objects = text.split("<Contents>").skip(1).filter_map(|object| {
        let key = element(object, "Key")?;
        Some(StoredObject {
            name: key.rsplit('/').next().unwrap_or(key).to_owned(),
            stamp: format!(
                "{}-{}",
                element(object, "Size")?,
                element(object, "ETag").unwrap_or_default()
            ),
        })
    });
    let next = element(text, "NextContinuationToken").map(str::to_owned);
    (objects.collect(), next)
}

/// What an answer says of an error.
fn said(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let part = |name: &str| element(&text, name).map(str::to_owned);
    match (part("Code"), part("Message")) {
        (Some(code), Some(message)) => format!(", {code}: {message}"),
        (Some(code), None) => format!(", {code}"),
        _ => String::new(),
    }
}

impl Objects for Bucket {
    fn put(&self, name: &str, bytes: Vec<u8>) -> Result<(), String> {
        self.done(self.send(&Method::PUT, name, None, &bytes)?)
    }

    fn get(&self, name: &str) -> Result<Option<Vec<u8>>, String> {
        let (status, body) = self.send(&Method::GET, name, None, &[])?;
        match status {
            StatusCode::NOT_FOUND if !said(&body).contains("NoSuchBucket") => Ok(None),
            StatusCode::OK => Ok(Some(body)),
            _ => self.done((status, body)).map(|()| None),
        }
    }

    fn rename(&self, from: &str, to: &str) -> Result<(), String> {
        let (status, body) = self.send(&Method::PUT, to, Some(from), &[])?;
        // It was done before.
        if status != StatusCode::NOT_FOUND {
            self.done((status, body))?;
        }
        self.delete(from)
    }

    fn delete(&self, name: &str) -> Result<(), String> {
        let (status, body) = self.send(&Method::DELETE, name, None, &[])?;
        match status {
            StatusCode::NOT_FOUND => Ok(()),
            _ => self.done((status, body)),
        }
    }

    #[cfg(feature = "sync")]
    fn list(&self) -> Result<Vec<StoredObject>, String> {
        let mut found = Vec::new();
        let mut after: Option<String> = None;
        loop {
            let value = |text: &str| utf8_percent_encode(text, QUERY).to_string();
            let mut query = after.map_or_else(String::new, |token| {
                format!("continuation-token={}&", value(&token))
            });
            // Writing to a string does not fail.
            let _ = write!(
                query,
                "delimiter=%2F&list-type=2&prefix={}",
                value(&self.prefix)
            );
            let (status, body) = self.send_to(&Method::GET, "", &query, None, &[])?;
            if status != StatusCode::OK {
                return Err(refusal(status, &body, LISTS, &self.region));
            }
            let (objects, next) = listed(&String::from_utf8_lossy(&body));
            found.extend(objects);
            if next.is_none() {
                return Ok(found);
            }
            after = next;
        }
    }
}

/// What is written in hexadecimal in a query: all but letters, digits and `-._~`.
#[cfg(feature = "sync")]
const QUERY: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A name as it is in a path: all but letters, digits, `-._~` and `/` in hexadecimal.
fn encoded(name: &str) -> String {
    const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
        .remove(b'-')
        .remove(b'.')
        .remove(b'_')
        .remove(b'~')
        .remove(b'/');
    utf8_percent_encode(name, ENCODED).to_string()
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

fn hmac(key: &[u8], text: &str) -> Vec<u8> {
    // It takes keys of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        return Vec::new();
    };
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

/// Adds the headers that say who sends the request. `place` is the path, and the query in a line behind it; `now` is written
/// as `20130524T000000Z`.
fn sign(
    method: &str,
    place: &str,
    headers: &mut Vec<(String, String)>,
    body: &[u8],
    now: &str,
    region: &str,
    keys: &Keys,
) {
    let of_body = hex(&Sha256::digest(body));
    headers.push(("x-amz-content-sha256".to_owned(), of_body.clone()));
    headers.push(("x-amz-date".to_owned(), now.to_owned()));
    let mut sorted: Vec<_> = headers.iter().collect();
    sorted.sort();
    let names: Vec<&str> = sorted.iter().map(|(name, _)| name.as_str()).collect();
    let names = names.join(";");
    let mut lines = String::new();
    for (name, value) in &sorted {
        // Writing to a string does not fail.
        let _ = writeln!(lines, "{name}:{}", value.trim());
    }
    let request = format!("{method}\n{place}\n{lines}\n{names}\n{of_body}");
    let day = now.split('T').next().unwrap_or_default();
    let scope = format!("{day}/{region}/s3/aws4_request");
    let of_request = hex(&Sha256::digest(request.as_bytes()));
    let text = format!("AWS4-HMAC-SHA256\n{now}\n{scope}\n{of_request}");
    let mut key = format!("AWS4{}", keys.secret).into_bytes();
    for part in [day, region, "s3", "aws4_request"] {
        key = hmac(&key, part);
    }
    let signature = hex(&hmac(&key, &text));
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential={}/{scope},SignedHeaders={names},Signature={signature}",
        keys.id
    );
    headers.push(("authorization".to_owned(), authorization));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples in the documentation of the protocol.
    #[test]
    fn requests_are_signed_as_the_documentation_of_the_protocol_shows() {
        let keys = Keys {
            id: "AKIAIOSFODNN7EXAMPLE".to_owned(),
            secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_owned(),
            token: None,
        };
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let host = header("host", "examplebucket.s3.amazonaws.com");
        let signed = |method, place: &str, mut headers: Vec<_>, body| {
            let now = "20130524T000000Z";
            sign(method, place, &mut headers, body, now, "us-east-1", &keys);
            let (_, authorization) = headers.pop().unwrap();
            authorization.split("Signature=").nth(1).unwrap().to_owned()
        };
        assert_eq!(
            signed(
                "GET",
                "/test.txt\n",
                vec![host.clone(), header("range", "bytes=0-9")],
                b""
            ),
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
        );
        let place = format!("/{}\n", encoded("test$file.text"));
        assert_eq!(
            signed(
                "PUT",
                &place,
                vec![
                    header("date", "Fri, 24 May 2013 00:00:00 GMT"),
                    host,
                    header("x-amz-storage-class", "REDUCED_REDUNDANCY"),
                ],
                b"Welcome to Amazon S3."
            ),
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"
        );
        let host = header("host", "examplebucket.s3.amazonaws.com");
        assert_eq!(
            signed("GET", "/\nmax-keys=2&prefix=J", vec![host], b""),
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"
        );
    }

    #[cfg(feature = "sync")]
    #[test]
    fn a_listing_that_is_refused_names_the_right_that_it_needs() {
        let body = b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>";
        let said = |may| refusal(StatusCode::FORBIDDEN, body, may, "eu-central-1");
        assert!(said(LISTS).contains("AccessDenied: Access Denied; are AWS_ACCESS_KEY_ID"));
        assert!(said(LISTS).contains("s3:ListBucket"), "{}", said(LISTS));
        assert!(!said(WRITES).contains("s3:ListBucket"), "{}", said(WRITES));
    }

    #[cfg(feature = "sync")]
    #[test]
    fn a_listing_is_read_with_names_sizes_and_tags() {
        let listing = "<?xml version=\"1.0\"?><ListBucketResult><Name>deals</Name><Contents><Key>bi/crm_deal/part-000000.parquet\
            </Key><ETag>&quot;ab&quot;</ETag><Size>12</Size></Contents><Contents><Key>bi/crm_deal/x.parquet</Key><Size>7</Size>\
            </Contents><IsTruncated>true</IsTruncated><NextContinuationToken>a+b/c=</NextContinuationToken></ListBucketResult>";
        let (found, next) = listed(listing);
        let found: Vec<(&str, &str)> = found
            .iter()
            .map(|object| (object.name.as_str(), object.stamp.as_str()))
            .collect();
        assert_eq!(
            found,
            [
                ("part-000000.parquet", "12-&quot;ab&quot;"),
                ("x.parquet", "7-")
            ]
        );
        assert_eq!(next.as_deref(), Some("a+b/c="));
    }

    #[test]
    fn an_address_names_the_bucket_the_prefix_and_where_it_is() {
        let none = |_: &str| None;
        let (url, prefix, region) = address("s3://deals/a/b/?region=eu-west-1", none).unwrap();
        assert_eq!(url.as_str(), "https://deals.s3.eu-west-1.amazonaws.com/");
        assert_eq!((prefix.as_str(), region.as_str()), ("a/b/", "eu-west-1"));
        for spelled in ["s3://deals/a b+c/Ж/", "s3://deals/a%20b+c/%D0%96"] {
            let (_, prefix, _) = address(spelled, none).unwrap();
            assert_eq!(prefix, "a b+c/Ж/", "{spelled}");
        }
        let endpoint = |name: &str| {
            (name == "AWS_ENDPOINT_URL").then(|| "https://storage.example.com".to_owned())
        };
        let (url, prefix, _) = address("s3://deals", endpoint).unwrap();
        assert_eq!(url.as_str(), "https://storage.example.com/deals/");
        assert_eq!(prefix, "");
        for wrong in ["s3://", "s3:", "s3://a/?password=b"] {
            assert!(address(wrong, none).is_err(), "{wrong}");
        }
    }
}
