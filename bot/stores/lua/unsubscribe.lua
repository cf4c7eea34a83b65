-- unsubscribe(prefix, id) -> 1 where it was there, else 0
--
--   KEYS[1] subscriptions                        HASH    loses the id
--   KEYS[2] subscriptions:version                STRING  moved by one, if anything changed
--   KEYS[3] subscriptions:unwritten              HASH    id → the version that the journal has not seen yet
--   <prefix>subscriptions:of:<team>/<owner>      SET     loses the id
--   <prefix>subscriptions:at:<place>             SET     loses the id
local prefix, id = ARGV[1], ARGV[2]
local former = redis.call('HGET', KEYS[1], id)
if not former then
  return 0
end
local old = cjson.decode(former)
redis.call('HDEL', KEYS[1], id)
redis.call('SREM', prefix .. 'subscriptions:of:' .. old.team .. '/' .. old.owner, id)
redis.call('SREM', prefix .. 'subscriptions:at:' .. old.place, id)
redis.call('HSET', KEYS[3], id, redis.call('INCR', KEYS[2]))
return 1
