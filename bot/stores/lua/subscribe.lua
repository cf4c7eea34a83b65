-- subscribe(prefix, id, json, mode, expected) -> {'saved', json} | {'twin', json} | {'taken'} | {'changed'}
--
-- Keeps a subscription and moves the version, all or nothing. Modes:
--
--   new      nothing is replaced: an id that is there is 'taken'
--   replace  what is there must be `expected`, else it has 'changed' meanwhile
--   force    whatever is there is replaced
--
-- But for `force`, another subscription of the same team, filter (letter case aside) and place is a 'twin', whose JSON
-- comes back. Costs one look at each subscription of the same place.
--
--   KEYS[1] subscriptions                        HASH    id → JSON
--   KEYS[2] subscriptions:version                STRING  moved by one
--   KEYS[3] subscriptions:unwritten              HASH    id → the version that the journal has not seen yet
--   <prefix>subscriptions:of:<team>/<owner>      SET     gains the id; the former owner's loses it
--   <prefix>subscriptions:at:<place>             SET     gains the id; the former place's loses it
local prefix, id, text, mode, expected = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local given = cjson.decode(text)

local function of(one)
  return prefix .. 'subscriptions:of:' .. one.team .. '/' .. one.owner
end

local function at(one)
  return prefix .. 'subscriptions:at:' .. one.place
end

local former = redis.call('HGET', KEYS[1], id)
if mode == 'replace' and former ~= expected then
  return {'changed'}
end
if mode ~= 'force' then
  for _, neighbour in ipairs(redis.call('SMEMBERS', at(given))) do
    local found = neighbour ~= id and redis.call('HGET', KEYS[1], neighbour)
    if found then
      local twin = cjson.decode(found)
      if twin.team == given.team and string.lower(twin.filter) == string.lower(given.filter) then
        return {'twin', found}
      end
    end
  end
end
if former and mode == 'new' then
  return {'taken'}
elseif former then
  local old = cjson.decode(former)
  redis.call('SREM', of(old), id)
  redis.call('SREM', at(old), id)
end
redis.call('HSET', KEYS[1], id, text)
redis.call('SADD', of(given), id)
redis.call('SADD', at(given), id)
redis.call('HSET', KEYS[3], id, redis.call('INCR', KEYS[2]))
return {'saved', text}
