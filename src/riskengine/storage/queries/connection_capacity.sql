-- How many connections there may be of those who are no superusers. Reads: settings of the server.
SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
       - current_setting('reserved_connections')::int AS capacity
