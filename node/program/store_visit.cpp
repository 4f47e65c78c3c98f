#include "node/program/store_visit.hpp"

#include "node/base/text.hpp"
#include "node/base/version.hpp"
#include "node/net/journal_file.hpp"
#include "node/net/wire/acceptor.hpp"
#include "node/net/wire/process.hpp"
#include "node/program/given_store.hpp"

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <utility>

#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>
#include <sys/random.h>

namespace davenport::node::program {
namespace {

constexpr auto look_interval = std::chrono::milliseconds{200};
constexpr int looks_between_lines = 25;
/// So many times in a row it must look as if all was done: what came last goes to the disk meanwhile.
constexpr int looks_at_the_end = 3;
constexpr std::size_t backlog_max = 1'000'000'000;

volatile std::sig_atomic_t signalled = 0;

std::string fresh_bytes(std::size_t count) {
    std::string out(count, '\0');
    if (::getrandom(out.data(), out.size(), 0) != static_cast<ssize_t>(out.size()))
        throw std::runtime_error("the system gives no random numbers");
    return out;
}

}  // namespace

ChatDriver::Config visit_config(const StoreVisit& visit) {
    ChatDriver::Config config;
    auto& core = config.core;
    if (names_nats(visit.url)) {
        auto given = read_nats_store(visit.url);
        auto& servers = given.servers;
        if (!servers.user.empty()) servers.password = find_password(servers.password, visit.password_file);
        require_credentials(visit.credentials);
        servers.credentials_file = visit.credentials;
        servers.ca_file = visit.ca;
        servers.name = "chatnode " + visit.name;
        core.stream = given.access;
        NatsClient::check(servers);
        config.nats = std::move(servers);
    } else {
        auto given = read_given_store(visit.url, visit.password_file);
        core.stores = {given.access};
        config.stores = {given.server};
    }
    core.name = visit.name;
    core.presence = false;
    core.outbox_messages_max = backlog_max;
    std::memcpy(&core.random_seed, fresh_bytes(sizeof core.random_seed).data(), sizeof core.random_seed);
    core.entropy = fresh_bytes(32);
    // It has no clients: it answers for a name that nobody knows.
    config.server.listen = wire::parse_listen_address("127.0.0.1:0");
    config.server.hosts = {JournalFile::make_uuid() + ".invalid"};
    config.store_ca_file = visit.ca;
    config.version = base::version();
    config.journal_path = visit.journal;
    return config;
}

std::string url_of(const ChatDriver::Config& config) {
    return config.nats ? config.nats->url() : config.stores.front().url();
}

bool interrupted() { return signalled != 0; }

void watch_signals() {
    for (const int signal : {SIGINT, SIGTERM}) std::signal(signal, [](int) { signalled = 1; });
}

std::optional<NodeCounts> run_visit(ChatDriver::Config config,
                                    const std::function<bool(const NodeCounts&)>& is_done,
                                    const std::function<std::string(const NodeCounts&)>& line) {
    wire::Loop loop;
    ChatDriver driver{loop, std::move(config), [](Log::Level level, const std::string& said) {
                          if (level != Log::Level::info)
                              std::fputs((base::one_printable_line(said) + '\n').c_str(), stderr);
                      }};
    std::optional<NodeCounts> at_the_end;
    int done_looks = 0, looks = 0;
    boost::asio::steady_timer timer{loop.context()};
    std::function<void()> look = [&] {
        timer.expires_after(look_interval);
        timer.async_wait([&](boost::system::error_code error) {
            if (error) return;
            if (interrupted()) return driver.drain();
            const auto counts = driver.counts();
            if (++looks % looks_between_lines == 0) std::fputs((line(counts) + '\n').c_str(), stderr);
            done_looks = is_done(counts) ? done_looks + 1 : 0;
            if (done_looks < looks_at_the_end) return look();
            at_the_end = counts;
            std::fputs((line(counts) + '\n').c_str(), stderr);
            driver.drain();
        });
    };
    look();
    loop.run();
    return at_the_end;
}

}  // namespace davenport::node::program
