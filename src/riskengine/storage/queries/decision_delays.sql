-- Milliseconds from acceptance to decision, at p50, p95 and p99. Reads: decisions, all of them.
SELECT percentile_cont(ARRAY[0.5, 0.95, 0.99]) WITHIN GROUP (ORDER BY extract(epoch FROM decided_at - created_at) * 1000) AS delays
FROM decisions
