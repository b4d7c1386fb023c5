-- One bid request of about 800 bytes, over and over; made up. By default no partner fits it: it names one that
-- does not exist (imp.ext.prebid.bidder), so the answer is 204 after parsing and validating.
--   wrk -t1 -c64 -d5 -s loadtest/wrk/one_request.lua http://127.0.0.1:8080/openrtb2/auction
--   BIDDER=alpha wrk ...    asks that partner
--   BIDDER= wrk ...         asks all partners
--   COUNT=0 wrk ...         does not count answers by status, which takes wrk a third of its speed
local bidder = os.getenv("BIDDER") or "nobody"
local ext = ""
if bidder ~= "" then
   ext = ',"ext":{"prebid":{"bidder":{"' .. bidder .. '":{"placement":4711}}}}'
end

wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = '{"id":"6f1a1e0c-2b54-4c6e-9f5d-0c7c9f0e1b22","imp":[{"id":"1","banner":{"format":[{"w":300,"h":250},'
   .. '{"w":336,"h":280}],"pos":1},"bidfloor":0.35,"bidfloorcur":"USD","secure":1,"tagid":"article-top"' .. ext
   .. '}],"site":{"id":"site-12","domain":"news.example","page":"https://www.news.example/world/story-81.html",'
   .. '"cat":["IAB12"],"publisher":{"id":"pub-4"}},"device":{"ua":"Mozilla/5.0 (Windows NT 10.0; Win64; x64) '
   .. 'AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36","ip":"198.51.100.23","language":"en",'
   .. '"devicetype":2,"geo":{"country":"USA","region":"NY"}},"user":{"id":"visitor-77"},"at":1,"tmax":150,'
   .. '"cur":["USD"],"bcat":["IAB25","IAB26"],"badv":["competitor.example"],"source":{"tid":"0f61c7a2"}}'

if os.getenv("COUNT") ~= "0" then
   package.path = package.path .. ";" .. (debug.getinfo(1, "S").source:match("^@(.*/)") or "./") .. "?.lua"
   require("summary").count_by_status()
end
