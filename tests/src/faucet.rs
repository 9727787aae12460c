//! A network that can be broken: a TCP proxy before one server, or before several as a balancer.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
};

/// What the network does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flow {
    /// It carries.
    Open,
    /// Connections are closed, new ones at once.
    Shut,
    /// Connections stay and new ones are taken, and nothing is carried.
    Stalled,
    /// What clients send arrives; what the server answers is lost.
    AnswersLost,
}

#[derive(Debug)]
struct Shared {
    targets: Vec<SocketAddr>,
    next_target: AtomicUsize,
    flow: watch::Sender<Flow>,
    connections: AtomicU64,
    bytes_to_server: AtomicU64,
    bytes_to_client: AtomicU64,
}

/// A proxy on a port of 127.0.0.1. Dropping it closes the port and all connections.
#[derive(Debug)]
pub struct Faucet {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

impl Faucet {
    /// An open proxy before one server.
    pub async fn before(target: SocketAddr) -> Self {
        Self::before_all(vec![target]).await
    }

    /// An open balancer: connections go to the servers in turn; one that refuses is passed over.
    pub async fn before_all(targets: Vec<SocketAddr>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", crate::process::free_port())).await.expect("the port was free");
        let address = listener.local_addr().expect("a bound socket has an address");
        let shared = Arc::new(Shared {
            targets,
            next_target: AtomicUsize::new(0),
            flow: watch::Sender::new(Flow::Open),
            connections: AtomicU64::new(0),
            bytes_to_server: AtomicU64::new(0),
            bytes_to_client: AtomicU64::new(0),
        });
        let accepting = tokio::spawn(accept(listener, Arc::clone(&shared)));
        Self { address, shared, accepting }
    }

    /// Where clients connect.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Carries again.
    pub fn open(&self) {
        self.shared.flow.send_replace(Flow::Open);
    }

    /// Closes all connections, and new ones as soon as they come.
    pub fn shut(&self) {
        self.shared.flow.send_replace(Flow::Shut);
    }

    /// Keeps connections and carries nothing, as a dead line does.
    pub fn stall(&self) {
        self.shared.flow.send_replace(Flow::Stalled);
    }

    /// Carries what clients send and loses what the server answers.
    pub fn lose_answers(&self) {
        self.shared.flow.send_replace(Flow::AnswersLost);
    }

    /// Connections that were taken so far.
    pub fn connections(&self) -> u64 {
        self.shared.connections.load(Ordering::Relaxed)
    }

    /// Bytes that came from clients so far, TLS included, TCP not.
    pub fn bytes_to_server(&self) -> u64 {
        self.shared.bytes_to_server.load(Ordering::Relaxed)
    }

    /// Bytes that came from servers so far, TLS included, TCP not.
    pub fn bytes_to_client(&self) -> u64 {
        self.shared.bytes_to_client.load(Ordering::Relaxed)
    }
}

impl Drop for Faucet {
    fn drop(&mut self) {
        self.accepting.abort();
        self.shut();
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    loop {
        // Out of file descriptors is the only way to fail; the client sees it as a broken network.
        if let Ok((client, _)) = listener.accept().await {
            tokio::spawn(carry(client, Arc::clone(&shared)));
        }
    }
}

async fn carry(client: TcpStream, shared: Arc<Shared>) {
    shared.connections.fetch_add(1, Ordering::Relaxed);
    let mut flow = shared.flow.subscribe();
    if *flow.borrow_and_update() == Flow::Shut {
        return;
    }
    let Some(server) = connect(&shared).await else {
        return;
    };
    // Small messages go at once, as they would without the proxy.
    let _cosmetic = (client.set_nodelay(true), server.set_nodelay(true));
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let shut = async {
        let _guard = flow.wait_for(|flow| *flow == Flow::Shut).await;
    };
    let up = pump(from_client, to_server, shared.flow.subscribe(), &shared.bytes_to_server, false);
    let down = pump(from_server, to_client, shared.flow.subscribe(), &shared.bytes_to_client, true);
    tokio::select! {
        () = shut => {}
        _ = async { tokio::join!(up, down) } => {}
    }
}

async fn connect(shared: &Shared) -> Option<TcpStream> {
    let first = shared.next_target.fetch_add(1, Ordering::Relaxed);
    for step in 0..shared.targets.len() {
        let target = shared.targets[(first + step) % shared.targets.len()];
        if let Ok(stream) = TcpStream::connect(target).await {
            return Some(stream);
        }
    }
    None
}

/// Carries one direction to its end.
async fn pump(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut flow: watch::Receiver<Flow>,
    counter: &AtomicU64,
    answers: bool,
) {
    let mut buffer = vec![0; 16 << 10];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        // Waits out a dead line; the other cases decide at once.
        let now = match flow.wait_for(|flow| *flow != Flow::Stalled).await {
            Ok(flow) => *flow,
            Err(_) => return,
        };
        match now {
            Flow::AnswersLost if answers => continue,
            Flow::Open | Flow::AnswersLost | Flow::Stalled => {}
            Flow::Shut => return,
        }
        counter.fetch_add(count as u64, Ordering::Relaxed);
        if to.write_all(&buffer[..count]).await.is_err() {
            break;
        }
    }
    // The other side has ended, or this one: pass it on.
    let _gone = to.shutdown().await;
}
