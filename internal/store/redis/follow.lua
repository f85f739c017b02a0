-- Says what the log has behind a position, and where it ends, as of one moment.
-- It is no MULTI, which a full Redis refuses even to readers.
-- KEYS meta log; ARGV position, chain there, most entries
-- Returns the log's end, the chain there, and the entries; nothing if the log
-- does not go through the position with that chain.
local meta, log = unpack(KEYS)
local pos = tonumber(ARGV[1])
local at, now = unpack(redis.call('HMGET', meta, 'at', 'chain'))
at, now = tonumber(at or '0'), now or ''
if pos > 0 and (pos > at or not chained(meta, log, pos, ARGV[2])) then
  return {}
end
local behind = redis.call('XRANGE', log, '(' .. ARGV[1] .. '-0', '+', 'COUNT', ARGV[3])
return { string.format('%.0f', at), now, behind }
