-- Forgets consumers of a group that have nothing unacknowledged. One step: a consumer that is forgotten while it holds messages
-- would take them with it, for nobody could be told to deliver them again.
-- KEYS[1]: the stream. ARGV[1]: the group. ARGV[2]: only those that did nothing for more than so many ms.
-- ARGV[3]: only the consumer of this name; empty: any. Returns: how many were forgotten.
local forgotten = 0
for _, fields in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
    local consumer = {}
    for i = 1, #fields, 2 do
        consumer[fields[i]] = fields[i + 1]
    end
    local meant = ARGV[3] == '' or consumer['name'] == ARGV[3]
    if meant and consumer['pending'] == 0 and consumer['idle'] > tonumber(ARGV[2]) then
        redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], consumer['name'])
        forgotten = forgotten + 1
    end
end
return forgotten
