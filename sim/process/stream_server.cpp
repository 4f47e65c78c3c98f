#include "sim/process/stream_server.hpp"

#include "sim/process/stream_reader.hpp"
#include "sim/process/transport.hpp"
#include "sim/world.hpp"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <stdexcept>
#include <string_view>
#include <thread>
#include <utility>

#include <fmt/format.h>
#include <unistd.h>

namespace davenport::sim::process {
namespace {

using namespace std::chrono_literals;

constexpr auto stream = "chat";
constexpr auto start_time_max = 10s;
constexpr auto listen_interval = 5ms;

/// On PATH; empty when it is not there.
std::filesystem::path find_nats_server() {
    const char* path = std::getenv("PATH");
    for (std::string_view rest = path ? path : ""; !rest.empty();) {
        const auto colon = std::min(rest.find(':'), rest.size());
        auto file = std::filesystem::path{rest.substr(0, colon)} / "nats-server";
        if (::access(file.c_str(), X_OK) == 0) return file;
        rest.remove_prefix(std::min(colon + 1, rest.size()));
    }
    return {};
}

}  // namespace

bool is_nats_server_here() { return !find_nats_server().empty(); }

std::string StreamServer::url(std::uint16_t port) {
    return fmt::format("nats://127.0.0.1:{}/{}", port, stream);
}

StreamServer::StreamServer(const std::filesystem::path& folder, std::uint16_t port)
    : port_{port},
      data_{folder / "jetstream"},
      program_{Program::Setup{.name = "nats-server",
                              .command = {find_nats_server().string(), "-a", "127.0.0.1", "-p",
                                          std::to_string(port), "-js", "-sd", data_.string()},
                              .port_files = {},
                              .log = folder / "logs" / "nats-server.log"}} {
    program_.start(steady_now());
    const auto until = std::chrono::steady_clock::now() + start_time_max;
    while (!StreamReader::listens(port_)) {
        const auto change = program_.poll(steady_now());
        if (change && !change->ready) throw std::runtime_error{"nats-server did not start: " + change->how};
        if (std::chrono::steady_clock::now() > until) throw std::runtime_error{"nats-server does not listen"};
        std::this_thread::sleep_for(listen_interval);
    }
}

void StreamServer::read(orchestrator::RequestId request) {
    reads_[request] = std::async(std::launch::async, [port = port_] {
        try {
            return base::HttpResponse{200, {}, StreamReader{port}.all_documents(stream)};
        } catch (const std::runtime_error& problem) {
            return base::HttpResponse{0, {}, problem.what()};
        }
    });
}

StreamServer::News StreamServer::poll(base::Time now) {
    News news;
    if (const auto change = program_.poll(now); change && !change->ready && !down_ && !starts_at_)
        news.ended = change->how;
    if (starts_at_ && now >= *starts_at_ && program_.state() == Program::State::gone) {
        starts_at_.reset();
        if (std::exchange(wiped_, false)) std::filesystem::remove_all(data_);
        program_.start(now);
    }
    for (auto read = reads_.begin(); read != reads_.end();) {
        if (read->second.wait_for(0s) != std::future_status::ready) {
            ++read;
            continue;
        }
        news.reads.push_back({read->first, read->second.get()});
        read = reads_.erase(read);
    }
    return news;
}

std::int64_t StreamServer::begin_fault(std::string_view kind, base::Duration lasts, std::int64_t) {
    if (kind == "store.hang") {
        program_.pause();
        return 1;
    }
    if (kind == "feed.cut") {
        try {
            return StreamReader{port_}.drop_consumers(stream);
        } catch (const std::runtime_error&) {
            return 0;  // it is away
        }
    }
    // Not deleted while the nodes write: nats-server 2.9.10 then panics, or refuses all writes, now and then.
    if (kind == "store.wipe") wiped_ = true;
    if (kind == "store.down") {
        down_ = true;
        starts_at_.reset();
    } else {
        if (down_ || starts_at_) return kind == "store.wipe" ? 1 : 0;
        starts_at_ = steady_now() + lasts;
    }
    program_.kill();
    return 1;
}

void StreamServer::end_fault(std::string_view kind) {
    if (kind == "store.hang") program_.resume();
    if (kind != "store.down" || !std::exchange(down_, false)) return;
    starts_at_ = steady_now();
}

}  // namespace davenport::sim::process

namespace davenport::sim {

bool has_nats_server() { return process::is_nats_server_here(); }

}  // namespace davenport::sim
