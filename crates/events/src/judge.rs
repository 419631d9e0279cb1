//! Whether what came is an event for us, from the one who may send it.

use contracts::event::{Event, Kind};

/// Reads one event. `sender` is whom the transport vouches for.
pub(crate) fn read(json: &str, sender: &str, kinds: &[Kind]) -> Result<Event, String> {
    let event = Event::parse(json).map_err(|e| e.to_string())?;
    if event.kind.sender() != sender {
        return Err(format!("{} is not for {sender} to send", event.kind));
    }
    if !kinds.contains(&event.kind) {
        return Err(format!("nobody here subscribes to {}", event.kind));
    }
    Ok(event)
}

/// Id and type of what is no good event, as far as it has any.
pub(crate) fn claimed(json: &str) -> (String, String) {
    let value: serde_json::Value = serde_json::from_str(json).unwrap_or_default();
    let text = |name: &str| value[name].as_str().unwrap_or_default().chars().take(100).collect();
    (text("id"), text("type"))
}
