-- Caches values that never change.
-- KEYS: cache:<kind>:{<group>}:<place> (strings). ARGV[1]: milliseconds to live; ARGV[1 + i]: the value of KEYS[i].
for i = 1, #KEYS do
    redis.call('SET', KEYS[i], ARGV[1 + i], 'PX', ARGV[1])
end
return #KEYS
