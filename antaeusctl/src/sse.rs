//! Events out of a `text/event-stream`, however its bytes are cut.

/// Longest line and longest data. A run in one line is some kilobytes.
const LONGEST: usize = 1 << 20;

/// An event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The newest id so far, to go on from after a lost connection.
    pub id: Option<String>,
    /// Its name; `message` when it has none.
    pub name: String,
    /// Its lines of data.
    pub data: String,
}

/// Reads one connection's bytes.
#[derive(Debug, Default)]
pub struct Reader {
    line: Vec<u8>,
    /// The last byte was a carriage return: a line feed right after it ends no second line.
    returned: bool,
    /// The first line is read: a byte order mark is no mark any more.
    begun: bool,
    id: Option<String>,
    name: String,
    data: String,
}

impl Reader {
    /// The events that these bytes complete.
    ///
    /// # Errors
    /// When a line or an event never ends: this is no stream of ours.
    pub fn push(&mut self, bytes: &[u8]) -> Result<Vec<Event>, String> {
        let mut events = Vec::new();
        for &byte in bytes {
            match byte {
                b'\n' if self.returned => {}
                b'\n' | b'\r' => events.extend(self.end_of_line()),
                _ => self.line.push(byte),
            }
            self.returned = byte == b'\r';
            if self.line.len() + self.data.len() > LONGEST {
                return Err("an event of more than a megabyte".into());
            }
        }
        Ok(events)
    }

    fn end_of_line(&mut self) -> Option<Event> {
        let line = String::from_utf8_lossy(&std::mem::take(&mut self.line)).into_owned();
        let line = if self.begun { &line } else { line.trim_start_matches('\u{feff}') };
        self.begun = true;
        if line.is_empty() {
            return self.end_of_event();
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "data" => {
                self.data.push_str(value);
                self.data.push('\n');
            }
            "event" => value.clone_into(&mut self.name),
            "id" if !value.contains('\0') => self.id = Some(value.to_owned()),
            // Comments have an empty name; how long to wait before attaching again is the watcher's own business.
            _ => {}
        }
        None
    }

    fn end_of_event(&mut self) -> Option<Event> {
        let name = std::mem::take(&mut self.name);
        let mut data = std::mem::take(&mut self.data);
        data.pop()?;
        let name = if name.is_empty() { "message".to_owned() } else { name };
        Some(Event { id: self.id.clone(), name, data })
    }
}

#[cfg(test)]
#[path = "sse_tests.rs"]
mod tests;
