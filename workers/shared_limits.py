"""Keeps in Redis what all workers know of the systems that they call: `ports.CallLimits`.

Names of shops and systems and numbers only. Each question is one script, so that two workers never take the same points.
Redis' own clock counts.
"""

from __future__ import annotations

from typing import Any

from redis import Redis
from redis.exceptions import RedisError

from bridge.ports import PointsReport

KEEP_POINTS_S = 600  # by then every bucket is full again
SAVED_GRACE_S = 10.0  # for which points stay saved for a dear call that was told to come back
MAX_PACE_S = 20.0  # those that were sent away come back one after the other, within this
FIRST_SILENCE_S, MAX_SILENCE_S = 60.0, 300.0
FORGET_SILENCE_S = 1_800
_NOW = "local t = redis.call('TIME') local now = t[1] + t[2] / 1000000 "
_READ = (
    "local h = redis.call('HMGET', KEYS[1], 'available', 'at', 'maximum', 'rate', 'free_at', 'saved', 'saved_until') "
    "local rate = tonumber(h[4]) "
    "local function left() return math.min(tonumber(h[3]), tonumber(h[1]) + (now - tonumber(h[2])) * rate) end "
)
TAKE = (
    _NOW
    + _READ
    + """
if not rate then return '-1' end
local price, has_begun, available = math.min(tonumber(ARGV[1]), tonumber(h[3])), ARGV[2] == '1', left()
local saved, is_saving = 0, h[7] and tonumber(h[7]) > now
if is_saving and price < tonumber(h[6]) and not has_begun then saved = tonumber(h[6]) end
local wanted = math.min(price + saved, tonumber(h[3]))
if available >= wanted then
  redis.call('HSET', KEYS[1], 'available', available - price, 'at', now)
  if is_saving and price >= tonumber(h[6]) then redis.call('HDEL', KEYS[1], 'saved', 'saved_until') end
  return '0'
end
local wait = (wanted - available) / rate
if has_begun then return tostring(wait) end
local at = math.min(math.max(tonumber(h[5]) or 0, now + wait), now + wait + tonumber(ARGV[4]))
redis.call('HSET', KEYS[1], 'free_at', at + price / rate)
if not is_saving then redis.call('HSET', KEYS[1], 'saved', price, 'saved_until', at + tonumber(ARGV[3])) end
return tostring(at - now)
"""
)
REPORT = (
    _NOW
    + _READ
    + """
local available = tonumber(ARGV[3])
if rate then available = math.min(available, left() + ARGV[1] - ARGV[2]) end
redis.call('HSET', KEYS[1], 'available', available, 'at', now, 'maximum', ARGV[4], 'rate', ARGV[5])
redis.call('EXPIRE', KEYS[1], ARGV[6])
return '0'
"""
)
FIND_SILENCE = (
    _NOW
    + """
local h = redis.call('HMGET', KEYS[1], 'since', 'until', 'count')
if not h[1] then return {} end
if tonumber(h[2]) > now then return {tostring(h[2] - now), tostring(now - h[1])} end
redis.call('HSET', KEYS[1], 'until', now + ARGV[1])
return {}
"""
)
REPORT_SILENCE = (
    _NOW
    + """
redis.call('HSETNX', KEYS[1], 'since', now)
local count = redis.call('HINCRBY', KEYS[1], 'count', 1)
redis.call('HSET', KEYS[1], 'until', now + math.min(ARGV[1] * 2 ^ (count - 1), ARGV[2]))
redis.call('EXPIRE', KEYS[1], ARGV[3])
return '0'
"""
)


class RedisCallLimits:
    """`ports.CallLimits` over Redis. Where Redis does not answer, nothing is known."""

    def __init__(self, connection: Redis) -> None:
        """Use a client made by `connect_redis`."""
        self._connection = connection

    def take_points(self, shop: str, price: float, *, has_begun: bool) -> float | None:
        """Take the points of one call, or return the seconds until they are there: see `ports.CallLimits`."""
        answer = self._run(TAKE, _points_key(shop), price, int(has_begun), SAVED_GRACE_S, MAX_PACE_S)
        wait_s = -1.0 if answer is None else float(answer)
        return None if wait_s < 0 else wait_s

    def report_points(self, shop: str, taken: float, report: PointsReport) -> None:
        """Record the points of a shop that the platform reports."""
        reported = (report.available, report.maximum, report.restore_rate)
        self._run(REPORT, _points_key(shop), taken, report.charged, *reported, KEEP_POINTS_S)

    def find_silence(self, system: str) -> tuple[float, float] | None:
        """Return for how long a system is not to be called, and since when it is silent: see `ports.CallLimits`."""
        answer = self._run(FIND_SILENCE, _silence_key(system), FIRST_SILENCE_S)
        if answer is None or answer == []:
            return None
        left_s, silent_s = map(float, answer)
        return left_s, silent_s

    def report_silence(self, system: str) -> None:
        """Record that a call to the system ended without an answer in time: it is called again after a longer and longer pause."""
        self._run(REPORT_SILENCE, _silence_key(system), FIRST_SILENCE_S, MAX_SILENCE_S, FORGET_SILENCE_S)

    def report_answer(self, system: str) -> None:
        """Record that the system answered."""
        try:
            self._connection.delete(_silence_key(system))
        except RedisError:
            return

    def _run(self, script: str, key: str, *arguments: float) -> Any:
        try:
            return self._connection.eval(script, 1, key, *map(str, arguments))
        except RedisError:
            return None


def _points_key(shop: str) -> str:
    return f"bridge:points:{shop}"


def _silence_key(system: str) -> str:
    return f"bridge:silent:{system}"
