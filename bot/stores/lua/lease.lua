-- lease(now, ttl, lanes, prefix, worker, kinds, {kind, run}…)
--   -> {expired, {lane, token, until, destination JSON, begun…}…}
--
-- Takes up to `lanes` lanes that are due, each with up to `run` deliveries of its kind begun at the head.
-- `expired` counts the leases that ran out and whose lanes were taken back.
--
--   KEYS[1] due           ZSET  lane → time; leased lanes leave it
--   KEYS[2] leased        ZSET  lane → expiry; leased lanes enter it, expired ones leave it
--   KEYS[3] fence         STRING  last fencing token
--   KEYS[4] paused        HASH  destination id → reason; lanes of a paused destination leave `due` until resumed
--   KEYS[5] destinations  HASH  destination id → JSON
--   KEYS[6] cool          HASH  scope → time; a lane in a cool scope is put off until then
--   KEYS[7] pulse         STRING  set to now: the last time at which this Redis knew what is begun
--   <prefix>lease:<lane>  HASH  token, worker
--   <prefix>lane:<lane>   LIST, <prefix>delivery:<id> HASH, <prefix>event:<key> HASH: see begin.lua
local now = clock(ARGV[1])
local ttl, lanes, prefix, worker = tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4], ARGV[5]
local runs = {}
for i = 1, tonumber(ARGV[6]) do
  runs[ARGV[5 + 2 * i]] = tonumber(ARGV[6 + 2 * i])
end

redis.call('SET', KEYS[7], int(now))
local expired = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', int(now), 'LIMIT', 0, lanes)
for _, lane in ipairs(expired) do
  redis.call('ZREM', KEYS[2], lane)
  redis.call('DEL', prefix .. 'lease:' .. lane)
  redis.call('ZADD', KEYS[1], int(now), lane)
end

local function cool_until(destination)
  local latest = 0
  for _, scope in ipairs({destination, string.match(destination, '^[^/]*/[^/]*')}) do
    local untill = tonumber(redis.call('HGET', KEYS[6], scope) or '0')
    if untill > 0 and untill <= now then
      redis.call('HDEL', KEYS[6], scope)
    elseif untill > latest then
      latest = untill
    end
  end
  return latest
end

local taken = {#expired}
-- Lanes that are put off leave the front of `due`, so that looking twice as far finds the others.
for _, lane in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', int(now), 'LIMIT', 0, 2 * lanes)) do
  if #taken > lanes then
    break
  end
  local destination = string.match(lane, '^[^#]*')
  local run = runs[string.match(lane, '^[^/]*')]
  local wait = cool_until(destination)
  if run == nil then
    -- a kind that this worker does not serve: left for others
  elseif redis.call('HEXISTS', KEYS[4], destination) == 1 then
    redis.call('ZREM', KEYS[1], lane)
  elseif wait > now then
    redis.call('ZADD', KEYS[1], int(wait), lane)
  else
    redis.call('ZREM', KEYS[1], lane)
    local begun = begin(prefix, lane, run, int(now))
    if #begun > 0 then
      local token = redis.call('INCR', KEYS[3])
      redis.call('ZADD', KEYS[2], int(now + ttl), lane)
      redis.call('HSET', prefix .. 'lease:' .. lane, 'token', token, 'worker', worker)
      taken[#taken + 1] = {lane, token, int(now + ttl), redis.call('HGET', KEYS[5], destination), begun}
    end
  end
end
return taken
