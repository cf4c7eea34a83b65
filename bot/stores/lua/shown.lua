-- shown(idle, prefix, lane, list, channel, ts, told, over) -> 1, or 0 where the lane has another summary by now
--
-- Notes that a summary's card tells the first `told` deliveries of its list that are inside, and which message it is. With `over`
-- (1) it has said everything: what comes next is not taken into it.
--
--   <prefix>summary:<lane>      HASH  list; channel and ts are set; deleted when it is over
--   <prefix>list:<list>         HASH  channel and told are set, if it is still kept
local idle, prefix, lane, list = tonumber(ARGV[1]), ARGV[2], ARGV[3], ARGV[4]
local key = prefix .. 'list:' .. list
if redis.call('EXISTS', key) == 1 then
  local told = math.max(tonumber(ARGV[7]), tonumber(redis.call('HGET', key, 'told') or '0'))
  redis.call('HSET', key, 'channel', ARGV[5], 'ts', ARGV[6], 'told', string.format("%.0f", told))
end
local summary = prefix .. 'summary:' .. lane
if redis.call('HGET', summary, 'list') ~= list then
  return 0
end
if ARGV[8] == '1' then
  redis.call('DEL', summary)
else
  redis.call('HSET', summary, 'channel', ARGV[5], 'ts', ARGV[6])
  redis.call('PEXPIRE', summary, idle)
end
return 1
