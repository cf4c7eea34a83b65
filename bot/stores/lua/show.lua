-- show(now, prefix, installation, {delivery id}…) -> {shown, known, gone}
--
-- Puts deliveries that were asked about back into their lanes, last in line; each once, however often it is called.
-- `known` counts those that are in their lane already or have been delivered, `gone` those of which nothing is kept, or
-- which are another installation's.
--
--   KEYS[1] due           ZSET  lane → time; lanes that wake up are entered
--   KEYS[2] leased        ZSET  lane → expiry; a held lane is left to its holder
--   KEYS[3] waiting       STRING  number of deliveries in the outbox
--   KEYS[4] wake          channel
--   <prefix>asked:<id>    HASH  lane, e event key, g progress, body; deleted
--   <prefix>delivery:<id> STRING becomes a HASH, as append.lua writes it
--   <prefix>event:<key>   HASH  body, refs
--   <prefix>lane:<lane>   LIST  delivery ids
--   <prefix>pace:<destination> STRING  time before which its lanes may not send
local now = clock(ARGV[1])
local prefix, installation = ARGV[2], ARGV[3]
local shown, known, gone = 0, 0, 0

local function enter(id, lane, event, progress, body)
  redis.call('DEL', prefix .. 'delivery:' .. id)
  redis.call('HSET', prefix .. 'delivery:' .. id, 'e', event, 'a', int(now), 'u', '', 'l', lane)
  if progress and progress ~= '' then
    redis.call('HSET', prefix .. 'delivery:' .. id, 'g', progress)
  end
  refer(prefix, event, body, 1)
  redis.call('RPUSH', prefix .. 'lane:' .. lane, id)
  redis.call('INCR', KEYS[3])
  make_due(KEYS[1], KEYS[2], prefix, lane, now)
end

for i = 4, #ARGV - 1 do  -- the last is the guard's
  local id = ARGV[i]
  local asked = prefix .. 'asked:' .. id
  local f = redis.call('HMGET', asked, 'lane', 'e', 'g', 'body')
  local ours = f[1] and installation_of(f[1]) == installation
  local waits = redis.call('TYPE', prefix .. 'delivery:' .. id).ok == 'hash'
  if waits or string.sub(redis.call('GET', prefix .. 'delivery:' .. id) or '', 1, 4) == 'done' then
    -- made anew from a producer's retry meanwhile, or clicked before
    redis.call('DEL', asked)
    known = known + 1
  elseif ours then
    redis.call('DEL', asked)
    enter(id, f[1], f[2], f[3], f[4])
    shown = shown + 1
  else
    gone = gone + 1
  end
end
if shown > 0 then
  redis.call('PUBLISH', KEYS[4], '')
end
return {shown, known, gone}
