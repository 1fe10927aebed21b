-- Describes an account. Advances its fence, so that whatever is being scored on the old attributes is scored again.
-- Writes: accounts; account_changes, which keep what every decision of the account was made on.
WITH changed AS (
    INSERT INTO accounts AS a (account_id, type, status, home_country, time_zone, opened_at, history_seq, history_step)
    VALUES ($1, $2, $3, $4, $5, $6, 1, 1)
    ON CONFLICT (account_id) DO UPDATE
        SET type = excluded.type, status = excluded.status, home_country = excluded.home_country,
            time_zone = excluded.time_zone, opened_at = excluded.opened_at, updated_at = now(),
            history_seq = a.history_seq + 1, history_step = 1
    RETURNING account_id, type, status, home_country, time_zone, opened_at, created_at, updated_at, history_seq
), noted AS (
    INSERT INTO account_changes (account_id, history_seq, type, status, home_country, time_zone, opened_at)
    SELECT account_id, history_seq, type, status, home_country, time_zone, opened_at FROM changed
)
SELECT * FROM changed
