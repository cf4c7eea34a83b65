-- found(token, epoch) -> 1 where the caller still held the recovery, else 0
--
-- Ends a recovery: from here on every process may go by `epoch`. Fencing tokens go on from the time of day, in
-- microseconds. Nobody gives out a million a second, so those given out before, also in a Redis since wiped, are below
-- those to come, and a holder from before can't be mistaken for one from after.
--
--   KEYS[1] recovering  STRING  must equal `token`; goes
--   KEYS[2] epoch       STRING  set
--   KEYS[3] fence       STRING  moved on
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return 0
end
local t = redis.call('TIME')
local fence = tonumber(redis.call('GET', KEYS[3]) or '0')
redis.call('SET', KEYS[2], ARGV[2])
redis.call('SET', KEYS[3], int(math.max(fence, tonumber(t[1]) * 1000000 + tonumber(t[2]))))
redis.call('DEL', KEYS[1])
return 1
