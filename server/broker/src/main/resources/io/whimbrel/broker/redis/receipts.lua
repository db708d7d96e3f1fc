#!lua
-- Writes down what a node counted of publications, and tells who waits for it.
-- KEYS  the receipt of each publication
-- ARGV  1 for how many ms receipts are kept  2 the node's field, and for each publication: 3 "sessions written acked"
--       4 channel of who waits, or an empty text  5 what to tell there
for i, key in ipairs(KEYS) do
  local at = 3 * i
  redis.call('HSET', key, ARGV[2], ARGV[at])
  redis.call('PEXPIRE', key, ARGV[1])
  if ARGV[at + 1] ~= '' then redis.call('PUBLISH', ARGV[at + 1], ARGV[at + 2]) end
end
return {}
