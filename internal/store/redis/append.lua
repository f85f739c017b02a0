-- Keeps a batch if the log still ends where it was decided at: all of it, or,
-- where the memory is full, nothing, for Redis refuses the first write only.
-- KEYS meta log items stories polls marks topics claims
-- ARGV layout; at; chain there, '*' for any; chain after it; prefix of shelves; prefix
-- of hosts; owner; '1' where it matters not that the log moved on; then counts
-- and what is counted: decisions; items, stories, polls and marks, each behind
-- its name; a story's score is between.
-- Returns where the batch ends, -1 if the log has moved on, -2 if it is another,
-- -3 if it has another layout.
local meta, log, items, stories, polls, marks, topics, claims = unpack(KEYS)
local layout, was, chain, after, shelves, hosts, owner, anywhere = unpack(ARGV, 1, 8)
local next = 9
was = tonumber(was)

local function take()
  next = next + 1
  return ARGV[next - 1]
end

local decisions = tonumber(take())
local at, found = unpack(redis.call('HMGET', meta, 'at', 'schema'))
at = tonumber(at or '0')
if found and found ~= layout then
  return -3
end
if decisions > 0 and at >= was + decisions and chained(meta, log, was + decisions, after) then
  return was + decisions -- the answer to our first try was lost on its way
end
if chain ~= '*' and (at < was or not chained(meta, log, was, chain)) then
  return -2
end
if at ~= was and anywhere ~= '1' then
  return -1
end

if not found then
  redis.call('HSET', meta, 'schema', layout)
end
for i = 1, decisions do
  local id = string.format('%.0f-0', was + i)
  if i < decisions then
    redis.call('XADD', log, id, 'd', take())
  else
    redis.call('XADD', log, id, 'd', take(), 'c', after)
  end
end
was = was + decisions
if decisions > 0 then
  redis.call('HSET', meta, 'at', string.format('%.0f', was), 'chain', after)
end
for _ = 1, tonumber(take()) do
  redis.call('HSET', items, take(), take())
end
for _ = 1, tonumber(take()) do
  local pos, score, record = take(), take(), take()
  local old = redis.call('HGET', stories, pos)
  if old then
    unshelve(shelves, topics, old)
  end
  shelve(shelves, topics, score, record)
  redis.call('HSET', stories, pos, record)
end
for _ = 1, tonumber(take()) do
  local source, record = take(), take()
  redis.call('HSET', polls, source, record)
  unclaim(claims, hosts, source, owner)
end
for _ = 1, tonumber(take()) do
  local name, value = take(), take()
  if value == '' then
    redis.call('HDEL', marks, name)
  else
    redis.call('HSET', marks, name, value)
  end
end
return was
