-- found(token, epoch) -> 1 where the caller still held the recovery, else 0
--
-- Ends a recovery: from here on every process may go by `epoch`. Fencing tokens go on from the time of day, if that is
-- higher: those given out before, also in a Redis since wiped, are below those to come, so that a holder from before
-- can't be mistaken for one from after.
--
--   KEYS[1] recovering  STRING  must equal `token`; goes
--   KEYS[2] epoch       STRING  set
--   KEYS[3] fence       STRING  moved on
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return 0
end
local SKIPPED = 1000000
local fence = tonumber(redis.call('GET', KEYS[3]) or '0') + SKIPPED
redis.call('SET', KEYS[2], ARGV[2])
redis.call('SET', KEYS[3], int(math.max(fence, clock(''))))
redis.call('DEL', KEYS[1])
return 1
