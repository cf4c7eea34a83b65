-- handle(request, owner, step, text) -> 'held' | 'overtaken' | 'forgotten'
--
-- One step of whoever works on a request: 'note' keeps the answer that is about to be sent, 'begin' that its sending
-- begins, 'done' ends it. Where somebody else has the request, or had it and finished it, nothing is done. A Redis that
-- was wiped since has 'forgotten' it: then nobody else has it either.
--
--   KEYS[1] inbox              ZSET    loses the request when it is done
--   KEYS[2] seen:<request>     STRING  outlives the request
--   KEYS[3] request:<request>  HASH    o owner, a answer, s '1' once the answer's sending began; gone when it is done
local request, owner, step = ARGV[1], ARGV[2], ARGV[3]
local holder = redis.call('HGET', KEYS[3], 'o')
if not holder then
  return redis.call('EXISTS', KEYS[2]) == 1 and 'overtaken' or 'forgotten'
end
if holder ~= owner then
  return 'overtaken'
end
if step == 'note' then
  redis.call('HSET', KEYS[3], 'a', ARGV[4])
  redis.call('HDEL', KEYS[3], 's')
elseif step == 'begin' then
  redis.call('HSET', KEYS[3], 's', '1')
else
  redis.call('DEL', KEYS[3])
  redis.call('ZREM', KEYS[1], request)
end
return 'held'
