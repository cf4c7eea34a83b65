-- settle(now, ttl, prefix, lane, token, due, wait, run, long, crowd, remember, age, steps,
--        {delivery id, step, time, text, doubt}…)
--   -> {'lost'} or {'held', until, begun…, waiting, window}
--
-- Applies a worker's steps if its lease still holds, then either begins the next `run` deliveries, or `long` (run > 0,
-- and nothing stands in the way; see begin.lua), or gives the lane back. Before `due` no lane of its destination may send; this one is not looked
-- at again before `wait`, unless somebody nudges it.
--
-- step      time          text
--   done    -             reference         delivered: remembered for `remember` milliseconds
--   bury    -             -                 given up (already in the dead-letter topic): remembered likewise
--   ask     kept until    -                 kept beside the lane for show.lua; remembered until then
--   part    -             progress, JSON    stays at the head, with what of it has arrived; doubt '1': as before
--   retry   when          attempt, JSON     stays at the head; doubt '1': it may have arrived
--   cool    until         scope, or ''      stays; the scope, or just this lane, sends nothing before
--   pause   -             attempt, JSON     stays; the destination is paused
--   halt    -             attempt, JSON     stays; the whole installation is paused
--   keep    -             -                 was begun but not tried
--
--   KEYS[1] due           ZSET  lane → time
--   KEYS[2] leased        ZSET  lane → expiry
--   KEYS[3] paused        HASH  destination id, or installation → reason
--   KEYS[4] cool          HASH  scope → time
--   KEYS[5] waiting       STRING  number of deliveries in the outbox
--   KEYS[6] wake          channel
--   KEYS[7] pulse         STRING  set to now: the last time at which this Redis knew what is begun
--   KEYS[8] parked        SET   ids that are in the journal; settled ones move to
--   KEYS[9] unparked      SET   ids that have to leave the journal
--   KEYS[10] holders      HASH  destination id → the lane whose turn it is; loses this one
--   <prefix>lease:<lane>  HASH  token must equal `token`; nudged: the wait may be over, whatever the holder believes
--   <prefix>lane:<lane>   LIST  settled deliveries leave it
--   <prefix>delivery:<id> HASH  becomes a STRING with an expiry when done (with the reference), buried or asked
--   <prefix>asked:<id>    HASH  lane, e event key, g progress, body: what show.lua needs; expires
--   <prefix>event:<key>   HASH  refs; deleted with its last delivery
--   <prefix>unsettled:<topic>/<partition>  ZSET  settled deliveries leave it
--   <prefix>pace:<destination>  STRING  time before which none of its lanes may send again; expires then
local now = clock(ARGV[1])
local ttl, prefix, lane, token = tonumber(ARGV[2]), ARGV[3], ARGV[4], ARGV[5]
local pace, wait, run = tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])
local long, crowd = tonumber(ARGV[9]), tonumber(ARGV[10])
local remember, age = ARGV[11], tonumber(ARGV[12])
local destination = place_of(lane)

if redis.call('HGET', prefix .. 'lease:' .. lane, 'token') ~= token then
  return {'lost'}
end
redis.call('SET', KEYS[7], int(now))
local nudged = redis.call('HEXISTS', prefix .. 'lease:' .. lane, 'nudged') == 1
local due = nudged and pace or math.max(pace, wait)

local function finish(id, memory, lasting)
  local progress = memory == 'asked' and redis.call('HGET', prefix .. 'delivery:' .. id, 'g') or ''
  local event, body = leave(prefix, lane, id, KEYS[5], KEYS[8], KEYS[9])
  if not event then
    return
  end
  if memory == 'asked' then
    local asked = prefix .. 'asked:' .. id
    redis.call('HSET', asked, 'lane', lane, 'e', event, 'g', progress, 'body', body)
    redis.call('PEXPIRE', asked, lasting)
  end
  redis.call('SET', prefix .. 'delivery:' .. id, memory, 'PX', lasting)
end

local function stay(id, attempt, doubt)
  local key = prefix .. 'delivery:' .. id
  -- A Redis that came back without the delivery will get it again from ingest, which must not find it known.
  if redis.call('EXISTS', key) == 0 then
    return
  end
  if attempt ~= '' then
    local history = redis.call('HGET', key, 'h')
    redis.call('HSET', key, 'h', history and (history .. '\n' .. attempt) or attempt)
    redis.call('HINCRBY', key, 'n', 1)
  end
  if doubt == '1' then
    -- without b, a Redis that came back does not know that it was begun
    redis.call('HSETNX', key, 'q', redis.call('HGET', key, 'b') or redis.call('HGET', key, 'a'))
  end
  redis.call('HDEL', key, 'b')
end

local function go_on(id, progress, doubt)
  local key = prefix .. 'delivery:' .. id
  if redis.call('EXISTS', key) == 1 then
    redis.call('HSET', key, 'g', progress)
    if doubt ~= '1' then
      redis.call('HDEL', key, 'q')
    end
    redis.call('HDEL', key, 'b')
  end
end

local at = 13
local blocked = false
for _ = 1, tonumber(ARGV[at]) do
  local id, step, time, text, doubt = ARGV[at + 1], ARGV[at + 2], tonumber(ARGV[at + 3]), ARGV[at + 4], ARGV[at + 5]
  at = at + 5
  if step == 'done' then
    finish(id, text == '' and 'done' or 'done ' .. text, remember)
  elseif step == 'bury' then
    finish(id, 'bury', remember)
  elseif step == 'ask' then
    finish(id, 'asked', int(time - now))
  elseif step == 'part' then
    go_on(id, text, doubt)
  elseif step == 'retry' then
    stay(id, text, doubt)
    due, blocked = math.max(due, time), true
  elseif step == 'cool' then
    stay(id, '', doubt)
    due, blocked = math.max(due, time), true
    if text ~= '' then
      local known = tonumber(redis.call('HGET', KEYS[4], text) or '0')
      redis.call('HSET', KEYS[4], text, int(math.max(known, time)))
    end
  elseif step == 'pause' or step == 'halt' then
    stay(id, text, doubt)
    local held = step == 'pause' and destination or installation_of(destination)
    redis.call('HSET', KEYS[3], held, cjson.decode(text).reason)
    blocked = true
  elseif step == 'keep' then
    stay(id, '', doubt)
  else
    return redis.error_reply('settle.lua: unknown step ' .. step)
  end
end

-- Another lane may have met a limit that is this one's, too.
local function is_cool()
  for _, scope in ipairs({destination, installation_of(destination)}) do
    if tonumber(redis.call('HGET', KEYS[4], scope) or '0') > now then
      return true
    end
  end
  return false
end

if run > 0 and not blocked and not is_paused(KEYS[3], destination) and not is_cool() then
  local begun = begin(prefix, lane, run_of(prefix, lane, run, long, crowd), int(now))
  if #begun > 0 then
    redis.call('ZADD', KEYS[2], int(now + ttl), lane)
    return {'held', int(now + ttl), begun, backlog(prefix, lane)}
  end
end

redis.call('DEL', prefix .. 'lease:' .. lane)
redis.call('ZREM', KEYS[2], lane)
if redis.call('HGET', KEYS[10], destination) == lane then
  redis.call('HDEL', KEYS[10], destination)
end
if pace > now and pace > paced_until(prefix, lane) then
  redis.call('SET', prefix .. 'pace:' .. destination, int(pace), 'PX', int(pace - now))
end
local expiry = expires(prefix, lane, age)
if expiry then
  due = is_paused(KEYS[3], destination) and expiry or due
  redis.call('ZADD', KEYS[1], int(math.max(due, now)), lane)
  redis.call('PUBLISH', KEYS[6], '')
end
return {'held', '0', {}, 0, ''}
