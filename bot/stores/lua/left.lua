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
  if leave(prefix, lane, id, KEYS[2], KEYS[3], KEYS[4]) then
    redis.call('SET', prefix .. 'delivery:' .. id, 'bury', 'PX', remember)
    if redis.call('EXISTS', prefix .. 'lane:' .. lane) == 0 then
      redis.call('ZREM', KEYS[1], lane)
    end
    count = count + 1
  end
end
return count
