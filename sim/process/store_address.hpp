#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace davenport::sim::process {

/// Where a CouchDB is, and who we are there.
struct StoreAddress {
    std::string host;
    std::uint16_t port = 0;
    std::string user;  ///< empty: nobody in particular
    std::string password;
    std::string database{};  ///< empty: none was named

    /// "http://host:port"
    [[nodiscard]] std::string url() const;
    /// "http://user@host:port"; a password does not belong on a command line.
    [[nodiscard]] std::string url_without_password() const;
    /// Value of the Authorization header; empty without a user.
    [[nodiscard]] std::string authorization() const;
};

enum class Database { none, named };
/// Reads "http://user:password@host:port", with "/database" when that is to be named. Throws
/// std::runtime_error that says what is wrong with it.
StoreAddress parse_store_address(std::string_view url, Database database = Database::none);

}  // namespace davenport::sim::process
