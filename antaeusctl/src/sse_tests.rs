use super::*;

/// All that may stand in a stream: a mark, comments, each end of line, more lines of data, names of two bytes a letter.
const STREAM: &str = "\u{feff}: keep-alive\n\nid: 1\nevent: progress\ndata: {\"id\":7}\n\n\
    : keep-alive\r\n\r\nid:2\r\nevent:progress\r\ndata: one\r\ndata:  zwei €\r\nretry: 5\r\nnew: x\r\n\r\n\
    data\rdata: b\r\revent: nothing\n\nid: 3\nevent: ended\ndata: end\n\ndata: never finished\n";

fn expected() -> Vec<Event> {
    let event = |id: &str, name: &str, data: &str| Event {
        id: Some(id.to_owned()),
        name: name.to_owned(),
        data: data.to_owned(),
    };
    vec![
        event("1", "progress", "{\"id\":7}"),
        event("2", "progress", "one\n zwei €"),
        event("2", "message", "\nb"),
        event("3", "ended", "end"),
    ]
}

fn read(parts: &[&[u8]]) -> Vec<Event> {
    let mut reader = Reader::default();
    parts.iter().flat_map(|part| reader.push(part).unwrap()).collect()
}

#[test]
fn a_stream_in_one_piece_gives_its_events() {
    assert_eq!(read(&[STREAM.as_bytes()]), expected());
}

#[test]
fn a_stream_cut_at_any_two_places_gives_the_same_events() {
    let bytes = STREAM.as_bytes();
    for first in 0..=bytes.len() {
        for second in first..=bytes.len() {
            let parts = [&bytes[..first], &bytes[first..second], &bytes[second..]];
            assert_eq!(read(&parts), expected(), "cut at {first} and {second}");
        }
    }
}

#[test]
fn a_stream_byte_by_byte_gives_the_same_events() {
    let bytes: Vec<&[u8]> = STREAM.as_bytes().chunks(1).collect();
    assert_eq!(read(&bytes), expected());
}

#[test]
fn an_event_that_never_ends_is_refused() {
    let mut reader = Reader::default();
    let long = vec![b'x'; LONGEST / 2];
    assert_eq!(reader.push(&long), Ok(vec![]));
    assert!(reader.push(&long).is_ok());
    assert!(reader.push(b"x").is_err());
}
