-- nudge(now, prefix, lane…) -> number of lanes that are due now
--
-- What a lane waited for may be over: somebody looks at it at once. A holder that looked before, and is about to give
-- it back for later, is overruled.
--
--   KEYS[1] due           ZSET  lane → time
--   KEYS[2] leased        ZSET  lane → expiry
--   KEYS[3] wake          channel
--   <prefix>lease:<lane>  HASH  gains nudged
local now, prefix, woken = clock(ARGV[1]), ARGV[2], 0
for i = 3, #ARGV - 1 do  -- the last is the guard's
  local lane = ARGV[i]
  if redis.call('ZSCORE', KEYS[2], lane) then
    redis.call('HSET', prefix .. 'lease:' .. lane, 'nudged', '1')
  elseif redis.call('ZSCORE', KEYS[1], lane) then
    redis.call('ZADD', KEYS[1], int(now), lane)
    woken = woken + 1
  end
end
if woken > 0 then
  redis.call('PUBLISH', KEYS[3], '')
end
return woken
