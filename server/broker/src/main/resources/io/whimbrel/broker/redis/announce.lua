#!lua
-- Sends a message to the nodes that are subscribed. Answers how many those are.
-- KEYS  1 the channel
-- ARGV  1 the message
return {redis.call('PUBLISH', KEYS[1], ARGV[1])}
