-- Takes transactions from what an API key may send: the generic cell rate algorithm, as a leaky bucket. What is taken
-- drains at the key's rate. All in whole numbers: a transaction is a million parts, of which `rate` drain in a microsecond.
-- KEYS[1]: quota:<key id> (string: "<parts taken> <at>", at in microseconds; absent: nothing is taken). Evictable: lives while it matters.
-- ARGV[1]: the time now in microseconds, for tests; 0: this server's clock. ARGV[2]: transactions a second. ARGV[3]: transactions at once.
-- ARGV[4] and on: claims, in transactions, each granted whole or not at all, one after the other.
-- Returns: for each claim 1 or 0, and the parts that are taken after it.
local now = tonumber(ARGV[1])
if now == 0 then
    local time = redis.call('TIME')
    now = time[1] * 1000000 + time[2]
end
local rate, most = tonumber(ARGV[2]), ARGV[3] * 1000000
local taken, changed = 0, false
local kept = redis.call('GET', KEYS[1])
if kept then
    local before, at = string.match(kept, '^(%d+) (%d+)$')
    taken = math.max(0, before - math.max(0, now - at) * rate)
    changed = now < tonumber(at) -- a clock that was set back must not keep it from draining
end
local answers = {}
for i = 4, #ARGV do
    local after = taken + ARGV[i] * 1000000
    if after <= most then
        taken, changed = after, true
        answers[#answers + 1] = 1
    else
        answers[#answers + 1] = 0
    end
    answers[#answers + 1] = taken
end
if changed then
    -- A minute longer than it takes to drain, by whichever clock.
    redis.call('SET', KEYS[1], string.format('%.0f %.0f', taken, now), 'PX', math.ceil(taken / rate / 1000) + 60000)
end
return answers
