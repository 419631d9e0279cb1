-- W3C trace context of the event that a message tells of: sending it is part of that trace.
ALTER TABLE notifications ADD COLUMN traceparent TEXT;
