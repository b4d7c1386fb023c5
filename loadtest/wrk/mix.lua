-- Requests from a file, one JSON document a line, in turn; each wrk thread starts at another line.
--   wrk -t2 -c64 -d10 -s loadtest/wrk/mix.lua http://127.0.0.1:8080/openrtb2/auction -- requests.ndjson
--   slimbid-replay --demo --print > requests.ndjson    makes such a file
-- The file may also come in the environment: REQUESTS=requests.ndjson.
package.path = package.path .. ";" .. (debug.getinfo(1, "S").source:match("^@(.*/)") or "./") .. "?.lua"
require("summary").count_by_status()

local prepared = {}
local at = 0
local thread_number = 0
local count_by_status_setup = setup

function setup(thread)
   count_by_status_setup(thread)
   thread:set("first", thread_number * 7919)
   thread_number = thread_number + 1
end

function init(args)
   local path = args[1] or os.getenv("REQUESTS")
   if not path then
      error("which file? ... -- requests.ndjson, or REQUESTS=requests.ndjson")
   end
   for line in io.lines(path) do
      if #line > 0 then
         table.insert(prepared, wrk.format("POST", nil, {["Content-Type"] = "application/json"}, line))
      end
   end
   if #prepared == 0 then
      error(path .. " holds no request")
   end
   at = first or 0
end

function request()
   at = at + 1
   return prepared[at % #prepared + 1]
end
