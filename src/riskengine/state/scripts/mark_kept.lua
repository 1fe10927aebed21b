-- Says which parts of what accounts share are kept whole in a partition from now on, and which no longer are.
-- KEYS[1]: shared:{p}:kept (string: how many partitions there are, and the names of the parts, with a space between).
-- KEYS[2]: series:{p}:state (hash: name -> "<since> <position>").
-- ARGV[1]: how many partitions there are: what was kept for another number is as good as lost. ARGV[2]: 1 if the partition is
-- emptied and is to be marked as whole; else nothing is marked on an emptied one.
-- ARGV[3]: "<since> <position>" for series that are new. ARGV[4]: how many names to add; those that follow them are removed.
-- Returns: 1 if it was done, 0 on an emptied partition.
local layout, present = string.match(redis.call('GET', KEYS[1]) or '', '^(%d+) ?(.*)$')
if layout ~= ARGV[1] then
    if ARGV[2] ~= '1' then
        return 0
    end
    redis.call('DEL', KEYS[2])
    present = ''
end
local names, kept = {}, {}
for name in string.gmatch(present, '%S+') do
    kept[name] = true
end
local added = tonumber(ARGV[4])
for i = 5, #ARGV do
    if i < 5 + added then
        kept[ARGV[i]] = true
        if string.find(ARGV[i], '/', 1, true) then
            redis.call('HSETNX', KEYS[2], ARGV[i], ARGV[3])
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
redis.call('SET', KEYS[1], ARGV[1] .. ' ' .. table.concat(names, ' '))
return 1
