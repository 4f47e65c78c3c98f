#pragma once

#include "node/base/http.hpp"
#include "node/base/time.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace davenport::sim::orchestrator {

/// Performs faults of a store that is a NATS server, in one of the two worlds.
class StreamFaults {
public:
    struct StreamFault {
        std::string name;  ///< of this one; another of its kind may be on
        std::string kind;
        std::string server;      ///< of the kinds server.*: which
        base::Duration lasts{};  ///< how long the store stays away, of those that end by themselves
    };
    /// How many things it has hit; 0: none, it could not be done now.
    virtual std::int64_t begin_fault(const StreamFault& fault) = 0;
    virtual void end_fault(const StreamFault& fault) = 0;

protected:
    ~StreamFaults() = default;
};

/// Stands where couchmock's control API stands when the store is a NATS server: the orchestrator says its
/// faults in the same requests.
class StreamControl {
public:
    /// Outlives it.
    explicit StreamControl(StreamFaults& faults) : faults_{faults} {}
    base::HttpResponse ask(const base::HttpRequest& request);

private:
    struct Rule {
        StreamFaults::StreamFault fault;
        std::int64_t hits = 0;
    };
    StreamFaults& faults_;
    std::map<std::string, Rule> rules_;  ///< by name
};

}  // namespace davenport::sim::orchestrator
