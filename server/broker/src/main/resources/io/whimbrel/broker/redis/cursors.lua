#!lua
-- Moves cursors forward, never back and never beyond the newest publication. What belongs to another epoch is left alone.
-- KEYS  the meta data of each topic: e(poch), o(ffset of its newest publication), c(ursor)
-- ARGV  epoch and offset for each of them
for i, key in ipairs(KEYS) do
  local meta = redis.call('HMGET', key, 'e', 'o', 'c')
  local offset = tonumber(ARGV[2 * i])
  if meta[1] == ARGV[2 * i - 1] and offset <= tonumber(meta[2] or '0') and offset > tonumber(meta[3] or '0') then
    redis.call('HSET', key, 'c', ARGV[2 * i])
  end
end
return {}
