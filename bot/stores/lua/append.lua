-- append(now, version, read_from, field, prefix, most, most a lane, destinations, {id, json}…,
--        records, {offset, time, event key, body, deliveries, {delivery id, lane, destination id}…}…)
--   -> {'stale'} or {'behind', watermark or ''} or {'full', lane or ''} or {'ok', appended, known, replayed}
--
-- Enters a batch of one partition's records, in the order of their offsets: all of it or nothing. The caller has read
-- everything from offset `read_from` on ('' when it doesn't claim to). A watermark below that is 'behind': this Redis
-- has gone back in time, and to append now would leave a gap. An outbox that holds `most` deliveries, or a lane that
-- holds `most a lane`, is 'full': nothing more enters until some have left.
--
-- A record that was read before Redis lost its memory of it may have been delivered: its deliveries start in doubt,
-- from what Redis last knew or, knowing nothing, from the record's own time (milliseconds).
--
--   KEYS[1] watermarks             HASH  <field> → next offset to read; records below it are skipped, then it moves
--   KEYS[2] unsettled:<field>      ZSET  delivery id → offset
--   KEYS[3] due                    ZSET  lane → time; lanes that wake up are entered
--   KEYS[4] leased                 ZSET  lane → expiry; a held lane is left to its holder
--   KEYS[5] destinations           HASH  destination id → JSON
--   KEYS[6] subscriptions:version  STRING  must equal `version`, else the caller routed by old subscriptions
--   KEYS[7] waiting                STRING  number of deliveries in the outbox
--   KEYS[8] wake                   channel
--   KEYS[9] reread                 HASH  <field> → end:since; records below `end` were read before, last known at
--                                        `since`
--   <prefix>delivery:<id>          HASH written; exists already (as HASH or STRING) for a known delivery
--   <prefix>event:<key>            HASH  body, refs
--   <prefix>lane:<lane>            LIST  delivery ids
--   <prefix>pace:<destination>     STRING  time before which its lanes may not send
local now = clock(ARGV[1])
if (redis.call('GET', KEYS[6]) or '0') ~= ARGV[2] then
  return {'stale'}
end
local read_from, field, prefix = ARGV[3], ARGV[4], ARGV[5]
local stored = redis.call('HGET', KEYS[1], field)
if read_from ~= '' and tonumber(stored or '-1') < tonumber(read_from) then
  return {'behind', stored or ''}
end
local most, most_a_lane = tonumber(ARGV[6]), tonumber(ARGV[7])
if tonumber(redis.call('GET', KEYS[7]) or '0') >= most then
  return {'full', ''}
end

local destinations = tonumber(ARGV[8])
local first = 10 + 2 * destinations
local records = tonumber(ARGV[first - 1])
local watermark = tonumber(stored or '-1')
local new, asked = {}, {}  -- where in ARGV the records at or above the watermark begin; the lanes that were looked at
local at = first
for _ = 1, records do
  local offset, next_record = tonumber(ARGV[at]), at + 5 + 3 * tonumber(ARGV[at + 4])
  if offset >= watermark then
    new[#new + 1] = at
    watermark = offset + 1
    for d = at + 5, next_record - 1, 3 do
      local lane = ARGV[d + 1]
      if not asked[lane] and redis.call('LLEN', prefix .. 'lane:' .. lane) >= most_a_lane then
        return {'full', lane}
      end
      asked[lane] = true
    end
  end
  at = next_record
end

-- How far the clock of whoever wrote the record's time may be ahead, and how far Redis's view of the past may be off.
local CLOCKS = 60000
local again_below, known_at = string.match(redis.call('HGET', KEYS[9], field) or '', '^(%d+):(%d+)$')
again_below, known_at = tonumber(again_below or '-1'), tonumber(known_at or '0')

for place = 9, first - 2, 2 do
  redis.call('HSETNX', KEYS[5], ARGV[place], ARGV[place + 1])
end

local appended, known = 0, 0
local touched, order = {}, {}
for _, record in ipairs(new) do
  local offset, time = tonumber(ARGV[record]), tonumber(ARGV[record + 1])
  local event, body, deliveries = ARGV[record + 2], ARGV[record + 3], tonumber(ARGV[record + 4])
  local fresh = 0
  for d = record + 5, record + 4 + 3 * deliveries, 3 do
    local id, lane = ARGV[d], ARGV[d + 1]
    local key = prefix .. 'delivery:' .. id
    if redis.call('EXISTS', key) == 1 then
      known = known + 1
    else
      redis.call('HSET', key, 'e', event, 'a', int(now), 'u', field, 'l', lane, 'p', field .. '@' .. int(offset))
      if offset < again_below then
        redis.call('HSET', key, 'q', int(math.max(known_at, math.min(time, now) - CLOCKS)))
      end
      redis.call('ZADD', KEYS[2], offset, id)
      redis.call('RPUSH', prefix .. 'lane:' .. lane, id)
      if not touched[lane] then
        touched[lane] = true
        order[#order + 1] = lane
      end
      fresh = fresh + 1
    end
  end
  if fresh > 0 then
    refer(prefix, event, body, fresh)
    appended = appended + fresh
  end
end

if #new > 0 then
  redis.call('HSET', KEYS[1], field, int(watermark))
end
if again_below >= 0 and watermark >= again_below then
  redis.call('HDEL', KEYS[9], field)
end
if appended > 0 then
  redis.call('INCRBY', KEYS[7], appended)
end
local woken = false
for _, lane in ipairs(order) do
  woken = make_due(KEYS[3], KEYS[4], prefix, lane, now) or woken
end
if woken then
  redis.call('PUBLISH', KEYS[8], '')
end
return {'ok', appended, known, records - #new}
