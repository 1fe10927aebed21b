-- What it takes to execute a decision again, exactly: all versions, what did not count, and the account's attributes then.

ALTER TABLE decisions
    ADD COLUMN lists_version bigint NOT NULL DEFAULT 0,
    ADD COLUMN shadow_rules  text[] NOT NULL DEFAULT '{}',   -- fired without counting: in shadow mode, or snoozed
    ADD COLUMN degraded      text[] NOT NULL DEFAULT '{}',   -- parts that should have had a say and had none
    ALTER COLUMN model_version TYPE integer USING NULL;

ALTER TABLE transactions ADD COLUMN card_bin text;

-- The attributes that an account had from a place in its order on.
CREATE TABLE account_changes (
    account_id   text        NOT NULL,
    history_seq  bigint      NOT NULL,
    type         text        NOT NULL,
    status       text        NOT NULL,
    home_country text,
    time_zone    text,
    opened_at    timestamptz,
    changed_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (account_id, history_seq)
);
INSERT INTO account_changes (account_id, history_seq, type, status, home_country, time_zone, opened_at, changed_at)
SELECT account_id, 0, type, status, home_country, time_zone, opened_at, updated_at FROM accounts
WHERE type <> 'unknown' OR status <> 'active' OR home_country IS NOT NULL OR time_zone IS NOT NULL OR opened_at IS NOT NULL;

-- How far the state of features was filled from the past, so that it can go on after an interruption.
CREATE TABLE backfills (
    series      text PRIMARY KEY,                  -- `accounts <horizon>`, or a shared series
    position    text        NOT NULL DEFAULT '',   -- the last key that is done
    done        bigint      NOT NULL DEFAULT 0,
    total       bigint      NOT NULL,
    started_at  timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz
);
