-- Which commands the user who runs this may not run; changes nothing.
-- KEYS: none. ARGV: commands, each with its arguments in one text, by spaces. Returns those that are refused.
local refused = {}
for i = 1, #ARGV do
    local words = {}
    for word in string.gmatch(ARGV[i], '%S+') do
        words[#words + 1] = word
    end
    if not redis.acl_check_cmd(unpack(words)) then
        refused[#refused + 1] = ARGV[i]
    end
end
return refused
