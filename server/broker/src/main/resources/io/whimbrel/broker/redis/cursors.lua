#!lua
-- Moves cursors forward, never back and never beyond the newest publication. What belongs to an epoch that is not known is left alone.
-- KEYS  the meta data of each topic: e(poch), o(ffset of its newest publication), c(ursor), p(revious epochs)
-- ARGV  epoch and offset for each of them
for i, key in ipairs(KEYS) do
  local meta = redis.call('HMGET', key, 'e', 'o', 'c')
  local offset = tonumber(ARGV[2 * i])
  local last = tonumber(meta[2] or '0')
  if meta[1] and meta[1] ~= ARGV[2 * i - 1] then
    local ended = (' ' .. (redis.call('HGET', key, 'p') or '')):match(' ' .. ARGV[2 * i - 1] .. ' (%d+) [01]')
    last = tonumber(ended or '-1')
  end
  if meta[1] and offset <= last and offset > tonumber(meta[3] or '0') then
    redis.call('HSET', key, 'c', ARGV[2 * i])
  end
end
return {}
