-- release(token) -> 1 where the lock was the token's, else 0
--
--   KEYS[1] the lock  STRING  goes, if it holds the token
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return 0
end
return redis.call('DEL', KEYS[1])
