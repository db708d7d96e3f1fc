-- The topic's epoch; called by scripts that give offsets or tell them. Where this Redis is not the one that gave the last offset, or
-- not with the same data, that one may have given further ones, which somebody has seen: a new epoch begins, whose offsets go on
-- behind those that are known here, and the end of the earlier one is remembered.
-- A term says which Redis this is: <doubt>.<run>; while the doubt is the same nothing that was accepted can have been lost. A run is
-- <start>[-<promotion>]. The promotion is forgotten after an hour without replicas, so who does not name one may mean the same run.
local function epoch_of(key, stream, term, fresh)
  local meta = redis.call('HMGET', key, 'e', 't')
  if not meta[1] then
    redis.call('DEL', key, stream)
    redis.call('HSET', key, 'e', fresh, 't', term)
    return fresh
  end
  if meta[2] == term then
    return meta[1]
  end
  local run = term:match('[^.]*$')
  local known = meta[2] and meta[2]:match('[^.]*$')
  if not known or known == run then -- from before there were terms; or the doubt was forgotten meanwhile
    redis.call('HSET', key, 't', term)
    return meta[1]
  end
  if not run:find('-', 1, true) and known:match('^[^-]*') == run then
    return meta[1]
  end
  local before = redis.call('HMGET', key, 'o', 'p')
  local certain = meta[2]:match('^[^.]*') == term:match('^[^.]*') and '1' or '0'
  local earlier = meta[1] .. ' ' .. (before[1] or '0') .. ' ' .. certain
  if before[2] then
    local kept = 1
    for each in before[2]:gmatch('%S+ %S+ %S+') do
      kept = kept + 1
      if kept <= 8 then earlier = earlier .. ' ' .. each end
    end
  end
  redis.call('HSET', key, 'e', fresh, 't', term, 'p', earlier)
  return fresh
end
