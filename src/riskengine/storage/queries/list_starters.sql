-- Stores the shipped lists as version 0, once and for all; of several at once, one does it.
-- Reads and writes: lists, list_entries. Parameters: arrays of names, kinds, effects, fields, descriptions; arrays of
-- entries' lists and values; who.
WITH first AS (
    INSERT INTO lists (name, kind, effect, field, description, added_in)
    SELECT shipped.*, 0 FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[]) AS shipped
    WHERE NOT EXISTS (SELECT FROM lists WHERE added_in = 0)
    ON CONFLICT DO NOTHING
    RETURNING name
), kept AS (
    INSERT INTO list_entries (list, value, note, added_by, added_in)
    SELECT list, value, 'as shipped', $8, 0 FROM unnest($6::text[], $7::text[]) AS shipped (list, value)
    JOIN first ON first.name = list
)
SELECT name FROM first
