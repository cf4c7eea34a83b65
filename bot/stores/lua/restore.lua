-- restore(prefix, id, event key, body, appended, attempts, history, doubt, lane, destination id, json, position)
--   -> 'made', 'waits' or 'settled'
--
-- Makes a parked delivery anew from the journal, at the end of its lane. One that waits here already only becomes
-- parked; of one that is settled the journal is told (again).
--
--   KEYS[1] parked         SET     gains the id
--   KEYS[2] unparked       SET     gains the id of a settled one
--   KEYS[3] destinations   HASH    destination id → JSON
--   KEYS[4] waiting        STRING  number of deliveries in the outbox
--   KEYS[5] due            ZSET    lane → time; an idle lane becomes due at once
--   KEYS[6] leased         ZSET    lane → expiry
--   <prefix>delivery:<id>  HASH    written
--   <prefix>event:<key>    HASH    body, refs
--   <prefix>lane:<lane>    LIST    delivery ids
local prefix, id, event = ARGV[1], ARGV[2], ARGV[3]
local key = prefix .. 'delivery:' .. id
local kind = redis.call('TYPE', key).ok
if kind == 'string' then
  redis.call('SADD', KEYS[2], id)
  return 'settled'
end
if kind == 'hash' then
  park(prefix, id, KEYS[1])
  return 'waits'
end
local lane = ARGV[9]
redis.call('SADD', KEYS[1], id)
redis.call('HSET', key, 'e', event, 'a', ARGV[5], 'n', ARGV[6], 'q', ARGV[8], 'l', lane, 'u', '', 'p', ARGV[12])
if ARGV[7] ~= '' then
  redis.call('HSET', key, 'h', ARGV[7])
end
refer(prefix, event, ARGV[4], 1)
redis.call('RPUSH', prefix .. 'lane:' .. lane, id)
redis.call('HSETNX', KEYS[3], ARGV[10], ARGV[11])
redis.call('INCR', KEYS[4])
if not redis.call('ZSCORE', KEYS[6], lane) then
  redis.call('ZADD', KEYS[5], 'NX', 0, lane)
end
return 'made'
