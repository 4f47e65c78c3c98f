#pragma once

#include "node/base/json_view.hpp"
#include "sim/orchestrator/context.hpp"
#include "sim/orchestrator/nodes.hpp"
#include "sim/orchestrator/pending_deliveries.hpp"
#include "sim/orchestrator/searches.hpp"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace davenport::sim::orchestrator {

/// GET of all documents of the run, with or without their content; but for those of store.foreign, which need
/// not be anything that can be read.
base::HttpRequest all_documents(const Context& context, bool with_content);

/// The end of a run: searches at every node, asks it for the history of every room and the store for its
/// documents, notes what they hold, and finishes.
class FinalReads {
public:
    FinalReads(Context& context, const Nodes& nodes, const PendingDeliveries& pending, Searches& searches)
        : context_{context}, nodes_{nodes}, pending_{pending}, searches_{searches} {}

    void begin();
    void on(HistoryTold& e);

private:
    void read();
    void ask_documents();
    /// Of several stores one after the other.
    void ask_documents(std::size_t store);
    void note_document(const base::JsonView& row);
    /// What another store than the first has: a document that one of them lacks is in none, and one of which
    /// they have different texts is in conflict.
    void compare_documents(std::vector<Record> others);
    [[nodiscard]] std::optional<Record> read_document(const base::JsonView& row) const;
    /// Whether the history lacks a message of its room that must be kept.
    [[nodiscard]] bool lacks_some(const HistoryTold& e) const;
    /// Whether the store has other texts than this node.
    [[nodiscard]] bool has_other_states(const HistoryTold& e) const;
    void finish_when_read();
    void finish();

    Context& context_;
    const Nodes& nodes_;
    const PendingDeliveries& pending_;
    Searches& searches_;
    std::set<std::pair<std::string, std::string>> unread_;  ///< (node, room)
    bool documents_read_ = false;
    bool has_conflicts_ = false;  ///< some document has a leaf beside its winner
    // Of a run with changes, which the store may have to be told again, and of several stores: what is said
    // last counts.
    std::vector<Record> documents_;
    std::map<std::string, std::int64_t> states_;  ///< by id, as records count them
};

}  // namespace davenport::sim::orchestrator
