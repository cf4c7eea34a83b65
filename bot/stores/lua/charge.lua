-- charge(now, spacing, window, count, {field, most, interval, burst, gain}…) -> {}
--
-- Counts a call that nobody asked for a turn for: those who ask get theirs the later.
--
--   KEYS[1] ready    see budget.lua, as for the others:
--   KEYS[2] learned
--   KEYS[3…]         {budget, spent}…
local now = clock(ARGV[1])
local spacing, window, count = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
for _, budget in ipairs(budgets_of(KEYS[2], count, 3, 5)) do
  take(budget, now, now)
  spend(budget, now, window)
end
hold_channel(KEYS[1], now, math.max(ready_at(KEYS[1], spacing), now) + spacing)
return {}
