#include "couchmock/embed/couchmock.hpp"
#include "node/base/random.hpp"
#include "tests/mutate.hpp"
#include "tests/net_test.hpp"

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

using namespace davenport;

// Bad input of every kind, drawn from a seed: requests as real clients make them, with bytes changed,
// doubled, left out and swapped. Into the machine, where every answer is looked at, and as raw bytes into a
// socket, where the next honest client must be served. A crash or a broken promise ends the program with the
// seed and the number of the case, which make it again.
//
//     couchmock_fuzz SECONDS [SEED]
namespace {

using base::mutate;
using couchmock::embed::MockServer;
using couchmock::embed::MockStore;
using Clock = std::chrono::steady_clock;

struct Sample {
    const char *method, *target, *body;
};

constexpr std::array samples{
    Sample{"GET", "/", ""},
    Sample{"PUT", "/db?q=2", ""},
    Sample{"DELETE", "/db?rev=1-x", ""},
    Sample{"GET", "/_all_dbs?limit=2&startkey=%22a%22", ""},
    Sample{"POST", "/_dbs_info", R"({"keys":["db","nope"]})"},
    Sample{"POST", "/_session", R"({"name":"ann","password":"x"})"},
    Sample{"POST", "/_session", "name=ann&password=x%20y"},
    Sample{"PUT", "/db/a",
           R"({"_id":"a","n":1.5e300,"s":"\u00fc\ud83d\ude00","l":[1,[2,[3]],null,true,{"x":{}}]})"},
    Sample{"PUT", "/db/a?new_edits=false", R"({"_rev":"2-bb","_revisions":{"start":2,"ids":["bb","aa"]}})"},
    Sample{"PUT", "/db/f", R"({"_attachments":{"t.txt":{"content_type":"text/plain","data":"aGVsbG8="}}})"},
    Sample{"GET", "/db/f/t.txt", ""},
    Sample{"GET", "/db/a?open_revs=[\"1-aa\"]&revs=true&attachments=true&conflicts=true", ""},
    Sample{"COPY", "/db/a", ""},
    Sample{"POST", "/db/_bulk_docs",
           R"({"docs":[{"_id":"b","x":1},{"_id":"c","_deleted":true},{"_id":"_bad"},7],"new_edits":true})"},
    Sample{"POST", "/db/_bulk_get?revs=true", R"({"docs":[{"id":"a","rev":"1-aa"},{"id":"b"}]})"},
    Sample{"GET",
           "/db/_all_docs?include_docs=true&startkey=%22a%22&endkey=%22z%22&descending=false&limit=3&skip=1",
           ""},
    Sample{"POST", "/db/_all_docs", R"({"keys":["a","nope",3]})"},
    Sample{"GET", "/db/_changes?since=0&limit=2&style=all_docs&include_docs=true", ""},
    Sample{"GET", "/db/_changes?feed=continuous&heartbeat=1000&since=now", ""},
    Sample{"GET", "/db/_changes?feed=longpoll&timeout=10&since=1-g1AAAA", ""},
    Sample{"POST", "/db/_changes?filter=_selector", R"({"selector":{"n":{"$gt":1}}})"},
    Sample{
        "POST", "/db/_find",
        R"({"selector":{"$or":[{"n":{"$gte":1}},{"s":{"$regex":"^a(b|c)+$"}}]},"fields":["n"],"sort":[{"n":"asc"}],"limit":2,"bookmark":"nil"})"},
    Sample{"POST", "/db/_index", R"({"index":{"fields":["n",{"s":"desc"}]},"name":"i","type":"json"})"},
    Sample{"POST", "/db/_explain", R"({"selector":{"n":1}})"},
    Sample{"POST", "/db/_revs_diff", R"({"a":["1-aa","2-bb"],"zz":["3-cc"]})"},
    Sample{"POST", "/db/_purge", R"({"a":["1-aa"]})"},
    Sample{"PUT", "/db/_local/x", R"({"seq":12})"},
    Sample{"PUT", "/db/_security", R"({"admins":{"names":["ann"]},"members":{"roles":[]}})"},
    Sample{"PUT", "/db/_design/d", R"({"views":{"v":{"map":"function(d){emit(d._id)}"}}})"},
    Sample{"GET", "/db/_design/d/_view/v", ""},
    Sample{
        "PUT", "/db/_design/e",
        R"({"views":{"v":{"map":"function(doc){emit([doc._id,doc.n],doc);emit(doc.n,1.5)}","reduce":"function(k,v,r){return r?v:k.length}"},"s":{"map":"function(doc){for(var i in doc)emit(i,doc[i])}","reduce":"_stats"}},"filters":{"f":"function(doc,req){return doc.n>req.query.n}"},"updates":{"u":"function(doc,req){return [{_id:req.uuid},req.body]}"},"shows":{"s":"function(doc,req){return {json:doc,code:201}}"},"lists":{"l":"function(head,req){var r;while(r=getRow())send(r.key);}"},"rewrites":[{"from":"a/:b/*","to":"_view/v/*","query":{"key":":b"}}]})"},
    Sample{"PUT", "/db/_design/w",
           R"({"validate_doc_update":"function(doc,old,user,sec){if(doc.n>5)throw({forbidden:'n'})}"})"},
    Sample{"GET", "/db/_design/e/_view/v?group_level=1&startkey=[\"a\"]&endkey=[\"b\",{}]&limit=3", ""},
    Sample{"GET", "/db/_design/e/_view/s?reduce=false&descending=true&include_docs=true&keys=[\"n\",1]", ""},
    Sample{"POST", "/db/_design/e/_view/v/queries",
           R"({"queries":[{"group":true,"skip":1},{"reduce":false,"key":1,"inclusive_end":false}]})"},
    Sample{"GET", "/db/_changes?filter=e/f&n=0", ""},
    Sample{"GET", "/db/_changes?feed=continuous&filter=_view&view=e/v&since=0", ""},
    Sample{"POST", "/db/_design/e/_update/u/a", "body"},
    Sample{"GET", "/db/_design/e/_show/s/a", ""},
    Sample{"GET", "/db/_design/e/_list/l/v?reduce=false", ""},
    Sample{"GET", "/db/_design/e/_rewrite/a/1/x?q=2", ""},
    Sample{"GET", "/db/_design/e/_info", ""},
    Sample{"POST", "/_replicate", R"({"source":"db","target":"other","create_target":true})"},
    Sample{"POST", "/_mock/faults",
           R"({"name":"f","fault":"store.slow","delay_ms":5,"probability":0.5,"count":2})"},
    Sample{"GET", "/_mock/journal?limit=3", ""},
    Sample{"DELETE", "/_mock/faults", ""},
    Sample{"POST", "/_mock/faults", R"({"name":"m","fault":"member.down","member":2,"delay_ms":0})"},
    Sample{"POST", "/_mock/faults", R"({"name":"e","fault":"member.empty","member":1,"for_ms":5})"},
    Sample{"DELETE", "/_mock/faults/m", ""},
};

/// The design document with functions of every kind: half of all runs have it whole.
constexpr std::size_t design_sample = 30;
static_assert(std::string_view{samples[design_sample].target} == "/db/_design/e");

[[noreturn]] void fail(std::uint64_t seed, std::uint64_t number, const std::string& why) {
    fmt::print("seed {}, case {}: {}\n", seed, number, why);
    std::exit(1);
}

/// Some requests into a store of their own. Every answer is one: a status of HTTP, and JSON where it says so.
void into_the_machine(std::uint64_t seed, std::uint64_t number) {
    base::Random random{seed * 1'000'003 + number};
    MockStore store{{.default_shards = 1, .members = number % 3 == 0 ? 3 : 1}};
    store.put("/db", "");
    store.put("/db/a", R"({"n":1})");
    store.put("/_node/_local/_config/couchdb/os_process_timeout", "\"20\"");
    if (random.below(2) == 0) store.put(samples[design_sample].target, samples[design_sample].body);
    for (int i = 0; i < 30; ++i) {
        const auto& sample = samples[random.below(samples.size())];
        const auto target = mutate(sample.target, random);
        base::Headers headers;
        if (random.below(4) == 0)
            headers.emplace_back("Content-Type", random.below(2) == 0 ? "multipart/related; boundary=x"
                                                                      : "application/x-www-form-urlencoded");
        if (random.below(6) == 0)
            headers.emplace_back("Authorization", mutate("Basic YWRtaW46c2VjcmV0", random));
        if (random.below(8) == 0)
            headers.emplace_back("Cookie", mutate("AuthSession=YWRtaW46NjcyQTow", random));
        if (random.below(8) == 0) headers.emplace_back("If-None-Match", mutate("\"1-aa\"", random));
        if (random.below(8) == 0) headers.emplace_back("Destination", mutate("b?rev=1-aa", random));
        if (random.below(8) == 0) headers.emplace_back("Content-Encoding", "gzip");
        const auto exchange = store.send(sample.method, target.starts_with('/') ? target : "/" + target,
                                         mutate(sample.body, random), headers);
        store.pass(std::chrono::milliseconds{static_cast<std::int64_t>(random.below(2000))});
        const auto& seen = store.seen(exchange);
        if (!store.complaint().empty()) fail(seed, number, store.complaint());
        if (seen.status != 0 && (seen.status < 200 || seen.status > 599))
            fail(seed, number, fmt::format("status {} to {}", seen.status, target));
        // CouchDB answers some bad numbers with a 500 of its own; an error of ours that says nothing would be
        // another matter.
        if (seen.ended && seen.status >= 400 && sample.method != std::string_view{"HEAD"} &&
            (seen.text("error").empty() || seen.text("reason").empty()))
            fail(seed, number,
                 fmt::format("status {} to {} {}, and no reason: {}", seen.status, sample.method, target,
                             seen.body));
        if (!seen.ended) store.abandon(exchange);
    }
}

/// Raw bytes to a socket; afterwards an honest client must be served.
void into_a_socket(MockServer& server, std::uint64_t seed, std::uint64_t number) {
    base::Random random{seed * 7'000'003 + number};
    for (int i = 0; i < 10; ++i) {
        const auto& sample =
            samples[random.below(samples.size() - 3)];  // no faults: they are for the honest client too
        const std::string body = sample.body;
        auto request = fmt::format("{} {} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n",
                                   sample.method, sample.target);
        switch (random.below(3)) {
            case 0:
                request += fmt::format("Content-Length: {}\r\n\r\n{}", body.size(), body);
                break;
            case 1:
                request += fmt::format("Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{}\r\n0\r\n\r\n",
                                       body.size(), body);
                break;
            default:
                request += "Expect: 100-continue\r\nContent-Length: 3\r\n\r\nabc";
                break;
        }
        net_test::Client client{server.port()};
        client.send(mutate(request, random));
    }
    net_test::Client honest{server.port()};
    honest.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    if (honest.until("Welcome").find("200 OK") == std::string::npos)
        fail(seed, number, "an honest client is not served any more");
}

}  // namespace

int main(int argc, char** argv) {
    const auto seconds = argc > 1 ? std::atoi(argv[1]) : 10;
    const auto seed = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : std::uint64_t{1};
    const auto end = Clock::now() + std::chrono::seconds{seconds};
    MockServer server;
    std::uint64_t number = 0;
    for (; Clock::now() < end; ++number) {
        into_the_machine(seed, number);
        if (number % 20 == 0) into_a_socket(server, seed, number);
    }
    fmt::print("{} cases of seed {}: every answer was one\n", number, seed);
    return 0;
}
