// Loads a store, ours or a real CouchDB, over loopback: single PUTs, _bulk_docs, idle feeds, and a write that
// reaches many feeds.
#include "../load/histogram.hpp"
#include "../load/payload.hpp"
#include "connections.hpp"

#include <csignal>
#include <cstdio>
#include <exception>
#include <fstream>
#include <stdexcept>

#include <CLI/CLI.hpp>
#include <boost/json/serialize.hpp>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

namespace davenport::store_load {

namespace {

struct Options {
    std::string server, authorization, mode = "put";
    std::size_t connections = 64, documents = 100, feeds = 1000;
    double seconds = 3;
    int pid = 0;  ///< of the store, to tell its memory
};

const std::string database = "/bench_" + std::to_string(getpid());

std::string document(std::uint64_t number, Nanos due) {
    return R"({"user":"ann","msg":")" + std::string{load::make_payload({number, due}, 64)} +
           R"(","datetime":"2026-11-23T18:00:00.123Z","host":"n1"})";
}

/// The database of this run, dropped at the end; and one request after another over a connection of its own.
class Database {
public:
    explicit Database(const Options& options)
        : asks_{options.server,
                options.authorization,
                {.whole = [this](auto&, int status, auto) { status_ = status; }}},
          line_{asks_.open()} {
        if (ask("PUT", database) != 201) throw std::runtime_error("the store makes no database");
    }
    ~Database() {
        try {
            ask("DELETE", database);
        } catch (
            const std::exception&) {  // it is gone, and the database with it or not: nothing can be done here
        }
    }

private:
    int ask(std::string_view method, std::string_view target) {
        status_ = 0;
        asks_.ask(line_, method, target, {});
        for (const auto end = load::now() + 10 * load::second; status_ == 0 && load::now() < end;)
            asks_.poll(load::millisecond);
        return status_;
    }

    int status_ = 0;
    Connections asks_;
    Connection& line_;
};

/// All connections write one request after another.
boost::json::object run_writes(const Options& options, bool bulk) {
    Database made{options};
    load::Histogram latency;
    std::uint64_t number = 0, wrong = 0;
    std::vector<Nanos> sent(options.connections);
    Connections* all = nullptr;
    const auto write = [&](Connection& line) {
        sent[line.number] = load::now();
        if (!bulk) {
            ++number;
            return all->ask(line, "PUT", database + "/m" + std::to_string(number), document(number, 0));
        }
        std::string body = R"({"docs":[)";
        for (std::size_t i = 0; i < options.documents; ++i) body += (i ? "," : "") + document(++number, 0);
        all->ask(line, "POST", database + "/_bulk_docs", body + "]}");
    };
    Connections writers{
        options.server, options.authorization, {.whole = [&](Connection& line, int status, Nanos now) {
            latency.add(now - sent[line.number]);
            wrong += status != 201 ? 1u : 0u;
            write(line);
        }}};
    all = &writers;
    for (std::size_t i = 0; i < options.connections; ++i) write(writers.open());
    const auto begin = load::now(), end = begin + static_cast<Nanos>(options.seconds * load::second);
    while (load::now() < end) writers.poll(10 * load::millisecond);
    const auto seconds = static_cast<double>(load::now() - begin) / load::second;
    const auto documents = latency.count() * (bulk ? options.documents : 1);
    return {{"mode", options.mode},
            {"documents_per_s", static_cast<double>(documents) / seconds},
            {"wrong", wrong},
            {"request", latency.summary()}};
}

std::uint64_t resident_kb(int pid) {
    std::ifstream status{"/proc/" + std::to_string(pid) + "/status"};
    for (std::string line; std::getline(status, line);)
        if (line.starts_with("VmRSS:")) return std::stoull(line.substr(6));
    return 0;
}

/// Opens the feeds, tells what they cost, then writes ten documents a second and times each until each feed
/// has it.
boost::json::object run_feeds(const Options& options) {
    Database made{options};
    load::Histogram latency;
    std::uint64_t rows = 0, opened = 0;
    Connections followers{options.server,
                          options.authorization,
                          {.whole = [](auto&, auto, auto) {},
                           .bytes =
                               [&](Connection& line, std::string_view bytes, Nanos now) {
                                   if (line.in.empty()) ++opened, line.in = "open";
                                   for (auto at = bytes.find('|'); at != std::string_view::npos;
                                        at = bytes.find('|', at + load::stamp_bytes)) {
                                       const auto stamp = load::find_stamp(bytes.substr(at));
                                       if (!stamp) break;  // a row cut in two; none are at this size and rate
                                       latency.add(now - stamp->due);
                                       ++rows;
                                   }
                               }}};
    const auto before = resident_kb(options.pid);
    const auto begin = load::now();
    for (std::size_t i = 0; i < options.feeds; ++i) {
        auto& line = followers.open();
        line.streams = true;
        followers.ask(line, "GET",
                      database + "/_changes?feed=continuous&include_docs=true&since=now&heartbeat=30000", {});
        followers.poll(0);
    }
    while (opened < options.feeds && load::now() < begin + 60 * load::second)
        followers.poll(10 * load::millisecond);
    const auto open_s = static_cast<double>(load::now() - begin) / load::second;
    const auto after = resident_kb(options.pid);
    Connections writer{options.server, options.authorization, {.whole = [](auto&, auto, auto) {}}};
    auto& line = writer.open();
    const auto writes = static_cast<std::uint64_t>(options.seconds * 10);
    for (std::uint64_t number = 1; number <= writes; ++number) {
        const auto due = load::now();
        writer.ask(line, "PUT", database + "/m" + std::to_string(number), document(number, due));
        while (load::now() < due + load::second / 10) {
            followers.poll(load::millisecond);
            writer.poll(0);
        }
    }
    return {{"mode", "feeds"},
            {"feeds", options.feeds},
            {"opened", opened},
            {"open_s", open_s},
            {"kb_per_feed", static_cast<double>(after - before) / static_cast<double>(options.feeds)},
            {"resident_kb", after},
            {"rows", rows},
            {"expected", writes * options.feeds},
            {"row", latency.summary()}};
}

boost::json::object run(const Options& options) {
    if (options.mode == "feeds") return run_feeds(options);
    return run_writes(options, options.mode == "bulk");
}

}  // namespace

}  // namespace davenport::store_load

int main(int argc, char** argv) {
    davenport::store_load::Options options;
    CLI::App app{
        "Loads a store over loopback, and tells what came of it as JSON. Makes a database of its own, and "
        "drops it."};
    app.add_option("--server", options.server, "127.0.0.1:port")->required();
    app.add_option("--authorization", options.authorization, "value of that header");
    app.add_option("--mode", options.mode)
        ->check(CLI::IsMember({"put", "bulk", "feeds"}))
        ->capture_default_str();
    app.add_option("--connections", options.connections, "put, bulk: that write at once")
        ->capture_default_str();
    app.add_option("--documents", options.documents, "bulk: in one request")->capture_default_str();
    app.add_option("--feeds", options.feeds, "feeds: continuous feeds")->capture_default_str();
    app.add_option("--seconds", options.seconds)->capture_default_str();
    app.add_option("--pid", options.pid, "of the store, to tell its memory");
    CLI11_PARSE(app, argc, argv);
    rlimit files{};
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    try {
        std::puts(serialize(run(options)).c_str());
        return 0;
    } catch (const std::exception& error) {
        std::puts(serialize(boost::json::object{{"error", error.what()}}).c_str());
        return 1;
    }
}
