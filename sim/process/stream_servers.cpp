#include "sim/process/stream_servers.hpp"

#include "sim/process/stream_reader.hpp"
#include "sim/process/transport.hpp"
#include "sim/world.hpp"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <numeric>
#include <stdexcept>
#include <string_view>
#include <type_traits>
#include <utility>

#include <fmt/format.h>
#include <unistd.h>

namespace davenport::sim::process {
namespace {

using namespace std::chrono_literals;

constexpr auto stream = "chat";
constexpr auto election_time_max = 30s;  // an election takes some seconds
constexpr auto leader_interval = 200ms;
constexpr int leader_patience_s = 1;
constexpr base::Duration listen_interval = 5ms;

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

struct ServerConfig {
    std::string name;
    std::filesystem::path data;
    StreamServers::Ports own;
    std::vector<std::uint16_t> routes;  ///< to the others
};

std::string text_of(const ServerConfig& config) {
    std::string routes;
    for (const auto port : config.routes)
        routes += fmt::format("{}nats://127.0.0.1:{}", routes.empty() ? "" : ", ", port);
    // Nodes are told of no server but those that they are given, and servers of no way to each other: these
    // may be relays.
    return fmt::format(
        "server_name: {}\nlisten: 127.0.0.1:{}\njetstream {{ store_dir: \"{}\" }}\n"
        "cluster {{ name: davenport, listen: 127.0.0.1:{}, advertise: \"127.0.0.1:1\", no_advertise: true, "
        "routes: [{}] }}\n",
        config.name, config.own.clients, config.data.string(), config.own.routes, routes);
}

/// What the first of these servers tells that tells something; else nothing.
template <class Ask>
auto first_of(const std::vector<std::uint16_t>& ports, int patience_s, const Ask& ask) {
    std::decay_t<std::invoke_result_t<Ask, StreamReader&>> told{};
    for (const auto port : ports) {
        try {
            StreamReader reader{port, patience_s};
            told = std::invoke(ask, reader);
            break;
        } catch (const std::runtime_error&) {
            // It is away, or nobody leads.
        }
    }
    return told;
}

}  // namespace

bool is_nats_server_here() { return !find_nats_server().empty(); }

std::string StreamServers::url(const std::vector<std::uint16_t>& ports) {
    std::string hosts;
    for (const auto port : ports) hosts += fmt::format("{}127.0.0.1:{}", hosts.empty() ? "" : ",", port);
    return fmt::format("nats://{}/{}", hosts, stream);
}

StreamServers::StreamServers(const Surroundings& in, const std::vector<Ports>& ports) : relays_{in.relays} {
    const auto& folder = in.folder;
    for (std::size_t i = 0; i < ports.size(); ++i) {
        const bool alone = ports.size() == 1;
        const auto name = alone ? std::string{"nats-server"} : fmt::format("nats-server-{}", i + 1);
        auto data = folder / (alone ? "jetstream" : fmt::format("jetstream-{}", i + 1));
        std::vector<std::string> command{find_nats_server().string()};
        if (alone) {
            command.insert(command.end(), {"-a", "127.0.0.1", "-p", std::to_string(ports[i].clients), "-js",
                                           "-sd", data.string()});
        } else {
            const auto config = folder / (name + ".conf");
            std::vector<std::uint16_t> routes;
            for (std::size_t other = 0; !relays_ && other < ports.size(); ++other)
                if (other != i) routes.push_back(ports[other].routes);
            if (relays_) routes = relays_->routes_of(i);
            std::ofstream{config} << text_of({name, data, ports[i], std::move(routes)});
            command.insert(command.end(), {"-c", config.string()});
        }
        servers_.push_back({.name = name,
                            .port = ports[i].clients,
                            .data = std::move(data),
                            .program = Program{Program::Setup{.name = name,
                                                              .command = std::move(command),
                                                              .port_files = {},
                                                              .log = folder / "logs" / (name + ".log")}}});
    }
    for (auto& server : servers_) server.program.start(steady_now());
    const auto until = std::chrono::steady_clock::now() + election_time_max;
    const auto wait_for = [&](const auto& is_so, const std::string& what) {
        while (!is_so()) {
            for (auto& server : servers_)
                if (const auto change = server.program.poll(steady_now()); change && !change->ready)
                    throw std::runtime_error{fmt::format("{} did not start: {}", server.name, change->how)};
            if (std::chrono::steady_clock::now() > until) throw std::runtime_error{what};
            in.let_go_on(listen_interval);
        }
    };
    for (const auto& server : servers_)
        wait_for([&] { return StreamReader::listens(server.port); }, server.name + " does not listen");
    if (servers_.size() > 1)
        wait_for([&] { return first_of(answering_ports(), leader_patience_s, &StreamReader::is_ready); },
                 "the nats-servers elect no leader");
}

std::vector<std::uint16_t> StreamServers::answering_ports() const {
    std::vector<std::uint16_t> out;
    for (const auto& server : servers_)
        if (server.answers()) out.push_back(server.port);
    return out;
}

void StreamServers::read(orchestrator::RequestId request) {
    auto ports = answering_ports();
    if (ports.empty()) ports.push_back(servers_.front().port);
    reads_[request] = std::async(std::launch::async, [ports = std::move(ports)] {
        std::string why;
        for (const auto port : ports) {
            try {
                return base::HttpResponse{200, {}, StreamReader{port}.all_documents(stream)};
            } catch (const std::runtime_error& problem) {
                why = problem.what();
            }
        }
        return base::HttpResponse{0, {}, why};
    });
}

StreamServers::News StreamServers::poll(base::Time now) {
    News news;
    for (auto& server : servers_) {
        if (const auto change = server.program.poll(now);
            change && !change->ready && server.downs == 0 && !server.starts_at)
            news.ended = fmt::format("{}: {}", server.name, change->how);
        if (!server.starts_at || now < *server.starts_at || server.program.state() != Program::State::gone)
            continue;
        server.starts_at.reset();
        if (std::exchange(server.wiped, false)) std::filesystem::remove_all(server.data);
        server.program.start(now);
    }
    if (servers_.size() > 1) follow_leader(now);
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

/// In another thread, so that a fault that asks for the leader need not wait.
void StreamServers::follow_leader(base::Time now) {
    if (asked_leader_.valid()) {
        if (asked_leader_.wait_for(0s) != std::future_status::ready) return;
        if (auto told = asked_leader_.get(); !told.empty()) leader_ = std::move(told);
        ask_leader_at_ = now + leader_interval;
    }
    if (now < ask_leader_at_) return;
    asked_leader_ = std::async(std::launch::async, [ports = answering_ports()] {
        return first_of(ports, leader_patience_s, [](StreamReader& reader) { return reader.leader(stream); });
    });
}

// ---- faults

std::vector<std::size_t> StreamServers::victims_of(const StreamFault& fault) const {
    std::vector<std::size_t> all(servers_.size());
    std::iota(all.begin(), all.end(), std::size_t{0});
    if (!fault.kind.starts_with("server.")) return all;
    const bool leads = fault.server == "leader";
    if (!leads && fault.server != "follower") return {std::stoul(fault.server) - 1};
    // While there is no leader, or it is away already, another one is hit.
    std::optional<std::size_t> other;
    for (const auto i : all) {
        if (!servers_[i].answers()) continue;
        if ((servers_[i].name == leader_) == leads) return {i};
        other = i;
    }
    return other ? std::vector{*other} : std::vector<std::size_t>{};
}

bool StreamServers::kill(Server& server, const StreamFault& fault) {
    const bool was_there = server.downs == 0 && !server.starts_at;
    if (fault.kind == "store.wipe") server.wiped = true;
    if (fault.kind.ends_with(".down")) {
        ++server.downs;
        server.starts_at.reset();
    } else if (was_there) {
        server.starts_at = steady_now() + fault.lasts;
    }
    if (was_there) server.program.kill();
    return was_there || fault.kind == "store.wipe";
}

std::int64_t StreamServers::drop_consumers() {
    return first_of(answering_ports(), leader_patience_s,
                    [](StreamReader& reader) { return reader.drop_consumers(stream); });
}

std::int64_t StreamServers::begin_fault(const StreamFault& fault) {
    if (fault.kind == "feed.cut") return drop_consumers();
    const auto victims = victims_of(fault);
    std::int64_t hits = 0;
    for (const auto i : victims) {
        auto& server = servers_[i];
        if (fault.kind == "server.partition") {
            relays_->cut(i);
            ++hits;
        } else if (fault.kind.ends_with(".hang")) {
            ++server.hangs;
            server.program.pause();
            ++hits;
        } else {
            // Not deleted while the nodes write: nats-server 2.9.10 then panics, or refuses all writes, now
            // and then.
            hits += kill(server, fault) ? 1 : 0;
        }
    }
    hit_[fault.name] = victims;
    return hits;
}

void StreamServers::end_fault(const StreamFault& fault) {
    const auto hit = hit_.extract(fault.name);
    if (hit.empty()) return;
    for (const auto i : hit.mapped()) {
        auto& server = servers_[i];
        if (fault.kind == "server.partition") relays_->mend(i);
        if (fault.kind.ends_with(".hang") && --server.hangs == 0) server.program.resume();
        if (fault.kind.ends_with(".down") && --server.downs == 0) server.starts_at = steady_now();
    }
}

}  // namespace davenport::sim::process

namespace davenport::sim {

bool has_nats_server() { return process::is_nats_server_here(); }

}  // namespace davenport::sim
