-- A claim is kept as its end (Redis's time, milliseconds), whose it is, and the
-- host, with a blank between them.
local function claimed(claims, source)
  local claim = redis.call('HGET', claims, source)
  if claim then
    return string.match(claim, '^(%d+) (%S+) (.*)$')
  end
end

-- Ends a claim if it is of the process that asks.
local function unclaim(claims, hosts, source, owner)
  local _, whose, host = claimed(claims, source)
  if whose and string.sub(whose, 1, #owner) == owner then
    redis.call('HDEL', claims, source)
    redis.call('ZREM', hosts .. host, source)
  end
end
