#pragma once

#include "couchmock/core/records.hpp"
#include "couchmock/core/server.hpp"

namespace davenport::couchmock {

/// A CouchDB as a machine without I/O and without faults: what the fault injector of the mock stands in front
/// of.
///
/// Speaks the events of events.hpp. RespondData is answered by Written before the next comes, also before
/// RespondEnd. Requests under `/_mock/` are acts on its memory: wipe, crash, amnesia, failover, restart,
/// state.
///
/// Threads: not thread-safe. Time: only what it is told. Errors: none; whatever comes in is answered.
class Store {
public:
    explicit Store(MockConfig config);
    /// Takes in what was kept, and from now on tells `keeper` what changes. Before the first event.
    void restore(const std::vector<Record>& kept, RecordKeeper& keeper);

    [[nodiscard]] Effects handle(Event&& event, base::Now now);
    [[nodiscard]] Server& server() { return server_; }

private:
    void on_request(Requested& event, base::Now now);
    void make_system_databases(base::Now now);
    void set_timer();

    Server server_;
    RecordKeeper* keeper_ = nullptr;
    std::optional<base::Time> timer_;  ///< what the world was asked for last and has not fired
};

/// The store's only timer.
inline constexpr TimerId store_timer = 1;

}  // namespace davenport::couchmock
