-- Views and clicks: the paths of a file, one a line, in turn.
--   wrk -t1 -c64 -d10 -s loadtest/wrk/events.lua http://127.0.0.1:8080 -- paths.txt
--   ONCE=1 wrk ...    each path once, then ends (a few that are on their way go twice)
local paths = {}
local at = 0
local once = os.getenv("ONCE") == "1"

function init(args)
   for line in io.lines(args[1]) do
      table.insert(paths, wrk.format("GET", line))
   end
   if #paths == 0 then
      error(args[1] .. " holds no path")
   end
end

function request()
   at = at + 1
   if once and at >= #paths then
      wrk.thread:stop()
   end
   return paths[(at - 1) % #paths + 1]
end
