//! A connection. TLS is our own: lapin would bring a second stack with other roots.

use std::future::Future;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr};
use std::os::fd::AsFd;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use async_rs::traits::Reactor;
use async_rs::util::RuntimeParts;
use async_rs::{Runtime, Tokio};
use futures_util::Stream;
use lapin::uri::AMQPUri;
use lapin::{AsyncTcpStream, Connection, ConnectionProperties};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_util::compat::{Compat, TokioAsyncReadCompatExt};
use tokio_util::either::Either;

use super::access::{Access, Door};
use crate::transport::Unreachable;

/// Longest wait for a connection.
const PATIENCE: Duration = Duration::from_secs(5);

type Socket = Compat<Either<TcpStream, TlsStream<TcpStream>>>;
type Parts = RuntimeParts<Tokio, Sockets>;
/// The socket as the system knows it: whoever waits for too long shuts it, which ends lapin's thread.
type Handle = Arc<OnceLock<std::net::TcpStream>>;

/// Connects; a broker that does not answer in time is unreachable.
pub(super) async fn connect(access: &Access) -> Result<Connection, Unreachable> {
    let Door { uri, tls } = access.open().map_err(|e| Unreachable(e.to_string()))?;
    let runtime = Runtime::new(Parts::new(Tokio::current(), Sockets(Tokio::current())));
    let handle = Handle::default();
    let kept = Arc::clone(&handle);
    let open = async move |uri: AMQPUri, _: Runtime<Parts>| -> lapin::Result<AsyncTcpStream<Socket>> {
        let socket = tokio::time::timeout(PATIENCE, socket(&uri, tls.clone(), &kept)).await;
        let socket = socket.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
        Ok(AsyncTcpStream::Plain(socket?))
    };
    let name = ConnectionProperties::default().with_connection_name(access.user().into());
    let connecting = Connection::connector(uri, runtime, open, name);
    match tokio::time::timeout(PATIENCE, connecting).await {
        Ok(connected) => connected.map_err(unreachable),
        Err(_) => {
            if let Some(socket) = handle.get() {
                // Closed by the other side already, if this fails.
                socket.shutdown(Shutdown::Both).ok();
            }
            Err(Unreachable("it does not answer".into()))
        }
    }
}

/// What is asked over a connection, for as long as an answer may take.
pub(super) async fn in_time<T>(
    asking: impl Future<Output = Result<T, Unreachable>>,
) -> Result<T, Unreachable> {
    let answer = tokio::time::timeout(2 * PATIENCE, asking).await;
    answer.unwrap_or_else(|_| Err(Unreachable("it does not answer".into())))
}

/// What was said last is on its way when this ends; a broker that is gone is not waited for.
pub(super) async fn close(connection: &Connection) {
    tokio::time::timeout(PATIENCE, connection.close(200, "OK".into())).await.ok();
}

/// For `map_err`.
#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err takes")]
pub(super) fn unreachable(error: lapin::Error) -> Unreachable {
    Unreachable(error.to_string())
}

async fn socket(uri: &AMQPUri, tls: Option<Arc<ClientConfig>>, handle: &Handle) -> io::Result<Socket> {
    let host = uri.authority.host.as_str();
    let tcp = TcpStream::connect((host, uri.authority.port)).await?;
    tcp.set_nodelay(true)?;
    // There is one socket per connection, so the place is free.
    handle.set(tcp.as_fd().try_clone_to_owned()?.into()).ok();
    let Some(tls) = tls else { return Ok(Either::Left(tcp).compat()) };
    let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
    Ok(Either::Right(TlsConnector::from(tls).connect(name, tcp).await?).compat())
}

/// Tells lapin of which kind our sockets are; it opens none by itself.
#[derive(Clone, Debug)]
struct Sockets(Tokio);

impl Reactor for Sockets {
    type TcpStream = Socket;
    type Sleep = <Tokio as Reactor>::Sleep;

    #[expect(refining_impl_trait, reason = "it gives none, so any type will do")]
    fn register<H: Read + Write + Send + 'static>(&self, _: H) -> io::Result<Socket> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn sleep(&self, time: Duration) -> Self::Sleep {
        self.0.sleep(time)
    }

    fn interval(&self, time: Duration) -> impl Stream<Item = Instant> + Send + 'static {
        self.0.interval(time)
    }

    fn tcp_connect_addr(&self, _: SocketAddr) -> impl Future<Output = io::Result<Socket>> + Send + 'static {
        std::future::ready(Err(io::ErrorKind::Unsupported.into()))
    }
}
