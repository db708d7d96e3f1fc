#!lua
-- What a topic keeps beyond an offset. Answers epoch, offset of the newest publication, and the messages.
-- KEYS  1 the topic's meta data: e(poch), o(ffset of its newest publication)   2 its stream
-- ARGV  1 offset  2 how many at most  3 an epoch, for a topic that has none  4 for how many ms the meta data is kept
local epoch = redis.call('HGET', KEYS[1], 'e')
if not epoch then
  epoch = ARGV[3]
  redis.call('DEL', KEYS[1], KEYS[2])
  redis.call('HSET', KEYS[1], 'e', epoch)
end
redis.call('PEXPIRE', KEYS[1], ARGV[4])
local messages = {}
if ARGV[2] ~= '0' then
  for i, entry in ipairs(redis.call('XRANGE', KEYS[2], '(' .. ARGV[1] .. '-0', '+', 'COUNT', ARGV[2])) do
    messages[i] = entry[2][2]
  end
end
return {epoch, redis.call('HGET', KEYS[1], 'o') or '0', messages}
