-- cool(now, after, cut, floor, field, most, interval, burst, gain) -> {}
--
-- A far side said no to a method in a workspace: turns that were given are void, the next one is in `after`
-- milliseconds, and the rate is cut, once for all the calls that were under way.
--
--   KEYS[1] learned  see budget.lua, as for the others:
--   KEYS[2] budget
--   KEYS[3] spent
local now = clock(ARGV[1])
local after, cut, floor = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local budget = budgets_of(KEYS[1], 1, 2, 5)[1]
local cool = tonumber(redis.call('HGET', budget.key, 'cool') or '0')
if cool <= now then
  redis.call('HSET', KEYS[1], budget.field, string.format('%.17g', math.max(floor, budget.share * cut)))
end
if now + after > cool then
  redis.call('HINCRBY', budget.key, 'era', 1)
  redis.call('HSET', budget.key, 'cool', int(now + after))
  write_next(budget, now, now + after)
end
return {}
