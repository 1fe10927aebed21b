"""The laboratory: simulated traffic, and transactions from files, decided offline or stored as history.

- `simulator`  seeded, labelled traffic: customers (`customer`, `shopper`, `world`) and `attacks`
- `mapping`    which column of a file holds which field; `presets` for known public data sets
- `reading`    records from CSV, Parquet and JSONL files in bounded memory; `sorting` by time of occurrence
- `submitting` the ids and keys of records
- `writing`    tables to files of the same kinds: `transaction_table`, `decision_table`
- `offline`    decides records in this process; `tally` counts what came of it
- `importer`   stores and decides records as history, each once
"""
