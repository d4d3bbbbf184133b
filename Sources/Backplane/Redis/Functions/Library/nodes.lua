-- MARK: Nodes

-- What the ACL user of a node may not do and has to; nil where it may do all.
local function missing_right(prefix)
  local log, hash, text = prefix .. 'log:a', prefix .. 'meta:a', prefix .. 'key:a b'
  local rights = {
    { 'XADD', log, '*', 'type', 'a' }, { 'XRANGE', log, '-', '+' }, { 'XREVRANGE', log, '+', '-' },
    { 'XLEN', log }, { 'XTRIM', log, 'MAXLEN', '1' }, { 'UNLINK', log }, { 'PEXPIRE', log, '1' },
    { 'XADD', prefix .. 'firehose:a', '*', 'type', 'a' }, { 'HMGET', hash, 'a' },
    { 'HSET', hash, 'a', 'b' }, { 'HSET', prefix .. 'nodes', 'a', 'b' },
    { 'HGETALL', prefix .. 'nodes' }, { 'HDEL', prefix .. 'nodes', 'a' }, { 'GET', text },
    { 'SET', text, 'a' }, { 'TIME' }, { 'PUBLISH', prefix .. 'feed:a', 'b' },
    { 'SUBSCRIBE', prefix .. 'feed:a' }, { 'UNSUBSCRIBE', prefix .. 'feed:a' },
  }
  for _, right in ipairs(rights) do
    if not redis.acl_check_cmd(unpack(right)) then
      return table.concat(right, ' ', 1, math.min(2, #right))
    end
  end
end

-- The ids and descriptions of the nodes whose time is not over; the others are deleted.
local function alive(nodes, now)
  local values = redis.call('HGETALL', nodes)
  local found = {}
  for index = 1, #values, 2 do
    local expires, description = string.match(values[index + 1], '^(%d+) (.*)$')
    if expires and tonumber(expires) > now then
      found[#found + 1] = { values[index], description }
    else
      redis.call('HDEL', nodes, values[index])
    end
  end
  table.sort(found, function(left, right) return left[1] < right[1] end)
  return found
end

local function join_fault(args)
  if #args < 4 or #args % 2 ~= 0 then
    return 'the arguments are generation, run, durable, mode, and namespaces with settings'
  end
  if not is_life(args[1]) then return 'a generation is five characters of 0-9 a-z' end
  if args[3] ~= '0' and args[3] ~= '1' then return 'durable is 0 or 1' end
  if args[4] ~= 'streams' and args[4] ~= 'pubsub' then return 'the mode is streams or pubsub' end
  for index = 6, #args, 2 do
    if not is_settings(args[index]) then
      return 'the settings are history, ttl, meta-ttl, firehose and bytes'
    end
  end
end

-- Stores the mode and the settings in place of those before.
local function settle(hub, args)
  local wanted = {}
  for index = 5, #args, 2 do wanted['settings:' .. args[index]] = true end
  local values = redis.call('HGETALL', hub)
  for index = 1, #values, 2 do
    local field = values[index]
    if string.sub(field, 1, 9) == 'settings:' and not wanted[field] then
      redis.call('HDEL', hub, field)
    end
  end
  redis.call('HSET', hub, 'mode', args[4])
  for index = 5, #args, 2 do
    redis.call('HSET', hub, 'settings:' .. args[index], args[index + 1])
  end
end

-- KEYS hub; ARGV candidate, run id, whether a run of this server keeps all that it acknowledges,
-- mode, then namespaces and settings. The log continues where that was so before, too.
local function join(keys, args)
  local hub = keys[1]
  local prefix = #keys == 1 and prefix_of(hub)
  if not prefix then return invalid(BAD_HUB) end
  local fault = join_fault(args)
  if fault then return invalid(fault) end
  local right = missing_right(prefix)
  if right then return fail('NOPERM the user may not ' .. right) end
  local values = redis.call('HMGET', hub, 'generation', 'run', 'mode', 'durable')
  local generation, run, mode = values[1], values[2], values[3]
  local continues = args[3] == '1' and values[4] == '1'
  if mode and mode ~= args[4] and #alive(prefix .. 'nodes', clock()) > 0 then
    return invalid('nodes that are alive use the mode ' .. mode)
  end
  local raised = 0
  if not is_life(generation) then
    generation = args[1]
  elseif run ~= args[2] and not continues then
    generation = args[1]
    raised = 1
  end
  redis.call('HSET', hub, 'generation', generation, 'run', args[2], 'durable', args[3])
  settle(hub, args)
  return { generation, raised }
end

-- KEYS hub; ARGV expected, candidate, run id. Answers the generation that stands there afterwards.
local function raise(keys, args)
  if #keys ~= 1 or not prefix_of(keys[1]) then return invalid(BAD_HUB) end
  if #args ~= 3 or not is_life(args[2]) then
    return invalid('the arguments are expected, candidate and run')
  end
  local generation = redis.call('HMGET', keys[1], 'generation')[1]
  if not is_life(generation) then return fail('GENERATION -') end
  if generation == args[1] then
    generation = args[2]
    redis.call('HSET', keys[1], 'generation', generation, 'run', args[3])
  end
  return { generation }
end

-- KEYS hub, nodes; ARGV id, time to live in ms (0: the node leaves), description.
local function beat(keys, args)
  if #keys ~= 2 or not prefix_of(keys[1]) or keys[2] ~= prefix_of(keys[1]) .. 'nodes' then
    return invalid(BAD_HUB .. ', the second the prefix followed by nodes')
  end
  local ttl = tonumber(args[2])
  if #args ~= 3 or args[1] == '' or not string.find(args[2], '^%d+$') or ttl > OFFSET_MAX / 2 then
    return invalid('the arguments are id, ttl and description')
  end
  local now = clock()
  if ttl == 0 then
    redis.call('HDEL', keys[2], args[1])
  else
    redis.call('HSET', keys[2], args[1], digits(now + ttl) .. ' ' .. args[3])
  end
  return alive(keys[2], now)
end

local function register(name, callback, flags)
  redis.register_function({
    function_name = 'fanfare_' .. name, callback = callback, flags = flags,
  })
end

-- All but a publish goes on when memory is short: what is stored can still be read.
register('version', function() return VERSION end, { 'no-writes' })
register('publish', publish, {})
register('state', states, { 'allow-oom' })
register('read', read, { 'allow-oom' })
register('join', join, { 'allow-oom' })
register('raise', raise, { 'allow-oom' })
register('beat', beat, { 'allow-oom' })
