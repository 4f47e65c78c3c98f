#include "couchmock/core/config.hpp"
#include "couchmock/faults/fault_reference.hpp"
#include "couchmock/net/driver.hpp"
#include "node/base/help_formatter.hpp"
#include "node/base/version.hpp"
#include "node/net/wire/acceptor.hpp"
#include "node/net/wire/process.hpp"

#include <csignal>
#include <cstdio>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <boost/asio/signal_set.hpp>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

using namespace davenport;

namespace {

struct Options {
    std::string listen = "127.0.0.1:5984";
    std::string control;
    std::string admin;
    std::vector<std::string> control_hosts;
    std::optional<std::uint64_t> seed;
    std::string data;
    std::string upstream;
    std::string upstream_ca;
    std::string javascript = "on";
    bool ignore_validators = false;
    int members = 1;
    std::string log_level = "info";
    std::string port_file;
    std::string control_port_file;
};

constexpr int bad_usage = 64;

constexpr base::Shown shown[] = {
    {"--listen", "Server", "HOST:PORT"},
    {"--admin", "Server", "USER:PASSWORD"},
    {"--port-file", "Server", "FILE"},
    {"--log-level", "Server", "LEVEL"},
    {"--data", "Store", "FILE"},
    {"--javascript", "Store", "WHETHER"},
    {"--ignore-validators", "Store", ""},
    {"--members", "Store", "MEMBERS"},
    {"--upstream", "In front of another CouchDB", "URL"},
    {"--upstream-ca", "In front of another CouchDB", "FILE"},
    {"--control", "Faults", "HOST:PORT"},
    {"--control-host", "Faults", "NAME"},
    {"--control-port-file", "Faults", "FILE"},
    {"--seed", "Faults", "NUMBER"},
    {"--faults", "Faults", ""},
};

constexpr const char* examples = R"(Examples:
  couchmock --listen 127.0.0.1:5984 --data store.couch
      a CouchDB for a test or a small chat, kept in a file
  couchmock --control 127.0.0.1:5985 --admin admin:secret
      faults are asked for at another port, which stays up while the store is 'down':
      curl -u admin:secret 127.0.0.1:5985/_mock/faults --json '{"fault": "store.down", "for_ms": 5000}'
  couchmock --upstream http://admin:secret@127.0.0.1:5983 --listen 127.0.0.1:5984
      faults in front of a CouchDB of yours
More: TESTING.md (how to test a client) and CONTROL.md (all faults).)";

int run(const Options& options) {
    if (options.members > 1 && !options.upstream.empty())
        throw std::invalid_argument{
            "--members makes couchmock's own store a cluster, and --upstream names another's: leave one of "
            "them out"};
    if (options.members > 1 && !options.data.empty())
        throw std::invalid_argument{
            "--members and --data exclude each other: what each member has is not kept; leave one of them "
            "out"};
    wire::raise_descriptor_limit();
    const auto colon = options.admin.find(':');
    const auto user = options.admin.substr(0, colon);
    const auto password = colon == std::string::npos ? std::string{} : options.admin.substr(colon + 1);
    couchmock::StoreServer::Config server{
        .listen = wire::parse_listen_address(options.listen),
        .control = {},
        .access = {.user = user, .password = password, .hosts = options.control_hosts}};
    if (!options.control.empty()) server.control = wire::parse_listen_address(options.control);

    wire::Loop loop;
    const auto log = [](const std::string& line) { spdlog::info("{}", line); };
    std::unique_ptr<couchmock::Driver> driver;
    if (options.upstream.empty()) {
        couchmock::MockConfig config{.admin_user = user,
                                     .admin_password = password,
                                     .seed = options.seed.value_or(1),
                                     .javascript = options.javascript == "on",
                                     .ignore_validators = options.ignore_validators,
                                     .members = options.members};
        driver = serve_mock(loop, std::move(config), server, log, options.data,
                            options.seed ? std::string{} : couchmock::random_secret());
    } else {
        const auto upstream = wire::parse_http_server(options.upstream);
        driver =
            serve_fault_injector(loop, options.seed.value_or(1), upstream, options.upstream_ca, server, log);
        spdlog::info("in front of {}", upstream.url());
    }

    const auto say = [](std::string_view what, const auto& address, std::uint16_t port) {
        std::fputs(fmt::format("{} on {}\n", what, wire::listen_url(address.address(), port)).c_str(),
                   stderr);
    };
    say("listening", server.listen, driver->server().port());
    if (server.control) say("control", *server.control, driver->server().control_port());
    if (!options.port_file.empty()) wire::write_port_file(options.port_file, driver->server().port());
    if (!options.control_port_file.empty())
        wire::write_port_file(options.control_port_file, driver->server().control_port());

    boost::asio::signal_set signals{loop.context(), SIGINT, SIGTERM};
    signals.async_wait([&](boost::system::error_code error, int) {
        if (!error) loop.stop();
    });
    loop.run();
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    Options options;
    CLI::App app{
        "A CouchDB in one process, with a fault injector before it; or the injector alone, before a CouchDB "
        "of yours.",
        "couchmock"};
    app.formatter(std::make_shared<base::HelpFormatter>());
    app.add_option("--listen", options.listen, "host:port to serve on; port 0 takes a free one")
        ->capture_default_str();
    app.add_option("--control", options.control,
                   "host:port of a second listener for the control API, which stays up while the store is "
                   "'down'; /_mock is there alone then");
    app.add_option("--control-host", options.control_hosts,
                   "name by which the control API may be called, beside localhost and addresses; repeatable");
    app.add_option(
        "--admin", options.admin,
        "user:password that is asked for, by the control API too; without it everybody may do everything");
    app.add_option(
        "--seed", options.seed,
        "seed of everything random: uuids, sequences, the faults' random draws, the cookies' secret; "
        "without it all but the secret is that of seed 1");
    auto* data = app.add_option("--data", options.data,
                                "file to keep the databases in; without it they are gone with the process");
    app.add_option("--javascript", options.javascript,
                   "off: views, filters, validation and all else that needs functions of design documents is "
                   "answered with 501")
        ->check(CLI::IsMember({"on", "off"}))
        ->capture_default_str();
    app.add_flag("--ignore-validators", options.ignore_validators,
                 "ask no validate_doc_update: every document is let in");
    app.add_option("--members", options.members,
                   "behave as a cluster of so many members behind a balancer (see CONTROL.md)")
        ->check(CLI::Range(1, couchmock::MockConfig::members_most))
        ->capture_default_str();
    app.add_option("--upstream", options.upstream,
                   "URL of a CouchDB to stand in front of, instead of the mock's own store")
        ->excludes(data);
    app.add_option("--upstream-ca", options.upstream_ca,
                   "PEM file of the authority that signed an https upstream");
    app.add_option("--port-file", options.port_file, "file that the port is written to once it listens");
    app.add_option("--control-port-file", options.control_port_file, "the same for --control")
        ->needs("--control");
    app.add_option("--log-level", options.log_level, "trace, debug, info, warning, error, off")
        ->check(CLI::IsMember({"trace", "debug", "info", "warning", "error", "off"}))
        ->capture_default_str();
    bool faults = false;
    app.add_flag("--faults", faults,
                 "print what faults there are, what each takes and its default values; then end");
    app.set_version_flag("--version", std::string{base::version()});
    base::arrange_help(app, shown);
    app.footer(examples);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : bad_usage;
    }
    if (faults) {
        std::fputs(couchmock::fault_reference().c_str(), stdout);
        return 0;
    }
    spdlog::set_default_logger(spdlog::stderr_color_mt("couchmock"));
    spdlog::set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %^%l%$ %v");
    spdlog::set_level(spdlog::level::from_str(options.log_level));
    try {
        return run(options);
    } catch (const std::invalid_argument& error) {
        std::fputs(fmt::format("couchmock: {}\n", error.what()).c_str(), stderr);
        return bad_usage;
    } catch (const std::exception& error) {
        std::fputs(fmt::format("couchmock: {}\n", error.what()).c_str(), stderr);
        return 1;
    }
}
