-- What all processes are to run, kept from changing until the transaction ends. Locks: running (one row).
SELECT generation, ruleset, catalogue, rates, model, lists FROM running FOR UPDATE
