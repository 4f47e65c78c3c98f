#include "node/program/store_copy.hpp"

#include "node/base/text.hpp"
#include "node/base/version.hpp"
#include "node/net/chat_driver.hpp"
#include "node/net/journal_file.hpp"
#include "node/net/wire/acceptor.hpp"
#include "node/net/wire/process.hpp"
#include "node/program/given_store.hpp"

#include <csignal>
#include <cstdio>
#include <cstring>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>

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

volatile std::sig_atomic_t interrupted = 0;

std::string fresh_bytes(std::size_t count) {
    std::string out(count, '\0');
    if (::getrandom(out.data(), out.size(), 0) != static_cast<ssize_t>(out.size()))
        throw std::runtime_error("the system gives no random numbers");
    return out;
}

ChatDriver::Config config_of(const std::string& url, const std::string& password_file,
                             const StoreCopyCommand& command) {
    ChatDriver::Config config;
    auto& core = config.core;
    if (names_nats(url)) {
        auto given = read_nats_store(url);
        auto& servers = given.servers;
        if (!servers.user.empty()) servers.password = find_password(servers.password, password_file);
        require_credentials(command.credentials);
        servers.credentials_file = command.credentials;
        servers.ca_file = command.ca;
        servers.name = "chatnode store copy";
        core.stream = given.access;
        NatsClient::check(servers);
        config.nats = std::move(servers);
    } else {
        auto given = read_given_store(url, password_file);
        core.stores = {given.access};
        config.stores = {given.server};
    }
    core.name = "store copy";
    core.presence = false;
    core.outbox_messages_max = backlog_max;
    std::memcpy(&core.random_seed, fresh_bytes(sizeof core.random_seed).data(), sizeof core.random_seed);
    core.entropy = fresh_bytes(32);
    // It has no clients: it answers for a name that nobody knows.
    config.server.listen = wire::parse_listen_address("127.0.0.1:0");
    config.server.hosts = {JournalFile::make_uuid() + ".invalid"};
    config.store_ca_file = command.ca;
    config.version = base::version();
    config.journal_path = command.journal;
    return config;
}

/// Runs a node until all is done, or a signal comes: then it is nothing. Else how many messages the store
/// refused for good.
std::optional<std::uint64_t> run(ChatDriver::Config config,
                                 const std::function<bool(const NodeCounts&)>& is_done,
                                 const std::function<std::string(const NodeCounts&)>& line) {
    wire::Loop loop;
    ChatDriver driver{loop, std::move(config), [](Log::Level level, const std::string& said) {
                          if (level != Log::Level::info)
                              std::fputs((base::one_printable_line(said) + '\n').c_str(), stderr);
                      }};
    std::optional<std::uint64_t> refused;
    int done_looks = 0, looks = 0;
    boost::asio::steady_timer timer{loop.context()};
    std::function<void()> look = [&] {
        timer.expires_after(look_interval);
        timer.async_wait([&](boost::system::error_code error) {
            if (error) return;
            if (interrupted) return driver.drain();
            const auto counts = driver.counts();
            if (++looks % looks_between_lines == 0) std::fputs((line(counts) + '\n').c_str(), stderr);
            done_looks = is_done(counts) ? done_looks + 1 : 0;
            if (done_looks < looks_at_the_end) return look();
            refused = counts.posts_failed;
            std::fputs((line(counts) + '\n').c_str(), stderr);
            driver.drain();
        });
    };
    look();
    loop.run();
    return refused;
}

}  // namespace

int perform(const StoreCopyCommand& command) {
    if (command.from == command.to)
        throw std::invalid_argument(
            "both URLs name the same store: give the one to read from and the one to fill");
    wire::raise_descriptor_limit();
    for (const int signal : {SIGINT, SIGTERM}) std::signal(signal, [](int) { interrupted = 1; });
    auto from = config_of(command.from, command.from_password_file, command);
    auto to = config_of(command.to, command.to_password_file, command);
    const auto url_of = [](const ChatDriver::Config& config) {
        return config.nats ? config.nats->url() : config.stores.front().url();
    };
    std::fputs(fmt::format("reading {}\n", url_of(from)).c_str(), stderr);
    const auto has_read = [](const NodeCounts& counts) {
        return counts.store_up && counts.caught_up && !counts.catching_up && counts.unsettled == 0;
    };
    const auto read = run(std::move(from), has_read, [](const NodeCounts& counts) {
        if (!counts.store_up) return std::string{"waiting for the store"};
        if (counts.catch_up_total > 0)
            return fmt::format("read {} of {} documents", counts.catch_up_read, counts.catch_up_total);
        return fmt::format("read {} messages that were new here", counts.rows_new);
    });
    if (read && !interrupted) {
        std::fputs(fmt::format("writing {}\n", url_of(to)).c_str(), stderr);
        const auto written = run(
            std::move(to), [&](const NodeCounts& counts) { return has_read(counts) && counts.backlog == 0; },
            [](const NodeCounts& counts) {
                if (!counts.store_up) return std::string{"waiting for the store"};
                return fmt::format("{} messages are there, {} wait, and {} bans and rooms",
                                   counts.posts_stored, counts.backlog, counts.unsettled);
            });
        if (written && *written > 0) {
            std::fputs(
                fmt::format("{} messages were refused by the store that is filled, each for the reason "
                            "above; all others are there\n",
                            *written)
                    .c_str(),
                stderr);
            return 1;
        }
        if (written) {
            std::fputs("done; run it again for what is said meanwhile, then give the nodes the new store\n",
                       stderr);
            return 0;
        }
    }
    std::fputs("interrupted; the same command goes on where it stopped\n", stderr);
    return 1;
}

}  // namespace davenport::node::program
