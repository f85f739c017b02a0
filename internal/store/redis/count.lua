-- Says how many stories each topic has. KEYS topics; ARGV prefix of shelves
local all = {}
for _, topic in ipairs(redis.call('SMEMBERS', KEYS[1])) do
  all[#all + 1] = topic
  all[#all + 1] = redis.call('ZCARD', ARGV[1] .. topic)
end
return all
