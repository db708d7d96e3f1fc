#!lua
-- Writes down hops of publications, up to a number of each.
-- KEYS  the trace of each publication
-- ARGV  1 for how many ms traces are kept  2 how many hops of each  and for each publication: topic, sender's address, offset and
--       epoch, where they are known and else empty, how many hops, and these
local most = tonumber(ARGV[2])
local at = 3
for _, key in ipairs(KEYS) do
  redis.call('HSET', key, 'topic', ARGV[at])
  if ARGV[at + 1] ~= '' then redis.call('HSET', key, 'from', ARGV[at + 1]) end
  if ARGV[at + 3] ~= '' then redis.call('HSET', key, 'offset', ARGV[at + 2], 'epoch', ARGV[at + 3]) end
  local hops = tonumber(ARGV[at + 4])
  local before = redis.call('HINCRBY', key, 'hops', hops) - hops
  for i = 1, math.min(hops, most - before) do
    redis.call('HSET', key, before + i, ARGV[at + 4 + i])
  end
  redis.call('PEXPIRE', key, ARGV[1])
  at = at + 5 + hops
end
return {}
