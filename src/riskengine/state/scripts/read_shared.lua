-- Reads shared sets: who used each device, address or beneficiary last, and when.
-- KEYS: shared:{p}:<kind>:<id> (sorted sets; member: account hash as decimal text, score: last time in ms).
-- Returns: for each key a flat list of member, score, member, score ...
local sets = {}
for i = 1, #KEYS do
    sets[i] = redis.call('ZRANGE', KEYS[i], 0, -1, 'WITHSCORES')
end
return sets
