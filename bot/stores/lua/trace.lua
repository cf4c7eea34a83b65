-- trace(now, prefix, id…) -> {{} or {memory} or {'waiting', appended, due, history}…}
--
-- What is known of deliveries: nothing; how one that is settled ended (see settle.lua); of one that waits since when,
-- when its lane may next send (now, where a worker has it), and what came of its attempts.
--
--   KEYS[1] due            ZSET  lane → time
--   <prefix>delivery:<id>  HASH where it waits, STRING where it is settled
local now, prefix, found = clock(ARGV[1]), ARGV[2], {}
for i = 3, #ARGV - 1 do  -- the last is the guard's
  local key = prefix .. 'delivery:' .. ARGV[i]
  local kind = redis.call('TYPE', key).ok
  if kind == 'hash' then
    local f = redis.call('HMGET', key, 'a', 'h', 'l')
    found[#found + 1] = {'waiting', f[1], redis.call('ZSCORE', KEYS[1], f[3]) or int(now), f[2] or ''}
  elseif kind == 'string' then
    found[#found + 1] = {redis.call('GET', key)}
  else
    found[#found + 1] = {}
  end
end
return found
