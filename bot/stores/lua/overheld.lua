-- overheld(prefix, place, before, limit)
--   -> {{delivery id, event key, appended, attempts, doubt, history, lane, position or '', destination JSON, body}…}
--
-- The first deliveries that wait for a place, or for all places of an installation, since before a time, but for lanes
-- that a worker holds. Looks at every lane's name.
--
--   KEYS[1] due            ZSET  lanes with deliveries that nobody holds
--   KEYS[2] destinations   HASH  destination id → JSON
--   <prefix>lane:<lane>    LIST  delivery ids, read
--   <prefix>delivery:<id>  HASH  read
--   <prefix>event:<key>    HASH  read: body
local prefix, place, before, limit = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local found = {}
local function look_at(lane, destination)
  for _, id in ipairs(redis.call('LRANGE', prefix .. 'lane:' .. lane, 0, limit - #found - 1)) do
    local f = redis.call('HMGET', prefix .. 'delivery:' .. id, 'e', 'a', 'n', 'b', 'q', 'h', 'p')
    if not f[2] or tonumber(f[2]) >= before then
      return
    end
    local body = redis.call('HGET', prefix .. 'event:' .. f[1], 'body')
    local json = redis.call('HGET', KEYS[2], destination)
    found[#found + 1] = {
      id, f[1], f[2], f[3] or '0', f[5] or f[4] or '', f[6] or '', lane, f[7] or '', json, body
    }
  end
end
for _, lane in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  local destination = place_of(lane)
  if destination == place or installation_of(lane) == place then
    look_at(lane, destination)
  end
  if #found >= limit then
    break
  end
end
return found
