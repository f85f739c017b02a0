-- A story's record opens with its places on the shelf (see places in write.go):
-- a count of strings, then each behind its length; what it is called there, then
-- its topics. What follows is the story.
local function places(record)
  local count, i = struct.unpack('>I2', record)
  local all = {}
  for n = 1, count do
    local length
    length, i = struct.unpack('>I2', record, i)
    all[n] = string.sub(record, i, i + length - 1)
    i = i + length
  end
  return all
end

local function shelve(prefix, topics, score, record)
  local at = places(record)
  for n = 2, #at do
    redis.call('ZADD', prefix .. at[n], score, at[1])
    redis.call('SADD', topics, at[n])
  end
end

local function unshelve(prefix, topics, record)
  local at = places(record)
  for n = 2, #at do
    redis.call('ZREM', prefix .. at[n], at[1])
    if redis.call('EXISTS', prefix .. at[n]) == 0 then
      redis.call('SREM', topics, at[n])
    end
  end
end
