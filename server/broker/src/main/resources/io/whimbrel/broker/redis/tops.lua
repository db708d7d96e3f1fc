#!lua
-- Where topics stand. Answers epoch and offset of the newest publication for each; an empty epoch for a topic that has none.
-- KEYS  the meta data of each topic: e(poch), o(ffset of its newest publication)
local tops = {}
for _, key in ipairs(KEYS) do
  local meta = redis.call('HMGET', key, 'e', 'o')
  tops[#tops + 1] = meta[1] or ''
  tops[#tops + 1] = meta[2] or '0'
end
return tops
