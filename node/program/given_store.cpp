#include "node/program/given_store.hpp"

#include "node/base/http.hpp"
#include "node/base/json.hpp"

#include <algorithm>
#include <cctype>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string_view>
#include <system_error>

#include <fmt/format.h>

namespace davenport::node::program {
namespace {

constexpr std::size_t file_bytes_max = 1 << 20;  // secrets, passwords and certificates

/// As CouchDB has it; a '/' in it is written as %2F.
bool is_database_name(std::string_view written) {
    const auto name = base::percent_decode(written).value_or("");
    return !name.empty() && name.front() >= 'a' && name.front() <= 'z' &&
           name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_$()+-/") == name.npos;
}

std::string without_line_end(std::string text) {
    if (text.ends_with('\n')) text.pop_back();
    if (text.ends_with('\r')) text.pop_back();
    return text;
}

std::string read_password(const std::string& path) {
    auto text = read_file(path);
    auto line = without_line_end(text.substr(0, text.find('\n')));
    if (line.empty())
        throw std::invalid_argument(
            fmt::format("the first line of {} is empty: write the password there", path));
    return line;
}

}  // namespace

std::string read_file(const std::string& path) {
    std::error_code ignored;
    if (std::filesystem::is_directory(path, ignored))
        throw std::invalid_argument(fmt::format("{} is a folder: give a file in it", path));
    std::ifstream file{path, std::ios::binary};
    std::string out(file_bytes_max + 1, '\0');
    file.read(out.data(), static_cast<std::streamsize>(out.size()));
    if (!file.is_open() || file.bad())
        throw std::invalid_argument(fmt::format("cannot read {}: give a file that this user may read", path));
    out.resize(static_cast<std::size_t>(file.gcount()));
    if (out.size() > file_bytes_max)
        throw std::invalid_argument(
            fmt::format("{} has more than {} bytes: this is another file", path, file_bytes_max));
    return out;
}

std::string find_password(const std::string& in_url, const std::string& file) {
    if (!in_url.empty()) return in_url;
    if (!file.empty()) return read_password(file);
    const char* from_environment = std::getenv("DAVENPORT_STORE_PASSWORD");
    return from_environment ? from_environment : "";
}

wire::HttpServer read_store(const std::string& url) {
    auto store = wire::parse_http_server(url);
    if (store.path.size() < 2 || store.path.find('/', 1) != std::string::npos)
        throw std::invalid_argument(
            "the URL names no database: give it as http://user:password@host:port/db");
    if (url.find_first_of("?#") != std::string::npos)
        throw std::invalid_argument(
            "the URL goes on after the database's name: leave out what follows '?' or '#'");
    if (!is_database_name(std::string_view{store.path}.substr(1)))
        throw std::invalid_argument(
            fmt::format("'{}' is no name of a database: it has a-z, 0-9 and _$()+-, and begins with a letter",
                        store.path.substr(1)));
    return store;
}

bool names_nats(const std::string& url) { return url.starts_with("nats://") || url.starts_with("tls://"); }

GivenStream read_nats_store(const std::string& url) {
    constexpr const char* form = "give it as nats://user:password@host:4222/chat, or tls:// and the same";
    const auto refuse = [&](const std::string& problem) {
        throw std::invalid_argument(fmt::format("{}: {}", problem, form));
    };
    GivenStream out;
    out.servers.tls = url.starts_with("tls://");
    auto rest = std::string_view{url}.substr(url.find("://") + 3);
    const auto slash = rest.find('/');
    out.access.stream = slash == std::string_view::npos ? "" : rest.substr(slash + 1);
    rest = rest.substr(0, slash);
    constexpr std::size_t stream_bytes_max = 64;
    const auto is_plain = [](unsigned char c) { return std::isalnum(c) || c == '-' || c == '_'; };
    if (out.access.stream.empty()) refuse("the URL names no stream");
    if (out.access.stream.size() > stream_bytes_max || !std::ranges::all_of(out.access.stream, is_plain))
        refuse("a stream's name has up to 64 letters, digits, '-' and '_'");
    if (const auto at = rest.rfind('@'); at != std::string_view::npos) {
        const auto who = rest.substr(0, at);
        const auto colon = std::min(who.find(':'), who.size());
        const auto user = base::percent_decode(who.substr(0, colon));
        const auto password = base::percent_decode(who.substr(std::min(colon + 1, who.size())));
        if (!user || !password || user->empty()) refuse("what stands before the '@' is no user and password");
        out.servers.user = *user;
        out.servers.password = *password;
        rest.remove_prefix(at + 1);
    }
    for (;;) {
        const auto comma = rest.find(',');
        const std::string one{rest.substr(0, comma)};
        const auto host = wire::parse_host_header(one);
        if (!host || host->host.empty()) refuse(fmt::format("'{}' is no host and port", one));
        out.servers.addresses.push_back(host->port ? one : one + ":4222");
        if (comma == std::string_view::npos) break;
        rest.remove_prefix(comma + 1);
    }
    constexpr std::size_t servers_of_a_cluster = 3;
    out.access.replicas = out.servers.addresses.size() >= servers_of_a_cluster ? 3 : 1;
    return out;
}

void require_credentials(const std::string& file) {
    if (file.empty()) return;
    const auto text = read_file(file);
    const auto part = [&](std::string_view name) {
        const auto lead = fmt::format("-----BEGIN {}-----", name);
        const auto begin = text.find(lead);
        if (begin == std::string::npos)
            throw std::invalid_argument(fmt::format(
                "{} has no part '{}': give a whole credentials file, as `nsc generate creds` writes it", file,
                lead));
        const auto word = text.find_first_not_of("\r\n", begin + lead.size());
        return word == std::string::npos ? std::string{}
                                         : text.substr(word, text.find_first_of("\r\n", word) - word);
    };
    const auto jwt = part("NATS USER JWT");
    part("USER NKEY SEED");
    const auto dot = std::min(jwt.find('.'), jwt.size());
    const auto claims =
        base::base64url_decode(jwt.substr(std::min(dot + 1, jwt.size()), jwt.rfind('.') - dot - 1));
    const auto json = claims ? base::parse_json(*claims) : std::nullopt;
    if (!json)
        throw std::invalid_argument(
            fmt::format("{} has a JWT that cannot be read: make the file anew", file));
    const auto now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
    if (const auto ends = base::int_member(*json, "exp").value_or(0); ends != 0 && ends <= now)
        throw std::invalid_argument(fmt::format("{} has a JWT that has expired: have a new one made", file));
}

GivenStore read_given_store(const std::string& url, const std::string& password_file) {
    if (names_nats(url))
        throw std::invalid_argument(
            "this needs a CouchDB, and the URL names a NATS server: give http://user:password@host:port/db");
    GivenStore out{.server = read_store(url), .access = {}};
    auto& [server, access] = out;
    access.database = server.path.substr(1);
    access.user = server.user;
    if (!server.user.empty())
        access.authorization =
            base::basic_authorization(server.user, find_password(server.password, password_file));
    return out;
}

}  // namespace davenport::node::program
