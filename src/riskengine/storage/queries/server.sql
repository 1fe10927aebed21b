-- What the server is, and its time. Reads: settings of the server.
SELECT current_setting('server_version') AS version, current_setting('server_version_num')::int / 10000 AS major,
       clock_timestamp() AS now
