#!lua name=fanfare
-- What Fanfare does in Redis, each function in one atomic step. Documentation/redis.md describes
-- the keys, the functions and their errors for publishers and readers in other languages.
--
-- The library is the files names, log, publish and nodes, one behind the other.
--
-- Numbers are doubles here: offsets stay below 2^53, and become text by '%d' alone, since
-- tostring() and .. round at 14 digits.

local VERSION = 2
local OFFSET_MAX = 9007199254740991
local EVENTS_MAX = 1000
local FOREIGN_BYTES_MAX = 1048576
local CHANNELS_MAX = 500
local EXPIRED_MAX = 16
local KEY_MS = 120000
-- What an event costs a page or a history beside its data, as on the nodes.
local EVENT_OVERHEAD = 160
-- The channels whose names and keys are remembered, to be told apart but once.
local PLACES_MAX = 4096
local DEFAULT_SETTINGS = '1000 3600000 604800000 0 16777216'

local function digits(number) return string.format('%d', number) end

local function id(offset) return string.format('%d-0', offset) end

local function fail(text) return redis.error_reply(text) end

local function invalid(text) return redis.error_reply('INVALID ' .. text) end

-- Milliseconds since 1970.
local function clock()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end

-- MARK: Names

local function base36(number)
  return string.sub('0123456789abcdefghijklmnopqrstuvwxyz', number + 1, number + 1)
end

local function is_life(text)
  return text and #text == 5 and not string.find(text, '[^0-9a-z]')
end

-- Redis seeds math.random alike in every run: the time tells two lives apart.
local function new_seed(log)
  local time = redis.call('TIME')
  local digest = redis.sha1hex(time[1] .. ' ' .. time[2] .. ' ' .. log)
  local rest = tonumber(string.sub(digest, 1, 12), 16)
  local seed = ''
  for _ = 1, 5 do
    seed = seed .. base36(rest % 36)
    rest = math.floor(rest / 36)
  end
  return seed
end

-- The two characters by which an epoch is known to belong to its channel.
local function check(channel)
  local hash = 0
  for index = 1, #channel do hash = (hash * 37 + string.byte(channel, index)) % 1296 end
  return base36(math.floor(hash / 36)) .. base36(hash % 36)
end

local function prefix_of(hub)
  if string.sub(hub, -3) == 'hub' then return string.sub(hub, 1, -4) end
end

local places, place_count = {}, 0

-- The channel of a log and the keys beside it; nil where one of the two keys is none of ours.
local function place_of(hub, log)
  local place = places[log]
  if place and place.hub == hub then return place end
  local prefix = prefix_of(hub)
  if not prefix or string.sub(log, 1, #prefix + 4) ~= prefix .. 'log:' then return nil end
  local channel = string.sub(log, #prefix + 5)
  if #channel > 255 or not string.find(channel, '^[A-Za-z0-9_.~@=+:%-]+$')
    or channel == '.' or channel == '..'
  then
    return nil
  end
  local namespace = string.match(channel, '^[^:]*')
  place = {
    hub = hub, log = log, channel = channel, namespace = namespace, check = check(channel),
    meta = prefix .. 'meta:' .. channel, feed = prefix .. 'feed:' .. channel,
    key = prefix .. 'key:' .. channel .. ' ', firehose = prefix .. 'firehose:' .. namespace,
    settings = 'settings:' .. namespace,
  }
  if place_count == PLACES_MAX then places, place_count = {}, 0 end
  if not places[log] then place_count = place_count + 1 end
  places[log] = place
  return place
end

local function is_type(text)
  return #text <= 128 and string.find(text, '^[A-Za-z0-9_.%-]+$')
    and string.sub(text, 1, 8) ~= 'fanfare.' and text ~= 'open' and text ~= 'error'
end

local BAD_HUB = 'the first key is the prefix followed by hub'
local BAD_LOG = BAD_HUB .. ', a log is the prefix, log: and a channel name of 1-255 characters of '
  .. 'A-Z a-z 0-9 _ . ~ @ = + : -'

-- MARK: The hub

local function is_settings(text)
  return #text <= 80 and string.find(text, '^%d+ %d+ %d+ %d+ %d+$')
end

local function settings_of(text)
  local history, ttl, meta_ttl, firehose, bytes =
    string.match(text, '^(%d+) (%d+) (%d+) (%d+) (%d+)$')
  return {
    text = text, history = history, ttl = tonumber(ttl), meta_ttl = math.max(1, tonumber(meta_ttl)),
    firehose = tonumber(firehose) > 0 and firehose, is_kept = tonumber(history) > 0,
    bytes = tonumber(bytes),
  }
end

local last_settings = {}

-- The generation and the settings of a namespace, and whether its logs keep events; or nil and an
-- error reply.
local function enter(hub, generation, field)
  local values = redis.call('HMGET', hub, 'generation', 'mode', field, 'settings:*')
  local current = values[1]
  if not is_life(current) then return nil, fail('GENERATION -') end
  if generation ~= '' and generation ~= current then return nil, fail('GENERATION ' .. current) end
  local text = values[3] or values[4] or DEFAULT_SETTINGS
  if text ~= last_settings.text then
    last_settings = settings_of(is_settings(text) and text or DEFAULT_SETTINGS)
  end
  return current, last_settings, last_settings.is_kept and values[2] ~= 'pubsub'
end
