-- For wrk: sends each request of the file BENCH_REQUESTS once. The file holds, again and again, a line with the length of
-- a request and the request. Prints one JSON line.
local file = assert(io.open(os.getenv("BENCH_REQUESTS"), "rb"))
local last = ""
local sent = 0

function request()
  local length = file:read("*l")
  if length then
    last = file:read(tonumber(length))
    sent = sent + 1
  else
    io.stderr:write("exhausted\n")
    os.exit(3)
  end
  return last
end

function done(summary, latency)
  local seconds = summary.duration / 1e6
  local faults = summary.errors
  io.write(string.format('{"accepted": %d, "other": %d, "per_s": %.1f, "p50_ms": %.3f, "p99_ms": %.3f}\n',
    summary.requests - faults.status, faults.status + faults.connect + faults.read + faults.write + faults.timeout,
    (summary.requests - faults.status) / seconds, latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
