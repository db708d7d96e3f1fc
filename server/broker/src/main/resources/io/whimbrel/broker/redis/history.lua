#!lua
-- What a topic keeps beyond an offset. Answers epoch, offset of the newest publication, that offset, the messages,
-- and of earlier epochs, the last first: name, last offset, and 1 where nothing accepted can be missing behind it, else 0.
-- KEYS  1 the topic's meta data: e(poch), o(ffset of its newest publication), c(ursor), t(erm), p(revious epochs)   2 its stream
-- ARGV  1 offset, - for the cursor's or + for the one before the newest  2 how many at most  3 an epoch, for a topic that begins one
--       4 for how many ms the meta data is kept  5 this Redis' term
local epoch = epoch_of(KEYS[1], KEYS[2], ARGV[5], ARGV[3])
local meta = redis.call('HMGET', KEYS[1], 'o', 'c', 'p')
-- Set anew only where it has become too short: each change is written to Redis' file.
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[4]) then
  redis.call('PEXPIRE', KEYS[1], string.format('%.0f', ARGV[4] * 1.01))
end
local top = meta[1] or '0'
local after = ARGV[1]
if after == '-' then after = meta[2] or '0' end
if after == '+' then after = string.format('%.0f', math.max(0, tonumber(top) - 1)) end
local messages = {}
if ARGV[2] ~= '0' and after ~= top then
  for i, entry in ipairs(redis.call('XRANGE', KEYS[2], '(' .. after .. '-0', '+', 'COUNT', ARGV[2])) do
    messages[i] = entry[2][2]
  end
end
return {epoch, top, after, messages, meta[3] or ''}
