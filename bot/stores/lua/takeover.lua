-- takeover(prefix, owner, lease, keep, room, again...) -> {{request, body, answer, begun, tries, from}, ...}
--
-- Renews the owner's lease, and gives it up to `room` requests: first those in `again`, which are its own and which it
-- put off, then those of owners whose leases expired, oldest first. `answer` is '' where none was noted, `begun` '1'
-- where its sending began. Costs next to nothing while no lease has expired, else one look at each request.
--
--   KEYS[1] inbox               ZSET  loses what is older than `keep` ms
--   KEYS[2] inbox:owners        ZSET  owner → when its lease expires; loses expired ones that have no requests left
--   <prefix>request:<request>   HASH  o becomes the owner; t counts how often it changed
local prefix, owner, keep, room = ARGV[1], ARGV[2], tonumber(ARGV[4]), tonumber(ARGV[5])
local t = redis.call('TIME')
local now = tonumber(t[1]) * 1000 + math.floor(tonumber(t[2]) / 1000)
redis.call('ZADD', KEYS[2], now + tonumber(ARGV[3]), owner)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - keep)

local found = {}
local function take(request, key)
  local kept = redis.call('HMGET', key, 'b', 'a', 's', 'o')
  redis.call('HSET', key, 'o', owner)
  local tries = redis.call('HINCRBY', key, 't', kept[4] == owner and 0 or 1)
  found[#found + 1] = {request, kept[1], kept[2] or '', kept[3] or '', tries, kept[4]}
end

for at = 6, #ARGV - 1 do
  local key = prefix .. 'request:' .. ARGV[at]
  if redis.call('HGET', key, 'o') == owner then
    take(ARGV[at], key)
  end
end
local dead = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now)
if #dead > 0 then
  local expired, all = {}, true
  for _, one in ipairs(dead) do
    expired[one] = true
  end
  for _, request in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
    local key = prefix .. 'request:' .. request
    local holder = redis.call('HGET', key, 'o')
    if not holder then
      redis.call('ZREM', KEYS[1], request)
    elseif expired[holder] then
      if #found < room then
        take(request, key)
      else
        all = false
      end
    end
  end
  if all then
    redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
  end
end
return found
