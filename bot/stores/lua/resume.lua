-- resume(now, prefix, held, shards) -> number of lanes that have something to send
--
-- Lets a paused destination go on, or a whole installation (`slack/T123`): every lane of it with deliveries is due at
-- once, unless it is paused for another reason still. Costs a look at each destination, for an installation.
--
--   KEYS[1] due           ZSET  lane → time
--   KEYS[2] leased        ZSET  lane → expiry; a held lane is left to its holder
--   KEYS[3] paused        HASH  destination id, or installation → reason; `held` leaves it
--   KEYS[4] wake          channel
--   KEYS[5] destinations  HASH  destination id → JSON; read for an installation's
--   <prefix>lane:<lane>   LIST  whether the lane has deliveries
local now = clock(ARGV[1])
local prefix, held, shards = ARGV[2], ARGV[3], tonumber(ARGV[4])
redis.call('HDEL', KEYS[3], held)
local destinations = {held}
if held == installation_of(held) then
  destinations = {}
  for _, destination in ipairs(redis.call('HKEYS', KEYS[5])) do
    if installation_of(destination) == held then
      destinations[#destinations + 1] = destination
    end
  end
end

local woken = 0
local function wake(lane)
  if redis.call('EXISTS', prefix .. 'lane:' .. lane) == 1 and not redis.call('ZSCORE', KEYS[2], lane) then
    redis.call('ZADD', KEYS[1], int(now), lane)
    woken = woken + 1
  end
end

for _, destination in ipairs(destinations) do
  if not is_paused(KEYS[3], destination) then
    wake(destination)
    for shard = 0, shards - 1 do
      wake(destination .. '#' .. shard)
    end
  end
end
if woken > 0 then
  redis.call('PUBLISH', KEYS[4], '')
end
return woken
