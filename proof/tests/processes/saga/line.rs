//! A line between two services that is late now and then, and now and then loses an answer: whoever asked must ask again,
//! and what was done is done once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use proof::processes::free_port;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// One piece in so many is late, and one answer in so many is lost with its connection; the first of a line always.
const LATE: u32 = 15;
const LOST: u32 = 25;
/// How late, in milliseconds.
const DELAY: std::ops::Range<u64> = 20..600;

pub(super) struct Line {
    /// Whom the sender is told to reach.
    pub(super) port: u16,
    noise: Arc<Noise>,
    carrying: JoinHandle<()>,
}

#[derive(Default)]
struct Noise {
    mended: AtomicBool,
    late: AtomicUsize,
    lost: AtomicUsize,
}

impl Line {
    /// Lays a line to a port.
    pub(super) fn lay(to: u16, seed: u64) -> Self {
        let (port, noise) = (free_port(), Arc::new(Noise::default()));
        let listener = std::net::TcpListener::bind(("127.0.0.1", port)).expect("a port");
        listener.set_nonblocking(true).expect("a socket");
        let listener = TcpListener::from_std(listener).expect("a socket");
        let (kept, mut random) = (Arc::clone(&noise), StdRng::seed_from_u64(seed));
        let carrying = tokio::spawn(async move {
            while let Ok((from, _)) = listener.accept().await {
                tokio::spawn(carry(from, to, Arc::clone(&kept), random.random()));
            }
        });
        Self { port, noise, carrying }
    }

    /// From now on it is a good line. Gives how often it was late, and lost an answer.
    pub(super) fn mend(&self) -> (usize, usize) {
        self.noise.mended.store(true, Ordering::SeqCst);
        (self.noise.late.load(Ordering::SeqCst), self.noise.lost.load(Ordering::SeqCst))
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.carrying.abort();
    }
}

/// One connection; it ends when either side does, as nobody there leaves the other half open.
async fn carry(from: TcpStream, to: u16, noise: Arc<Noise>, seed: u64) {
    // Nobody is there: the sender sees its connection end.
    let Ok(to) = TcpStream::connect(("127.0.0.1", to)).await else { return };
    let ((asks, answered), (answers, asked)) = (from.into_split(), to.into_split());
    tokio::select! {
        () = requests(asks, asked, &noise, seed) => {}
        () = answers_back(answers, answered, &noise, seed.wrapping_add(1)) => {}
    }
}

async fn requests(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, noise: &Noise, seed: u64) {
    let (mut random, mut piece) = (StdRng::seed_from_u64(seed), vec![0; 16 * 1024]);
    while let Ok(read @ 1..) = from.read(&mut piece).await {
        if noise.happens(&noise.late, &mut random, LATE) {
            tokio::time::sleep(Duration::from_millis(random.random_range(DELAY))).await;
        }
        if to.write_all(&piece[..read]).await.is_err() {
            return;
        }
    }
}

async fn answers_back(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, noise: &Noise, seed: u64) {
    let (mut random, mut piece) = (StdRng::seed_from_u64(seed), vec![0; 16 * 1024]);
    while let Ok(read @ 1..) = from.read(&mut piece).await {
        if noise.happens(&noise.lost, &mut random, LOST) {
            return;
        }
        if to.write_all(&piece[..read]).await.is_err() {
            return;
        }
    }
}

impl Noise {
    /// Draws, and counts.
    fn happens(&self, count: &AtomicUsize, random: &mut StdRng, one_in: u32) -> bool {
        let drawn = random.random_range(0..one_in) == 0 || count.load(Ordering::SeqCst) == 0;
        let happens = drawn && !self.mended.load(Ordering::SeqCst);
        count.fetch_add(usize::from(happens), Ordering::SeqCst);
        happens
    }
}
