#!lua
-- Writes fields of one receipt and lets it live on, in one step, so that none is left that would live for ever.
-- KEYS  1 the receipt
-- ARGV  1 for how many ms receipts are kept  2 and further: name and value of each field
redis.call('HSET', KEYS[1], unpack(ARGV, 2))
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return {}
