-- What an engine is made of, as data: rule sets, catalogues of features, tables of rates and models, numbered by kind.

-- Published versions. Immutable: what a decision names can be executed for ever.
CREATE TABLE releases (
    kind         text        NOT NULL CHECK (kind IN ('ruleset', 'catalogue', 'rates', 'model')),
    version      integer     NOT NULL CHECK (version > 0),
    content      bytea       NOT NULL,             -- YAML; of a model, its bundle
    created_by   text        NOT NULL,
    approved_by  text,                             -- the second person, where one was asked for
    note         text        NOT NULL DEFAULT '',  -- why
    published_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (kind, version)
);

-- What is to become a release: draft, then checked, then (where two people are needed) approved, then published.
CREATE TABLE drafts (
    draft_id    uuid PRIMARY KEY,
    kind        text        NOT NULL CHECK (kind IN ('ruleset', 'catalogue', 'rates', 'model')),
    content     bytea       NOT NULL,
    base        integer,                           -- the version it was made from; publishing refuses if another runs
    state       text        NOT NULL DEFAULT 'draft' CHECK (state IN ('draft', 'checked', 'approved', 'published', 'discarded')),
    created_by  text        NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    note        text        NOT NULL DEFAULT '',
    checked_at  timestamptz,
    approved_by text,
    approved_at timestamptz,
    version     integer                            -- the release it became
);
CREATE INDEX drafts_open ON drafts (kind, created_at) WHERE state IN ('draft', 'checked', 'approved');

-- The one row that says what every process is to run. Each change raises the generation, and is told to all who listen on
-- the channel riskengine_running.
CREATE TABLE running (
    only_row   boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    generation bigint  NOT NULL,
    ruleset    integer NOT NULL,
    catalogue  integer NOT NULL,
    rates      integer NOT NULL,
    model      integer,
    lists      bigint  NOT NULL
);

-- Who changed what runs, when and why: one row for each generation.
CREATE TABLE publications (
    generation   bigint PRIMARY KEY,
    kind         text        NOT NULL CHECK (kind IN ('ruleset', 'catalogue', 'rates', 'model', 'lists')),
    version      bigint,                           -- NULL: the model was taken out of service
    previous     bigint,
    action       text        NOT NULL CHECK (action IN ('publish', 'rollback', 'change')),
    published_by text        NOT NULL,
    note         text        NOT NULL DEFAULT '',
    published_at timestamptz NOT NULL DEFAULT now()
);

-- The living processes and what each runs. A process renews its row; one that stops doing so is dead.
CREATE UNLOGGED TABLE processes (
    process_id text PRIMARY KEY,
    role       text        NOT NULL CHECK (role IN ('api', 'worker')),
    started_at timestamptz NOT NULL,
    seen_at    timestamptz NOT NULL,
    generation bigint      NOT NULL,
    ruleset    integer     NOT NULL,
    catalogue  integer     NOT NULL,
    rates      integer     NOT NULL,
    model      integer,
    lists      bigint      NOT NULL,
    problem    text                                -- why it cannot run what it should
) WITH (fillfactor = 50);
