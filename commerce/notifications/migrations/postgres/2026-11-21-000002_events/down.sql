DROP TABLE outbox; DROP TABLE inbox; DROP TABLE held_events; DROP TABLE relay_lease;
