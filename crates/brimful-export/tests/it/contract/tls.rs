//! TLS of databases: the servers in `BRIMFUL_TEST_POSTGRES` and `BRIMFUL_TEST_MYSQL`, whose certificate for 127.0.0.1 the
//! authority in `BRIMFUL_TEST_CA` has signed. `./test` starts them; without them there is nothing to test.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use brimful_export::Store;

use super::*;

/// The addresses of the servers, and the file of their authority.
fn servers() -> Option<(Vec<String>, String)> {
    let authority = std::env::var("BRIMFUL_TEST_CA").ok()?;
    let servers = [
        ("BRIMFUL_TEST_POSTGRES", cfg!(feature = "postgres")),
        ("BRIMFUL_TEST_MYSQL", cfg!(feature = "mysql")),
    ];
    let servers = servers.into_iter().filter(|(_, is)| *is);
    let servers = servers.filter_map(|(name, _)| std::env::var(name).ok());
    Some((servers.collect(), authority))
}

/// What comes of a run to a store.
fn run(url: &str) -> Result<(), String> {
    let store: Store = url.parse().unwrap();
    let mut writer = store
        .open(options("contract_tls"), plan())
        .map_err(|error| error.to_string())?;
    writer.write_page(&rows(), &mut Vec::new()).unwrap();
    writer.finish(&mut std::io::sink()).unwrap();
    Ok(())
}

fn with_password(url: &str) -> String {
    url.replacen('@', ":s3cret@", 1)
}

#[test]
fn rows_go_to_a_server_whose_certificate_is_checked() {
    let Some((servers, authority)) = servers() else {
        return;
    };
    for url in servers {
        let elsewhere = url.replace("127.0.0.1", "localhost");
        for (url, modes) in [
            (
                &url,
                &["verify-full", "verify-ca", "require", "prefer", "disable"][..],
            ),
            // The certificate is for 127.0.0.1.
            (&elsewhere, &["verify-ca", "require"]),
        ] {
            for mode in modes {
                let url = format!("{url}?sslmode={mode}&sslrootcert={authority}");
                assert_eq!(run(&url), Ok(()), "{url}");
            }
        }
        // Without an authority every certificate will do where none is asked for.
        assert_eq!(run(&format!("{url}?ssl-mode=required")), Ok(()), "{url}");
    }
}

#[test]
fn a_certificate_of_another_authority_or_host_is_refused_without_the_password() {
    let Some((servers, authority)) = servers() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let other = folder.path().join("other.pem");
    let certificate = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    std::fs::write(&other, certificate.cert.pem()).unwrap();
    for url in servers {
        let url = with_password(&url);
        let of_other = format!("{url}?sslmode=verify-full&sslrootcert={}", other.display());
        let error = run(&of_other).unwrap_err();
        let expected = format!("no authority in {} has signed", other.display());
        assert!(
            error.contains(&expected) && !error.contains("s3cret"),
            "{error}"
        );
        // The authorities of this system have not signed it.
        let error = run(&format!("{url}?sslmode=verify-full")).unwrap_err();
        assert!(
            error.contains("with sslrootcert=FILE") && !error.contains("s3cret"),
            "{error}"
        );
        let elsewhere = url.replace("127.0.0.1", "localhost");
        let elsewhere = format!("{elsewhere}?sslmode=verify-full&sslrootcert={authority}");
        let error = run(&elsewhere).unwrap_err();
        assert!(
            error.contains("is for another host") && !error.contains("s3cret"),
            "{error}"
        );
        let none = format!("{url}?sslmode=verify-full&sslrootcert=/of/nobody.pem");
        let error = run(&none).unwrap_err();
        assert!(
            error.contains("/of/nobody.pem: ") && !error.contains("s3cret"),
            "{error}"
        );
    }
}

/// The port of a server that says something to everybody who comes.
fn server_that(talk: impl Fn(TcpStream) + Send + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            talk(stream.unwrap());
        }
    });
    port
}

#[cfg(feature = "postgres")]
#[test]
fn a_server_of_postgresql_without_tls_is_told() {
    let port = server_that(|mut stream| {
        // A client that asks for TLS is refused.
        let mut asked = [0; 8];
        if stream.read_exact(&mut asked).is_ok() {
            let _ = stream.write_all(b"N");
        }
    });
    let error = run(&format!(
        "postgres://me:s3cret@127.0.0.1:{port}/db?sslmode=require"
    ));
    let error = error.unwrap_err();
    assert!(
        error.contains("the server has no TLS: sslmode=disable does without")
            && !error.contains("s3cret"),
        "{error}"
    );
}

#[cfg(feature = "mysql")]
#[test]
fn a_server_of_mysql_without_tls_is_told() {
    let port = server_that(|mut stream| {
        let mut greeting = b"\x0a8.0.30\0\x01\0\0\0abcdefgh\0".to_vec();
        // Protocol 4.1, secure connections, plugins; no TLS.
        greeting.extend([0x00, 0xa2, 0x2d, 0x02, 0x00, 0x08, 0x00, 21]);
        greeting.extend([0; 10]);
        greeting.extend(b"ijklmnopqrst\0mysql_native_password\0");
        let length = greeting.len() as u32;
        let mut packet = length.to_le_bytes().to_vec();
        packet[3] = 0;
        packet.extend(greeting);
        let _ = stream.write_all(&packet);
        let _ = stream.read(&mut [0; 1_024]);
    });
    let error = run(&format!(
        "mysql://me:s3cret@127.0.0.1:{port}/db?ssl-mode=REQUIRED"
    ));
    let error = error.unwrap_err();
    assert!(
        error.contains("the server has no TLS: sslmode=disable does without")
            && !error.contains("s3cret"),
        "{error}"
    );
}

#[test]
fn a_mode_of_tls_that_is_not_known_is_refused_before_anything_is_sent() {
    for scheme in ["postgres", "mysql"] {
        let Ok(store) =
            format!("{scheme}://me:s3cret@127.0.0.1:9/db?sslmode=full").parse::<Store>()
        else {
            continue;
        };
        let error = store
            .open(options("contract_tls"), plan())
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("sslmode=full is not known") && !error.contains("s3cret"),
            "{error}"
        );
    }
}
