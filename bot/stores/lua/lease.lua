-- lease(now, ttl, lanes, prefix, worker, age, kinds, {kind, run, long, crowd, looks, alone}…, others, rooms,
--       {destination id, room}…)
--   -> {expired, {lane, token, until, destination JSON, begun…, waiting, window}…}
--
-- Takes up to `lanes` lanes that are due, each with up to `run` deliveries of its kind begun at the head, or `long`: see
-- begin.lua, as for `waiting` and `window`.
-- `expired` counts the leases that ran out and whose lanes were taken back.
--
-- After Redis forgot what is begun, attempts from before may still be on their way: of the kinds that `look` (1) for
-- what is in doubt, a lane with a delivery in doubt at its head waits until they have ended.
--
-- A destination has a pace, and of the kinds that send `alone` (1) one lane of it is held at a time: so however many
-- lanes lead to it, they keep to it together. Those that wait for their turn get it in the order in which they began to
-- wait.
--
-- Of one destination no more lanes are taken than it has room for, `others` where nothing is said. Lanes of a
-- destination without any room, or whose turn another lane has, are put off to the next full 50 milliseconds: so they
-- leave the front of `due`, where they would hide others, and come back together, which wakes nobody more often than
-- that.
--
--   KEYS[1] due           ZSET  lane → time; leased lanes leave it
--   KEYS[2] leased        ZSET  lane → expiry; leased lanes enter it, expired ones leave it
--   KEYS[3] fence         STRING  last fencing token
--   KEYS[4] paused        HASH  destination id, or installation → reason; its lanes wait until their heads expire
--   KEYS[5] destinations  HASH  destination id → JSON
--   KEYS[6] cool          HASH  scope → time; a lane in a cool scope is put off until then
--   KEYS[7] pulse         STRING  set to now: the last time at which this Redis knew what is begun
--   KEYS[8] quiet         STRING  the time at which they have ended
--   KEYS[9] holders       HASH  destination id → the lane whose turn it is, if that is leased; of kinds that send alone
--   <prefix>pace:<destination>  STRING  time before which its lanes may not send
--   <prefix>line:<destination>  ZSET  lane → since when it waits for its turn; each is in `due`, at whatever time
--   <prefix>lease:<lane>  HASH  token, worker
--   <prefix>lane:<lane>   LIST, <prefix>delivery:<id> HASH, <prefix>event:<key> HASH: see begin.lua
local now = clock(ARGV[1])
local ttl, lanes, prefix, worker = tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4], ARGV[5]
local age = tonumber(ARGV[6])
local runs, looks_for, alone = {}, {}, {}
for i = 1, tonumber(ARGV[7]) do
  local kind = ARGV[2 + 6 * i]
  runs[kind] = {tonumber(ARGV[3 + 6 * i]), tonumber(ARGV[4 + 6 * i]), tonumber(ARGV[5 + 6 * i])}
  looks_for[kind], alone[kind] = ARGV[6 + 6 * i] == '1', ARGV[7 + 6 * i] == '1'
end
local at = 9 + 6 * tonumber(ARGV[7])
local others, rooms = tonumber(ARGV[at - 1]), {}
for i = 1, tonumber(ARGV[at]) do
  rooms[ARGV[at - 1 + 2 * i]] = tonumber(ARGV[at + 2 * i])
end
-- A call may look at so many lanes that it does not take: a bound for the time that Redis is kept from others.
local looks = 2 * lanes + 1000
local put_off = math.floor(now / 50 + 1) * 50

redis.call('SET', KEYS[7], int(now))
local expired = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', int(now), 'LIMIT', 0, lanes)
for _, lane in ipairs(expired) do
  redis.call('ZREM', KEYS[2], lane)
  redis.call('DEL', prefix .. 'lease:' .. lane)
  redis.call('ZADD', KEYS[1], int(now), lane)
end

local function cool_until(destination)
  local latest = 0
  for _, scope in ipairs({destination, installation_of(destination)}) do
    local untill = tonumber(redis.call('HGET', KEYS[6], scope) or '0')
    if untill > 0 and untill <= now then
      redis.call('HDEL', KEYS[6], scope)
    elseif untill > latest then
      latest = untill
    end
  end
  return latest
end

local quiet
local function may_be_on_its_way(lane)
  quiet = quiet or tonumber(redis.call('GET', KEYS[8]) or '0')
  if now >= quiet or not looks_for[string.match(lane, '^[^/]*')] then
    return false
  end
  local head = redis.call('LINDEX', prefix .. 'lane:' .. lane, 0)
  local f = head and redis.call('HMGET', prefix .. 'delivery:' .. head, 'b', 'q') or {}
  return f[1] or f[2]
end

local function is_others_turn(destination)
  local holder = alone[string.match(destination, '^[^/]*')] and redis.call('HGET', KEYS[9], destination)
  return holder and redis.call('ZSCORE', KEYS[2], holder)
end

local function line_up(destination, lane)
  if alone[string.match(lane, '^[^/]*')] then
    redis.call('ZADD', prefix .. 'line:' .. destination, 'NX', int(now), lane)
  end
end

local function leave_line(destination, lane)
  if alone[string.match(lane, '^[^/]*')] then
    redis.call('ZREM', prefix .. 'line:' .. destination, lane)
  end
end

-- The lane whose turn it is, of a destination that nothing stands in the way of: `lane`, or one that has waited longer.
local function next_in_line(destination, lane)
  while alone[string.match(lane, '^[^/]*')] do
    local first = redis.call('ZRANGE', prefix .. 'line:' .. destination, 0, 0)[1]
    if not first or first == lane then
      return lane
    elseif redis.call('ZSCORE', KEYS[1], first) and not may_be_on_its_way(first) then
      return first
    end
    leave_line(destination, first)
  end
  return lane
end

local taken, had = {#expired}, {}
local function take(lane, destination, run)
  had[lane] = true
  redis.call('ZREM', KEYS[1], lane)
  local begun = begin(prefix, lane, run_of(prefix, lane, unpack(run)), int(now))
  if #begun > 0 then
    local token = redis.call('INCR', KEYS[3])
    redis.call('ZADD', KEYS[2], int(now + ttl), lane)
    redis.call('HSET', prefix .. 'lease:' .. lane, 'token', token, 'worker', worker)
    if alone[string.match(lane, '^[^/]*')] then
      redis.call('HSET', KEYS[9], destination, lane)
    end
    local waiting, window = backlog(prefix, lane)
    taken[#taken + 1] = {lane, token, int(now + ttl), redis.call('HGET', KEYS[5], destination), begun, waiting, window}
  end
end

-- Lanes left in their places, for other workers or for the next call, are stepped over.
local left, used = 0, {}
while #taken <= lanes and looks > 0 do
  local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', int(now), 'LIMIT', left, math.min(2 * lanes, looks))
  for _, lane in ipairs(due) do
    local destination = place_of(lane)
    local run = runs[string.match(lane, '^[^/]*')]
    local room, taking = rooms[destination] or others, used[destination] or 0
    if #taken > lanes then
      break
    elseif had[lane] then -- already, as it was next in line
    elseif run == nil then
      left = left + 1
    elseif room < 1 then -- before all that costs more: of a destination that hangs there may be many
      redis.call('ZADD', KEYS[1], int(put_off), lane)
    elseif taking >= room then
      left = left + 1
    elseif is_others_turn(destination) then
      redis.call('ZADD', KEYS[1], int(put_off), lane)
      line_up(destination, lane)
    else
      local pace = paced_until(prefix, lane)
      local wait, turn = math.max(cool_until(destination), pace), lane
      if is_paused(KEYS[4], destination) then
        wait = expires(prefix, lane, age) or now
      elseif may_be_on_its_way(lane) then
        wait = math.max(wait, quiet)
      elseif wait <= now then
        turn = next_in_line(destination, lane)
      end
      if wait > now then
        redis.call('ZADD', KEYS[1], int(wait), lane)
        if wait == pace then
          line_up(destination, lane)
        else
          leave_line(destination, lane)
        end
      else
        if turn ~= lane then
          redis.call('ZADD', KEYS[1], int(put_off), lane)
          line_up(destination, lane)
        end
        leave_line(destination, turn)
        used[destination] = taking + 1
        take(turn, destination, run)
      end
    end
  end
  looks = looks - #due
  if #due == 0 then
    break
  end
end
return taken
