-- Adds to cells of series (see read_series.lua). Additions commute. Each is made once: live ones of what was decided from the
-- start of the series on, under a token; those of the past together with the position up to which they go.
-- KEYS[1]: series:{p}:state. KEYS[2]: series:{p}:token:<token> (string; live only). KEYS[2 + i]: series:{p}:<name>:<value>.
-- ARGV[1]: `live` or `past`. ARGV[2]: time of the decisions in ms; of the past, the state before: "<since> <position>".
-- ARGV[3]: seconds that a token is kept; of the past, the state after. ARGV[4]: how many names follow: of all series that go on
-- (past only); those that stand elsewhere are left alone. Then for each of KEYS[3], KEYS[4] ...: name, cells kept before the newest, seconds to live, cell, and what is
-- added to e, u, s, f.
-- Returns: how many additions were made; of the past, how many series went on.
local live, states = ARGV[1] == 'live', {}
local names = tonumber(ARGV[4])
local function state(name)
    states[name] = states[name] or redis.call('HGET', KEYS[1], name) or ''
    return states[name]
end
if live and not redis.call('SET', KEYS[2], 1, 'NX', 'EX', ARGV[3]) then
    return 0
end
-- Since when the series counts, if this addition is for it.
local function since_of(name)
    local since = string.match(state(name), '^(%d+) ')
    if live then
        return since and tonumber(ARGV[2]) >= tonumber(since) and since
    end
    return state(name) == ARGV[2] and since
end
local function prune(key, oldest)
    for _, field in ipairs(redis.call('HKEYS', key)) do
        local cell = tonumber(string.match(field, '^(-?%d+)[eusf]$'))
        if cell and cell < oldest then
            redis.call('HDEL', key, field)
        end
    end
end
local function add(key, since, keeps, ttl, cell, at)
    local head = redis.call('HMGET', key, 'since', 'newest')
    if head[1] ~= since then
        redis.call('DEL', key)
        redis.call('HSET', key, 'since', since, 'keeps', keeps)
        head[2] = false
    end
    if not head[2] or cell > tonumber(head[2]) then
        redis.call('HSET', key, 'newest', ARGV[at])
        if head[2] then
            prune(key, cell - keeps)
        end
    elseif cell < tonumber(head[2]) - keeps then
        return
    end
    for part, letter in ipairs({'e', 'u', 's', 'f'}) do
        if ARGV[at + part] ~= '0' then
            redis.pcall('HINCRBY', key, ARGV[at] .. letter, ARGV[at + part]) -- an error: the sum would leave 64 bits
        end
    end
    redis.call('EXPIRE', key, ttl)
end
local done = 0
for i = 3, #KEYS do
    local at = 5 + names + 8 * (i - 3)
    local since = since_of(ARGV[at])
    if since then
        add(KEYS[i], since, tonumber(ARGV[at + 1]), ARGV[at + 2], tonumber(ARGV[at + 3]), at + 3)
        done = done + 1
    end
end
if live then
    return done
end
local gone_on = 0
for i = 5, 4 + names do
    if since_of(ARGV[i]) then
        redis.call('HSET', KEYS[1], ARGV[i], ARGV[3])
        gone_on = gone_on + 1
    end
end
return gone_on
