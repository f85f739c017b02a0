-- Forgets a step's worth of what is at positions up to one.
-- KEYS meta log items stories topics; ARGV to, prefix of shelves, most, a chain
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
  local last = old[#old]
  local pos = string.match(last[1], '^%d+')
  redis.call('XTRIM', log, 'MINID', pos .. '-1')
  -- Who followed the log to here has missed nothing yet.
  redis.call('HSET', meta, 'gone', pos, 'before', last[2][3] == 'c' and last[2][4] or '')
end
if tonumber(redis.call('HGET', meta, 'at') or '0') < tonumber(ARGV[1]) then
  redis.call('HSET', meta, 'at', ARGV[1], 'chain', ARGV[4])
end
return #old
