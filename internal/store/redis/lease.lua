-- Gives a lease to who asks first, and again to who has it.
-- KEYS lease; ARGV who, milliseconds; none give it back
local has = redis.call('GET', KEYS[1])
if has and has ~= ARGV[1] then
  return 0
end
if ARGV[2] == '0' then
  redis.call('DEL', KEYS[1])
  return 0
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
