-- MARK: A log

-- Whether a reply tells that somebody has put another kind of value in the place of ours.
local function is_of_other_type(reply)
  if type(reply) ~= 'table' or not reply.err then return false end
  if string.find(reply.err, '^WRONGTYPE') then return true end
  error(reply)
end

-- Begins a log's life; whatever stood in its stream was of another.
local function begin(log)
  redis.call('UNLINK', log)
  return {
    seed = new_seed(log), head = 0, time = 0, renewed = 0, oldest_time = 0, sum = 0, oldest_sum = 0,
    is_new = true,
  }
end

local function open(place)
  local values = redis.pcall(
    'HMGET', place.meta, 'seed', 'head', 'time', 'renewed', 'oldest-time', 'sum', 'oldest-sum')
  if is_of_other_type(values) then
    redis.call('UNLINK', place.meta)
    return begin(place.log)
  end
  local head = values[2] and string.find(values[2], '^%d+$') and tonumber(values[2])
  if not is_life(values[1]) or not head or head > OFFSET_MAX then return begin(place.log) end
  return {
    seed = values[1], head = head, time = tonumber(values[3]) or 0,
    renewed = tonumber(values[4]) or 0, oldest_time = tonumber(values[5]) or 0,
    sum = tonumber(values[6]) or 0, oldest_sum = tonumber(values[7]) or 0,
  }
end

-- Writes the head and what goes with it. The time to live is renewed when a hundredth of it has
-- passed: at each publish it would double what the append-only file has to take.
local function save(place, state, now, meta_ttl)
  local meta = place.meta
  if not state.is_new and now - state.renewed < meta_ttl / 100 and now >= state.renewed then
    if state.is_changed then
      redis.call('HSET', meta, 'head', digits(state.head), 'time', digits(state.time),
        'sum', digits(state.sum))
    end
    if state.is_aged then
      redis.call('HSET', meta, 'oldest-time', digits(state.oldest_time),
        'oldest-sum', digits(state.oldest_sum))
    end
    return
  end
  redis.call('HSET', meta, 'seed', state.seed, 'head', digits(state.head),
    'time', digits(state.time), 'renewed', digits(now), 'oldest-time', digits(state.oldest_time),
    'sum', digits(state.sum), 'oldest-sum', digits(state.oldest_sum))
  redis.call('PEXPIRE', meta, digits(meta_ttl))
  redis.call('PEXPIRE', place.log, digits(meta_ttl))
end

local function offset_of(entry) return tonumber(string.match(entry[1], '^(%d+)%-')) or 0 end

local function is_count(text) return #text <= 15 and string.find(text, '^%d+$') end

local function count_in(text) return text and is_count(text) and tonumber(text) or 0 end

local function time_of(entry) return entry and count_in(entry[2][6]) or 0 end

-- The bytes of all events of the log's life that came before.
local function sum_before(entry)
  return count_in(entry[2][8]) - #(entry[2][4] or '') - EVENT_OVERHEAD
end

-- Whether an entry is an event, as publish adds them.
local function is_event(entry)
  local fields = entry[2]
  return fields[1] == 'type' and fields[3] == 'data' and fields[5] == 'time'
    and is_type(fields[2]) and is_count(fields[6]) and string.sub(entry[1], -2) == '-0'
end

-- Drops at most 16 entries that are past their time. The oldest entry's time is remembered as a
-- lower bound, so that most publishes need not look.
local function drop_expired(log, state, ttl)
  if state.time - state.oldest_time < ttl then return end
  local entries = redis.call('XRANGE', log, '-', '+', 'COUNT', 2)
  if #entries == 2 and state.time - time_of(entries[2]) >= ttl then
    entries = redis.call('XRANGE', log, '-', '+', 'COUNT', EXPIRED_MAX + 1)
  end
  local index = 1
  while index < #entries and index <= EXPIRED_MAX and state.time - time_of(entries[index]) >= ttl do
    index = index + 1
  end
  if index > 1 then redis.call('XTRIM', log, 'MINID', '=', entries[index][1]) end
  if entries[index] then
    state.oldest_time = time_of(entries[index])
    state.is_aged = true
  end
end

-- Drops the oldest entries that are too much for `bytes`, but never the one at `last`. What came
-- before the oldest one is remembered as a lower bound, so that most publishes need not look.
local function drop_excess(log, state, last, bytes)
  if state.sum - state.oldest_sum <= bytes then return end
  local function sum_before_first(from)
    return sum_before(redis.call('XRANGE', log, from, '+', 'COUNT', 1)[1])
  end
  local low, high = offset_of(redis.call('XRANGE', log, '-', '+', 'COUNT', 1)[1]), last
  while low < high do
    local middle = math.floor((low + high) / 2)
    if state.sum - sum_before_first(id(middle)) <= bytes then
      high = middle
    else
      low = middle + 1
    end
  end
  redis.call('XTRIM', log, 'MINID', '=', id(low))
  state.oldest_sum = sum_before_first(id(low))
  state.is_aged = true
end

-- The first offset of the unbroken run of entries that ends at the head. Somebody may have deleted
-- entries: what lies before a hole could not be replayed without one, so it goes, too. Nil where
-- somebody has written to the stream, whose offsets can then not go on.
local function first_unbroken(log, head)
  local length = redis.pcall('XLEN', log)
  if is_of_other_type(length) then return nil end
  if length == 0 then return head + 1 end
  local first = offset_of(redis.call('XRANGE', log, '-', '+', 'COUNT', 1)[1])
  if head - first + 1 == length then return first end
  if redis.call('XRANGE', log, '(' .. id(head), '+', 'COUNT', 1)[1] then return nil end
  local next = head
  while true do
    local entries = redis.call('XREVRANGE', log, id(next), '-', 'COUNT', 32)
    for _, entry in ipairs(entries) do
      if entry[1] ~= id(next) then
        entries = {}
        break
      end
      next = next - 1
    end
    if #entries == 0 then break end
  end
  redis.call('XTRIM', log, 'MINID', '=', id(next + 1))
  return next + 1
end

-- The first offset not past its time.
local function first_alive(log, first, head, now, ttl)
  local function is_alive(offset)
    local entries = redis.call('XRANGE', log, id(offset), id(offset), 'COUNT', 1)
    return now - time_of(entries[1]) < ttl
  end
  if first > head or is_alive(first) then return first end
  local low, high = first, head + 1
  while high - low > 1 do
    local middle = math.floor((low + high) / 2)
    if is_alive(middle) then high = middle else low = middle end
  end
  return high
end

-- What a log holds, its meta made and renewed as needed.
local function inspect(place, generation, settings, keeps, now)
  local state = open(place)
  local oldest = state.head + 1
  if keeps and state.head > 0 then
    oldest = first_unbroken(place.log, state.head)
    if not oldest then
      state = begin(place.log)
      oldest = 1
    else
      oldest = first_alive(
        place.log, oldest, state.head, math.max(now, state.time), settings.ttl)
    end
  end
  save(place, state, now, settings.meta_ttl)
  return { state.seed .. generation .. place.check, state.head, oldest }
end

-- MARK: Reading

-- KEYS hub and the logs; ARGV generation. Answers epoch, head and oldest of each log.
local function states(keys, args)
  if #keys == 0 then return invalid(BAD_HUB) end
  if #keys > CHANNELS_MAX + 1 then return invalid('one call asks for at most 500 channels') end
  if #args ~= 1 then return invalid('the argument is the generation') end
  local now = clock()
  local known, reply = {}, {}
  for index = 2, #keys do
    local place = place_of(keys[1], keys[index])
    if not place then return invalid(BAD_LOG) end
    local settings = known[place.settings]
    if not settings then
      local generation, found, keeps = enter(keys[1], args[1], place.settings)
      if not generation then return found end
      settings = { generation, found, keeps }
      known[place.settings] = settings
    end
    reply[index - 1] = inspect(place, settings[1], settings[2], settings[3], now)
  end
  return reply
end

-- KEYS hub, log; ARGV generation, from, count, bytes. Answers the state of the log, and consecutive
-- events as offset, type, data and time.
local function read(keys, args)
  local place = #keys == 2 and place_of(keys[1], keys[2])
  if not place then return invalid(BAD_LOG) end
  local from, count, bytes = tonumber(args[2]), tonumber(args[3]), tonumber(args[4])
  if #args ~= 4 or not from or not count or not bytes then
    return invalid('the arguments are generation, from, count and bytes')
  end
  local generation, settings, keeps = enter(keys[1], args[1], place.settings)
  if not generation then return settings end
  local state = inspect(place, generation, settings, keeps, clock())
  local head, next = state[2], math.max(math.floor(from), state[3])
  local events = {}
  count = math.min(math.floor(count), EVENTS_MAX)
  while next <= head and #events < count do
    -- In small pieces, as the bytes may be used up long before the count is.
    local entries = redis.call(
      'XRANGE', place.log, id(next), id(head), 'COUNT', math.min(count - #events, 32))
    for _, entry in ipairs(entries) do
      local is_readable = is_event(entry)
      if entry[1] ~= id(next) or not is_readable then
        if #events > 0 then return { state, events } end
        -- Somebody has deleted entries or written one. What lies before what nobody can read could
        -- not be replayed without a hole, so it goes, too.
        next = offset_of(entry) + (is_readable and 0 or 1)
        redis.call('XTRIM', place.log, 'MINID', '=', id(next))
        state[3] = next
      end
      if is_readable then
        local data = entry[2][4]
        bytes = bytes - #data - EVENT_OVERHEAD
        if bytes < 0 and #events > 0 then return { state, events } end
        events[#events + 1] = { next, entry[2][2], data, time_of(entry) }
        next = next + 1
      end
    end
    if #entries == 0 then break end
  end
  return { state, events }
end
