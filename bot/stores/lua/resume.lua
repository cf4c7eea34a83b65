-- resume(now, prefix, destination, lanes, lane…) -> number of lanes that have something to send
--
-- Lets a paused destination go on: every lane of it with deliveries is due at once.
--
--   KEYS[1] due           ZSET  lane → time
--   KEYS[2] leased        ZSET  lane → expiry; a held lane is left to its holder
--   KEYS[3] paused        HASH  destination id → reason; the destination leaves it
--   KEYS[4] wake          channel
--   <prefix>lane:<lane>   LIST  whether the lane has deliveries
local now = clock(ARGV[1])
local prefix, destination = ARGV[2], ARGV[3]
redis.call('HDEL', KEYS[3], destination)
local woken = 0
for i = 1, tonumber(ARGV[4]) do
  local lane = ARGV[4 + i]
  if redis.call('EXISTS', prefix .. 'lane:' .. lane) == 1 and not redis.call('ZSCORE', KEYS[2], lane) then
    redis.call('ZADD', KEYS[1], int(now), lane)
    woken = woken + 1
  end
end
if woken > 0 then
  redis.call('PUBLISH', KEYS[4], '')
end
return woken
