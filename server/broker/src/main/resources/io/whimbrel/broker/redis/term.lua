#!lua
-- Notes which run of Redis this is, for all nodes that use it. Answers the doubt: another one for each run before which something that
-- was accepted may have been lost.
-- KEYS  1 a hash: r(un) and d(oubt)
-- ARGV  1 the run  2 whether data may be missing that an earlier run had: 1 or 0  3 for how many ms this is kept
local known = redis.call('HMGET', KEYS[1], 'r', 'd')
local doubt = known[2]
if known[1] ~= ARGV[1] then
  if not doubt or ARGV[2] == '1' then doubt = ARGV[1] end
  redis.call('HSET', KEYS[1], 'r', ARGV[1], 'd', doubt)
end
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return {doubt}
