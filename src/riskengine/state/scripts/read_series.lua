-- Reads cells of series: sums over the events of one device, address, beneficiary or merchant, by time.
-- KEYS[1]: series:{p}:state (hash: name -> "<since> <position>"; the position is `done` once the past is counted).
-- KEYS[1 + i]: series:{p}:<name>:<value> (hash: `since`, `newest`, and <cell> followed by e, u, s, f for events, those of
-- unknown amount, sum, flagged). ARGV: name, first and last cell of KEYS[2], of KEYS[3] ...
-- Returns: for each key nil if the past is not counted; else a flat list: newest cell, then cell, e, u, s, f of each that is there.
local out, states = {}, {}
for i = 2, #KEYS do
    local at = 3 * (i - 2)
    local name, first, last = ARGV[at + 1], tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3])
    states[name] = states[name] or redis.call('HGET', KEYS[1], name) or ''
    local since = string.match(states[name], '^(%d+) done$')
    if not since then
        out[i - 1] = false
    else
        local found = {}
        local head = redis.call('HMGET', KEYS[i], 'since', 'newest', 'keeps')
        if head[1] == since then
            local newest = tonumber(head[2])
            found[1] = head[2]
            first, last = math.max(first, newest - tonumber(head[3])), math.min(last, newest)
            for cell = first, last do
                local c = string.format('%.0f', cell)
                local values = redis.call('HMGET', KEYS[i], c .. 'e', c .. 'u', c .. 's', c .. 'f')
                if values[1] then
                    found[#found + 1] = c
                    for part = 1, 4 do
                        found[#found + 1] = values[part] or '0'
                    end
                end
            end
        end
        out[i - 1] = found
    end
end
return out
