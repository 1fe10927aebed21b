-- Who has connections to this database's server now, most first. Reads: pg_stat_activity.
SELECT coalesce(nullif(application_name, ''), 'unnamed') AS application, count(*)::int AS connections
FROM pg_stat_activity WHERE backend_type = 'client backend'
GROUP BY 1 ORDER BY 2 DESC, 1
