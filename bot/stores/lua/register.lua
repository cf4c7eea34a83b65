-- register(name, id, value[, former]) -> 1 where it was changed, else 0
--
-- Keeps a value and moves the version, all or nothing. '' is no value: as `value` it removes what is there, as `former`
-- it says that nothing is. Without `former` it does not matter what is there; with another one there nothing changes.
--
--   KEYS[1] registry:<kind>      HASH    id → value
--   KEYS[2] registry-version     STRING  moved by one, if anything changed
--   KEYS[3] registry-unwritten   HASH    name (kind/id) → the version that the journal has not seen yet
--   ARGV[#ARGV]                  the epoch, see guard.lua
local name, id, value = ARGV[1], ARGV[2], ARGV[3]
local there = redis.call('HGET', KEYS[1], id)
if #ARGV == 5 and ARGV[4] ~= (there or '') then
  return 0
end
if value ~= '' then
  redis.call('HSET', KEYS[1], id, value)
elseif there then
  redis.call('HDEL', KEYS[1], id)
else
  return #ARGV == 5 and 1 or 0
end
redis.call('HSET', KEYS[3], name, redis.call('INCR', KEYS[2]))
return 1
