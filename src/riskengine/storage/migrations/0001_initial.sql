-- The first schema. Facts (transactions, decisions) are only ever inserted, in monthly partitions by created_at, which is
-- the time the UUIDv7 id itself carries: a lookup by id alone prunes to one partition.

CREATE TABLE accounts (
    account_id    text PRIMARY KEY,
    type          text        NOT NULL DEFAULT 'unknown',
    status        text        NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'suspended', 'closed')),
    home_country  text,
    time_zone     text,
    opened_at     timestamptz,
    created_at    timestamptz NOT NULL DEFAULT now(),
    updated_at    timestamptz NOT NULL DEFAULT now(),
    -- The fence: how many decisions and changes of attributes the account has had. A decision is only stored if it was
    -- made on exactly this state; history_step is how many the last commit added.
    history_seq   bigint      NOT NULL DEFAULT 0,
    history_step  integer     NOT NULL DEFAULT 0
) WITH (fillfactor = 70);

CREATE TABLE transactions (
    transaction_id    uuid        NOT NULL,
    created_at        timestamptz NOT NULL,
    account_id        text        NOT NULL,
    amount            numeric     NOT NULL,
    currency          text        NOT NULL,
    occurred_at       timestamptz NOT NULL,
    merchant          text,
    merchant_category text,
    location          text,
    latitude          double precision,
    longitude         double precision,
    country           text,
    channel           text,
    device_id         text,
    ip                text,
    beneficiary       text,
    metadata          jsonb,
    idempotency_key   text        NOT NULL,
    PRIMARY KEY (transaction_id, created_at)
) PARTITION BY RANGE (created_at);
CREATE INDEX transactions_account_created ON transactions (account_id, created_at);

CREATE TABLE decisions (
    transaction_id    uuid             NOT NULL,
    created_at        timestamptz      NOT NULL,   -- of the transaction, so that both lie in the same month
    account_id        text             NOT NULL,
    account_sequence  bigint           NOT NULL,
    score             double precision NOT NULL,
    level             text             NOT NULL,
    outcome           text             NOT NULL,
    rules_score       double precision NOT NULL,
    behaviour_score   double precision NOT NULL,
    model_score       double precision,
    rules_weight      double precision NOT NULL,
    behaviour_weight  double precision NOT NULL,
    model_weight      double precision NOT NULL,
    rules             text[]           NOT NULL,   -- ids of the rules that fired
    features          real[]           NOT NULL,   -- in the order of the catalogue; NaN where missing
    ruleset_version   integer          NOT NULL,
    catalogue_version integer          NOT NULL,
    rates_version     integer          NOT NULL,
    model_version     text,
    decided_at        timestamptz      NOT NULL,
    PRIMARY KEY (transaction_id, created_at)
) PARTITION BY RANGE (created_at);
CREATE INDEX decisions_notable ON decisions (outcome, created_at) WHERE outcome <> 'approve';

-- A client's key, as a 16-byte digest, to the transaction it made. Not partitioned: a key holds across months.
CREATE TABLE idempotency_keys (
    key_digest     uuid PRIMARY KEY,
    transaction_id uuid NOT NULL,
    content        uuid NOT NULL
);

-- Accepted and not yet decided: outbox and truth in one. Small and busy, so vacuumed often.
CREATE TABLE pending (
    transaction_id uuid PRIMARY KEY,
    created_at     timestamptz NOT NULL,          -- of the transaction: finds its partition
    published_at   timestamptz NOT NULL           -- when it was last put on the stream (at first: when it was accepted)
) WITH (autovacuum_vacuum_scale_factor = 0.0, autovacuum_vacuum_threshold = 20000, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX pending_published ON pending (published_at);

CREATE TABLE api_keys (
    key_id      text PRIMARY KEY,                 -- the public part of the key
    name        text        NOT NULL,
    key_digest  bytea       NOT NULL,             -- SHA-256 of the whole key
    scopes      text[]      NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    revoked_at  timestamptz
);
