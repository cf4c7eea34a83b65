-- halt(prefix, place, why, over) -> 1 if it was not paused before, else 0
--
-- Pauses a destination without an attempt: what is known of it says enough. With `over` '1' a reason that is there
-- makes way. Lanes need no touch: one that is due and paused is put off until its head expires (lease.lua), one that is
-- held is given back so (settle.lua).
--
--   KEYS[1] paused  HASH  destination id, or installation → reason
local place, why, over = ARGV[2], ARGV[3], ARGV[4] == '1'
local fresh = redis.call('HEXISTS', KEYS[1], place) == 0
if fresh or over then
  redis.call('HSET', KEYS[1], place, why)
end
return fresh and 1 or 0
