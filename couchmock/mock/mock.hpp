#pragma once

#include "couchmock/core/config.hpp"
#include "couchmock/core/events.hpp"
#include "couchmock/core/records.hpp"

#include <memory>
#include <string>
#include <vector>

namespace davenport::couchmock {

/// A CouchDB in one process with a fault injector before it: HTTP requests in, answers out, no I/O.
///
/// The API is CouchDB 3.5's; the faults are set by requests to `/_mock/...`, which work while the store is
/// "down". The virtual world drives this very machine, so a scenario sets the same faults by the same
/// requests in either world.
///
/// Threads: not thread-safe. Time: only what handle() is told. Errors: none; whatever comes in is answered.
class Mock {
public:
    explicit Mock(MockConfig config);
    ~Mock();
    Mock(Mock&&) noexcept;
    Mock& operator=(Mock&&) noexcept;

    /// What cookies are signed with, instead of what the seed makes, which everybody can know. Before
    /// restore(), which brings back what was used before.
    void set_cookie_secret(std::string secret);

    /// Goes on from what a mock before this one had kept, in the order it was put, and keeps what changes.
    /// Before the first handle(); `keeper` has to outlive the mock. What cannot be read is left out.
    void restore(const std::vector<Record>& kept, RecordKeeper& keeper);

    [[nodiscard]] Effects handle(Event&& event, base::Now now);

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace davenport::couchmock
