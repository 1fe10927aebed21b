-- How far the primary has written, and who it is. Reads: its WAL's end, and its control file.
SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END AS lsn,
       clock_timestamp() AS at, current_database()::text AS database, system_identifier
FROM pg_control_system()
