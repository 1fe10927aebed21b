-- How far a replica has replayed what the primary wrote, and who it is. Reads: its WAL's replay, and its control file.
-- `lsn` is NULL where nothing is replayed (a primary); `at` is when the primary committed what was replayed last.
SELECT pg_is_in_recovery() AS is_replica, pg_last_wal_replay_lsn() AS lsn, pg_last_xact_replay_timestamp() AS at,
       current_database()::text AS database, system_identifier
FROM pg_control_system()
