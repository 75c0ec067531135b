"""The Lua script that distributes the slots of one set of credentials between processes.

One run of the script is one exchange of one process with the server: it reports ended calls and takes slots. All keys
contain the same hash tag, so the script also runs on a cluster.

Each call in flight or of the last window is a member of a sorted set. Its score is the time, in milliseconds of the
server's clock, at which its slot is free again: one window after the response, or the end of the lease for a call in
flight. The slots of a process that died are therefore free after their lease. If the server's clock is set back, the
saved times are moved by as much. If it is set forward, slots become free early, and a 429 pauses all processes.

Processes whose callers wait are in a queue. A process leaves as many slots as there are processes before it, and goes
to the end of the queue when it gets a slot, so each waiting process gets the same number of slots. Slots that the
processes before it do not take within 50 milliseconds are for anyone.

The rules for background calls are those of `pipeline.background_share`.
"""

from __future__ import annotations

from typing import Final

from sendcloud_integrations_client.pipeline.background_share import (
    BURST_SHARE,
    FLOOR_SHARE,
    POLLS,
    RATE_STEPS,
    RATE_UPDATES,
    RECENT_PARTS,
    RESERVE_FACTOR,
)

__all__ = ["KEY_NAMES", "MAX_PAUSE", "SLOT_SCRIPT"]

KEY_NAMES: Final = ("interactive", "background", "state", "interactive-queue", "background-queue", "seen")
"""Last parts of the script's keys, in order. The last key, which reads and writes share, is the pause."""

MAX_PAUSE: Final = 60.0
"""Longest pause after a 429 in seconds."""

_CLOCK_TOLERANCE: Final = 1000  # milliseconds

SLOT_SCRIPT: Final = (
    f"""
local BURST_SHARE, FLOOR_SHARE, RESERVE_FACTOR = {BURST_SHARE}, {FLOOR_SHARE}, {RESERVE_FACTOR}
local CLOCK_TOLERANCE, MAX_PAUSE = {_CLOCK_TOLERANCE}, {round(MAX_PAUSE * 1000)}
local POLLS, RATE_STEPS, RATE_UPDATES, RECENT_PARTS = {POLLS}, {RATE_STEPS}, {RATE_UPDATES}, {RECENT_PARTS}
"""
    + """
local log, background_log, state, queue, background_queue, seen, pause =
  KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7]
local request = cjson.decode(ARGV[1])
local limit, window = request.limit, request.window
local short_limit, short_window = request.short_limit, request.short_window
local least_reserve, short_reserve, lease = request.least_reserve, request.short_reserve, request.lease
local process, number = request.process, request.number
local wanted, background_wanted = request.wanted, request.background_wanted
local pause_for, known_epoch = request.pause_for, request.known_epoch

local time = redis.call('TIME')
local microseconds = time[1] * 1000000 + time[2]
local now = math.floor(microseconds / 1000)
local RETRY, STALE, OVERDUE = 10, 2000, 50
local keep_for = lease + window

-- If the clock of the server was set back, all saved times are too late by as much.
local set_back_by = tonumber(redis.call('HGET', state, 'now') or now) - now
if set_back_by > CLOCK_TOLERANCE then
  for _, key in ipairs({log, background_log}) do
    local members = redis.call('ZRANGE', key, 0, -1, 'WITHSCORES')
    for index = 1, #members, 2 do
      redis.call('ZADD', key, tonumber(members[index + 1]) - set_back_by, members[index])
    end
  end
  redis.call('DEL', queue, background_queue, seen)
  redis.call('HDEL', state, 'updated', 'rate_expires', 'unused_since')
end
redis.call('HSET', state, 'now', string.format('%.0f', now))

-- An epoch ends when the server loses its data. A process that knows an earlier one gets no slots before it has
-- reported its calls of the last window again.
local epoch = redis.call('HGET', state, 'epoch')
if not epoch then
  epoch = process .. ':' .. string.format('%.0f', microseconds)
  redis.call('HSET', state, 'epoch', epoch)
end

for _, update in ipairs(request.updates) do
  local key = update[1] == 'background' and background_log or log
  local action, slot, age = update[2], update[3], update[4]
  if action == 'completed' then
    redis.call('ZADD', key, math.ceil(microseconds / 1000 - age + window), slot)
  elseif action == 'released' then
    redis.call('ZREM', key, slot)
  else
    redis.call('ZADD', key, now + lease, slot)
  end
end

if pause_for > 0 and now + pause_for > tonumber(redis.call('GET', pause) or '0') then
  redis.call('SET', pause, string.format('%.0f', now + pause_for), 'PX', string.format('%.0f', pause_for))
end

redis.call('ZREMRANGEBYSCORE', log, '-inf', now)
redis.call('ZREMRANGEBYSCORE', background_log, '-inf', now)
local used, background_used = redis.call('ZCARD', log), redis.call('ZCARD', background_log)

-- Slots free in all windows, and what the shorter window leaves to background calls.
local free, short_free = limit - used - background_used, limit
if short_limit > 0 then
  local since = '(' .. string.format('%.0f', now + window - short_window)
  short_free = short_limit - redis.call('ZCOUNT', log, since, '+inf')
  short_free = short_free - redis.call('ZCOUNT', background_log, since, '+inf')
end

for _, member in ipairs(redis.call('ZRANGEBYSCORE', seen, '-inf', now - STALE)) do
  redis.call('ZREM', queue, member)
  redis.call('ZREM', background_queue, member)
  redis.call('ZREM', seen, member)
end

local function is_waiting_elsewhere(key)
  local count = redis.call('ZCARD', key)
  return count > 1 or (count == 1 and not redis.call('ZSCORE', key, process))
end

-- Slots that the processes before this one have left free for a while are for anyone.
local unused_since = tonumber(redis.call('HGET', state, 'unused_since') or microseconds)
local is_overdue = now - unused_since > OVERDUE

-- How many of some slots this process may take while others wait in a queue.
local function get_fair_part(key, slots)
  local count, rank = redis.call('ZCARD', key), redis.call('ZRANK', key, process)
  if count == 0 or (count == 1 and rank) then
    return slots
  end
  local part = math.max(1, math.ceil(slots / (rank and count or count + 1)))
  return is_overdue and part or math.min(part, slots - (rank or count))
end

local floor = math.max(1, math.floor(limit * FLOOR_SHARE))
local function get_background_share()
  local reserve = least_reserve
  if used > 0 then
    local since = '(' .. string.format('%.0f', now + window * (1 - 1 / RECENT_PARTS))
    reserve = math.max(reserve, RESERVE_FACTOR * used, RECENT_PARTS * redis.call('ZCOUNT', log, since, '+inf'))
  end
  return math.max(limit - math.ceil(reserve), floor)
end

local granted, background_granted = 0, 0
local function take(key, count)
  for _ = 1, count do
    redis.call('ZADD', key, now + lease, process .. ':' .. number)
    number = number + 1
  end
  free, short_free = free - count, short_free - count
end

if known_epoch ~= '' and known_epoch ~= epoch then
  return {epoch, 0, 0, 0, 0}
end

local paused_until = tonumber(redis.call('GET', pause) or '0')
if paused_until > now + MAX_PAUSE then
  paused_until = now + MAX_PAUSE
  redis.call('SET', pause, string.format('%.0f', paused_until), 'PX', MAX_PAUSE)
end
local wait, background_wait = 1000, 1000
local first = redis.call('ZRANGE', log, 0, 0, 'WITHSCORES')[2]
local background_first = redis.call('ZRANGE', background_log, 0, 0, 'WITHSCORES')[2]
local next_free = math.max(RETRY, math.min(
  1000, tonumber(first or '9e15') - now, tonumber(background_first or '9e15') - now
))

if paused_until > now then
  wait = math.min(1000, paused_until - now)
  background_wait = wait
else
  -- The floor of background calls, then interactive calls, then the other background calls.
  local below_floor = 0
  if background_wanted > 0 and background_used < floor then
    below_floor = math.min(
      background_wanted, floor - background_used,
      get_fair_part(background_queue, math.min(free, short_free - short_reserve))
    )
    below_floor = math.max(0, below_floor)
  end
  -- Members are numbered in the order of the arguments: interactive slots first.
  local owed = below_floor
  if background_used + below_floor < floor and is_waiting_elsewhere(background_queue) then
    owed = owed + 1
  end
  granted = math.max(0, math.min(wanted, get_fair_part(queue, math.min(free, short_free) - owed)))
  take(log, granted)
  used = used + granted
  if wanted > granted then
    wait = next_free
    if math.min(free, short_free) > owed then
      wait = RETRY
    elseif short_free <= 0 then
      wait = math.min(wait, short_window / 20)
    end
  end

  if background_wanted > 0 then
    local share = get_background_share()
    local saved = redis.call('HMGET', state, 'tokens', 'rate', 'updated', 'rate_expires')
    local most = math.max(1, share * BURST_SHARE)
    local tokens, rate, updated = tonumber(saved[1] or most), tonumber(saved[2] or '0'), tonumber(saved[3] or now)
    local rate_expires = tonumber(saved[4] or '0')
    tokens = math.min(most, tokens + math.max(0, now - updated) * rate)
    if now >= rate_expires then
      local available = math.min(share - background_used, free)
      local step = window / RATE_STEPS
      rate = 1e9
      for index = 1, RATE_STEPS do
        local until_time = string.format('%.0f', now + step * index)
        local count = available + redis.call('ZCOUNT', background_log, now, until_time)
        rate = math.min(rate, count / (step * index))
      end
      rate = math.max(0, rate)
      rate_expires = now + window / RATE_UPDATES
    end
    local available = math.min(share - background_used, free, short_free - short_reserve)
    local is_blocked = wanted > granted or is_waiting_elsewhere(queue)
    if not is_blocked then
      background_granted = math.min(
        background_wanted, math.floor(tokens + 1e-9), get_fair_part(background_queue, available)
      )
    end
    background_granted = math.max(0, below_floor, background_granted)
    take(background_log, background_granted)
    tokens = math.max(0, tokens - background_granted)
    redis.call(
      'HSET', state, 'tokens', string.format('%.6f', tokens), 'rate', string.format('%.9f', rate),
      'updated', string.format('%.0f', now), 'rate_expires', string.format('%.0f', rate_expires)
    )
    if background_wanted > background_granted then
      local poll = window / POLLS
      if is_blocked then
        background_wait = math.min(poll, next_free + RETRY)
      elseif available - background_granted < 1 then
        background_wait = math.min(poll, next_free)
      elseif tokens < 1 then
        background_wait = rate > 0 and math.min(poll, (1 - tokens) / rate) or poll
      else
        background_wait = RETRY
      end
      background_wait = math.max(RETRY, background_wait)
    end
  end
end

-- A process that got a slot goes to the end of the queue.
local function update_queue(key, is_unmet, has_got_slot)
  if not is_unmet then
    redis.call('ZREM', key, process)
  elseif has_got_slot or not redis.call('ZSCORE', key, process) then
    redis.call('ZADD', key, string.format('%.0f', microseconds), process)
  end
end
update_queue(queue, wanted > granted, granted > 0)
update_queue(background_queue, background_wanted > background_granted, background_granted > 0)
if wanted > granted or background_wanted > background_granted then
  redis.call('ZADD', seen, now, process)
else
  redis.call('ZREM', seen, process)
end
if free <= 0 or redis.call('ZCARD', queue) == 0 then
  redis.call('HDEL', state, 'unused_since')
elseif unused_since > now then
  redis.call('HSET', state, 'unused_since', string.format('%.0f', now))
end
for index = 1, 6 do
  redis.call('PEXPIRE', KEYS[index], keep_for)
end
return {epoch, granted, background_granted, math.ceil(wait), math.ceil(background_wait)}
"""
)
