-- Says which parts of what accounts share are kept whole from now on, and which no longer are.
-- KEYS[1]: shared:kept (string: the names of the parts, with a space between). KEYS[2]: series:state (hash: name -> "<since> <position>").
-- ARGV[1]: 1 if the server is emptied and is to be marked as whole; else nothing is marked on an emptied server.
-- ARGV[2]: "<since> <position>" for series that are new. ARGV[3]: how many names to add; those that follow them are removed.
-- Returns: 1 if it was done, 0 on an emptied server.
local present = redis.call('GET', KEYS[1])
if not present and ARGV[1] ~= '1' then
    return 0
end
local names, kept = {}, {}
for name in string.gmatch(present or '', '%S+') do
    kept[name] = true
end
local added = tonumber(ARGV[3])
for i = 4, #ARGV do
    if i < 4 + added then
        kept[ARGV[i]] = true
        if string.find(ARGV[i], '/', 1, true) then
            redis.call('HSETNX', KEYS[2], ARGV[i], ARGV[2])
        end
    else
        kept[ARGV[i]] = nil
        redis.call('HDEL', KEYS[2], ARGV[i])
    end
end
for name in pairs(kept) do
    names[#names + 1] = name
end
table.sort(names)
redis.call('SET', KEYS[1], table.concat(names, ' '))
return 1
