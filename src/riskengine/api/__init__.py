"""The HTTP API.

`app` (how it is put together) · `door` (every request passes it: names, keys, metrics, problems) · `routes` ·
`intake` (what comes in, answered before any framework; `written` describes it) · `reading`, `status`, `documentation`
(the rest, by Litestar) · `access` (API keys) · `problems`, `errors` (refusals) · `bodies`, `answers`
(bytes in and out) · `views`, `explaining`, `cursor` (what answers hold) · `described`, `examples` (for the OpenAPI
document)
"""
