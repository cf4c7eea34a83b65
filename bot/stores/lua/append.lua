-- append(now, version, read_from, field, prefix, destinations, {id, json}…, records, {offset, event key, body,
--        deliveries, {delivery id, lane, destination id}…}…)
--   -> {'stale'} or {'behind', watermark or ''} or {'ok', appended, known, replayed}
--
-- Enters a batch of one partition's records, in the order of their offsets: all of it or nothing. The caller has read
-- everything from offset `read_from` on ('' when it doesn't claim to). A watermark below that is 'behind': this Redis
-- has gone back in time, and to append now would leave a gap.
--
--   KEYS[1] watermarks             HASH  <field> → next offset to read; records below it are skipped, then it moves
--   KEYS[2] unsettled:<field>      ZSET  delivery id → offset
--   KEYS[3] due                    ZSET  lane → time; lanes that wake up are entered
--   KEYS[4] leased                 ZSET  lane → expiry; a held lane is left to its holder
--   KEYS[5] paused                 HASH  destination id, or installation → reason; a paused lane is left alone
--   KEYS[6] destinations           HASH  destination id → JSON
--   KEYS[7] subscriptions:version  STRING  must equal `version`, else the caller routed by old subscriptions
--   KEYS[8] waiting                STRING  number of deliveries in the outbox
--   KEYS[9] wake                   channel
--   <prefix>delivery:<id>          HASH written; exists already (as HASH or STRING) for a known delivery
--   <prefix>event:<key>            HASH  body, refs
--   <prefix>lane:<lane>            LIST  delivery ids
--   <prefix>pace:<lane>            STRING  time before which the lane may not send
local now = clock(ARGV[1])
if (redis.call('GET', KEYS[7]) or '0') ~= ARGV[2] then
  return {'stale'}
end
local read_from, field, prefix = ARGV[3], ARGV[4], ARGV[5]
local stored = redis.call('HGET', KEYS[1], field)
if read_from ~= '' and tonumber(stored or '-1') < tonumber(read_from) then
  return {'behind', stored or ''}
end
local at = 6

local destinations = tonumber(ARGV[at])
at = at + 1
for _ = 1, destinations do
  redis.call('HSETNX', KEYS[6], ARGV[at], ARGV[at + 1])
  at = at + 2
end

local watermark = tonumber(stored or '-1')
local appended, known, replayed = 0, 0, 0
local touched, order = {}, {}
local records = tonumber(ARGV[at])
at = at + 1
for _ = 1, records do
  local offset, event, body, deliveries = tonumber(ARGV[at]), ARGV[at + 1], ARGV[at + 2], tonumber(ARGV[at + 3])
  at = at + 4
  if offset < watermark then
    replayed = replayed + 1
    at = at + 3 * deliveries
  else
    local fresh = 0
    for _ = 1, deliveries do
      local id, lane, destination = ARGV[at], ARGV[at + 1], ARGV[at + 2]
      at = at + 3
      if redis.call('EXISTS', prefix .. 'delivery:' .. id) == 1 then
        known = known + 1
      else
        redis.call('HSET', prefix .. 'delivery:' .. id, 'e', event, 'a', int(now), 'u', field)
        redis.call('ZADD', KEYS[2], offset, id)
        redis.call('RPUSH', prefix .. 'lane:' .. lane, id)
        if not touched[lane] then
          touched[lane] = destination
          order[#order + 1] = lane
        end
        fresh = fresh + 1
      end
    end
    if fresh > 0 then
      if redis.call('HINCRBY', prefix .. 'event:' .. event, 'refs', fresh) == fresh then
        redis.call('HSET', prefix .. 'event:' .. event, 'body', body)
      end
      appended = appended + fresh
    end
    watermark = offset + 1
  end
end

if replayed < records then
  redis.call('HSET', KEYS[1], field, int(watermark))
end
if appended > 0 then
  redis.call('INCRBY', KEYS[8], appended)
end
local woken = false
for _, lane in ipairs(order) do
  if not redis.call('ZSCORE', KEYS[4], lane) and not is_paused(KEYS[5], touched[lane]) then
    local due = math.max(now, tonumber(redis.call('GET', prefix .. 'pace:' .. lane) or '0'))
    woken = redis.call('ZADD', KEYS[3], 'NX', int(due), lane) == 1 or woken
  end
end
if woken then
  redis.call('PUBLISH', KEYS[9], '')
end
return {'ok', appended, known, replayed}
