-- Adds to cells of series (see read_series.lua). Additions commute. Each is made once: live ones of what was decided from the
-- start of the series on, under a token; those of the past together with the position up to which they go.
-- KEYS[1]: series:state. KEYS[2]: series:token:<token> (string; live only). KEYS[2 + i]: series:<name>:<value>.
-- ARGV[1]: `live` or `past`. ARGV[2]: time of the decisions in ms; of the past, the state before: "<since> <position>".
-- ARGV[3]: seconds that a token is kept; of the past, the state after. ARGV[4]: how many names follow: of all series that go on
-- (past only). Then for each of KEYS[3], KEYS[4] ...: name, cells kept before the newest, seconds to live, cell, and what is
-- added to e, u, s, f.
-- Returns: how many additions were made; -1 if a position was another, and nothing was done.
local live, states = ARGV[1] == 'live', {}
local names = tonumber(ARGV[4])
local function state(name)
    states[name] = states[name] or redis.call('HGET', KEYS[1], name) or ''
    return states[name]
end
if live then
    if not redis.call('SET', KEYS[2], 1, 'NX', 'EX', ARGV[3]) then
        return 0
    end
else
    for i = 5, 4 + names do
        if state(ARGV[i]) ~= ARGV[2] then
            return -1
        end
    end
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
    local since = string.match(state(ARGV[at]), '^(%d+) ')
    if since and (not live or tonumber(ARGV[2]) >= tonumber(since)) then
        add(KEYS[i], since, tonumber(ARGV[at + 1]), ARGV[at + 2], tonumber(ARGV[at + 3]), at + 3)
        done = done + 1
    end
end
if not live then
    for i = 5, 4 + names do
        redis.call('HSET', KEYS[1], ARGV[i], ARGV[3])
    end
end
return done
