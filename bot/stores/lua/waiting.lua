-- waiting(prefix, place, limit) -> {{delivery id, event key, lane, position or '', body}…}
--
-- The first deliveries that wait in the lanes of a place, but for lanes that a worker holds. Looks at every lane's
-- name.
--
--   KEYS[1] due            ZSET  lanes with deliveries that nobody holds
--   <prefix>lane:<lane>    LIST  delivery ids, read
--   <prefix>delivery:<id>  HASH  read
--   <prefix>event:<key>    HASH  read: body
local prefix, place, limit = ARGV[1], ARGV[2], tonumber(ARGV[3])
local found = {}
for _, lane in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  if place_of(lane) == place then
    for _, id in ipairs(redis.call('LRANGE', prefix .. 'lane:' .. lane, 0, limit - #found - 1)) do
      local f = redis.call('HMGET', prefix .. 'delivery:' .. id, 'e', 'p')
      local body = redis.call('HGET', prefix .. 'event:' .. f[1], 'body')
      found[#found + 1] = {id, f[1], lane, f[2] or '', body}
    end
    if #found >= limit then
      break
    end
  end
end
return found
