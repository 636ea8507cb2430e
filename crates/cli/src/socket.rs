//! One WebSocket with subprotocol `sip` (RFC 7118), encrypted or not, and in words why it could not be opened. It never
//! looks into what it carries.

use futures_util::{SinkExt, StreamExt};
use rustls::{
    CertificateError, ClientConfig, RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};
use softframe_sip::wire::MAX_MESSAGE_OCTETS;
use std::{path::Path, sync::Arc, time::Duration};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio_tungstenite::{
    Connector, MaybeTlsStream, WebSocketStream, connect_async_tls_with_config,
    tungstenite::{
        self, Error,
        client::IntoClientRequest,
        error::{ProtocolError, SubProtocolError},
        http::HeaderValue,
        protocol::WebSocketConfig,
    },
};

/// A handshake that is not through by then never will be. The agent gives up after 10 s, and its words say less.
const OPENING: Duration = Duration::from_millis(9_900);

/// Whose certificates are believed.
#[derive(Clone)]
pub struct Trust(Arc<ClientConfig>);

impl Trust {
    /// What this machine trusts.
    ///
    /// # Errors
    /// A sentence, where there is no TLS on this machine.
    pub fn system() -> Result<Trust, String> {
        let mut roots = RootCertStore::empty();
        // One that cannot be read is one that is not trusted.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        Trust::of(roots)
    }

    /// The authorities in this file (PEM), and no others.
    ///
    /// # Errors
    /// A sentence, where the file cannot be read or has none in it.
    pub fn only(file: &Path) -> Result<Trust, String> {
        let unreadable = |error: &dyn std::fmt::Display| format!("{}: {error}.", file.display());
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_file_iter(file).map_err(|error| unreadable(&error))? {
            let certificate = certificate.map_err(|error| unreadable(&error))?;
            roots.add(certificate).map_err(|error| unreadable(&error))?;
        }
        if roots.is_empty() {
            return Err(unreadable(&"there is no certificate in it"));
        }
        Trust::of(roots)
    }

    fn of(roots: RootCertStore) -> Result<Trust, String> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = config.map_err(|error| format!("There is no TLS here: {error}."))?;
        Ok(Trust(Arc::new(config.with_root_certificates(roots).with_no_client_auth())))
    }
}

/// What a socket tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Came {
    /// It is open.
    Open,
    /// One message.
    Octets(Vec<u8>),
    /// It is closed, or never opened; then a sentence says why. Its last word.
    Gone(Option<String>),
}

/// Opens one in a task of its own, which lives as long as the value that is returned and takes messages to send.
pub fn open(url: &str, trust: &Trust, tell: impl FnMut(Came) + Send + 'static) -> UnboundedSender<Vec<u8>> {
    // What is sent while it opens waits here: the agent sends nothing before it hears of the opening.
    let (send, sent) = unbounded_channel();
    tokio::spawn(live(url.to_owned(), trust.clone(), sent, tell));
    send
}

async fn live(
    url: String,
    trust: Trust,
    mut sent: UnboundedReceiver<Vec<u8>>,
    mut tell: impl FnMut(Came) + Send,
) {
    match tokio::time::timeout(OPENING, connect(&url, trust)).await {
        Ok(Ok(mut socket)) => {
            tell(Came::Open);
            carry(&mut socket, &mut sent, &mut tell).await;
            tell(Came::Gone(None));
        }
        Ok(Err(error)) => tell(Came::Gone(Some(why(&url, &error)))),
        Err(_) => tell(Came::Gone(Some(format!(
            "no answer from {url} in 10 s: is that the address, is `wss:` or `ws:` right, and does a firewall let this port \
             through?"
        )))),
    }
}

type Socket = WebSocketStream<MaybeTlsStream<tokio::net::TcpStream>>;

async fn connect(url: &str, trust: Trust) -> Result<Socket, Error> {
    let mut request = url.into_client_request()?;
    request.headers_mut().insert("Sec-WebSocket-Protocol", HeaderValue::from_static("sip"));
    let config = WebSocketConfig::default().max_message_size(Some(MAX_MESSAGE_OCTETS));
    let connector = Connector::Rustls(trust.0);
    let (socket, _) = connect_async_tls_with_config(request, Some(config), true, Some(connector)).await?;
    Ok(socket)
}

async fn carry(socket: &mut Socket, sent: &mut UnboundedReceiver<Vec<u8>>, tell: &mut impl FnMut(Came)) {
    loop {
        tokio::select! {
            octets = sent.recv() => {
                let Some(octets) = octets else { return drop(socket.close(None).await) };
                // Text where it is text: some servers take nothing else (RFC 7118 §5.2).
                let message = match String::from_utf8(octets) {
                    Ok(text) => tungstenite::Message::text(text),
                    Err(other) => tungstenite::Message::binary(other.into_bytes()),
                };
                if socket.send(message).await.is_err() { return }
            }
            message = socket.next() => match message {
                Some(Ok(message @ (tungstenite::Message::Text(_) | tungstenite::Message::Binary(_)))) => {
                    tell(Came::Octets(message.into_data().to_vec()));
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return,
            },
        }
    }
}

/// What it means, and what to look at.
fn why(url: &str, error: &Error) -> String {
    match error {
        Error::Io(error) => {
            let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
            tls.map_or_else(|| unreachable_by_network(url, error), |error| untrusted(url, error))
        }
        Error::Tls(error) => format!("{url}: no encrypted connection: {error}."),
        Error::Http(response) => format!(
            "{url} is a web server that answers {} and no WebSocket: is the path right, and does the proxy in front pass \
             `Upgrade` on?",
            response.status()
        ),
        Error::Protocol(ProtocolError::SecWebSocketSubProtocolError(
            SubProtocolError::NoSubProtocol | SubProtocolError::InvalidSubProtocol,
        )) => format!("{url} takes WebSockets, but not for SIP (subprotocol `sip`, RFC 7118)."),
        Error::Protocol(ProtocolError::HandshakeIncomplete) => hung_up(url),
        Error::Url(error) => format!("{url} is no address of a WebSocket: {error}."),
        other => format!("{url} speaks no WebSocket: {other}."),
    }
}

fn unreachable_by_network(url: &str, error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::ConnectionRefused => {
            format!("nobody listens at {url}: is the server running, and is this its port for WebSockets?")
        }
        std::io::ErrorKind::UnexpectedEof | std::io::ErrorKind::ConnectionReset => hung_up(url),
        _ => format!("{url} cannot be reached: {error}."),
    }
}

fn hung_up(url: &str) -> String {
    format!(
        "{url} hung up during the handshake: is this its port for WebSockets, and is `wss:` or `ws:` right?"
    )
}

fn untrusted(url: &str, error: &rustls::Error) -> String {
    let rustls::Error::InvalidCertificate(error) = error else {
        return format!("{url} speaks no TLS that this phone knows ({error}): is it `ws:` there?");
    };
    let what = match error {
        // The signature is bad where another authority has the same name.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            "is from an authority that this machine does not trust, or the server leaves out the ones between \
             (fullchain.pem)"
                .to_owned()
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "is for another name".to_owned()
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "has run out".to_owned(),
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "is not valid yet: do the clocks go right?".to_owned()
        }
        other => format!("is not accepted ({other})"),
    };
    format!("the certificate of {url} {what}. Browsers refuse it, too.")
}
