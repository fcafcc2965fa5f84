package redisstore

import "github.com/redis/go-redis/v9"

// The scripts run in Redis, each as a whole. KEYS are lease, fence, value and written of
// one identity. All may be repeated by the same owner, as a client does that lost the
// answer. Announcements must not fail a script whose user may not publish: whoever
// waits also looks by itself from time to time.
//
// Whoever may write to Redis can write anything under these names. So a fence that is
// no number of at most 15 digits counts as none (Lua counts exactly to 2^53), and what
// has another type than a lease or a fence has is removed. What the value's own field
// "fence" says counts only until there is an authenticated one in written.
const common = `
local function get(key)
	local reply = redis.pcall('GET', key)
	if type(reply) == 'table' and reply.err and string.find(reply.err, 'WRONGTYPE', 1, true) then
		redis.call('DEL', key)
		return false
	end
	if type(reply) == 'table' then
		return redis.call('GET', key)
	end
	return reply
end
local function number(text)
	if type(text) ~= 'string' or #text > 15 or not string.find(text, '^%d+$') then
		return 0
	end
	return tonumber(text)
end
`

// acquireScript gives the lease to ARGV[1] for ARGV[2] milliseconds and counts it; the
// number is above ARGV[3], the highest that the caller knows: {fence, 0, written, data,
// fence of data}, where the value is left out if there is none. If
// somebody has it: {0, milliseconds that are left, ""}. A lease that never ends, or that
// lasts longer than ARGV[4] milliseconds, is none of ours and ends as one of ours does.
// After a fail-over the counter may be behind the fence of the value; it never stays there.
var acquireScript = redis.NewScript(common + `
local holder = get(KEYS[1])
if holder and holder ~= ARGV[1] then
	local left = redis.call('PTTL', KEYS[1])
	if left < 0 or left > tonumber(ARGV[4]) then
		redis.call('PEXPIRE', KEYS[1], ARGV[2])
		left = tonumber(ARGV[2])
	end
	return {0, left, ''}
end
local mark = get(KEYS[4])
local field = redis.call('HGET', KEYS[3], 'fence')
local floor = tonumber(ARGV[3])
if not mark then
	floor = math.max(floor, number(field))
end
local fence = number(get(KEYS[2]))
if fence > 0 and fence >= floor then
	fence = redis.call('INCR', KEYS[2])
else
	fence = math.max(fence, floor) + 1
	redis.call('SET', KEYS[2], string.format('%.0f', fence))
end
if mark and number(field) >= fence then
	redis.call('HSET', KEYS[3], 'fence', '0')
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
local value = redis.call('HMGET', KEYS[3], 'data', 'fence')
if not value[1] then
	return {fence, 0, mark or ''}
end
return {fence, 0, mark or '', value[1], value[2] or '0'}
`)

// commitScript writes the value ARGV[5], or removes it if ARGV[4] is 'remove', and
// ARGV[7] to written, if ARGV[1] has the lease and no later lease than number ARGV[2]
// was ever given. It tells channel ARGV[3]. With ARGV[8] the lease ends as well, and the
// channel is told that; if it has ended, and what was to be written is there, an earlier
// run did it.
var commitScript = redis.NewScript(common + `
if get(KEYS[1]) ~= ARGV[1] then
	if ARGV[8] and get(KEYS[2]) == ARGV[2] then
		local data = redis.call('HGET', KEYS[3], 'data')
		if data == ARGV[5] or (ARGV[4] == 'remove' and not data) then
			return 'saved'
		end
	end
	return 'lost'
end
local fence = tonumber(ARGV[2])
if number(get(KEYS[2])) > fence or number(redis.call('HGET', KEYS[3], 'fence')) > fence then
	return 'lost'
end
if ARGV[4] == 'remove' then
	redis.call('DEL', KEYS[3])
else
	redis.call('HSET', KEYS[3], 'fence', ARGV[2], 'data', ARGV[5])
end
redis.call('SET', KEYS[4], ARGV[7])
redis.pcall('PUBLISH', ARGV[3], ARGV[6])
if ARGV[8] then
	redis.call('DEL', KEYS[1])
	redis.pcall('PUBLISH', ARGV[3], ARGV[8])
end
return 'saved'
`)

// renewScript makes ARGV[1]'s lease last ARGV[2] milliseconds from now: 1, or 0 if it
// no longer has it.
var renewScript = redis.NewScript(common + `
if get(KEYS[1]) == ARGV[1] then
	return redis.call('PEXPIRE', KEYS[1], ARGV[2])
end
return 0
`)

// releaseScript ends ARGV[1]'s lease, if it still has it, and tells channel ARGV[2].
var releaseScript = redis.NewScript(common + `
if get(KEYS[1]) == ARGV[1] then
	redis.call('DEL', KEYS[1])
	redis.pcall('PUBLISH', ARGV[2], ARGV[3])
	return 1
end
return 0
`)
