#!lua
-- Keeps a notice until its end and tells the nodes that hear of its kind. Answers 1, or 0 where too many are in force: then
-- nothing was done.
-- KEYS  1 a hash: end and text of each, by what it is about   2 a sorted set of what they are about, by their end
-- ARGV  1 channel  2 what it is about  3 its end, in ms since 1970  4 text  5 how many may be in force
--       6 how many that have ended are removed at most
local time = redis.call('TIME')
local now = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
local ended = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now, 'LIMIT', 0, ARGV[6])
if #ended > 0 then
  redis.call('HDEL', KEYS[1], unpack(ended))
  redis.call('ZREM', KEYS[2], unpack(ended))
end
if redis.call('ZCARD', KEYS[2]) >= tonumber(ARGV[5]) and not redis.call('ZSCORE', KEYS[2], ARGV[2]) then
  return {0}
end
redis.call('HSET', KEYS[1], ARGV[2], ARGV[3] .. ' ' .. ARGV[4])
redis.call('ZADD', KEYS[2], ARGV[3], ARGV[2])
local last = string.format('%.0f', redis.call('ZRANGE', KEYS[2], -1, -1, 'WITHSCORES')[2])
redis.call('PEXPIREAT', KEYS[1], last)
redis.call('PEXPIREAT', KEYS[2], last)
redis.call('PUBLISH', ARGV[1], ARGV[2] .. ' ' .. ARGV[3] .. ' ' .. ARGV[4])
return {1}
