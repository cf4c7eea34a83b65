-- park(prefix, id…) -> {id…}: those that wait no longer
--
-- Takes note that deliveries are in the journal: they no longer hold back what is committed to Kafka.
--
--   KEYS[1] parked                        SET   gains the ids that still wait
--   <prefix>delivery:<id>                 HASH  read: u
--   <prefix>unsettled:<topic>/<partition> ZSET  loses them
local prefix, gone = ARGV[1], {}
for i = 2, #ARGV - 1 do
  local id = ARGV[i]
  if redis.call('TYPE', prefix .. 'delivery:' .. id).ok == 'hash' then
    park(prefix, id, KEYS[1])
  else
    gone[#gone + 1] = id
  end
end
return gone
