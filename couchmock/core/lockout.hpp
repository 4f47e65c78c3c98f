#pragma once

#include "node/base/time.hpp"

#include <cstddef>
#include <deque>
#include <string>
#include <unordered_map>

namespace davenport::couchmock {

/// Counts wrong passwords, as CouchDB's [chttpd_auth_lockout] does: by address and user. A count is forgotten
/// a while after its first failure; a right password does not end it.
///
/// Threads: not thread-safe. Errors: none.
class Lockout {
public:
    /// `key`: address, user, and the user's salt, so that a new password begins anew.
    [[nodiscard]] std::size_t failures(const std::string& key, base::Time now, base::Duration lifetime);
    void note_failure(const std::string& key, base::Time now, base::Duration lifetime);

private:
    void forget(base::Time now, base::Duration lifetime);
    struct First {
        std::string key;
        base::Time at;
    };
    std::deque<First> order_;  ///< by their first failure
    std::unordered_map<std::string, std::size_t> counts_;
};

}  // namespace davenport::couchmock
