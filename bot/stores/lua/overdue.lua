-- overdue(now, age, prefix, field, limit)
--   -> {{delivery id, event key, appended, attempts, doubt, history, lane, offset, destination JSON, body}…}
--
-- Unsettled deliveries of a partition that have waited longer than `age` milliseconds, lowest offset first: what has to
-- be parked. Looks at `limit` deliveries. They count as parked from here on, so that one that is settled while, or
-- after, its writer dies leaves the journal, too; they hold back commits until park.lua.
--
--   KEYS[1] unsettled:<field>  ZSET  delivery id → offset
--   KEYS[2] destinations       HASH  destination id → JSON
--   KEYS[3] parked             SET   gains the ids
--   <prefix>delivery:<id>      HASH  read
--   <prefix>event:<key>        HASH  read: body
local now = clock(ARGV[1])
local age, prefix = tonumber(ARGV[2]), ARGV[3]
local found = {}
local waiting = redis.call('ZRANGE', KEYS[1], 0, tonumber(ARGV[5]) - 1, 'WITHSCORES')
for i = 1, #waiting, 2 do
  local id = waiting[i]
  local f = redis.call('HMGET', prefix .. 'delivery:' .. id, 'e', 'a', 'n', 'b', 'q', 'h', 'l')
  if now - tonumber(f[2]) >= age then
    local body = redis.call('HGET', prefix .. 'event:' .. f[1], 'body')
    local place = redis.call('HGET', KEYS[2], string.match(f[7], '^[^#]*'))
    redis.call('SADD', KEYS[3], id)
    found[#found + 1] = {id, f[1], f[2], f[3] or '0', f[5] or f[4] or '', f[6] or '', f[7], waiting[i + 1], place, body}
  end
end
return found
