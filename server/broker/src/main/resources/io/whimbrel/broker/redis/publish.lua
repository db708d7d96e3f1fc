#!lua
-- Keeps a publication, where its topic is kept, and sends it to the nodes that are subscribed, in one step. Answers how many
-- those are and, where it was kept, offset and epoch. Where an idempotency key was used before, does nothing of this and answers
-- what was remembered then: <digest of the payload> <id> <nodes>[ <offset> <epoch>]
-- KEYS  1 the topic's meta data: e(poch), o(ffset of its newest publication), t(erm), p(revious epochs)   2 its stream
--       3 what is remembered of an idempotency key, if it has one
-- ARGV  1 channel  2 header  3 payload  4 how many publications are kept, 0 for none  5 and for how many ms
--       6 an epoch, for a topic that begins one  7 for how many ms the meta data is kept  8 this Redis' term
--       with an idempotency key: 9 what to remember: digest and id  10 and for how many ms
if KEYS[3] then
  local first = redis.call('GET', KEYS[3])
  if first then
    redis.call('SET', KEYS[3], first, 'KEEPTTL') -- a write, so that who waits for replicas waits for all before it
    return {first}
  end
end
local message, offset, epoch
if ARGV[4] == '0' then
  message = ARGV[2] .. '\n' .. ARGV[3]
else
  epoch = epoch_of(KEYS[1], KEYS[2], ARGV[8], ARGV[6])
  offset = string.format('%.0f', redis.call('HINCRBY', KEYS[1], 'o', 1))
  message = ARGV[2] .. ' ' .. offset .. ' ' .. epoch .. '\n' .. ARGV[3]
  redis.call('XADD', KEYS[2], 'MAXLEN', ARGV[4], offset .. '-0', 'm', message)
  -- A time is set anew only where it has become too short, and then to 1 % more: each change is written to Redis' file.
  if redis.call('PTTL', KEYS[2]) < tonumber(ARGV[5]) then
    redis.call('PEXPIRE', KEYS[2], string.format('%.0f', ARGV[5] * 1.01))
    redis.call('PEXPIRE', KEYS[1], string.format('%.0f', ARGV[7] * 1.01))
  end
end
local nodes = redis.call('PUBLISH', ARGV[1], message)
if KEYS[3] then
  local position = offset and ' ' .. offset .. ' ' .. epoch or ''
  redis.call('SET', KEYS[3], ARGV[9] .. ' ' .. nodes .. position, 'PX', ARGV[10])
end
return {nodes, offset, epoch}
