-- resume(now, prefix, held) -> number of lanes that have something to send
--
-- Lets a paused destination go on, or a whole installation (`slack/T123`): every lane of it with deliveries is due at
-- once, unless it is paused for another reason still. Costs a look at each lane that is not held: it is a person's act.
--
--   KEYS[1] due           ZSET  lane → time, of all lanes with deliveries that nobody holds
--   KEYS[2] paused        HASH  destination id, or installation → reason; `held` leaves it
--   KEYS[3] wake          channel
local now = clock(ARGV[1])
local prefix, held = ARGV[2], ARGV[3]
redis.call('HDEL', KEYS[2], held)
local woken = 0
for _, lane in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  local destination = place_of(lane)
  if (destination == held or installation_of(destination) == held) and not is_paused(KEYS[2], destination) then
    redis.call('ZADD', KEYS[1], int(now), lane)
    woken = woken + 1
  end
end
if woken > 0 then
  redis.call('PUBLISH', KEYS[3], '')
end
return woken
