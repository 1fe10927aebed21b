-- A place for entries that are about to be stored, until the transaction ends. Writes: incoming_entries (temporary).
CREATE TEMPORARY TABLE incoming_entries (
    row_number integer NOT NULL,                   -- where it stood in what was sent
    value      text    NOT NULL,
    expires_at timestamptz,
    note       text    NOT NULL
) ON COMMIT DROP
