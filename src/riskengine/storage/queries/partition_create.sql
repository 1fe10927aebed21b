-- Creates the monthly partitions of one month where they are missing.
-- Writes: transactions_YYYY_MM, decisions_YYYY_MM. The three names in braces are filled in from a date, never from a user's text.
-- Rows are inserted and never changed: each vacuum, one for every 5 % more, freezes what it reads, so that no row is visited again.
CREATE TABLE IF NOT EXISTS transactions_{month} PARTITION OF transactions FOR VALUES FROM ('{start}') TO ('{end}')
WITH (autovacuum_vacuum_insert_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05, autovacuum_freeze_min_age = 0);
CREATE TABLE IF NOT EXISTS decisions_{month} PARTITION OF decisions FOR VALUES FROM ('{start}') TO ('{end}')
WITH (autovacuum_vacuum_insert_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05, autovacuum_freeze_min_age = 0);
