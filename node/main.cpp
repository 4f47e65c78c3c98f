#include "node/net/chat_driver.hpp"
#include "node/net/json_log.hpp"
#include "node/net/wire/acceptor.hpp"
#include "node/net/wire/process.hpp"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <boost/asio/signal_set.hpp>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/random.h>

namespace {

struct Options {
    std::string store = "http://127.0.0.1:5984/chat";
    std::string store_password_file;
    std::string store_ca;
    std::string name;
    std::string listen = "127.0.0.1:8080";
    std::vector<std::string> hosts;
    std::string journal = "chatnode.journal";
    std::string feed = "continuous";
    double poll_interval = 1.0;
    std::size_t batch = node::ChatConfig{}.bulk_documents_max;
    std::string log_format = "plain";
    std::string log_level = "info";
    std::string port_file;
};

constexpr int bad_usage = 64;

/// From the URL, else the file, else the environment: the later ones are not to be seen in a list of
/// processes.
std::string find_password(const Options& options, const wire::HttpServer& store) {
    if (!store.password.empty()) return store.password;
    if (!options.store_password_file.empty()) {
        std::ifstream file{options.store_password_file};
        std::string line;
        if (!std::getline(file, line))
            throw std::invalid_argument("cannot read a password from " + options.store_password_file +
                                        ": give --store-password-file a readable file");
        while (!line.empty() && (line.back() == '\r' || line.back() == '\n')) line.pop_back();
        return line;
    }
    const char* from_environment = std::getenv("DAVENPORT_STORE_PASSWORD");
    return from_environment ? from_environment : "";
}

node::ChatDriver::Config configure(const Options& options) {
    node::ChatDriver::Config config;
    config.store = wire::parse_http_server(options.store);
    if (config.store.path.size() < 2 || config.store.path.find('/', 1) != std::string::npos)
        throw std::invalid_argument(
            "--store names no database: give it as http://user:password@host:port/db");
    config.core.database = config.store.path.substr(1);
    if (!config.store.user.empty())
        config.core.authorization =
            base::basic_authorization(config.store.user, find_password(options, config.store));
    if (options.feed == "longpoll") config.core.feed = node::FeedMode::longpoll;
    if (options.feed == "poll") config.core.feed = node::FeedMode::poll;
    config.core.poll_interval = base::Duration{static_cast<std::int64_t>(options.poll_interval * 1e6)};
    config.core.bulk_documents_max = options.batch;
    config.core.name = options.name.empty() ? "node" : options.name;
    if (::getrandom(&config.core.random_seed, sizeof config.core.random_seed, 0) < 0)
        throw std::runtime_error("the system gives no random numbers");
    config.store_ca_file = options.store_ca;
    config.server.listen = wire::parse_listen_address(options.listen);
    config.server.hosts = options.hosts;
    config.journal_path = options.journal;
    return config;
}

void log_line(node::Log::Level level, const std::string& line) {
    using Level = node::Log::Level;
    spdlog::log(level == Level::info      ? spdlog::level::info
                : level == Level::warning ? spdlog::level::warn
                                          : spdlog::level::err,
                "{}", line);
}

int run(const Options& options) {
    wire::raise_descriptor_limit();
    auto config = configure(options);
    wire::Loop loop;
    const auto store_url = config.store.url();
    const auto host = config.server.listen.address();
    node::ChatDriver driver{loop, std::move(config), log_line};
    std::fputs(fmt::format("listening on {}\n", wire::listen_url(host, driver.port())).c_str(), stderr);
    if (!options.port_file.empty()) wire::write_port_file(options.port_file, driver.port());
    spdlog::info("store {}, journal {}", store_url, options.journal);

    boost::asio::signal_set signals{loop.context(), SIGINT, SIGTERM};
    signals.async_wait([&](boost::system::error_code error, int) {
        if (error) return;
        spdlog::info("stopping; a second signal stops at once");
        driver.drain();
        signals.async_wait([](boost::system::error_code again, int number) {
            if (!again) std::_Exit(128 + number);
        });
    });
    loop.run();
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    Options options;
    CLI::App app{
        "A chat node: browsers talk to it, it talks to CouchDB, and it goes on when CouchDB is gone."};
    app.add_option("--store", options.store,
                   "http://user:password@host:port/db of the CouchDB that all nodes share")
        ->capture_default_str();
    app.add_option("--store-password-file", options.store_password_file,
                   "file with the password; or set DAVENPORT_STORE_PASSWORD");
    app.add_option("--store-ca", options.store_ca,
                   "PEM file of the authority that signed an https store, if the system does not know it");
    app.add_option("--name", options.name, "written into messages as their host");
    app.add_option("--listen", options.listen, "host:port for clients; port 0 takes a free one")
        ->capture_default_str();
    app.add_option("--host", options.hosts,
                   "names that this node is reached by; without it: any, or on loopback only this machine's");
    app.add_option("--journal", options.journal, "the node's own file; no two nodes share one")
        ->capture_default_str();
    app.add_option("--feed", options.feed,
                   "how to learn of others' messages: continuous, longpoll, or poll (the slow way)")
        ->check(CLI::IsMember({"continuous", "longpoll", "poll"}))
        ->capture_default_str();
    app.add_option("--poll-interval", options.poll_interval, "seconds between two polls")
        ->check(CLI::Range(0.01, 3600.0))
        ->capture_default_str();
    app.add_option("--batch", options.batch, "messages that are sent to the store in one request, at most")
        ->check(CLI::Range(1, 10000))
        ->capture_default_str();
    app.add_option("--log-format", options.log_format, "plain or json")
        ->check(CLI::IsMember({"plain", "json"}))
        ->capture_default_str();
    app.add_option("--log-level", options.log_level, "trace, debug, info, warning, error, off")
        ->check(CLI::IsMember({"trace", "debug", "info", "warning", "error", "off"}))
        ->capture_default_str();
    app.add_option("--port-file", options.port_file, "is written with the port once it listens");
    app.set_version_flag("--version", std::string{DAVENPORT_VERSION});
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : bad_usage;
    }
    spdlog::set_default_logger(spdlog::stderr_color_mt("chatnode"));
    if (options.log_format == "json")
        spdlog::set_formatter(node::json_log_formatter());
    else
        spdlog::set_pattern("%Y-%m-%dT%H:%M:%S.%e %^%l%$ %v");
    spdlog::set_level(spdlog::level::from_str(options.log_level));
    try {
        return run(options);
    } catch (const std::invalid_argument& error) {
        std::fputs(fmt::format("chatnode: {}\n", error.what()).c_str(), stderr);
        return bad_usage;
    } catch (const std::exception& error) {
        std::fputs(fmt::format("chatnode: {}\n", error.what()).c_str(), stderr);
        return 1;
    }
}
