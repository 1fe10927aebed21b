-- What becomes of what cannot be decided: it is tried again, and then kept as a dead letter.

ALTER TABLE pending
    ADD COLUMN failures integer NOT NULL DEFAULT 0,   -- how often deciding it failed by its own fault
    ADD COLUMN retry_at timestamptz;                  -- when it is to be queued again; infinity: a dead letter holds it
CREATE INDEX pending_retry ON pending (retry_at) WHERE retry_at IS NOT NULL;
DROP INDEX pending_published;                         -- what a dead letter holds must not be passed over at each look of the relay
CREATE INDEX pending_published ON pending (published_at) WHERE retry_at IS NULL;

-- A message that nobody could decide. Kept for ever; the stream transactions-dlq has the newest ones for those who follow it.
CREATE TABLE dead_letters (
    letter_id      uuid PRIMARY KEY,                  -- a UUIDv7: in order of time
    failed_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    stream         text        NOT NULL,
    message_id     text        NOT NULL,              -- the stream's own name for the last delivery
    transaction_id uuid,                              -- NULL: the message could not be read
    account_id     text,
    retry_count    integer     NOT NULL,              -- how often it was tried again
    error          text        NOT NULL,
    error_class    text        NOT NULL,
    fingerprint    text        NOT NULL,              -- the same for what failed in the same way at the same place
    stack          text        NOT NULL,
    worker         text        NOT NULL,
    versions       jsonb       NOT NULL,              -- of riskengine, and of all that would have decided
    body           bytea,                             -- of a message that could not be read
    state          text        NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'replayed', 'discarded')),
    changed_at     timestamptz,                       -- when it was replayed or discarded, by whom, and why
    changed_by     text,
    note           text        NOT NULL DEFAULT '',
    announced_at   timestamptz                        -- when it was put on the stream transactions-dlq
);
-- A delivery makes one letter. For a transaction `pending` sees to that: it may fail again under a name of long ago.
CREATE UNIQUE INDEX dead_letters_unreadable ON dead_letters (stream, message_id) WHERE transaction_id IS NULL;
CREATE INDEX dead_letters_open ON dead_letters (fingerprint, letter_id) WHERE state = 'open';
CREATE INDEX dead_letters_of_transaction ON dead_letters (transaction_id) WHERE transaction_id IS NOT NULL;
CREATE INDEX dead_letters_unannounced ON dead_letters (letter_id) WHERE announced_at IS NULL;
