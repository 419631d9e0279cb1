-- The oldest message that is not sent yet is found at once, however many wait.
CREATE INDEX notifications_unsent ON notifications (created_at) WHERE next_at IS NOT NULL;
