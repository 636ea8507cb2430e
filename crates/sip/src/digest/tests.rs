//! The examples of RFC 7616 and RFC 8760, and which challenge is answered how often.

use super::*;
use crate::wire::{NameAddr, RequestBuilder, ResponseBuilder, StatusCode, Uri, Via};

#[test]
fn rfc7616_examples() {
    let input = DigestInput {
        nonce: "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
        nc: "00000001",
        cnonce: "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
        method: "GET",
        uri: "/dir/index.html",
        body: None,
    };
    let hash = RealmHash::from_password("Mufasa", "http-auth@example.org", "Circle of Life");
    let respond = |algorithm| response(algorithm, hash.of(algorithm), input);
    assert_eq!(respond(Algorithm::Md5), "8ca523f5e9506fed4657c9700eebdbec");
    assert_eq!(
        respond(Algorithm::Sha256),
        "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"
    );
}

#[test]
fn rfc7616_user_hash_shows_which_truncation_sha_512_256_is() {
    // RFC 7616 §3.9.2 hashes user and realm; its printed user hash is that of SHA-512/256 as FIPS 180-4 defines it.
    let user = "J\u{e4}s\u{f8}n Doe:api@example.org";
    let hash = Algorithm::Sha512_256.hash(user);
    assert_eq!(hash, "793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b");
}

fn register() -> Message {
    let address = NameAddr::new(Uri::sip(Some("200"), "h"));
    let via = Via::new("WSS", "a.invalid", "z9hG4bK1");
    RequestBuilder::new(Method::Register, Uri::sip(None, "h"), via, address.clone(), address, "c", 1).build()
}

fn challenge(code: u16, method: Method, values: &[&str]) -> Message {
    let status = StatusCode::new(code).expect("code");
    let address = NameAddr::new(Uri::sip(Some("200"), "h"));
    let via = Via::new("WSS", "a.invalid", "z9hG4bK1");
    let request =
        RequestBuilder::new(method, Uri::sip(None, "h"), via, address.clone(), address, "c", 1).build();
    let name = if code == 401 { "WWW-Authenticate" } else { "Proxy-Authenticate" };
    let builder = ResponseBuilder::new(&request, status);
    values.iter().fold(builder, |builder, value| builder.header(name, value)).build()
}

fn credentials() -> (Credentials, Ids, Attempt) {
    let secret = Secret::Password("secret".to_owned());
    (Credentials::new("200", secret), Ids::new([1; 32]), Attempt::default())
}

fn authorize(credentials: &mut Credentials, ids: &mut Ids, method: Method) -> Vec<AuthValue> {
    let headers = credentials.authorize(ids, &method, "sip:h", b"body");
    headers.iter().map(|(_, value)| AuthValue::parse(value).expect("readable")).collect()
}

const MD5: &str = r#"Digest realm="r", nonce="n1", qop="auth,auth-int""#;
const SHA256: &str = r#"Digest realm="r", nonce="n2", algorithm=SHA-256, opaque="o", qop="auth""#;
const SHA512: &str = r#"Digest realm="r", nonce="n3", algorithm=SHA-512-256, qop="auth""#;

#[test]
fn strongest_challenge_is_answered_whatever_the_order() {
    const PROTECTED: &str = r#"Digest realm="r", nonce="n0", qop="auth-int""#;
    for (values, nonce) in [
        (vec![PROTECTED, MD5], "n1"),
        (vec![MD5, PROTECTED], "n1"),
        (vec![PROTECTED], "n0"),
        (vec![MD5], "n1"),
        (vec![MD5, SHA512, SHA256], "n3"),
        (vec![SHA256, MD5], "n2"),
    ] {
        let (mut credentials, mut ids, mut attempt) = credentials();
        credentials.challenged(&challenge(401, Method::Register, &values), &mut attempt).expect("answered");
        let answers = authorize(&mut credentials, &mut ids, Method::Register);
        assert_eq!(answers.iter().map(|answer| answer.get("nonce")).collect::<Vec<_>>(), [Some(nonce)]);
    }
}

#[test]
fn answer_verifies_and_its_counter_rises_in_hexadecimal() {
    let (mut credentials, mut ids, mut attempt) = credentials();
    credentials.challenged(&challenge(401, Method::Register, &[SHA256]), &mut attempt).expect("answered");
    for count in 1..=20 {
        let answers = authorize(&mut credentials, &mut ids, Method::Register);
        let get = |name| answers[0].get(name).unwrap_or_else(|| panic!("{name}"));
        assert_eq!(get("nc"), format!("{count:08x}"));
        assert_eq!((get("opaque"), get("qop"), get("algorithm")), ("o", "auth", "SHA-256"));
        let input = DigestInput {
            nonce: "n2",
            nc: get("nc"),
            cnonce: get("cnonce"),
            method: "REGISTER",
            uri: get("uri"),
            body: None,
        };
        let hash = RealmHash::from_password("200", "r", "secret");
        assert_eq!(get("response"), response(Algorithm::Sha256, hash.of(Algorithm::Sha256), input));
    }
}

#[test]
fn opaque_goes_back_as_it_came_between_its_quotes() {
    let (mut credentials, mut ids, mut attempt) = credentials();
    let opaque = r#"opaque="a, \"b\"=c\\""#;
    let asked = format!(r#"Digest realm="r", nonce="n", {opaque}, qop="auth""#);
    credentials.challenged(&challenge(401, Method::Register, &[&asked]), &mut attempt).expect("answered");
    let headers = credentials.authorize(&mut ids, &Method::Register, "sip:h", b"");
    assert!(headers[0].1.contains(&format!(", {opaque}, ")), "{headers:?}");
}

#[test]
fn session_keys_and_protected_bodies_are_answered_by_their_formulas() {
    // RFC 7616 §3.4.2 and §3.4.3, written out.
    for (challenged, algorithm, named, qop) in [
        (r#"nonce="n6", algorithm=MD5-sess, qop="auth""#, Algorithm::Md5, Some("MD5-sess"), "auth"),
        (
            r#"nonce="n6", algorithm=sha-256-SESS, qop="auth""#,
            Algorithm::Sha256,
            Some("sha-256-SESS"),
            "auth",
        ),
        (
            r#"nonce="n6", algorithm=SHA-512-256-sess, qop="auth-int""#,
            Algorithm::Sha512_256,
            Some("SHA-512-256-sess"),
            "auth-int",
        ),
        (r#"nonce="n6", qop="auth-int""#, Algorithm::Md5, None, "auth-int"),
        (r#"nonce="n6", qop="auth-int, auth""#, Algorithm::Md5, None, "auth"),
    ] {
        let (mut credentials, mut ids, mut attempt) = credentials();
        let value = format!(r#"Digest realm="r", {challenged}"#);
        credentials.challenged(&challenge(401, Method::Register, &[&value]), &mut attempt).expect("answered");
        let hash = |text: String| algorithm.hash(&text);
        let mut session_key = None;
        for nc in ["00000001", "00000002"] {
            let answers = authorize(&mut credentials, &mut ids, Method::Register);
            let answer = &answers[0];
            let cnonce = answer.get("cnonce").expect("cnonce");
            let ha1 = hash("200:r:secret".to_owned());
            let ha1 = match named {
                Some(_) => session_key.get_or_insert_with(|| hash(format!("{ha1}:n6:{cnonce}"))).clone(),
                None => ha1,
            };
            let ha2 = match qop {
                "auth" => hash("REGISTER:sip:h".to_owned()),
                _ => hash(format!("REGISTER:sip:h:{}", hash("body".to_owned()))),
            };
            let expected = hash(format!("{ha1}:n6:{nc}:{cnonce}:{qop}:{ha2}"));
            assert_eq!(answer.get("response"), Some(expected.as_str()), "{challenged}");
            assert_eq!((answer.get("algorithm"), answer.get("qop")), (named, Some(qop)));
        }
    }
}

#[test]
fn protected_bodies_once_asked_for_are_asked_for_ever_after() {
    let (mut credentials, _, mut attempt) = credentials();
    let protected = r#"Digest realm="r", nonce="n7", qop="auth-int""#;
    credentials.challenged(&challenge(401, Method::Register, &[protected]), &mut attempt).expect("answered");
    credentials.accepted();
    let later = |credentials: &mut Credentials, value: &str| {
        credentials.challenged(&challenge(407, Method::Invite, &[value]), &mut Attempt::default())
    };
    let unprotected = r#"Digest realm="r", nonce="n8", qop="auth""#;
    assert_eq!(later(&mut credentials, unprotected), Err(Unanswered::Unsupported));
    assert_eq!(later(&mut credentials, protected), Ok(()));
}

#[test]
fn second_challenge_ends_unless_stale_and_a_third_always() {
    let (mut credentials, _, mut attempt) = credentials();
    let plain = challenge(401, Method::Register, &[SHA256]);
    let stale = challenge(401, Method::Register, &[&format!("{SHA256}, stale=true")]);
    assert_eq!(credentials.challenged(&plain, &mut attempt), Ok(()));
    assert_eq!(credentials.challenged(&plain, &mut attempt.clone()), Err(Unanswered::Refused));
    assert_eq!(credentials.challenged(&stale, &mut attempt), Ok(()));
    assert_eq!(credentials.challenged(&stale, &mut attempt), Err(Unanswered::Refused));
}

#[test]
fn row_of_realms_that_ask_one_after_the_other_comes_to_an_end() {
    let (mut credentials, _, mut attempt) = credentials();
    let mut ask = |realm: usize| {
        let value = format!(r#"Digest realm="{realm}", nonce="n{realm}", qop="auth""#);
        credentials.challenged(&challenge(401, Method::Register, &[&value]), &mut attempt)
    };
    assert_eq!([0, 1, 2, 3].map(&mut ask), [Ok(()); MAX_ANSWERS]);
    assert_eq!(ask(4), Err(Unanswered::Refused));
}

#[test]
fn several_realms_are_answered_in_one_request() {
    let (mut credentials, mut ids, mut attempt) = credentials();
    let other = r#"Digest realm="other", nonce="n4", qop="auth""#;
    credentials.challenged(&challenge(407, Method::Invite, &[MD5, other]), &mut attempt).expect("answered");
    let answers = authorize(&mut credentials, &mut ids, Method::Invite);
    assert_eq!(
        answers.iter().map(|answer| answer.get("realm")).collect::<Vec<_>>(),
        [Some("r"), Some("other")]
    );
    assert!(
        authorize(&mut credentials, &mut ids, Method::Register).is_empty(),
        "the registrar has its own nonces"
    );
}

#[test]
fn unanswerable_challenges() {
    let table = [
        (r#"Basic realm="r""#, Unanswered::Unsupported),
        (r#"Digest realm="r", nonce="n", qop="auth-conf""#, Unanswered::Unsupported),
        (r#"Digest realm="r", nonce="n", algorithm=MD5-sess"#, Unanswered::Unsupported),
        (r#"Digest realm="r", nonce="n", qop="auth", algorithm=-sess"#, Unanswered::Unsupported),
        (r#"Digest realm="r", nonce="n", qop="auth", algorithm=SHA-1"#, Unanswered::Unsupported),
        (r#"Bearer realm="r""#, Unanswered::Unsupported),
    ];
    for (value, reason) in table {
        let (mut credentials, _, mut attempt) = credentials();
        let response = challenge(401, Method::Register, &[value]);
        assert_eq!(credentials.challenged(&response, &mut attempt), Err(reason), "{value}");
    }
}

#[test]
fn after_a_login_neither_foreign_realms_nor_weaker_algorithms_are_answered() {
    let (mut credentials, _, mut attempt) = credentials();
    credentials.challenged(&challenge(401, Method::Register, &[SHA256]), &mut attempt).expect("answered");
    let saved = credentials.accepted();
    assert_eq!(saved, [RealmHash::from_password("200", "r", "secret")]);
    assert!(credentials.accepted().is_empty(), "each realm is told once");
    let foreign = challenge(401, Method::Invite, &[r#"Digest realm="evil", nonce="n", qop="auth""#]);
    let judged = |credentials: &mut Credentials, response: &Message| {
        credentials.challenged(response, &mut Attempt::default())
    };
    assert_eq!(judged(&mut credentials, &foreign), Err(Unanswered::UnknownRealm));
    let weaker = challenge(407, Method::Invite, &[MD5]);
    assert_eq!(judged(&mut credentials, &weaker), Err(Unanswered::Unsupported));
    assert_eq!(judged(&mut credentials, &challenge(407, Method::Invite, &[SHA512])), Ok(()));
}

#[test]
fn of_realms_that_change_with_each_login_the_last_ones_are_answered() {
    let (mut credentials, _, _) = credentials();
    let realm = |number| format!(r#"Digest realm="r{number}", nonce="n", qop="auth""#);
    for number in 0..20 {
        let asked = challenge(401, Method::Register, &[&realm(number)]);
        assert_eq!(credentials.challenged(&asked, &mut Attempt::default()), Ok(()));
        credentials.accepted();
    }
    let mut later = |number| {
        let asked = challenge(407, Method::Invite, &[&realm(number)]);
        credentials.challenged(&asked, &mut Attempt::default())
    };
    assert_eq!((later(0), later(19)), (Err(Unanswered::UnknownRealm), Ok(())));
}

#[test]
fn challenge_without_qop_is_answered_where_the_registrar_asked_so_from_the_start() {
    // RFC 2617 §3.5 has no example without qop; this is RFC 2069 §2.4's formula over its own values.
    let old = r#"Digest realm="r", nonce="n5""#;
    let (mut credentials, mut ids, mut attempt) = credentials();
    credentials.challenged(&challenge(401, Method::Register, &[old]), &mut attempt).expect("answered");
    let answers = authorize(&mut credentials, &mut ids, Method::Register);
    let md5 = |text: &str| Algorithm::Md5.hash(text);
    let expected = md5(&format!("{}:n5:{}", md5("200:r:secret"), md5("REGISTER:sip:h")));
    assert_eq!(answers[0].get("response"), Some(expected.as_str()));
    assert_eq!((answers[0].get("qop"), answers[0].get("nc"), answers[0].get("cnonce")), (None, None, None));
    credentials.accepted();
    let later = |credentials: &mut Credentials, value: &str| {
        credentials.challenged(&challenge(407, Method::Invite, &[value]), &mut Attempt::default())
    };
    assert_eq!(later(&mut credentials, old), Ok(()));
    credentials
        .challenged(&challenge(401, Method::Register, &[MD5]), &mut Attempt::default())
        .expect("answered");
    credentials.accepted();
    assert_eq!(later(&mut credentials, old), Err(Unanswered::Unsupported), "never weaker than before");
}

#[test]
fn saved_hashes_answer_their_realm_only_and_tokens_answer_both_ways() {
    let hash = RealmHash::from_password("200", "r", "secret");
    let mut saved = Credentials::new("200", Secret::Hashes(vec![hash]));
    let mut ids = Ids::new([1; 32]);
    assert_eq!(
        saved.challenged(&challenge(401, Method::Register, &[SHA512]), &mut Attempt::default()),
        Ok(())
    );
    let other = challenge(401, Method::Register, &[r#"Digest realm="x", nonce="n", qop="auth""#]);
    assert_eq!(saved.challenged(&other, &mut Attempt::default()), Err(Unanswered::UnknownRealm));
    let mut token = Credentials::new("200", Secret::Token("abc".to_owned()));
    let bearer = challenge(401, Method::Register, &[r#"Bearer authz_server="https://a", realm="r""#]);
    assert_eq!(token.challenged(&bearer, &mut Attempt::default()), Ok(()));
    let headers = token.authorize(&mut ids, register().method(), "sip:h", &[]);
    assert_eq!(headers, [("Authorization", "Bearer abc".to_owned())]);
}

#[test]
fn challenge_with_a_nonce_in_use_goes_on_counting() {
    let (mut credentials, mut ids, _) = credentials();
    for counts in [["00000001", "00000002"], ["00000003", "00000004"]] {
        let answered =
            credentials.challenged(&challenge(401, Method::Register, &[SHA256]), &mut Attempt::default());
        assert_eq!(answered, Ok(()));
        for count in counts {
            let answers = authorize(&mut credentials, &mut ids, Method::Register);
            assert_eq!(answers[0].get("nc"), Some(count));
        }
    }
}

#[test]
fn token_is_shown_to_the_registrar_only() {
    let mut token = Credentials::new("200", Secret::Token("abc".to_owned()));
    let bearer = |code, method| challenge(code, method, &[r#"Bearer authz_server="https://a", realm="r""#]);
    token.challenged(&bearer(401, Method::Register), &mut Attempt::default()).expect("answered");
    token.accepted();
    for code in [401, 407] {
        let asked = token.challenged(&bearer(code, Method::Invite), &mut Attempt::default());
        assert_eq!(asked, Err(Unanswered::Unsupported), "{code}");
    }
    assert!(token.authorize(&mut Ids::new([1; 32]), &Method::Invite, "sip:h", &[]).is_empty());
}

#[test]
fn challenge_without_qop_is_answered_for_the_registrar_or_where_it_let_us_in() {
    let old = r#"Digest realm="r", nonce="n9""#;
    let (mut credentials, _, _) = credentials();
    let judged = |credentials: &mut Credentials, code, method| {
        credentials.challenged(&challenge(code, method, &[old]), &mut Attempt::default())
    };
    assert_eq!(judged(&mut credentials, 401, Method::Invite), Err(Unanswered::Unsupported));
    assert_eq!(judged(&mut credentials, 401, Method::Register), Ok(()));
    credentials.accepted();
    assert_eq!(judged(&mut credentials, 407, Method::Invite), Ok(()));
}

#[test]
fn token_answers_a_digest_as_a_password_does_and_is_not_shown_where_a_digest_let_us_in() {
    let mut token = Credentials::new("200", Secret::Token("secret".to_owned()));
    let mut ids = Ids::new([1; 32]);
    let ask = |token: &mut Credentials, value: &str| {
        token.challenged(&challenge(401, Method::Register, &[value]), &mut Attempt::default())
    };
    assert_eq!(ask(&mut token, SHA256), Ok(()));
    let answers = authorize(&mut token, &mut ids, Method::Register);
    let get = |name| answers[0].get(name).unwrap_or_else(|| panic!("{name}"));
    let (nonce, nc, cnonce, uri) = ("n2", get("nc"), get("cnonce"), get("uri"));
    let input = DigestInput { nonce, nc, cnonce, method: "REGISTER", uri, body: None };
    let hash = RealmHash::from_password("200", "r", "secret");
    assert_eq!(get("response"), response(Algorithm::Sha256, hash.of(Algorithm::Sha256), input));
    assert_eq!(token.accepted(), [hash]);
    // Whoever stands between could ask for the token itself.
    assert_eq!(
        ask(&mut token, r#"Bearer authz_server="https://a", realm="r""#),
        Err(Unanswered::Unsupported)
    );
    let headers = token.authorize(&mut ids, &Method::Register, "sip:h", b"");
    assert!(headers.iter().all(|(_, value)| value.starts_with("Digest ")), "{headers:?}");
}
