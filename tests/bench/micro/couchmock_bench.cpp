#include "couchmock/core/store.hpp"
#include "couchmock/mock/mock.hpp"
#include "node/base/chat_message.hpp"
#include "virtual_clock.hpp"

#include <string>
#include <variant>

#include <benchmark/benchmark.h>

// The mock as a machine, without sockets: what a request costs it.
namespace davenport::bench {
namespace {

/// `Machine`: the mock whole, or its store alone, without the fault injector before it.
template <class Machine>
class Asked {
public:
    Asked() : mock_{couchmock::MockConfig{}} { ask("PUT", "/chat", {}); }

    /// The status of the answer; 200 for a stream that began.
    int ask(std::string method, std::string target, std::string body) {
        clock_.advance(std::chrono::microseconds{100});
        base::HttpRequest request{
            std::move(method), std::move(target), {{"Content-Type", "application/json"}}, std::move(body)};
        return perform(
            mock_.handle(couchmock::Requested{++exchanges_, std::move(request), "127.0.0.1"}, clock_.now()));
    }
    [[nodiscard]] std::string document() {
        return base::to_document(
            base::make_message("lobby", "ann", {epoch_ms + ++documents_, 0, {}}, std::string(64, 'x'), "n1"));
    }
    [[nodiscard]] std::string next_id() const { return "m" + std::to_string(documents_); }
    [[nodiscard]] std::uint64_t rows() const { return rows_; }

private:
    int perform(couchmock::Effects effects) {
        int status = 0;
        for (auto& effect : effects) {
            if (auto* whole = std::get_if<couchmock::Respond>(&effect)) status = whole->response.status;
            if (auto* head = std::get_if<couchmock::RespondHead>(&effect)) status = head->status;
            if (auto* data = std::get_if<couchmock::RespondData>(&effect)) {
                ++rows_;
                perform(mock_.handle(couchmock::Written{data->exchange}, clock_.now()));
            }
        }
        return status;
    }

    VirtualClock clock_;
    Machine mock_;
    std::uint64_t exchanges_ = 0, rows_ = 0;
    std::int64_t documents_ = 0;
};
using Store = Asked<couchmock::Mock>;

template <class Machine>
void put_document(benchmark::State& state) {
    Asked<Machine> store;
    for (auto _ : state) {
        auto document = store.document();
        const auto id = document.substr(8, document.find('"', 8) - 8);  // {"_id":"...
        if (store.ask("PUT", "/chat/" + base::percent_encode(id), std::move(document)) != 201)
            state.SkipWithError("not stored");
    }
    state.SetItemsProcessed(state.iterations());
}
// What the fault injector costs while it has nothing to do is the difference: to be held against a whole
// request over a socket, some 30 us.
BENCHMARK_TEMPLATE(put_document, couchmock::Mock);
BENCHMARK_TEMPLATE(put_document, couchmock::Store);

void bulk_documents(benchmark::State& state) {
    Store store;
    for (auto _ : state) {
        std::string body = R"({"docs":[)";
        for (int i = 0; i < state.range(0); ++i) body += (i ? "," : "") + store.document();
        if (store.ask("POST", "/chat/_bulk_docs", body + "]}") != 201) state.SkipWithError("not stored");
    }
    state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(bulk_documents)->Arg(100)->Arg(500)->ArgName("documents");

void put_with_followers(benchmark::State& state) {
    Store store;
    for (int i = 0; i < state.range(0); ++i)
        if (store.ask("GET", "/chat/_changes?feed=continuous&include_docs=true&since=now&heartbeat=60000",
                      {}) != 200)
            return state.SkipWithError("no feed");
    const auto before = store.rows();
    for (auto _ : state)
        if (store.ask("POST", "/chat", store.document()) != 201) state.SkipWithError("not stored");
    if (store.rows() - before < static_cast<std::uint64_t>(state.iterations() * state.range(0)))
        state.SkipWithError("rows are missing");
    state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(put_with_followers)->Arg(1)->Arg(50)->Arg(1000)->ArgName("feeds");

constexpr auto views =
    R"({"views":{"by_time":{"map":"function(doc) { emit([doc.user, doc.datetime], doc.msg.length); }",)"
    R"("reduce":"_sum"},"own":{"map":"function(doc) { emit(doc.datetime, 1); }",)"
    R"("reduce":"function(keys, values) { return sum(values); }"}}})";

void fill(Store& store, std::int64_t documents) {
    for (std::int64_t done = 0; done < documents; done += 500) {
        std::string body = R"({"docs":[)";
        for (int i = 0; i < 500; ++i) body += (i ? "," : "") + store.document();
        store.ask("POST", "/chat/_bulk_docs", body + "]}");
    }
    store.ask("PUT", "/chat/_design/v", views);
}

/// Two map functions and both reductions over all documents, from nothing.
void build_view(benchmark::State& state) {
    for (auto _ : state) {
        state.PauseTiming();
        Store store;
        fill(store, state.range(0));
        state.ResumeTiming();
        if (store.ask("GET", "/chat/_design/v/_view/by_time", {}) != 200) state.SkipWithError("no view");
    }
    state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(build_view)->Arg(100'000)->ArgName("documents")->Unit(benchmark::kMillisecond)->Iterations(1);

void query_view(benchmark::State& state, const char* query) {
    Store store;
    fill(store, 100'000);
    const auto target = std::string{"/chat/_design/v/_view/"} + query;
    store.ask("GET", target, {});
    for (auto _ : state)
        if (store.ask("GET", target, {}) != 200) state.SkipWithError("no view");
}
BENCHMARK_CAPTURE(query_view, hundred_rows, "by_time?reduce=false&limit=100&skip=50000");
BENCHMARK_CAPTURE(query_view, sum, "by_time");
BENCHMARK_CAPTURE(query_view, own_reduce, "own");
BENCHMARK_CAPTURE(query_view, groups, "by_time?group_level=1");

void update_view(benchmark::State& state) {
    Store store;
    fill(store, 100'000);
    store.ask("GET", "/chat/_design/v/_view/by_time", {});
    for (auto _ : state) {
        store.ask("POST", "/chat", store.document());
        if (store.ask("GET", "/chat/_design/v/_view/by_time?reduce=false&limit=1&descending=true", {}) != 200)
            state.SkipWithError("no view");
    }
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(update_view);

}  // namespace
}  // namespace davenport::bench
