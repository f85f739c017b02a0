-- Keeps a batch if the log still ends where it was decided at: all of it, or,
-- where the memory is full, nothing, for Redis refuses the first write only.
-- KEYS meta log items stories polls marks topics
-- ARGV at, chain there ('' for any), chain after it, prefix of shelves, then
-- counts and what is counted: decisions; items, stories, polls and marks in
-- pairs of name and value.
-- Returns the log's end, -1 if it has moved on, -2 if it is another log.
local meta, log, items, stories, polls, marks, topics = unpack(KEYS)
local next = 5

local function take()
  next = next + 1
  return ARGV[next - 1]
end

local at = tonumber(redis.call('HGET', meta, 'at') or '0')
if at ~= tonumber(ARGV[1]) then
  -- The answer to our first try was lost on its way: it is kept already.
  if ARGV[3] ~= '' and redis.call('HGET', meta, 'chain') == ARGV[3] then
    return at
  end
  return -1
end
if ARGV[2] ~= '' and redis.call('HGET', meta, 'chain') ~= ARGV[2] then
  return -2
end

local decisions = tonumber(take())
for i = 1, decisions do
  local id = string.format('%.0f-0', at + i)
  if i < decisions then
    redis.call('XADD', log, id, 'd', take())
  else
    redis.call('XADD', log, id, 'd', take(), 'c', ARGV[3])
  end
end
if decisions > 0 then
  at = at + decisions
  redis.call('HSET', meta, 'at', string.format('%.0f', at), 'chain', ARGV[3])
end
for _ = 1, tonumber(take()) do
  redis.call('HSET', items, take(), take())
end
for _ = 1, tonumber(take()) do
  local pos, record = take(), take()
  local was = redis.call('HGET', stories, pos)
  if was then
    unshelve(ARGV[4], topics, was)
  end
  shelve(ARGV[4], topics, record)
  redis.call('HSET', stories, pos, record)
end
for _ = 1, tonumber(take()) do
  redis.call('HSET', polls, take(), take())
end
for _ = 1, tonumber(take()) do
  local name, value = take(), take()
  if value == '' then
    redis.call('HDEL', marks, name)
  else
    redis.call('HSET', marks, name, value)
  end
end
return at
