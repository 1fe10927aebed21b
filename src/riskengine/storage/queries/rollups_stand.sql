-- How far the rollups are, where the ids of PostgreSQL's transactions are, and which server this is.
-- Reads: rollups; partitions by name.
-- Returns: `oldest` is the least id that still writes (all rows of smaller ones are there, or never will be), `newest` the next.
SELECT r.generation, r.whole, r.position, r.as_of, r.mark_xid, r.mark_at, r.server, r.xid_offset, r.building, r.bound,
       r.reached, r.months, c.system_identifier AS here, statement_timestamp() AS now,
       pg_snapshot_xmin(s.taken)::text::bigint + r.xid_offset AS oldest,
       pg_snapshot_xmax(s.taken)::text::bigint + r.xid_offset AS newest,
       (SELECT array_agg(substring(p.relname FROM '\d{4}_\d{2}$') ORDER BY p.relname)
        FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhrelid
        WHERE i.inhparent = 'decisions'::regclass) AS attached
FROM rollups r, pg_control_system() c, (SELECT pg_current_snapshot() AS taken) s
