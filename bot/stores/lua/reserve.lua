-- reserve(now, holder, patience, spacing, grace, window, count, {field, most, interval, burst, gain}…)
--   -> {'go'} | {'later', until} | {'beyond', until}
--
-- A channel's callers stand in line, in the order in which they began to ask. The first, once the channel is ready for
-- another message, takes a turn of the first budget; when its time has come, of the second; and when all have come, it
-- goes. So a channel has one turn at a time in a workspace's queue, however many callers: that shares the budget fairly.
-- And nothing is taken from a budget for a call that something else will hold up.
--
-- A caller is told when to ask again. Who does not come within `grace` loses the place in line, and the turn that was
-- its channel's is the next one's. A turn that comes late is still good: `spent` keeps any minute from having too many.
--
-- With a `patience` (else '') nothing is taken, and no place in line, if the wait is longer.
--
--   KEYS[1] line     HASH with an expiry: one channel's, for one method
--                      last   the last number given out
--                      w:<holder>  "<number> <told>": its number in line, when it was told to ask again
--                      stage, at, field, era   the turn: of which budget, when, and what must still hold
--   KEYS[2] ready    see budget.lua, as for the others:
--   KEYS[3] learned
--   KEYS[4…]         {budget, spent}…
local now = clock(ARGV[1])
local holder, patience, spacing = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local grace, window, count = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local line, learned = KEYS[1], KEYS[3]
local ready, budgets = ready_at(KEYS[2], spacing), budgets_of(learned, count, 4, 8)

local state, waiting, flat = {}, {}, redis.call('HGETALL', line)
for i = 1, #flat, 2 do
  local who = string.match(flat[i], '^w:(.*)$')
  if who then
    local number, told = string.match(flat[i + 1], '^(%d+) (%d+)$')
    if who ~= holder and tonumber(told) + grace < now then
      redis.call('HDEL', line, flat[i])
    else
      waiting[who] = tonumber(number)
    end
  else
    state[flat[i]] = flat[i + 1]
  end
end
local last = tonumber(state.last or '0')
local number, ahead = waiting[holder] or last + 1, 0
for _, other in pairs(waiting) do
  ahead = ahead + (other < number and 1 or 0)
end

local function later(at)
  if patience and at - now > patience then
    redis.call('HDEL', line, 'w:' .. holder)
    return {'beyond', int(at)}
  end
  redis.call('HSET', line, 'w:' .. holder, int(number) .. ' ' .. int(at), 'last', int(math.max(last, number)))
  redis.call('PEXPIRE', line, int(math.max(redis.call('PTTL', line), at - now + KEEP)))
  return {'later', int(at)}
end

local stage, at = tonumber(state.stage or '0'), tonumber(state.at or '0')
if ahead > 0 then
  return later(math.max(now, ready, at) + ahead * math.max(spacing, math.ceil(budgets[1].interval)))
end
if ready > now then
  return later(ready)
end
if stage > 0 and (not budgets[stage] or budgets[stage].field ~= state.field or budgets[stage].era ~= state.era) then
  stage = 0
end
while stage == 0 or (stage < count and at <= now) do
  local budget = budgets[stage + 1]
  at = slot(budget, now)
  if patience and at - now > patience then
    return later(at)
  end
  take(budget, now, at)
  stage = stage + 1
  redis.call('HSET', line, 'stage', stage, 'at', int(at), 'field', budget.field, 'era', budget.era)
end
for _, budget in ipairs(budgets) do
  at = math.max(at, full_until(budget, window))
end
if at > now then
  return later(at)
end
for _, budget in ipairs(budgets) do
  spend(budget, now, window)
  regain(learned, budget)
end
hold_channel(KEYS[2], now, now + spacing)
redis.call('HDEL', line, 'w:' .. holder, 'stage', 'at', 'field', 'era')
return {'go'}
