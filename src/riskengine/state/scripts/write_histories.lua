-- Writes account histories, each only if it is newer than what is there, or as new and reaches further back.
-- KEYS: history:{<account>} (strings; the first 10 bytes are sequence and horizon, big-endian, so they compare as bytes).
-- ARGV[1]: seconds to live. ARGV[1 + i]: the bytes of KEYS[i].
local ttl = ARGV[1]
for i = 1, #KEYS do
    local value = ARGV[1 + i]
    local present = redis.call('GETRANGE', KEYS[i], 0, 9)
    if present == '' or present < string.sub(value, 1, 10) then
        redis.call('SET', KEYS[i], value, 'EX', ttl)
    end
end
return #KEYS
