-- held(prefix, place) -> {deliveries, the oldest one's time of appending or ''}
--
-- How much waits for a place, or for all places of an installation. Looks at every lane's name.
--
--   KEYS[1] due, KEYS[2] leased  ZSET  lanes with deliveries
--   <prefix>lane:<lane>          LIST  delivery ids
--   <prefix>delivery:<id>        HASH  read: a
local prefix, place = ARGV[1], ARGV[2]
local count, oldest = 0, nil
for i = 1, 2 do
  for _, lane in ipairs(redis.call('ZRANGE', KEYS[i], 0, -1)) do
    local destination = place_of(lane)
    if destination == place or installation_of(lane) == place then
      count = count + redis.call('LLEN', prefix .. 'lane:' .. lane)
      local head = redis.call('LINDEX', prefix .. 'lane:' .. lane, 0)
      local appended = head and tonumber(redis.call('HGET', prefix .. 'delivery:' .. head, 'a') or nil)
      if appended and (not oldest or appended < oldest) then
        oldest = appended
      end
    end
  end
end
return {count, oldest and int(oldest) or ''}
