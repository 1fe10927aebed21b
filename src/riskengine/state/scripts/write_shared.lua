-- Adds accounts to shared sets. Idempotent and commutative: a member keeps its latest time, a set its newest members.
-- KEYS: shared:{p}:<kind>:<id> (sorted sets, see read_shared.lua), one per addition (a key may recur).
-- ARGV[1]: seconds to live. ARGV[2]: most members of a set. ARGV[3]: window in ms. ARGV[4, 5], ARGV[6, 7] ...: member, time of KEYS[1], KEYS[2] ...
local ttl, most, window = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
for i = 1, #KEYS do
    local member, time = ARGV[2 + 2 * i], ARGV[3 + 2 * i]
    redis.call('ZADD', KEYS[i], 'GT', time, member)
    local excess = redis.call('ZCARD', KEYS[i]) - most
    if excess > 0 then
        redis.call('ZREMRANGEBYRANK', KEYS[i], 0, excess - 1)
    end
    local newest = redis.call('ZRANGE', KEYS[i], -1, -1, 'WITHSCORES')
    redis.call('ZREMRANGEBYSCORE', KEYS[i], '-inf', newest[2] - window)
    redis.call('EXPIRE', KEYS[i], ttl)
end
return #KEYS
