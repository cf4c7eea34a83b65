-- enter(field, offset, force) -> the watermark that holds
--
-- Takes up a partition: from here on it is read from its watermark without a gap. One that is there is left alone, or,
-- with `force` 1, replaced: the topic was recreated, or its records up to `offset` are gone.
--
--   KEYS[1] watermarks  HASH  <field> -> next offset to read
local field, offset, force = ARGV[1], ARGV[2], ARGV[3]
if force == '1' then
  redis.call('HSET', KEYS[1], field, offset)
else
  redis.call('HSETNX', KEYS[1], field, offset)
end
return redis.call('HGET', KEYS[1], field)
