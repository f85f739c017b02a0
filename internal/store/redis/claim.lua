-- Claims sources for a process, each if it is due, nobody is at it, and its
-- host may be asked.
-- KEYS polls claims rests; ARGV prefix of hosts, prefix of their spacing, the
-- caller's clock, places of a host, its spacing, length of a lease (all in
-- milliseconds), owner and number of the call, then of each claim source, host,
-- origin and '1' for each of forced and anyway.
-- Returns for each: 0 if it has it, else in how many milliseconds to ask again;
-- and the source's record.
local polls, claims, rests = unpack(KEYS)
local hosts, spacings, now, places, spacing, lease, owner = unpack(ARGV, 1, 7)
now, places, spacing, lease = tonumber(now), tonumber(places), tonumber(spacing), tonumber(lease)
local time = redis.call('TIME')
local clock = time[1] * 1000 + math.floor(time[2] / 1000)
-- Who finds all places of a host taken asks again soon: they are given back
-- long before their leases end.
local soon = 1000

local function rest(origin)
  local ends = redis.call('HGET', rests, origin)
  if ends and tonumber(ends) <= now then
    redis.call('HDEL', rests, origin)
    return 0
  end
  return ends and ends - now or 0
end

local function crowded(host)
  local free = redis.call('GET', spacings .. host)
  if free and tonumber(free) > clock then
    return free - clock
  end
  redis.call('ZREMRANGEBYSCORE', hosts .. host, '-inf', clock)
  if redis.call('ZCARD', hosts .. host) >= places then
    return soon
  end
  return 0
end

local function take(source, host, whose)
  local ends = string.format('%.0f', clock + lease)
  redis.call('HSET', claims, source, ends .. ' ' .. whose .. ' ' .. host)
  redis.call('ZADD', hosts .. host, ends, source)
  redis.call('PEXPIRE', hosts .. host, lease, redis.call('PTTL', hosts .. host) < 0 and 'NX' or 'GT')
  if spacing > 0 then
    local free = clock + spacing + 1 -- this millisecond is over before it ends
    redis.call('SET', spacings .. host, string.format('%.0f', free), 'PX', spacing + 1)
  end
end

local function try(record, whose, source, host, origin, forced, anyway)
  local ends, holder = claimed(claims, source)
  if holder == whose then
    return 0 -- the answer to our first try was lost on its way
  end
  if record and forced ~= '1' then
    local due = struct.unpack('>I8', record)
    if due > now then
      return due - now
    end
  end
  if ends and tonumber(ends) > clock then
    return ends - clock
  end
  local wait = anyway == '1' and 0 or rest(origin)
  if wait == 0 then
    wait = crowded(host)
  end
  if wait == 0 then
    take(source, host, whose)
  end
  return wait
end

local answers = {}
for i = 8, #ARGV, 5 do
  local source = ARGV[i]
  local record = redis.call('HGET', polls, source)
  answers[#answers + 1] = try(record, owner .. '.' .. i, unpack(ARGV, i, i + 4))
  answers[#answers + 1] = record
end
return answers
