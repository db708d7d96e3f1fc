#!lua
-- Keeps a publication and sends it to the nodes that are subscribed, in one step. Answers how many those are, offset and epoch.
-- KEYS  1 the topic's meta data: e(poch), o(ffset of its newest publication)   2 its stream
-- ARGV  1 channel  2 header  3 payload  4 how many publications are kept  5 and for how many ms
--       6 an epoch, for a topic that has none  7 for how many ms the meta data is kept
local epoch = redis.call('HGET', KEYS[1], 'e')
if not epoch then
  epoch = ARGV[6]
  redis.call('DEL', KEYS[1], KEYS[2])
  redis.call('HSET', KEYS[1], 'e', epoch)
end
local offset = string.format('%.0f', redis.call('HINCRBY', KEYS[1], 'o', 1))
redis.call('PEXPIRE', KEYS[1], ARGV[7])
local message = ARGV[2] .. ' ' .. offset .. ' ' .. epoch .. '\n' .. ARGV[3]
redis.call('XADD', KEYS[2], 'MAXLEN', ARGV[4], offset .. '-0', 'm', message)
redis.call('PEXPIRE', KEYS[2], ARGV[5])
return {redis.call('PUBLISH', ARGV[1], message), offset, epoch}
