//! Credentials of every kind, and tokens that expire.

use std::time::Duration;

use brimful::ErrorKind;
use brimful_portal::Fault;
use brimful_r7::Credential;
use brimful_r7_portal::R7Config;

use super::{RecordingTransport, builder, office, portal_of};

#[tokio::test(start_paused = true)]
async fn every_kind_of_credential_is_accepted() {
    let portal = office(10);
    for credential in [
        Credential::password("demo", "demo"),
        Credential::token("demo"),
        Credential::basic("demo", "demo"),
        Credential::bearer("demo"),
        Credential::cookie("demo"),
    ] {
        let shown = format!("{credential:?}");
        let client = builder(&portal).credential(credential).build().unwrap();
        let reply = client.get("people/@self").await;
        assert!(reply.is_ok(), "{shown}: {reply:?}");
        assert!(!shown.contains("demo"), "{shown}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_password_gets_one_token_for_all_requests() {
    let portal = office(10);
    let client = builder(&portal)
        .credential(Credential::password("demo", "demo"))
        .build()
        .unwrap();
    let (a, b) = tokio::join!(client.get("people/@self"), client.get("group"));
    assert!(a.is_ok() && b.is_ok());
    assert_eq!(portal.stats().calls("r7.authentication"), 1);
}

#[tokio::test(start_paused = true)]
async fn an_expired_token_is_replaced_by_a_new_one() {
    let portal = portal_of(R7Config::new().people(3).token_ttl(Duration::from_secs(60)));
    let client = builder(&portal)
        .credential(Credential::password("demo", "demo"))
        .build()
        .unwrap();
    assert!(client.get("people/@self").await.is_ok());
    tokio::time::sleep(Duration::from_secs(61)).await;
    let batch = client
        .batch()
        .item(brimful_r7::Item::get("group"))
        .send()
        .await
        .unwrap();
    assert!(batch.is_ok());
    assert_eq!(portal.stats().calls("r7.authentication"), 2);
    portal.faults().push(Fault::ExpiredToken);
    assert!(client.get("group").await.is_ok());
    assert_eq!(portal.stats().calls("r7.authentication"), 3);
}

#[tokio::test(start_paused = true)]
async fn a_wrong_password_is_sent_once_and_never_shown() {
    let portal = office(3);
    let client = builder(&portal)
        .credential(Credential::password("demo", "s3cr3t"))
        .build()
        .unwrap();
    let error = client.get("people").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Auth);
    assert!(
        error.to_string().contains("User authentication failed"),
        "{error}"
    );
    assert!(!format!("{error:?}").contains("s3cr3t"));
    assert_eq!(portal.stats().requests, 1);
}

#[tokio::test(start_paused = true)]
async fn a_code_of_the_second_factor_is_sent_with_the_password() {
    let portal = portal_of(R7Config::new().second_factor("123456"));
    let password = Credential::password("demo", "demo");
    let client = builder(&portal)
        .credential(password.clone())
        .build()
        .unwrap();
    let error = client.get("people/@self").await.unwrap_err();
    assert!(error.to_string().contains("second factor"), "{error}");
    let client = builder(&portal)
        .credential(password.code("123456"))
        .build()
        .unwrap();
    assert!(client.get("people/@self").await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_password_with_a_colon_is_refused_for_basic() {
    let portal = office(3);
    let listening = RecordingTransport::to(&portal);
    let client = builder(&portal)
        .transport(listening.clone())
        .credential(Credential::basic("demo", "a:b"))
        .build()
        .unwrap();
    assert_eq!(
        client.get("people").await.unwrap_err().kind(),
        ErrorKind::Config
    );
    assert!(listening.requests().is_empty());
}
