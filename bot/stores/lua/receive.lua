-- receive(request, owner, body, lease, keep, remember, most) -> 'ours' | 'known' | 'full'
--
-- Keeps a request from Slack for its owner, unless it was kept before. The owner's lease is renewed with it. A call
-- whose answer was lost on the way and that is made again finds its own request, which is still 'ours'. Times are in
-- ms.
--
--   KEYS[1] inbox              ZSET    request → when it was received; `most` of them at the most
--   KEYS[2] inbox:owners       ZSET    owner → when its lease expires
--   KEYS[3] seen:<request>     STRING  expires after `remember`; where it is there, the request is known
--   KEYS[4] request:<request>  HASH    expires after `keep`: b body, o owner
local request, owner, body = ARGV[1], ARGV[2], ARGV[3]
local t = redis.call('TIME')
local now = tonumber(t[1]) * 1000 + math.floor(tonumber(t[2]) / 1000)
redis.call('ZADD', KEYS[2], now + tonumber(ARGV[4]), owner)
if redis.call('EXISTS', KEYS[3]) == 1 then
  return redis.call('HGET', KEYS[4], 'o') == owner and 'ours' or 'known'
end
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[7]) then
  return 'full'
end
redis.call('SET', KEYS[3], '1', 'PX', ARGV[6])
redis.call('HSET', KEYS[4], 'b', body, 'o', owner)
redis.call('PEXPIRE', KEYS[4], ARGV[5])
redis.call('ZADD', KEYS[1], now, request)
return 'ours'
