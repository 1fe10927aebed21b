"""The documentation is true: its examples run, its links lead somewhere, its names and tables are those of the code.

In a page of docs/, a block marked `sh` or `python` is run as it stands, in the order of the page and in one shell, in
an empty directory, with `URL`, `KEY` (scopes ingest and read), `DATABASE_URL` and `REDIS_URL` in the environment. A
block marked `json` or `text` must follow one directly, and says what it prints: all that is stated must be there, and
more may; `...` stands for anything. What cannot be run in a test (it needs other machines, or ends the stack) is marked
otherwise, as `console` for instance.
"""
