-- Sends the requests of a file in turn, and writes what was seen as one line of JSON.
-- The file: a line with the path, a line for each header, an empty line, and a line for each body.
local requests, next_one = {}, 0

function init(arguments)
  local lines = io.lines(arguments[1])
  local path, headers = lines(), {}
  for line in lines do
    if line == "" then break end
    local name, value = line:match("^([^:]+): (.*)$")
    headers[name] = value
  end
  for body in lines do
    requests[#requests + 1] = wrk.format("POST", path, headers, body)
  end
end

function request()
  next_one = next_one % #requests + 1
  return requests[next_one]
end

function done(summary, latency)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  io.write(string.format(
    '\n{"answered": %d, "failed": %d, "rate": %.1f, "p50_ms": %.4f, "p99_ms": %.4f}\n',
    summary.requests, failed, summary.requests / summary.duration * 1e6,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
