-- Creates the monthly partitions of one month where they are missing.
-- Writes: transactions_YYYY_MM, decisions_YYYY_MM. The names in braces are filled in from a date, never from a user's text, and
-- `storage` from partitions.py.
CREATE TABLE IF NOT EXISTS transactions_{month} PARTITION OF transactions FOR VALUES FROM ('{start}') TO ('{end}')
{storage};
CREATE TABLE IF NOT EXISTS decisions_{month} PARTITION OF decisions FOR VALUES FROM ('{start}') TO ('{end}')
{storage};
