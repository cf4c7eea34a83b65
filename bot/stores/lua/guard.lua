-- A fragment put in front of every script; not a script of its own.
--
-- KEYS[#KEYS]  epoch  STRING  must equal ARGV[#ARGV], the epoch that the caller knows, where that isn't ''. Another
--                             one, or none, means that this Redis was wiped, or restarted and taken up by someone
--                             else: what the caller believes about its state no longer holds, and nothing is done.
if ARGV[#ARGV] ~= '' and redis.call('GET', KEYS[#KEYS]) ~= ARGV[#ARGV] then
  return redis.error_reply('EPOCH the state of this Redis is not the one that the caller knows')
end
