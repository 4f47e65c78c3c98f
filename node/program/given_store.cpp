#include "node/program/given_store.hpp"

#include "node/base/http.hpp"

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

std::string find_password(const wire::HttpServer& store, const std::string& file) {
    if (!store.password.empty()) return store.password;
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

GivenStore read_given_store(const std::string& url, const std::string& password_file) {
    GivenStore out{.server = read_store(url), .access = {}};
    auto& [server, access] = out;
    access.database = server.path.substr(1);
    access.user = server.user;
    if (!server.user.empty())
        access.authorization = base::basic_authorization(server.user, find_password(server, password_file));
    return out;
}

}  // namespace davenport::node::program
