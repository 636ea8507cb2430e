//! `wss:` (RFC 7118 over TLS): what is believed, and what becomes of a certificate that is not.

use crate::phones::{Phones, config};
use softframe_cli::{Came, Trust, open};
use softframe_live::{Kamailio, Settings};
use softframe_sip::{Command, Config};
use tokio::sync::mpsc::unbounded_channel;

fn encrypted(name: &'static str) -> Kamailio {
    Kamailio::start(Settings { tls: Some(name), ..Settings::default() })
}

fn trust(kamailio: &Kamailio) -> Trust {
    let certificates = kamailio.certificates.as_ref().expect("it is encrypted");
    Trust::only(&certificates.authority).expect("the authority of the test")
}

fn at(kamailio: &Kamailio, user: &str) -> Config {
    let servers = vec![format!("wss://localhost:{}/", kamailio.port)];
    Config { servers, ..config(kamailio.port, user) }
}

#[tokio::test]
async fn phones_register_call_and_hang_up_over_wss_and_their_requests_say_so() {
    let kamailio = encrypted("localhost");
    let configs = ["200", "201"].map(|user| at(&kamailio, user));
    let mut phones = Phones::that_trust(trust(&kamailio), configs.into());
    for phone in 0..2 {
        phones.register(phone).await;
    }
    for by in [0, 1] {
        let (ours, theirs) = phones.in_call("201").await;
        phones.reinvite(1, theirs, "v=0 hold");
        phones.until(0, "offered v=0 hold").await;
        phones.answer(0, ours, "v=0 held");
        phones.until(1, "reinvited v=0 held").await;
        phones.hang_up(by, if by == 0 { ours } else { theirs });
        phones.until(1 - by, "terminated Remote 200").await;
    }
    let sent =
        phones.frames(0).iter().filter(|frame| frame.starts_with("> ") && frame.contains(" SIP/2.0\r\n"));
    let (wss, all) = sent.fold((0, 0), |(wss, all), frame| {
        (wss + usize::from(frame.contains("\r\nVia: SIP/2.0/WSS ")), all + 1)
    });
    assert_eq!(wss, all, "every Via says WSS (RFC 7118 §5.1)");
    assert_eq!(kamailio.log().matches("CRITICAL").count(), 0, "{}", kamailio.log());
}

/// Every kind of distrust is told apart in words, and nothing of SIP is sent.
#[tokio::test]
async fn certificate_that_is_not_believed_is_an_error_that_says_what_is_wrong_with_it() {
    let (own, foreign) = (encrypted("localhost"), encrypted("elsewhere.test"));
    let system = Trust::system().expect("there is TLS here");
    let plain = Kamailio::start(Settings::default());
    let (own_trust, foreign_trust) = (trust(&own), trust(&foreign));
    for (trust, url, sentence) in [
        (
            &system,
            format!("wss://localhost:{}/", own.port),
            "from an authority that this machine does not trust",
        ),
        (&foreign_trust, format!("wss://localhost:{}/", own.port), "does not trust"),
        (&foreign_trust, format!("wss://localhost:{}/", foreign.port), "is for another name"),
        (&own_trust, format!("wss://localhost:{}/", plain.port), "is `wss:` or `ws:` right, and"),
        (&own_trust, format!("ws://localhost:{}/", own.port), "hung up during the handshake"),
    ] {
        let (comes, mut came) = unbounded_channel();
        let _socket = open(&url, trust, move |what| comes.send(what).expect("the test listens"));
        let Some(Came::Gone(Some(why))) = came.recv().await else { panic!("{url} was opened") };
        assert!(why.contains(&url) && why.contains(sentence), "{why}");
        assert_eq!(came.recv().await, None, "that was its last word");
    }
}

#[tokio::test]
async fn phone_that_does_not_believe_its_server_tries_again_and_registers_once_it_may() {
    let (good, bad) = (encrypted("localhost"), encrypted("elsewhere.test"));
    let mut config = at(&good, "200");
    config.servers.insert(0, format!("wss://localhost:{}/", bad.port));
    let mut phones = Phones::that_trust(trust(&good), vec![config]);
    phones.command(0, Command::Register);
    phones.until(0, "Reconnecting").await;
    assert_eq!(phones.frames(0), [] as [String; 0], "nobody that is not believed hears who calls");
    phones.until(0, "Registered").await;
}
