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
    /// How many things it has hit; 0: none, it could not be done now. `lasts`: how long the store stays away,
    /// of those that end by themselves. `rows`: how many messages are lost.
    virtual std::int64_t begin_fault(std::string_view kind, base::Duration lasts, std::int64_t rows) = 0;
    virtual void end_fault(std::string_view kind) = 0;

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
        std::string kind;
        std::int64_t hits = 0;
    };
    StreamFaults& faults_;
    std::map<std::string, Rule> rules_;  ///< by name
};

}  // namespace davenport::sim::orchestrator
