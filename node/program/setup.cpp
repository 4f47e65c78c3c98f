#include "node/program/setup.hpp"

#include "node/base/sign.hpp"
#include "node/net/wire/acceptor.hpp"
#include "node/net/wire/tls_server.hpp"

#include <cstdlib>
#include <fstream>
#include <functional>
#include <stdexcept>
#include <string_view>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/random.h>

namespace davenport::node::program {
namespace {

std::string first_line(const std::string& path, std::string_view option) {
    std::ifstream file{path};
    std::string line;
    if (!std::getline(file, line))
        throw std::invalid_argument(
            fmt::format("cannot read {}: give {} a readable file that is not empty", path, option));
    while (!line.empty() && (line.back() == '\r' || line.back() == '\n')) line.pop_back();
    return line;
}

/// From the URL, else the file, else the environment: the later ones are not to be seen in a list of
/// processes.
std::string find_password(const Options& options, const wire::HttpServer& store) {
    if (!store.password.empty()) return store.password;
    if (!options.store_password_file.empty())
        return first_line(options.store_password_file, "--store-password-file");
    const char* from_environment = std::getenv("DAVENPORT_STORE_PASSWORD");
    return from_environment ? from_environment : "";
}

wire::HttpServer read_store(const std::string& url) {
    auto store = wire::parse_http_server(url);
    if (store.path.size() < 2 || store.path.find('/', 1) != std::string::npos)
        throw std::invalid_argument(
            "--store names no database: give it as http://user:password@host:port/db");
    return store;
}

/// The same at all nodes of a chat: what they all know is the store's password.
std::string find_secret(const Options& options, const std::vector<wire::HttpServer>& stores) {
    if (!options.auth_secret_file.empty()) return first_line(options.auth_secret_file, "--auth-secret-file");
    const auto password = stores.empty() ? std::string{} : find_password(options, stores.front());
    if (stores.empty() || stores.front().user.empty() || password.empty())
        throw std::invalid_argument(
            "--auth couchdb: what sign-ins are signed with is made from the store's password: give --store a "
            "user and a "
            "password, or give --auth-secret-file");
    return base::derive_secret(password, "davenport " + stores.front().user + stores.front().path);
}

FeedMode feed_mode(const std::string& name) {
    return name == "longpoll" ? FeedMode::longpoll : name == "poll" ? FeedMode::poll : FeedMode::continuous;
}

}  // namespace

ChatDriver::Config set_up(const Options& options) {
    ChatDriver::Config config;
    std::vector<std::string> mistakes;
    const auto attempt = [&](const std::function<void()>& step) {
        try {
            step();
        } catch (const std::invalid_argument& error) {
            mistakes.emplace_back(error.what());
        }
    };
    auto& core = config.core;
    core.stores.clear();
    for (const auto& url : options.stores)
        attempt([&] {
            auto store = read_store(url);
            StoreAccess access{store.path.substr(1), {}};
            if (!store.user.empty())
                access.authorization = base::basic_authorization(store.user, find_password(options, store));
            core.stores.push_back(std::move(access));
            config.stores.push_back(std::move(store));
        });
    attempt([&] { config.server.listen = wire::parse_listen_address(options.listen); });
    attempt([&] {
        if (!options.metrics.empty()) config.metrics = wire::parse_listen_address(options.metrics);
    });
    core.presence = options.presence == "on";
    core.feed = feed_mode(options.feed);
    core.poll_interval = base::Duration{static_cast<std::int64_t>(options.poll_interval * 1e6)};
    core.bulk_documents_max = options.batch;
    core.page_rows_max = options.page;
    core.session_bytes_max = options.send_queue_bytes;
    core.message_bytes_max = options.message_bytes;
    core.posts_per_second_max = options.posts_per_second;
    core.outbox_messages_max = options.outbox;
    core.name = options.name.empty() ? "node" : options.name;
    if (::getrandom(&core.random_seed, sizeof core.random_seed, 0) < 0)
        throw std::runtime_error("the system gives no random numbers");
    if (options.auth == "couchdb") attempt([&] { core.auth_secret = find_secret(options, config.stores); });
    core.secure_cookies = !options.tls_cert.empty();
    config.store_ca_file = options.store_ca;
    config.server.hosts = options.hosts;
    config.server.connections_per_address_max = options.connections_per_address;
    config.server.tls_cert_file = options.tls_cert;
    config.server.tls_key_file =
        options.tls_key.empty() ? options.tls_cert : options.tls_key;  // both may be in one
    attempt([&] {
        if (options.tls_cert.empty() && !options.tls_key.empty())
            throw std::invalid_argument("--tls-key without --tls-cert: give the certificate too");
        if (!options.tls_cert.empty())
            wire::TlsIdentity{config.server.tls_cert_file, config.server.tls_key_file};
    });
    config.journal_path = options.journal;
    if (!mistakes.empty()) throw std::invalid_argument(fmt::format("{}", fmt::join(mistakes, "\n")));
    return config;
}

}  // namespace davenport::node::program
