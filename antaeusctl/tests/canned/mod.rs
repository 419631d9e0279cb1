//! A real HTTP server that gives each connection the bytes that were laid out for it, in order.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// What a connection gets.
pub enum Reply {
    /// These bytes, then its end.
    Close(String),
    /// These bytes, then silence.
    Hold(String),
}

/// The server; it stops listening when its replies are used up.
pub struct Canned {
    /// Where it is.
    pub url: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Canned {
    /// Begins to answer.
    pub fn serve(replies: Vec<Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        std::thread::spawn(move || {
            let mut held = Vec::new();
            for reply in replies {
                let (stream, _) = listener.accept().unwrap();
                held.extend(answer(stream, reply, &seen));
            }
            drop(listener);
            // A held connection stays open as long as the test process runs.
            std::mem::forget(held);
        });
        Self { url, requests }
    }

    /// The requests so far, in small letters.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

fn answer(mut stream: TcpStream, reply: Reply, seen: &Mutex<Vec<String>>) -> Option<TcpStream> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap() == 1 {
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap().to_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
    stream.read_exact(&mut body).unwrap();
    seen.lock().unwrap().push(head + &String::from_utf8(body).unwrap().to_lowercase());
    let (bytes, hold) = match reply {
        Reply::Close(bytes) => (bytes, false),
        Reply::Hold(bytes) => (bytes, true),
    };
    stream.write_all(bytes.as_bytes()).unwrap();
    hold.then_some(stream)
}

/// A whole answer.
pub fn whole(status: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\
         Connection: close\r\n\r\n{body}"
    )
}

/// The beginning of a stream, and these bytes of it.
pub fn stream(events: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n{events}")
}

/// An event.
pub fn event(id: u32, name: &str, data: &str) -> String {
    format!("id: {id}\nevent: {name}\ndata: {data}\n\n")
}
