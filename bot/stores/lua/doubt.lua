-- doubt(prefix, since, depth, lane…) -> number of deliveries put in doubt
--
-- After Redis came back with what it had at the time `since` (milliseconds): whatever was begun after that it does not
-- know. Lanes are first in first out, so only the first `depth` deliveries of each can have been begun meanwhile. An
-- older doubt stays. One that was begun by then is in doubt since: its holder may report that it did not arrive, and
-- know nothing of another holder after it.
--
--   <prefix>lane:<lane>     LIST  read
--   <prefix>delivery:<id>   HASH  q is set where there is none, to b where there is one
local prefix, since, depth = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local doubted = 0
for i = 4, #ARGV - 1 do
  for _, id in ipairs(redis.call('LRANGE', prefix .. 'lane:' .. ARGV[i], 0, depth - 1)) do
    local key = prefix .. 'delivery:' .. id
    local f = redis.call('HMGET', key, 'a', 'b', 'q')
    if f[1] and not f[3] then
      redis.call('HSET', key, 'q', f[2] or string.format('%.0f', math.max(since, tonumber(f[1]))))
      doubted = doubted + 1
    end
  end
end
return doubted
