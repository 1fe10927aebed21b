-- Sets slots of the peer sample and keeps the moments of each account type in step. Idempotent.
-- KEYS[1]: peers:{0}:slots (hash: slot -> "<log amount> <type>"). KEYS[2]: peers:{0}:moments (hash: "n <type>", "s <type>", "q <type>"
-- -> count, sum, sum of squares of the log amounts; whole numbers below 2^53).
-- ARGV: slot, log amount, type, slot, log amount, type ...
local function whole(number)
    return string.format('%.0f', number + 0) -- adding 0 makes 0 of -0, which is no number to HINCRBY
end
local function add(type, sign, value)
    redis.call('HINCRBY', KEYS[2], 'n ' .. type, sign)
    redis.call('HINCRBY', KEYS[2], 's ' .. type, whole(sign * value))
    redis.call('HINCRBY', KEYS[2], 'q ' .. type, whole(sign * value * value))
end
for i = 1, #ARGV, 3 do
    local slot, value, type = ARGV[i], ARGV[i + 1], ARGV[i + 2]
    local entry = value .. ' ' .. type
    local present = redis.call('HGET', KEYS[1], slot)
    if present ~= entry then
        if present then
            local old, old_type = string.match(present, '^(%S+) (.*)$')
            add(old_type, -1, tonumber(old))
        end
        add(type, 1, tonumber(value))
        redis.call('HSET', KEYS[1], slot, entry)
    end
end
return #ARGV / 3
