-- A fragment put in front of the budgets' scripts; not a script of its own. It needs begin.lua's `clock` and `int`.
--
-- A budget is a virtual schedule (the generic cell rate algorithm, ITU-T I.371): `next` is when its next call would be
-- if all before it had come at the steady rate. Its rate is a share of the full one: what was learned from 429s.
--
-- budgets_of(learned, count, key, arg) -> list of {key, spent, field, most, interval, burst, gain, next, era, share}, from
-- KEYS[key…]: {budget, spent}…, ARGV[arg…]: {field, most, interval, burst, gain}…
--   budget   HASH with an expiry  next · era, grows with each 429: turns given before it are void · cool, until when
--   spent    LIST with an expiry  times of the last `most` calls, the latest first
--   learned  HASH  field, as T123/chat.postMessage → share of the full rate; nothing where that is all of it
local KEEP = 60000

-- ready_at(ready, spacing) -> when a channel takes another message: 0 where it does, or where the call is no message
--   ready    STRING with an expiry
local function ready_at(ready, spacing)
  return spacing > 0 and tonumber(redis.call('GET', ready) or '0') or 0
end

-- hold_channel(ready, now, until) -- a channel takes no message before `until`
local function hold_channel(ready, now, untill)
  if untill > now then
    redis.call('SET', ready, int(untill), 'PX', int(untill - now + KEEP))
  end
end

local function budgets_of(learned, count, key, arg)
  local budgets = {}
  for i = 1, count do
    local k, a = key + 2 * (i - 1), arg + 5 * (i - 1)
    local budget = {key = KEYS[k], spent = KEYS[k + 1], field = ARGV[a], most = tonumber(ARGV[a + 1])}
    local f = redis.call('HMGET', budget.key, 'next', 'era')
    budget.next, budget.era = tonumber(f[1] or '0'), f[2] or '0'
    budget.share = tonumber(redis.call('HGET', learned, budget.field) or '1')
    budget.interval = tonumber(ARGV[a + 2]) / budget.share
    -- where less is taken than we thought, nothing is taken at once
    budget.burst = budget.share < 1 and 1 or tonumber(ARGV[a + 3])
    budget.gain = tonumber(ARGV[a + 4])
    budgets[i] = budget
  end
  return budgets
end

-- The key lives while it tells something, and KEEP longer: until then turns of an era may be out.
local function write_next(budget, now, next)
  budget.next = next
  redis.call('HSET', budget.key, 'next', string.format('%.17g', next))
  redis.call('PEXPIRE', budget.key, int(math.max(next - now, 0) + KEEP))
end

-- slot(budget, now) -> when its next call may be; a sum of intervals since the epoch is exact to a thousandth, no more
local function slot(budget, now)
  return math.max(now, math.ceil(budget.next - (budget.burst - 1) * budget.interval - 0.01))
end

-- take(budget, now, at) -- the next call is at `at`
local function take(budget, now, at)
  write_next(budget, now, math.max(budget.next, at) + budget.interval)
end

-- full_until(budget, window) -> when the oldest of the last `most` calls leaves the window; 0 where there were fewer
local function full_until(budget, window)
  if redis.call('LLEN', budget.spent) < budget.most then
    return 0
  end
  return tonumber(redis.call('LINDEX', budget.spent, budget.most - 1)) + window
end

-- spend(budget, now, window) -- a call is made now
local function spend(budget, now, window)
  redis.call('LPUSH', budget.spent, int(now))
  redis.call('LTRIM', budget.spent, 0, budget.most - 1)
  redis.call('PEXPIRE', budget.spent, window)
end

-- regain(learned, budget) -- a call is let go: as long as nobody says no, the rate grows
local function regain(learned, budget)
  if budget.share + budget.gain >= 1 then
    redis.call('HDEL', learned, budget.field)
  else
    redis.call('HSET', learned, budget.field, string.format('%.17g', budget.share + budget.gain))
  end
end
