/**
 * The one script of the store: a constant and not a .lua file, so that it is found from source and from dist/ alike.
 * Redis runs it alone, and refuses its first write or none (OOM, READONLY), so it happens wholly or not at all.
 */
export const commitScript = `--[[
Applies the changes of one partition, with a marker only if the marker still is the one that the caller saw.

KEYS[1]    marker: string
KEYS[2]    values: hash, key -> value
KEYS[3]    names of the sorted indexes that have members: set; clear() goes by it
KEYS[4..]  the sorted indexes changed, in the order in which ARGV names them

ARGV[1]    'compare' (commit) or 'always' (write: the two markers are ignored)
ARGV[2]    marker expected, '' for none
ARGV[3]    marker after it
ARGV[4]    channel of the hints
ARGV[5]    the changes (pack-changes.ts)
ARGV[6..]  the name of each of KEYS[4..]

Returns    1 applied, 0 stale: nothing was changed
--]]
if ARGV[1] == 'compare' and (redis.call('GET', KEYS[1]) or '') ~= ARGV[2] then
  return 0
end

local hints, puts, removes, members = unpack(cmsgpack.unpack(ARGV[5]))

-- unpack() puts its results on Lua's stack, which ends at about 8,000; an even number keeps pairs together.
local at_once = 4000

local function call_with(command, key, list)
  for at = 1, #list, at_once do
    redis.call(command, key, unpack(list, at, math.min(at + at_once - 1, #list)))
  end
end

call_with('HSET', KEYS[2], puts)
call_with('HDEL', KEYS[2], removes)

for i = 4, #KEYS do
  local name = ARGV[i + 2]
  local adds = members[2 * (i - 3) - 1]
  local drops = members[2 * (i - 3)]
  if #adds > 0 then
    redis.call('SADD', KEYS[3], name)
    call_with('ZADD', KEYS[i], adds)
  end
  if #drops > 0 then
    call_with('ZREM', KEYS[i], drops)
    if redis.call('EXISTS', KEYS[i]) == 0 then
      redis.call('SREM', KEYS[3], name)
    end
  end
end

if ARGV[1] == 'compare' then
  redis.call('SET', KEYS[1], ARGV[3])
  for i = 1, #hints do
    -- A hint may be lost, a commit may not fail half-way for want of the right to publish.
    redis.pcall('PUBLISH', ARGV[4], hints[i])
  end
end
return 1
`;

/**
 * Removes some indexes whole, and then their names, so that a crash in between leaves nothing that no later clear() finds.
 */
export const removeIndexesScript = `--[[
KEYS[1]    names of the sorted indexes that have members: set
KEYS[2..]  the sorted indexes to remove
ARGV[i]    the name of KEYS[i + 1]

Returns    the number of names removed
--]]
redis.call('UNLINK', unpack(KEYS, 2))
return redis.call('SREM', KEYS[1], unpack(ARGV))
`;
