#pragma once

#include "sim/orchestrator/context.hpp"
#include "sim/orchestrator/fault_states.hpp"

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace davenport::sim::orchestrator {

/// Performs policy.ban and policy.room by writing and deleting their documents, as a person would by hand.
/// Tries again until the store answers.
///
/// If the store has lost the document, it cannot be deleted, and a node may restore it: then one that permits
/// everything is written. A store may also lose the deletion; after all faults end, look_again() deletes what
/// nodes restored.
class Policies {
public:
    Policies(Context& context, FaultStates& states) : context_{context}, states_{states} {}

    void begin(std::size_t fault);
    void end(std::size_t fault);
    /// What clients note: whoever is refused is touched.
    void on_record(const Record& record);
    /// All faults are over: from now on what nodes have written again is deleted again.
    void look_again();

private:
    struct Document {
        std::string id;    ///< of the store
        std::string body;  ///< a JSON object
        std::string over;  ///< what is written in its place when it cannot be deleted
        Record about;      ///< the policy, as records have it
    };
    [[nodiscard]] Document document_of(std::size_t fault) const;
    void write(std::size_t fault);
    void lift(std::size_t fault);
    void lift_revision(std::size_t fault, std::string_view revision);
    void lifted(std::size_t fault);
    void look_again(const std::string& id);
    void note(RecordKind kind, Record about, Duration since);

    struct WrittenPolicy {
        Document document;
        Duration since{};  ///< when somebody began to write it, or to lift it
        bool written = false;
    };
    Context& context_;
    FaultStates& states_;
    std::map<std::size_t, WrittenPolicy> held_;          ///< by fault
    std::map<std::string, std::vector<Record>> lifted_;  ///< by id, what was about it
};

}  // namespace davenport::sim::orchestrator
