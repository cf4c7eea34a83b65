-- A fragment put in front of the outbox's scripts; not a script of its own.
--
-- run_of(prefix, lane, run, long, crowd) -> how many deliveries are begun at once: `run`; or `long`, where the lane holds
-- more than `crowd`, has a summary that takes many in at once, or is one's own, whose window is said together.
--   <prefix>lane:<lane>        LIST  read: its length
--   <prefix>summary:<lane>     HASH  exists: see tell.lua
local function run_of(prefix, lane, run, long, crowd)
  if long <= run then
    return run
  end
  local many = redis.call('LLEN', prefix .. 'lane:' .. lane) > crowd or string.find(lane, '#', 1, true)
  return (many or redis.call('EXISTS', prefix .. 'summary:' .. lane) == 1) and long or run
end

-- backlog(prefix, lane) -> how many deliveries the lane holds, and the window of its summary ('' where it has none)
local function backlog(prefix, lane)
  return redis.call('LLEN', prefix .. 'lane:' .. lane), redis.call('HGET', prefix .. 'summary:' .. lane, 'window') or ''
end

-- A run ends early where its bodies are this many bytes together: Redis and the worker have other lanes, too.
local LONGEST = 2000000

-- begin(prefix, lane, run, now) -> list of {delivery id, event key, appended, attempts, doubt, history, progress, body}
--   <prefix>lane:<lane>        LIST  read: the first `run` delivery ids
--   <prefix>delivery:<id>      HASH  e event key · a appended · n attempts · b begun · q doubt · h history · g progress
--                                    b is set to now; a b found there is of an attempt that was never settled, so it
--                                    becomes q: that attempt may have arrived
--   <prefix>event:<key>        HASH  read: body
local function begin(prefix, lane, run, now)
  local begun, bytes = {}, 0
  for _, id in ipairs(redis.call('LRANGE', prefix .. 'lane:' .. lane, 0, run - 1)) do
    local key = prefix .. 'delivery:' .. id
    local f = redis.call('HMGET', key, 'e', 'a', 'n', 'b', 'q', 'h', 'g')
    local doubt = f[5] or f[4] or ''
    redis.call('HSET', key, 'b', now)
    if f[4] and not f[5] then
      redis.call('HSET', key, 'q', f[4])
    end
    local body = redis.call('HGET', prefix .. 'event:' .. f[1], 'body')
    begun[#begun + 1] = {id, f[1], f[2], f[3] or '0', doubt, f[6] or '', f[7] or '', body}
    bytes = bytes + #(body or '')
    if bytes >= LONGEST then
      break
    end
  end
  return begun
end

-- refer(prefix, event, body, count) -- so many more deliveries refer to an event; the first of them brings its body.
--   <prefix>event:<key>        HASH  refs, body
local function refer(prefix, event, body, count)
  local key = prefix .. 'event:' .. event
  if redis.call('HINCRBY', key, 'refs', count) == count then
    redis.call('HSET', key, 'body', body)
  end
end

-- park(prefix, id, parked) -- the journal has a delivery that waits: it holds back no commit.
--   parked                     SET   gains the id
--   <prefix>delivery:<id>      HASH  read: u
--   <prefix>unsettled:<u>      ZSET  loses the id
local function park(prefix, id, parked)
  local u = redis.call('HGET', prefix .. 'delivery:' .. id, 'u')
  if u and u ~= '' then
    redis.call('ZREM', prefix .. 'unsettled:' .. u, id)
  end
  redis.call('SADD', parked, id)
end

-- leave(prefix, lane, id, waiting, parked, unparked) -> its event's key and body; nil where it has left before: a
-- connection that broke after a script ran makes the client run it again. What is remembered of it is the caller's.
--   waiting                    STRING  one less
--   parked, unparked           SET   the id goes from the one to the other: it has to leave the journal
--   <prefix>lane:<lane>        LIST  loses the id
--   <prefix>delivery:<id>      HASH  read: e, u
--   <prefix>unsettled:<u>      ZSET  loses the id
--   <prefix>event:<key>        HASH  refs; deleted with its last delivery
local function leave(prefix, lane, id, waiting, parked, unparked)
  if redis.call('LREM', prefix .. 'lane:' .. lane, 1, id) == 0 then
    return nil
  end
  local f = redis.call('HMGET', prefix .. 'delivery:' .. id, 'e', 'u')
  if f[2] and f[2] ~= '' then
    redis.call('ZREM', prefix .. 'unsettled:' .. f[2], id)
  end
  if redis.call('SREM', parked, id) == 1 then
    redis.call('SADD', unparked, id)
  end
  redis.call('DECR', waiting)
  local event = prefix .. 'event:' .. f[1]
  local body = redis.call('HGET', event, 'body')
  if redis.call('HINCRBY', event, 'refs', -1) <= 0 then
    redis.call('DEL', event)
  end
  return f[1], body
end

-- clock(given) -> milliseconds since the epoch: the caller's where given (tests), else the server's, so that all
-- processes go by one clock.
local function clock(given)
  if given ~= '' then
    return tonumber(given)
  end
  local t = redis.call('TIME')
  return tonumber(t[1]) * 1000 + math.floor(tonumber(t[2]) / 1000)
end

-- installation_of(destination) -> the key of the installation that serves it: kind and team, as `slack/T123`
local function installation_of(destination)
  return string.match(destination, '^[^/]*/[^/]*')
end

-- is_paused(paused, destination) -> whether the destination, or the whole installation that serves it, is paused.
local function is_paused(paused, destination)
  return redis.call('HEXISTS', paused, destination) == 1
    or redis.call('HEXISTS', paused, installation_of(destination)) == 1
end

-- expires(prefix, lane, age) -> when the first delivery of a lane is too old to wait any longer; nil where it is empty.
-- A lane of something paused is due then, so that a worker gives that delivery up.
local function expires(prefix, lane, age)
  local head = redis.call('LINDEX', prefix .. 'lane:' .. lane, 0)
  local appended = head and redis.call('HGET', prefix .. 'delivery:' .. head, 'a')
  return appended and tonumber(appended) + age + 1
end

-- Integers travel as text without an exponent.
local function int(number)
  return string.format('%.0f', number)
end

-- place_of(lane) -> the id of the destination to which the lane leads; it may have several
local function place_of(lane)
  return string.match(lane, '^[^#]*')
end

-- paced_until(prefix, lane) -> the time before which none of the destination's lanes may send; 0 where there is none
local function paced_until(prefix, lane)
  return tonumber(redis.call('GET', prefix .. 'pace:' .. place_of(lane)) or '0')
end

-- make_due(due, leased, prefix, lane, now) -> whether an idle lane became due: now, or when its destination's pace
-- allows. One that is held is left to its holder, one that is due already keeps its time.
local function make_due(due, leased, prefix, lane, now)
  if redis.call('ZSCORE', leased, lane) then
    return false
  end
  local at = math.max(now, paced_until(prefix, lane))
  return redis.call('ZADD', due, 'NX', int(at), lane) == 1
end
