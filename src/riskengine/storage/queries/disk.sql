-- Where this server keeps the database, and how large that is. Reads: settings of the server; files of the database.
-- Returns: `directory` is null for a user who may not know it, `local` whether it is reached on a loopback address or socket.
SELECT CASE WHEN pg_has_role('pg_read_all_settings', 'USAGE') THEN current_setting('data_directory') END AS directory,
       pg_database_size(current_database()) AS bytes,
       coalesce(inet_server_addr() << '127.0.0.0/8' OR inet_server_addr() = '::1', true) AS local
