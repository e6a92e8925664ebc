-- Sends the requests of a file in turn, and ends wrk's output with what it has seen as a line of JSON: see load.py.
local requests, turn = {}, 0

function init(arguments)
  local file = assert(io.open(arguments[1], "rb"))
  local length = file:read("*n")
  while length do
    file:read(1)
    requests[#requests + 1] = file:read(length)
    length = file:read("*n")
  end
  file:close()
end

function request()
  turn = turn % #requests + 1
  return requests[turn]
end

function done(summary, latency, _)
  local errors, seconds = summary.errors, summary.duration / 1e6
  local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  local told = '{"answered": %d, "failed": %d, "rate": %.1f, "p50_ms": %.4f, "p99_ms": %.4f}\n'
  io.write(told:format(summary.requests, failed, summary.requests / seconds,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end
