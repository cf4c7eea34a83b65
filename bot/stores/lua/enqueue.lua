-- enqueue(now, prefix, again, journaled, most, most a lane, destinations, {id, json}…,
--         deliveries, {delivery id, lane, destination id, event key, body, doubt or '', position}…)
--   -> {'full', lane or ''} or {'ok', entered, waiting, delivered}
--
-- Enters deliveries that come from no partition, in order: all of it or nothing. With `journaled` 1 (a replay) the
-- journal has them already, so they are parked from the start, and hold no commit back. One that waits is left where it
-- is, and is parked now. One that is remembered as delivered is left out, unless `again` is '1', and leaves the
-- journal; one that is remembered as buried is entered: that is what a replay is for. They start afresh: no attempts,
-- no history, a new age. 'full' is as append.lua's.
--
--   KEYS[1] due                ZSET  lane → time; lanes that wake up are entered
--   KEYS[2] leased             ZSET  lane → expiry; a held lane is left to its holder
--   KEYS[3] destinations       HASH  destination id → JSON
--   KEYS[4] waiting            STRING  number of deliveries in the outbox
--   KEYS[5] wake               channel
--   KEYS[6] parked             SET   gains the ids that wait
--   KEYS[7] unparked           SET   gains the ids that have to leave the journal; loses those that enter
--   <prefix>delivery:<id>      HASH where it waits, STRING where it is settled; written
--   <prefix>event:<key>        HASH  body, refs
--   <prefix>lane:<lane>        LIST  delivery ids
--   <prefix>pace:<destination> STRING  time before which its lanes may not send
--   <prefix>unsettled:<topic>/<partition>  ZSET  loses what is parked now
local now = clock(ARGV[1])
local prefix, again, journaled = ARGV[2], ARGV[3] == '1', ARGV[4] == '1'
local most, most_a_lane = tonumber(ARGV[5]), tonumber(ARGV[6])
local destinations = tonumber(ARGV[7])
local first = 9 + 2 * destinations
local deliveries = tonumber(ARGV[first - 1])
local WIDTH = 7

if tonumber(redis.call('GET', KEYS[4]) or '0') >= most then
  return {'full', ''}
end
for at = first, first + WIDTH * (deliveries - 1), WIDTH do
  if redis.call('LLEN', prefix .. 'lane:' .. ARGV[at + 1]) >= most_a_lane then
    return {'full', ARGV[at + 1]}
  end
end

for at = 8, first - 2, 2 do
  redis.call('HSETNX', KEYS[3], ARGV[at], ARGV[at + 1])
end

local entered, waiting, delivered = 0, 0, 0
local touched, order = {}, {}
for at = first, first + WIDTH * (deliveries - 1), WIDTH do
  local id, lane, destination = ARGV[at], ARGV[at + 1], ARGV[at + 2]
  local event, body, doubt, position = ARGV[at + 3], ARGV[at + 4], ARGV[at + 5], ARGV[at + 6]
  local key = prefix .. 'delivery:' .. id
  local kind = redis.call('TYPE', key).ok
  if kind == 'hash' and not journaled then
    waiting = waiting + 1
  elseif kind == 'hash' then
    park(prefix, id, KEYS[6])
    waiting = waiting + 1
  elseif kind == 'string' and not again and string.sub(redis.call('GET', key), 1, 4) == 'done' then
    if journaled then
      redis.call('SADD', KEYS[7], id)
    end
    delivered = delivered + 1
  else
    redis.call('DEL', key)
    redis.call('HSET', key, 'e', event, 'a', int(now), 'u', '', 'l', lane)
    if position ~= '' then
      redis.call('HSET', key, 'p', position)
    end
    if doubt ~= '' then
      redis.call('HSET', key, 'q', doubt)
    end
    if journaled then
      redis.call('SADD', KEYS[6], id)
      redis.call('SREM', KEYS[7], id)
    end
    redis.call('RPUSH', prefix .. 'lane:' .. lane, id)
    refer(prefix, event, body, 1)
    if not touched[lane] then
      touched[lane] = true
      order[#order + 1] = lane
    end
    entered = entered + 1
  end
end

if entered > 0 then
  redis.call('INCRBY', KEYS[4], entered)
end
local woken = false
for _, lane in ipairs(order) do
  woken = make_due(KEYS[1], KEYS[2], prefix, lane, now) or woken
end
if woken then
  redis.call('PUBLISH', KEYS[5], '')
end
return {'ok', entered, waiting, delivered}
