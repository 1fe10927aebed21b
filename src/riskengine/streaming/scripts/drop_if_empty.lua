-- Removes a stream that holds nothing, in one step: what is published meanwhile makes it again.
-- KEYS[1]: the stream. Returns: 1 if there is no such stream now, else 0.
if redis.call('XLEN', KEYS[1]) > 0 then
    return 0
end
redis.call('DEL', KEYS[1])
return 1
