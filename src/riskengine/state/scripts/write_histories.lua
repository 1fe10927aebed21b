-- Writes account histories, each only if it is newer than what is there, or as new and reaches further back.
-- KEYS: history:{p}:<account> (strings; the first 10 bytes are sequence and horizon in days, big-endian, so they compare as bytes).
-- ARGV[i]: the bytes of KEYS[i]. A history is kept for a day more than its horizon after it was last written.
for i = 1, #KEYS do
    local value = ARGV[i]
    local present = redis.call('GETRANGE', KEYS[i], 0, 9)
    if present == '' or present < string.sub(value, 1, 10) then
        local days = string.byte(value, 9) * 256 + string.byte(value, 10) + 1
        redis.call('SET', KEYS[i], value, 'EX', days * 86400)
    end
end
return #KEYS
