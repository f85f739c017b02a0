-- Says which layout is here, and begins one where there is none.
redis.call('HSETNX', KEYS[1], 'schema', ARGV[1])
return redis.call('HGET', KEYS[1], 'schema')
