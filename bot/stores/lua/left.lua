-- left(prefix, remember, {delivery id, lane}…) -> how many left
--
-- Takes deliveries out of their lanes that wait elsewhere now, under other ids; they are remembered as given up here.
-- Done again it changes nothing.
--
--   KEYS[1] due            ZSET    lane → time; lanes that are empty now leave it
--   KEYS[2] waiting        STRING  number of deliveries in the outbox
--   KEYS[3] parked         SET     ids that are in the journal; those that leave move to
--   KEYS[4] unparked       SET     ids that have to leave the journal
--   <prefix>lane:<lane>    LIST    loses the ids
--   <prefix>delivery:<id>  HASH    becomes a STRING with an expiry
--   <prefix>event:<key>    HASH    refs; deleted with its last delivery
--   <prefix>unsettled:<topic>/<partition>  ZSET  loses the ids
local prefix, remember = ARGV[1], ARGV[2]
local count = 0
for at = 3, #ARGV - 2, 2 do  -- the last is the guard's
  local id, lane = ARGV[at], ARGV[at + 1]
  if redis.call('LREM', prefix .. 'lane:' .. lane, 1, id) == 1 then
    local key = prefix .. 'delivery:' .. id
    local f = redis.call('HMGET', key, 'e', 'u')
    if f[2] and f[2] ~= '' then
      redis.call('ZREM', prefix .. 'unsettled:' .. f[2], id)
    end
    if redis.call('SREM', KEYS[3], id) == 1 then
      redis.call('SADD', KEYS[4], id)
    end
    if redis.call('HINCRBY', prefix .. 'event:' .. f[1], 'refs', -1) <= 0 then
      redis.call('DEL', prefix .. 'event:' .. f[1])
    end
    redis.call('SET', key, 'bury', 'PX', remember)
    redis.call('DECR', KEYS[2])
    if redis.call('EXISTS', prefix .. 'lane:' .. lane) == 0 then
      redis.call('ZREM', KEYS[1], lane)
    end
    count = count + 1
  end
end
return count
