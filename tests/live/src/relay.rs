//! A relay of octets between a phone and its server, which on request closes its connections or freezes them without a
//! word. It never looks into what it carries.

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
};

/// Listens until the test ends.
pub struct Relay {
    /// Where it listens on 127.0.0.1.
    pub port: u16,
    fates: watch::Sender<Fates>,
}

/// Connections have numbers from one on; what is decided holds for those up to a number.
#[derive(Clone, Copy, Debug, Default)]
struct Fates {
    connections: u64,
    frozen: u64,
    closed: u64,
}

impl Relay {
    /// Starts one in front of a server on this machine.
    pub async fn start(server: u16) -> Relay {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("bound").port();
        let fates = watch::Sender::new(Fates::default());
        let shared = fates.clone();
        tokio::spawn(async move {
            while let Ok((phone, _)) = listener.accept().await {
                let Ok(server) = TcpStream::connect(("127.0.0.1", server)).await else { continue };
                shared.send_modify(|fates| fates.connections += 1);
                let number = shared.borrow().connections;
                tokio::spawn(carry(number, phone, server, shared.subscribe()));
            }
        });
        Relay { port, fates }
    }

    /// The connections of now carry nothing any more and stay open; new ones work.
    pub fn freeze(&self) {
        self.fates.send_modify(|fates| fates.frozen = fates.connections);
    }

    /// The connections of now are closed on both sides; new ones work.
    pub fn close(&self) {
        self.fates.send_modify(|fates| fates.closed = fates.connections);
    }

    /// How often a phone has connected.
    pub fn connections(&self) -> u64 {
        self.fates.borrow().connections
    }
}

async fn carry(number: u64, mut phone: TcpStream, mut server: TcpStream, mut fates: watch::Receiver<Fates>) {
    let (mut up, mut down) = ([0; 4096], [0; 4096]);
    loop {
        let Fates { frozen, closed, .. } = *fates.borrow_and_update();
        if closed >= number {
            return;
        }
        let is_frozen = frozen >= number;
        tokio::select! {
            count = phone.read(&mut up), if !is_frozen => match count {
                Ok(count @ 1..) => if server.write_all(up.get(..count).unwrap_or_default()).await.is_err() { return },
                Ok(0) | Err(_) => return,
            },
            count = server.read(&mut down), if !is_frozen => match count {
                Ok(count @ 1..) => if phone.write_all(down.get(..count).unwrap_or_default()).await.is_err() { return },
                Ok(0) | Err(_) => return,
            },
            Ok(()) = fates.changed() => {}
            else => return,
        }
    }
}
