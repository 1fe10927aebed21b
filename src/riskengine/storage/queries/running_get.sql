-- What all processes are to run. Reads: running (one row).
SELECT generation, ruleset, catalogue, rates, model, lists FROM running
