#include "sim/process/store_address.hpp"

#include "node/base/http.hpp"

#include <stdexcept>

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <fmt/format.h>

namespace davenport::sim::process {

std::string StoreAddress::url() const { return fmt::format("http://{}:{}", host, port); }

std::string StoreAddress::url_without_password() const {
    return user.empty() ? url() : fmt::format("http://{}@{}:{}", base::percent_encode(user), host, port);
}

std::string StoreAddress::authorization() const {
    return user.empty() ? std::string{} : base::basic_authorization(user, password);
}

StoreAddress parse_store_address(std::string_view url, Database database) {
    const auto parsed = boost::urls::parse_uri(url);
    if (!parsed)
        throw std::runtime_error{
            fmt::format("'{}' is no URL of a store: http://user:password@host:port", url)};
    if (parsed->scheme() != "http")
        throw std::runtime_error{
            fmt::format("the store's URL must begin with http://, not {}://", std::string{parsed->scheme()})};
    StoreAddress address;
    const auto segments = parsed->segments();
    for (const auto& segment : segments) {
        if (segment.empty()) continue;
        if (database == Database::none)
            throw std::runtime_error{
                "the store's URL must not name a database: each run makes one of its own"};
        if (!address.database.empty())
            throw std::runtime_error{
                "the store's URL names more than a database: http://user:password@host:port/database"};
        address.database = segment;
    }
    if (database == Database::named && address.database.empty())
        throw std::runtime_error{
            "the store's URL must name the database that the attached nodes write: "
            "http://user:password@host:port/database"};
    address.host = parsed->host_address();
    address.port = parsed->has_port() ? parsed->port_number() : std::uint16_t{5984};
    address.user = parsed->user();
    address.password = parsed->password();
    return address;
}

}  // namespace davenport::sim::process
