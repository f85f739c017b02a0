-- Whether the log goes through a position with a chain there. An entry that
-- ends an append has the chain in `c`; of the last that expired meta knows it.
local function chained(meta, log, pos, chain)
  if pos == 0 then
    return chain == ''
  end
  local at, now, gone, before = unpack(redis.call('HMGET', meta, 'at', 'chain', 'gone', 'before'))
  if pos == tonumber(at or '0') then
    return chain == now
  end
  if pos == tonumber(gone or '0') then
    return chain == before
  end
  local id = string.format('%.0f-0', pos)
  local entry = redis.call('XRANGE', log, id, id)[1]
  return entry ~= nil and entry[2][3] == 'c' and entry[2][4] == chain
end
