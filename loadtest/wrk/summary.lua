-- Counts answers by status, for the other scripts here: a table at the end, a line a status.
local summary = {}
local threads = {}

function summary.count_by_status()
   function setup(thread)
      table.insert(threads, thread)
   end

   function response(status)
      local key = "status_" .. status
      _G[key] = (_G[key] or 0) + 1
   end

   function done(result)
      local statuses = {}
      local total = 0
      for _, thread in ipairs(threads) do
         for status = 100, 599 do
            local n = thread:get("status_" .. status)
            if n then
               statuses[status] = (statuses[status] or 0) + n
               total = total + n
            end
         end
      end
      print("answers by status:")
      for status = 100, 599 do
         if statuses[status] then
            print(string.format("  %d %10d  %5.1f %%", status, statuses[status], 100 * statuses[status] / total))
         end
      end
      local errors = result.errors
      print(string.format("socket errors: connect %d, read %d, write %d, timeout %d", errors.connect, errors.read,
         errors.write, errors.timeout))
   end
end

return summary
