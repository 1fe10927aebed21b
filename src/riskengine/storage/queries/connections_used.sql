-- How many connections clients have to this server, whatever their user, and how many there may be of those who are no
-- superusers. Of others' sessions a plain user is not told the kind: those at a database are taken for clients.
-- Reads: pg_stat_activity, settings of the server.
SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
       - current_setting('reserved_connections')::int AS capacity,
       (SELECT count(*) FROM pg_stat_activity
        WHERE datid IS NOT NULL AND coalesce(backend_type, 'client backend') = 'client backend')::int AS used
