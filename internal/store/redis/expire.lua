-- Forgets a step's worth of what is at positions up to one.
-- KEYS meta log items stories topics; ARGV to, prefix of shelves, most
-- Returns how many decisions were forgotten.
local meta, log, items, stories, topics = unpack(KEYS)
local old = redis.call('XRANGE', log, '-', ARGV[1] .. '-0', 'COUNT', ARGV[3])
for _, entry in ipairs(old) do
  local pos = string.match(entry[1], '^%d+')
  local story = redis.call('HGET', stories, pos)
  if story then
    unshelve(ARGV[2], topics, story)
    redis.call('HDEL', stories, pos)
  end
  redis.call('HDEL', items, pos)
end
if #old > 0 then
  local last = string.match(old[#old][1], '^%d+')
  redis.call('XTRIM', log, 'MINID', last .. '-1')
end
if tonumber(redis.call('HGET', meta, 'at') or '0') < tonumber(ARGV[1]) then
  redis.call('HSET', meta, 'at', ARGV[1])
end
return #old
