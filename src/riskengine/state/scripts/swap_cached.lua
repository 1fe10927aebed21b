-- Puts something in the place of a cached value, if that is still what the caller saw.
-- KEYS[1]: cache:<kind>:<id> (string). ARGV[1]: the first 16 bytes that must be there; empty: nothing must be there.
-- ARGV[2]: the new value; empty: none. ARGV[3]: milliseconds to live.
-- Returns: 1 if it was done.
if redis.call('GETRANGE', KEYS[1], 0, 15) ~= ARGV[1] then
    return 0
end
if ARGV[2] == '' then
    redis.call('DEL', KEYS[1])
else
    redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
end
return 1
