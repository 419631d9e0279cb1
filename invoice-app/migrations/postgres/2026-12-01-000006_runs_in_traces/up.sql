-- W3C trace context of what started the run: its batches are part of that trace.
ALTER TABLE billing_runs ADD COLUMN traceparent TEXT;
