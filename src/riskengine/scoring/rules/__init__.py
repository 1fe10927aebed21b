"""Rules: as data, as people write them, and as one function.

`rule`, `ruleset` (data; `reading` and `writing` are their YAML) · `reasons` (their texts) · `implied` (those of lists)
`parser` (from text to a checked `tree`: `syntax`, `place`, `reader`, `calls`, `refusals`; over `name`, `functions`)
`compiler` (to one function: `names`, `conjuncts`, `plan`, `emitter`, `code`) · `errors`
"""
