#include "node/program/setup.hpp"

#include "node/base/names.hpp"
#include "node/base/text.hpp"
#include "node/base/version.hpp"
#include "node/net/nats_client.hpp"
#include "node/net/wire/acceptor.hpp"
#include "node/net/wire/process.hpp"
#include "node/net/wire/tls_server.hpp"
#include "node/program/given_store.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <set>
#include <stdexcept>
#include <string_view>

#include <fmt/format.h>
#include <sys/random.h>
#include <unistd.h>

namespace davenport::node::program {
namespace {

constexpr std::size_t name_bytes_max = 256;  // what other nodes take as a message's host
constexpr std::size_t secret_bytes_min = 32;
constexpr std::size_t secret_letters_min = 8;  ///< different ones: anybody guesses a line of blanks or zeros
/// For the store's connections, the journal and the index, the log.
constexpr std::size_t reserved_descriptors = 64;

void require_readable(const std::string& path) {
    if (!path.empty()) read_file(path);
}

/// The folder that `path` lies in exists and may be written to.
void require_folder(const std::string& path) {
    if (path.empty()) return;
    auto folder = std::filesystem::path{path}.parent_path();
    if (folder.empty()) folder = ".";
    std::error_code ignored;
    if (!std::filesystem::is_directory(folder, ignored))
        throw std::invalid_argument(
            fmt::format("the folder {} does not exist: create it, or choose another", folder.string()));
    if (::access(folder.c_str(), W_OK | X_OK) != 0)
        throw std::invalid_argument(
            fmt::format("this user may not write to the folder {}: choose another", folder.string()));
}

/// What is there already is a file, so that it can be one of ours.
void require_no_other(const std::string& path) {
    std::error_code error;
    const auto status = std::filesystem::status(path, error);
    if (!path.empty() && std::filesystem::exists(status) && !std::filesystem::is_regular_file(status))
        throw std::invalid_argument(fmt::format("{} is no file: give the name of one", path));
}

/// Bytes, not text: a binary key may hold any byte, a line feed first among them.
std::string read_secret(const std::string& path) {
    auto secret = read_file(path);
    if (secret.ends_with('\n')) secret.pop_back();
    if (secret.size() < secret_bytes_min)
        throw std::invalid_argument(
            fmt::format("{} holds {} bytes, and a secret needs {} at least: make one with "
                        "head -c 32 /dev/urandom | base64",
                        path, secret.size(), secret_bytes_min));
    if (std::set<char>{secret.begin(), secret.end()}.size() < secret_letters_min)
        throw std::invalid_argument(fmt::format(
            "{} repeats a few bytes, as a file does whose writing was cut off: make a secret with "
            "head -c 32 /dev/urandom | base64",
            path));
    return secret;
}

std::string read_host(const std::string& name) {
    const auto host = wire::parse_host_header(name.find(':') == name.rfind(':') ? name : "[" + name + "]");
    if (name == "*")
        throw std::invalid_argument("'*' is no host's name: leave --host out, and any name will do");
    if (!host || host->port)
        throw std::invalid_argument(
            fmt::format("'{}' is not a host's name: give a name or an address alone, as chat.example", name));
    return host->host;
}

wire::WebOrigin read_origin(const std::string& url) {
    const auto origin = wire::parse_web_origin(url);
    if (!origin)
        throw std::invalid_argument(fmt::format(
            "'{}' is not an origin: give scheme, host and port alone, as https://chat.example", url));
    return *origin;
}

std::string random_bytes(std::size_t count) {
    std::string out(count, '\0');
    if (::getrandom(out.data(), out.size(), 0) != static_cast<ssize_t>(out.size()))
        throw std::runtime_error("the system gives no random numbers");
    return out;
}

const std::vector<std::string>& moderators(const Options& options) {
    if (!options.moderators.empty() && options.auth != "couchdb")
        throw std::invalid_argument(
            "it needs --auth couchdb: where names are free, anybody could bear a moderator's");
    for (const auto& name : options.moderators) {
        const auto prepared = base::prepare_name(name);
        if (!prepared.problem.empty())
            throw std::invalid_argument(fmt::format("'{}': {}", name, prepared.problem));
        if (prepared.text != name)
            throw std::invalid_argument(fmt::format("write '{}' as '{}'", name, prepared.text));
    }
    return options.moderators;
}

FeedMode feed_mode(const std::string& name) {
    return name == "longpoll" ? FeedMode::longpoll : name == "poll" ? FeedMode::poll : FeedMode::continuous;
}

using Attempt = std::function<void(const std::string& option, const std::function<void()>& step)>;

void set_up_nats(const std::string& url, const Options& options, ChatDriver::Config& config,
                 const Attempt& attempt) {
    if (options.stores.size() > 1)
        throw std::invalid_argument(
            "give a NATS cluster as one URL, nats://host:4222,host2:4222/chat, and no other");
    auto given = read_nats_store(url);
    auto& servers = given.servers;
    config.core.stream = given.access;
    if (!servers.user.empty())
        attempt("store-password-file",
                [&] { servers.password = find_password(servers.password, options.store_password_file); });
    attempt("store-credentials", [&] { require_credentials(options.store_credentials); });
    servers.credentials_file = options.store_credentials;
    servers.ca_file = options.store_ca;
    servers.name = options.name.empty() ? "chatnode" : "chatnode " + options.name;
    if (options.auth == "couchdb")
        attempt("auth", [] {
            throw std::invalid_argument(
                "couchdb: people sign in with their accounts in a CouchDB, and --store names a NATS server; "
                "give "
                "--auth none, or a CouchDB");
        });
    if (options.feed != "continuous")
        attempt("feed", [&] {
            throw std::invalid_argument(options.feed +
                                        ": a NATS server tells what is written at once; give continuous");
        });
    NatsClient::check(servers);
    config.nats = std::move(servers);
}

}  // namespace

ChatDriver::Config set_up(const CommandLine& given) {
    const auto& options = given.options;
    ChatDriver::Config config;
    auto mistakes = given.mistakes;
    if (options.check_config)
        mistakes.insert(mistakes.end(), given.unknown_variables.begin(), given.unknown_variables.end());
    // `name`: the option to blame.
    const auto attempt = [&](const std::string& name, const std::function<void()>& step) {
        try {
            step();
        } catch (const std::invalid_argument& error) {
            const auto place = given.places.find(name);
            const auto from =
                place == given.places.end() || place->second == "default" || place->second == "command line"
                    ? "--" + name
                    : fmt::format("{}: {}", place->second, name);
            auto line = fmt::format("{}: {}", from, error.what());
            if (std::ranges::find(mistakes, line) == mistakes.end()) mistakes.push_back(std::move(line));
        }
    };
    auto& core = config.core;
    core.stores.clear();
    for (const auto& url : options.stores)
        attempt("store", [&] {
            if (names_nats(url)) return set_up_nats(url, options, config, attempt);
            auto store = read_store(url);
            StoreAccess access{.database = store.path.substr(1), .user = store.user};
            if (!store.user.empty())
                attempt("store-password-file", [&] {
                    access.authorization = base::basic_authorization(
                        store.user, find_password(store.password, options.store_password_file));
                });
            core.stores.push_back(std::move(access));
            config.stores.push_back(std::move(store));
        });
    attempt("store-password-file", [&] { require_readable(options.store_password_file); });
    attempt("store-ca", [&] {
        const auto text = options.store_ca.empty() ? std::string{} : read_file(options.store_ca);
        if (!options.store_ca.empty() && text.find("-----BEGIN ") == std::string::npos)
            throw std::invalid_argument(fmt::format(
                "{} has no certificate: give a PEM file (-----BEGIN CERTIFICATE-----)", options.store_ca));
    });
    if (!config.nats && !options.store_credentials.empty())
        attempt("store-credentials", [] {
            throw std::invalid_argument("a CouchDB has none: it is for a NATS server, --store nats://...");
        });
    attempt("listen", [&] { config.server.listen = wire::parse_listen_address(options.listen); });
    attempt("metrics", [&] {
        if (options.metrics.empty()) return;
        config.metrics = wire::parse_listen_address(options.metrics);
        if (config.metrics == config.server.listen && config.server.listen.port() != 0)
            throw std::invalid_argument("this is the address of --listen: give it another port");
    });
    config.version = base::version();
    for (const auto& name : options.hosts)
        attempt("host", [&] { config.server.hosts.push_back(read_host(name)); });
    for (const auto& url : options.origins)
        attempt("origin", [&] { config.server.origins.push_back(read_origin(url)); });
    attempt("trusted-proxy", [&] { config.server.proxies = TrustedProxies{options.trusted_proxies}; });
    core.presence = options.presence == "on";
    core.feed = feed_mode(options.feed);
    attempt("poll-interval", [&] {
        if (!std::isfinite(options.poll_interval)) throw std::invalid_argument("give a number of seconds");
    });
    core.poll_interval = base::Duration{static_cast<std::int64_t>(options.poll_interval * 1e6)};
    core.bulk_documents_max = options.batch;
    core.page_rows_max = options.page;
    core.session_bytes_max = options.send_queue_bytes;
    core.message_bytes_max = options.message_bytes;
    core.posts_per_second_max = options.posts_per_second;
    // Whoever bounds posts bounds all frames: pages join their rooms at once, and that many are enough.
    core.frames_per_second_max =
        options.posts_per_second == 0 ? 0 : std::max<std::size_t>(500, 10 * options.posts_per_second);
    core.outbox_messages_max = options.outbox;
    core.name = options.name.empty() ? "node" : options.name;
    attempt("name", [&] {
        if (core.name.size() > name_bytes_max || base::one_printable_line(core.name) != core.name)
            throw std::invalid_argument(
                fmt::format("a node's name is one line of text, at most {} bytes", name_bytes_max));
    });
    std::memcpy(&core.random_seed, random_bytes(sizeof core.random_seed).data(), sizeof core.random_seed);
    core.members_only = options.auth == "couchdb";
    for (const auto& path : options.auth_secret_files)
        attempt("auth-secret-file", [&] {
            core.auth_secrets.push_back(read_secret(path));
            if (!core.members_only)
                throw std::invalid_argument("it needs --auth couchdb: without it, nobody signs in");
        });
    attempt("moderators", [&] { core.moderators = moderators(options); });
    core.moderator_role = options.moderator_role;
    core.entropy = random_bytes(32);
    config.store_ca_file = options.store_ca;
    if (const auto most = wire::descriptor_limit(); most > 0)
        config.server.connections_max = most > 2 * reserved_descriptors ? most - reserved_descriptors
                                                                        : std::max<std::size_t>(1, most / 2);
    config.server.connections_per_address_max = options.connections_per_address;
    config.server.tls_cert_file = options.tls_cert;
    config.server.tls_key_file =
        options.tls_key.empty() ? options.tls_cert : options.tls_key;  // both may be in one
    attempt(options.tls_cert.empty() ? "tls-key" : "tls-cert", [&] {
        if (options.tls_cert.empty() && !options.tls_key.empty())
            throw std::invalid_argument("--tls-cert is missing: give the certificate too");
        if (!options.tls_cert.empty())
            wire::TlsIdentity{config.server.tls_cert_file, config.server.tls_key_file};
    });
    attempt("journal", [&] {
        if (options.journal.empty()) throw std::invalid_argument("is empty: give the node a file of its own");
        require_folder(options.journal);
        require_no_other(options.journal);
    });
    attempt("port-file", [&] { require_folder(options.port_file); });
    config.journal_path = options.journal;
    if (!mistakes.empty()) throw Mistakes{std::move(mistakes)};
    return config;
}

}  // namespace davenport::node::program
