-- Click events of about 700 bytes with messageIds of their own; made up.
--   wrk -t1 -c64 -d5 -s loadtest/wrk/clickstream.lua http://127.0.0.1:8080/v1/clickstream
--   KIND=track wrk ...      an action: taken, nothing to auction (the default)
--   KIND=view wrk ...       a page of www.news.example/world/, for a placement there
--   KIND=bid wrk ...        the bid request that such a view becomes; to /openrtb2/auction
--   EVENTS=100 wrk ...      a batch of so many a request; default 1
--   LINES=1 wrk ...         NDJSON instead of JSON
--   COUNT=0 wrk ...         does not count answers by status
local kind = os.getenv("KIND") or "track"
local events = tonumber(os.getenv("EVENTS") or "1")
local lines = os.getenv("LINES") == "1"

local ua = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"
local url = "https://www.news.example/world/story-81.html"
local context = '"context":{"ip":"198.51.100.23","userAgent":"' .. ua .. '","locale":"en-US","library":{"name":'
   .. '"analytics.js","version":"next-1.70.0"},"page":{"url":"' .. url .. '","path":"/world/story-81.html",'
   .. '"referrer":"https://search.example/","title":"A story","search":""},"screen":{"width":1920,"height":1080}}'
local track = '"type":"track","event":"Product Viewed","anonymousId":"visitor-77",' .. context
   .. ',"properties":{"product_id":"507f1f77bcf86cd799439011","sku":"G-32","category":"Games","name":"Monopoly",'
   .. '"price":18.99,"currency":"usd","value":18.99}}'
local view = '"type":"page","anonymousId":"visitor-77",' .. context .. ',"properties":{"category":"World"}}'
-- What server/clickstream/bid_request.c makes of the view, with the placement of loadtest/click-events.
local bid = '"imp":[{"id":"1","bidfloor":0.35,"banner":{"format":[{"w":300,"h":250},{"w":336,"h":280}]}}],"site":{"domain":'
   .. '"www.news.example","page":"' .. url .. '","ref":"https://search.example/","cat":["IAB12"]},"device":{"ua":"' .. ua
   .. '","ip":"198.51.100.23","language":"en","w":1920,"h":1080},"user":{"id":"visitor-77"},"tmax":1000}'

local salt
local number = 0

local function id()
   number = number + 1
   return salt .. number
end

local function event()
   return '{"messageId":"' .. id() .. '",' .. (kind == "view" and view or track)
end

function init()
   math.randomseed(os.time() * 1000 + (tonumber(tostring({}):match("0x(%x+)"), 16) or 0) % 100000)
   salt = string.format("ajs-next-%08x%08x-", math.random(0, 0x7fffffff), math.random(0, 0x7fffffff))
   wrk.method = "POST"
   wrk.headers["Content-Type"] = lines and "application/x-ndjson" or "application/json"
end

function request()
   if kind == "bid" then
      return wrk.format(nil, nil, nil, '{"id":"' .. id() .. '",' .. bid)
   end
   if events == 1 and not lines then
      return wrk.format(nil, nil, nil, event())
   end
   local all = {}
   for i = 1, events do
      all[i] = event()
   end
   if lines then
      return wrk.format(nil, nil, nil, table.concat(all, "\n") .. "\n")
   end
   return wrk.format(nil, nil, nil, '{"batch":[' .. table.concat(all, ",") .. "]}")
end

if os.getenv("COUNT") ~= "0" then
   package.path = package.path .. ";" .. (debug.getinfo(1, "S").source:match("^@(.*/)") or "./") .. "?.lua"
   require("summary").count_by_status()
end
