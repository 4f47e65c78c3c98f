#include "node/base/text.hpp"
#include "node/net/chat_driver.hpp"
#include "node/net/json_log.hpp"
#include "node/net/log_index.hpp"
#include "node/net/wire/acceptor.hpp"
#include "node/net/wire/process.hpp"
#include "node/program/admin_tool.hpp"
#include "node/program/erase_tool.hpp"
#include "node/program/journal_tool.hpp"
#include "node/program/options.hpp"
#include "node/program/service_manager.hpp"
#include "node/program/setup.hpp"
#include "node/program/status_tool.hpp"
#include "node/program/store_copy.hpp"
#include "node/program/store_upgrade.hpp"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <functional>
#include <string>

#include <boost/asio/signal_set.hpp>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

using namespace davenport;

namespace {

/// The one way into the log: a line may repeat what a store or a client said.
void log_line(node::Log::Level level, const std::string& line) {
    using Level = node::Log::Level;
    spdlog::log(level == Level::info      ? spdlog::level::info
                : level == Level::warning ? spdlog::level::warn
                                          : spdlog::level::err,
                "{}", base::one_printable_line(line));
}

void begin_logging(const node::program::Options& options) {
    spdlog::set_default_logger(spdlog::stderr_color_mt("chatnode"));
    if (options.log_format == "json")
        spdlog::set_formatter(node::json_log_formatter());
    else
        spdlog::set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %^%l%$ %v");
    spdlog::set_level(spdlog::level::from_str(options.log_level));
}

/// After a certificate was renewed.
void reload(node::ChatDriver& driver) {
    try {
        driver.reload_certificate();
        spdlog::info("SIGHUP: read the certificate again");
    } catch (const std::invalid_argument& error) {
        spdlog::error("SIGHUP: {}; the previous certificate stays in use", error.what());
    }
}

int run(const node::program::CommandLine& given) {
    const auto& options = given.options;
    wire::raise_descriptor_limit();
    wire::ignore_file_size_signal();
    auto config = node::program::set_up(given);
    wire::Loop loop;
    const auto store_url = config.nats ? config.nats->url() : config.stores.front().url();
    const auto host = config.server.listen.address();
    const auto metrics = config.metrics;
    node::ChatDriver driver{loop, std::move(config), log_line};
    const auto url = wire::listen_url(host, driver.port(), !options.tls_cert.empty());
    std::fputs(fmt::format("listening on {}\n", url).c_str(), stderr);
    if (const auto port = driver.metrics_port())
        spdlog::info("metrics at {}/metrics", wire::listen_url(metrics->address(), port));
    if (!options.port_file.empty()) wire::write_port_file(options.port_file, driver.port());
    spdlog::info("store {}, journal {}", store_url, options.journal);
    if (given.places.at("store") == "default")
        spdlog::info(
            "no --store was given, so the node looks for a CouchDB there; until one answers, it keeps a chat "
            "of "
            "its own. In a clone, `./dev chat` starts a store and two nodes");
    node::program::ServiceManager service_manager{loop.context()};
    service_manager.ready(fmt::format("Listening on {}", url));

    boost::asio::signal_set signals{loop.context(), SIGINT, SIGTERM};
    signals.async_wait([&](boost::system::error_code error, int) {
        if (error) return;
        spdlog::info("stopping; a second signal stops at once");
        service_manager.stopping();
        driver.drain();
        signals.async_wait([](boost::system::error_code again, int number) {
            if (!again) std::_Exit(128 + number);
        });
    });
    boost::asio::signal_set hangups{loop.context(), SIGHUP};
    std::function<void()> await_hangup = [&] {
        hangups.async_wait([&](boost::system::error_code error, int) {
            if (error) return;
            reload(driver);
            await_hangup();
        });
    };
    await_hangup();
    loop.run();
    return 0;
}

int check(const node::program::CommandLine& given) {
    static_cast<void>(node::program::set_up(given));
    std::fputs((given.settings + "The configuration is valid.\n").c_str(), stdout);
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    int exit_code = 0;
    node::LogIndex::end_at_bus_errors();
    try {
        const auto given = node::program::read_command_line(argc, argv, exit_code);
        if (!given) return exit_code;
        if (given->journal) return node::program::perform(*given->journal);
        if (given->erase) return node::program::perform(*given->erase);
        if (given->admin) return node::program::perform(*given->admin);
        if (given->store_upgrade) return node::program::perform(*given->store_upgrade);
        if (given->store_copy) return node::program::perform(*given->store_copy);
        if (given->status) return node::program::perform(*given->status);
        if (given->options.check_config) return check(*given);
        for (const auto& variable : given->unknown_variables)
            std::fputs(fmt::format("chatnode: ignoring {}\n", variable).c_str(), stderr);
        begin_logging(given->options);
        return run(*given);
    } catch (const node::program::Mistakes& mistakes) {
        for (const auto& line : mistakes.lines)
            std::fputs(fmt::format("chatnode: {}\n", line).c_str(), stderr);
        return node::program::bad_usage;
    } catch (const std::invalid_argument& error) {
        std::fputs(fmt::format("chatnode: {}\n", error.what()).c_str(), stderr);
        return node::program::bad_usage;
    } catch (const std::exception& error) {
        std::fputs(fmt::format("chatnode: {}\n", error.what()).c_str(), stderr);
        return 1;
    }
}
