-- What no server should fall over: bodies that are not bid requests, and heads as bad as wrk can send them. Every
-- request gets an answer 4xx (or a close); a 5xx or a hang is a fault. Servers close the connection after some,
-- so wrk counts read errors.
--   wrk -t1 -c16 -d5 -s loadtest/wrk/bad_input.lua http://127.0.0.1:8080/openrtb2/auction
package.path = package.path .. ";" .. (debug.getinfo(1, "S").source:match("^@(.*/)") or "./") .. "?.lua"
require("summary").count_by_status()

local deep = string.rep("[", 2000)
local bodies = {
   "",
   "null",
   "42",
   "[]",
   "{",
   "{}",
   "not json at all",
   '{"id":"1"}',
   '{"id":1,"imp":[]}',
   '{"id":"1","imp":{}}',
   '{"id":"1","imp":[{"id":"1"}]}',
   '{"id":"1","id":"2","imp":[{"id":"1","banner":{"w":300,"h":250}}]}',
   '{"id":"1","imp":[{"id":"1","banner":{"w":-300,"h":250}}]}',
   '{"id":"1","imp":[{"id":"1","banner":{"w":99999999999999999999,"h":250}}]}',
   '{"id":"1","imp":[{"id":"1","banner":{"w":1e400,"h":250}}]}',
   '{"id":"\255\254","imp":[{"id":"1","banner":{"w":300,"h":250}}]}',
   '{"id":"1","imp":[{"id":"1","native":{"request":"{broken"}}]}',
   '{"id":"1","imp":' .. deep .. "}",
   '{"id":"' .. string.rep("x", 100000) .. '","imp":[{"id":"1","banner":{"w":300,"h":250}}]}',
   '{"id":"1","imp":[{"id":"1","banner":{"w":300,"h":250}}]} trailing',
   "\31\139\8\0\0\0\0\0",
}

local heads = {
   {method = "BREW", path = "/openrtb2/auction", headers = {}},
   {method = "GET", path = "/openrtb2/auction", headers = {}},
   {method = "POST", path = "/" .. string.rep("a", 20000), headers = {}},
   {method = "POST", path = "/openrtb2/auction", headers = {["X-Long"] = string.rep("b", 40000)}},
   {method = "POST", path = "/openrtb2/auction", headers = {["Content-Length"] = "-1"}},
   {method = "POST", path = "/openrtb2/auction", headers = {["Content-Length"] = "99999999999999999999"}},
   {method = "POST", path = "/openrtb2/auction", headers = {["Transfer-Encoding"] = "chunked, chunked"}},
   {method = "POST", path = "/openrtb2/auction", headers = {["Expect"] = "the unexpected"}},
   {method = "POST", path = "/openrtb2/auction", headers = {["Bad Name"] = "1"}},
   {method = "POST", path = "/openrtb2/auction", headers = {["Content-Encoding"] = "gzip"}},
   {method = "POST", path = "/no/such/path", headers = {}},
}

local prepared = {}
local at = 0

function init()
   for _, body in ipairs(bodies) do
      table.insert(prepared, wrk.format("POST", nil, {["Content-Type"] = "application/json"}, body))
   end
   for _, head in ipairs(heads) do
      table.insert(prepared, wrk.format(head.method, head.path, head.headers, "{}"))
   end
end

function request()
   at = at + 1
   return prepared[at % #prepared + 1]
end
