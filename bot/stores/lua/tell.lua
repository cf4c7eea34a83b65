-- tell(now, idle, longest, keep, prefix, lane, window, list, place, rows, {delivery id, status, aside, row JSON}…)
--   -> {list, channel, ts, since, told, {status, count…}, {row JSON…}, {delivery id…}}
--
-- Takes deliveries into the summary of a lane, each once however often it is told, and answers what its card says: the
-- number of each status; and of those that the card itself tells, not a message beside it (`aside` 1), how many there are
-- (`told`), the newest rows and the newest ids. Where no summary of that window lives, or it was begun `longest`
-- milliseconds ago, `list` becomes the name of a new one.
--
--   <prefix>summary:<lane>      HASH  list, window, channel, ts; forgotten `idle` milliseconds after it was told of last
--   <prefix>list:<list>         HASH  place, channel, since, last, told: how many of `inside` were surely shown, and
--                                     c:<status> how many; this and the next three are kept `keep` milliseconds
--   <prefix>list:<list>:rows    HASH  delivery id → row, as JSON
--   <prefix>list:<list>:order   ZSET  delivery id → its number in the order of telling
--   <prefix>list:<list>:inside  ZSET  the same of those that the card tells, numbered by themselves
local now = clock(ARGV[1])
local idle, longest, keep = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local prefix, lane, window = ARGV[5], ARGV[6], ARGV[7]
local summary = prefix .. 'summary:' .. lane
local found = redis.call('HMGET', summary, 'list', 'window', 'channel', 'ts')
local list = found[2] == window and found[1]
local since = list and tonumber(redis.call('HGET', prefix .. 'list:' .. list, 'since') or '0')
if not list or since + longest <= now then
  list, found = ARGV[8], {}
  redis.call('DEL', summary)
  redis.call('HSET', summary, 'list', list, 'window', window)
  redis.call('HSET', prefix .. 'list:' .. list, 'place', ARGV[9], 'since', int(now), 'told', 0)
end
redis.call('PEXPIRE', summary, idle)

local key = prefix .. 'list:' .. list
local rows, order, inside = key .. ':rows', key .. ':order', key .. ':inside'
local number, told = redis.call('ZCARD', order), redis.call('ZCARD', inside)
for i = 0, tonumber(ARGV[10]) - 1 do
  local id, status, aside, row = ARGV[11 + 4 * i], ARGV[12 + 4 * i], ARGV[13 + 4 * i], ARGV[14 + 4 * i]
  if redis.call('HSETNX', rows, id, row) == 1 then
    redis.call('ZADD', order, number, id)
    redis.call('HINCRBY', key, 'c:' .. status, 1)
    number = number + 1
    if aside ~= '1' then
      redis.call('ZADD', inside, told, id)
      told = told + 1
    end
  end
end
redis.call('HSET', key, 'last', int(now))
for _, each in ipairs({key, rows, order, inside}) do
  redis.call('PEXPIRE', each, keep)
end

local counts, fields = {}, redis.call('HGETALL', key)
for i = 1, #fields, 2 do
  local status = string.match(fields[i], '^c:(.*)$')
  if status then
    counts[#counts + 1] = status
    counts[#counts + 1] = tonumber(fields[i + 1])
  end
end
local newest = {}
for _, id in ipairs(redis.call('ZREVRANGE', inside, 0, 4)) do
  newest[#newest + 1] = redis.call('HGET', rows, id)
end
return {
  list, found[3] or '', found[4] or '', redis.call('HGET', key, 'since'), told, counts, newest,
  redis.call('ZREVRANGE', inside, 0, 249),
}
