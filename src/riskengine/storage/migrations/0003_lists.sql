-- Lists and snoozes. Nothing is changed in place: an entry is valid from the lists version that added it until the one that
-- removed it, so that the lists of any decision can be had again.

CREATE TABLE lists (
    name        text   NOT NULL,
    kind        text   NOT NULL CHECK (kind IN ('text', 'country', 'network', 'bin', 'account')),
    effect      text   NOT NULL CHECK (effect IN ('none', 'block', 'allow', 'watch')),
    field       text   NOT NULL,                   -- the transaction's field that its entries are values of
    description text   NOT NULL DEFAULT '',
    added_in    bigint NOT NULL,
    removed_in  bigint,
    PRIMARY KEY (name, added_in)
);

CREATE TABLE list_entries (
    list       text        NOT NULL,
    value      text        NOT NULL,               -- in the form that look-ups use
    expires_at timestamptz,
    note       text        NOT NULL DEFAULT '',
    added_by   text        NOT NULL,
    added_at   timestamptz NOT NULL DEFAULT now(),
    added_in   bigint      NOT NULL,
    removed_in bigint,
    PRIMARY KEY (list, value, added_in)
);
CREATE INDEX list_entries_added ON list_entries (added_in);
CREATE INDEX list_entries_removed ON list_entries (removed_in) WHERE removed_in IS NOT NULL;

-- One rule, silenced for one entity until a time: it is still evaluated, and does not count.
CREATE TABLE snoozes (
    rule_id      text        NOT NULL,
    field        text        NOT NULL,             -- the transaction's field that tells the entity
    value        text        NOT NULL,
    snoozed_until timestamptz NOT NULL,
    note         text        NOT NULL DEFAULT '',
    added_by     text        NOT NULL,
    added_at     timestamptz NOT NULL DEFAULT now(),
    added_in     bigint      NOT NULL,
    removed_in   bigint,
    PRIMARY KEY (rule_id, field, value, added_in)
);
CREATE INDEX snoozes_changed ON snoozes (added_in);
