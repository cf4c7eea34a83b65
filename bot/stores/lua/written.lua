-- written(id, version) -> 1 where the journal now holds what the thing is, 0 where it was changed meanwhile
--
--   KEYS[1] …unwritten  HASH  loses the id, if its version is the one written
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then
  return 0
end
return redis.call('HDEL', KEYS[1], ARGV[1])
