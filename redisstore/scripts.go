package redisstore

import "github.com/redis/go-redis/v9"

// The scripts run in Redis, each as a whole. KEYS are lease, fence and value of one
// identity. All may be repeated by the same owner, as a client does that lost the
// answer. Announcements must not fail a script whose user may not publish: whoever
// waits also looks by itself from time to time.

// acquireScript gives the lease to ARGV[1] for ARGV[2] milliseconds and counts it:
// {fence, 0, data, fence of data}, where the value is left out if there is none. If
// somebody has it: {0, milliseconds that are left}. After a fail-over
// the counter may be behind the fence of the value; it never stays there.
var acquireScript = redis.NewScript(`
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then
	return {0, redis.call('PTTL', KEYS[1])}
end
local fence = redis.call('INCR', KEYS[2])
local written = tonumber(redis.call('HGET', KEYS[3], 'fence') or '0')
if fence <= written then
	fence = written + 1
	redis.call('SET', KEYS[2], fence)
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
local value = redis.call('HMGET', KEYS[3], 'data', 'fence')
if not value[1] then
	return {fence, 0}
end
return {fence, 0, value[1], value[2] or '0'}
`)

// commitScript writes the value ARGV[5], or removes it if ARGV[4] is 'remove', if
// ARGV[1] has the lease and no later lease than number ARGV[2] was ever given. It
// tells channel ARGV[3]. With ARGV[7] the lease ends as well, and the channel is told
// that; if it has ended, and what was to be written is there, an earlier run did it.
var commitScript = redis.NewScript(`
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
	if ARGV[7] and redis.call('GET', KEYS[2]) == ARGV[2] then
		local data = redis.call('HGET', KEYS[3], 'data')
		if data == ARGV[5] or (ARGV[4] == 'remove' and not data) then
			return 'saved'
		end
	end
	return 'lost'
end
local fence = tonumber(ARGV[2])
local given = tonumber(redis.call('GET', KEYS[2]) or '0')
local written = tonumber(redis.call('HGET', KEYS[3], 'fence') or '0')
if given > fence or written > fence then
	return 'lost'
end
if ARGV[4] == 'remove' then
	redis.call('DEL', KEYS[3])
else
	redis.call('HSET', KEYS[3], 'fence', ARGV[2], 'data', ARGV[5])
end
redis.pcall('PUBLISH', ARGV[3], ARGV[6])
if ARGV[7] then
	redis.call('DEL', KEYS[1])
	redis.pcall('PUBLISH', ARGV[3], ARGV[7])
end
return 'saved'
`)

// renewScript makes ARGV[1]'s lease last ARGV[2] milliseconds from now: 1, or 0 if it
// no longer has it.
var renewScript = redis.NewScript(`
if redis.call('GET', KEYS[1]) == ARGV[1] then
	return redis.call('PEXPIRE', KEYS[1], ARGV[2])
end
return 0
`)

// releaseScript ends ARGV[1]'s lease, if it still has it, and tells channel ARGV[2].
var releaseScript = redis.NewScript(`
if redis.call('GET', KEYS[1]) == ARGV[1] then
	redis.call('DEL', KEYS[1])
	redis.pcall('PUBLISH', ARGV[2], ARGV[3])
	return 1
end
return 0
`)
