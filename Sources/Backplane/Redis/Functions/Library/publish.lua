-- MARK: What publishers in other languages hand in

-- The multi-byte characters of UTF-8, which leave out what is overlong, a surrogate or too large.
local MULTIBYTE = {
  '^[\194-\223][\128-\191]', '^\224[\160-\191][\128-\191]',
  '^[\225-\236\238\239][\128-\191][\128-\191]', '^\237[\128-\159][\128-\191]',
  '^\240[\144-\191][\128-\191][\128-\191]',
  '^[\241-\243][\128-\191][\128-\191][\128-\191]',
  '^\244[\128-\143][\128-\191][\128-\191]',
}

local function is_utf8(text)
  local at = string.find(text, '[\128-\255]')
  while at do
    local last
    for _, pattern in ipairs(MULTIBYTE) do
      last = last or select(2, string.find(text, pattern, at))
    end
    if not last then return false end
    at = string.find(text, '[\128-\255]', last + 1)
  end
  return true
end

-- cjson checks the structure, but takes control characters in strings and numbers that are none.
local function is_json(text)
  if not pcall(cjson.decode, text) or not is_utf8(text) then return false end
  local rest = string.gsub(string.gsub(text, '\\.', ''), '"[^"%z\1-\31]*"', ' ')
  if string.find(rest, '"', 1, true) or string.find(rest, '[^%w%+%-%.%[%]{}:, \t\r\n]') then
    return false
  end
  for word in string.gmatch(rest, '[%w%+%-%.]+') do
    if word ~= 'true' and word ~= 'false' and word ~= 'null' then
      local whole, more = string.match(word, '^%-?(%d+)(.*)$')
      if not whole or #whole > 1 and string.byte(whole) == 48 then return false end
      more = string.gsub(more, '^%.%d+', '')
      more = string.gsub(more, '^[eE][%+%-]?%d+$', '')
      if more ~= '' then return false end
    end
  end
  return true
end

-- What is wrong with a publish that names no generation: nodes check all this themselves.
local function foreign_fault(place, args)
  if place.namespace == 'fanfare' or place.namespace == 'job' then
    return 'the namespaces fanfare and job are reserved'
  end
  local bytes = 0
  for index = 5, #args, 2 do
    bytes = bytes + #args[index]
    if bytes > FOREIGN_BYTES_MAX then return 'the data is larger than 1048576 bytes' end
    if not is_json(args[index]) then
      return 'the data of event ' .. (index - 3) / 2 .. ' is not JSON in UTF-8'
    end
  end
end

-- Whether a right is missing that would show only when the event is stored and told to nobody.
-- Nodes look when they join.
local function lacks_right(place)
  return not redis.acl_check_cmd('PUBLISH', place.feed, '')
    or not redis.acl_check_cmd('HSET', place.meta, 'head', '1')
    or not redis.acl_check_cmd('XADD', place.log, '*', 'type', '')
    or not redis.acl_check_cmd('SET', place.key, '')
    or not redis.acl_check_cmd('XADD', place.firehose, '*', 'type', '')
end

-- MARK: Publishing

local function publish_fault(args)
  local count = (#args - 3) / 2
  if count < 1 or count ~= math.floor(count) then
    return 'the arguments are generation, key, fingerprint, and a type and data for each event'
  end
  if count > EVENTS_MAX then return 'a publish has at most 1000 events' end
  for index = 4, #args, 2 do
    if not is_type(args[index]) then
      return 'the type of event ' .. (index - 2) / 2 .. ' is not 1-128 characters of A-Z a-z 0-9 '
        .. '_ . -, or begins with fanfare., or is open or error'
    end
  end
end

-- Adds an entry, and trims the log to its history. False where the place is taken.
local function add(log, state, offset, kind, data, time, history)
  local sum = state.sum + #data + EVENT_OVERHEAD
  local added = redis.pcall('XADD', log, 'NOMKSTREAM', 'MAXLEN', '=', history, id(offset),
    'type', kind, 'data', data, 'time', time, 'sum', digits(sum))
  if type(added) == 'table' and string.find(added.err or '', 'equal or smaller', 1, true) then
    return false
  end
  if is_of_other_type(added) then return false end
  if not added then
    redis.call('XADD', log, id(offset), 'type', kind, 'data', data, 'time', time,
      'sum', digits(sum))
    -- A new stream has a time to live of its own to get.
    state.renewed = 0
    state.oldest_time = state.time
    state.oldest_sum = state.sum
    state.is_aged = true
  end
  state.sum = sum
  return true
end

local function add_all(log, state, first, args, settings)
  local time = digits(state.time)
  for index = 4, #args, 2 do
    local offset = first + (index - 4) / 2
    if not add(log, state, offset, args[index], args[index + 1], time, settings.history) then
      return false
    end
  end
  drop_expired(log, state, settings.ttl)
  drop_excess(log, state, first + (#args - 3) / 2 - 1, settings.bytes)
  return true
end

local function tell(place, firehose, generation, epoch, first, state, args)
  local time = digits(state.time)
  local parts = { generation, ' ', epoch, ' ', digits(first), ' ', time, ' ',
    digits((#args - 3) / 2), '\n' }
  local last = #parts
  for index = 4, #args, 2 do
    local data = args[index + 1]
    parts[last + 1], parts[last + 2], parts[last + 3] = args[index], ' ', #data
    parts[last + 4], parts[last + 5], parts[last + 6] = '\n', data, '\n'
    last = last + 6
  end
  redis.call('PUBLISH', place.feed, table.concat(parts))
  if not firehose then return end
  for index = 4, #args, 2 do
    local position = digits(first + (index - 4) / 2) .. '.' .. epoch
    redis.call('XADD', place.firehose, 'MAXLEN', '~', firehose, '*', 'channel', place.channel,
      'position', position, 'type', args[index], 'data', args[index + 1], 'time', time)
  end
end

-- The reply to a publish that its key says has been made; nil where it has not.
local function made(key, fingerprint)
  local stored = redis.call('GET', key)
  local first, count, epoch, time, other =
    string.match(stored or '', '^(%d+) (%d+) (%w+) (%d+) (.*)$')
  if not first then return nil end
  if other ~= fingerprint then
    return fail('MISMATCH the key was used for other events in this channel')
  end
  return { tonumber(first), tonumber(count), epoch, tonumber(time), 1 }
end

-- Sequences the events of `args`, and stores them where the log keeps any. Returns the state of the
-- log, and the offset of the first.
local function append(place, settings, keeps, args, now)
  local state = open(place)
  local count = (#args - 3) / 2
  if state.head + count > OFFSET_MAX then return nil end
  state.time = math.max(state.time, now)
  local first = state.head + 1
  if keeps and not add_all(place.log, state, first, args, settings) then
    -- Somebody has written to the stream, and its offsets cannot go on.
    state = begin(place.log)
    state.time = now
    first = 1
    add_all(place.log, state, first, args, settings)
  end
  state.head = first + count - 1
  state.is_changed = true
  save(place, state, now, settings.meta_ttl)
  return state, first
end

-- KEYS hub, log; ARGV generation, key, fingerprint, then a type and data for each event.
local function publish(keys, args)
  local place = #keys == 2 and place_of(keys[1], keys[2])
  if not place then return invalid(BAD_LOG) end
  local fault = publish_fault(args) or args[1] == '' and foreign_fault(place, args)
  if fault then return invalid(fault) end
  if args[1] == '' and lacks_right(place) then
    return fail('NOPERM the user may not write all keys of the channel and PUBLISH to its feed')
  end
  local generation, settings, keeps = enter(keys[1], args[1], place.settings)
  if not generation then return settings end
  local key, fingerprint = args[2] ~= '' and place.key .. args[2], args[3]
  if key then
    if fingerprint == '' then fingerprint = redis.sha1hex(table.concat(args, '\0', 4)) end
    local reply = made(key, fingerprint)
    if reply then return reply end
  end
  local state, first = append(place, settings, keeps, args, clock())
  if not state then return invalid('the channel is at its last offset') end
  local count = (#args - 3) / 2
  local epoch = state.seed .. generation .. place.check
  if key then
    redis.call('SET', key, digits(first) .. ' ' .. digits(count) .. ' ' .. epoch .. ' '
      .. digits(state.time) .. ' ' .. fingerprint, 'PX', KEY_MS)
  end
  tell(place, settings.firehose, generation, epoch, first, state, args)
  return { first, count, epoch, state.time, 0 }
end
