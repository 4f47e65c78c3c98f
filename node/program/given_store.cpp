#include "node/program/given_store.hpp"

#include "node/base/http.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include <fmt/format.h>

namespace davenport::node::program {
namespace {

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
    std::ifstream file{path, std::ios::binary};
    std::string out{std::istreambuf_iterator<char>{file}, {}};
    if (!file.is_open() || file.bad() || std::filesystem::is_directory(path))
        throw std::invalid_argument(fmt::format("cannot read {}: give a file that this user may read", path));
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
