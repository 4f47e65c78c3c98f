#include "sim/checker/audience.hpp"
#include "sim/checker/checks.hpp"
#include "sim/checker/evidence.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace davenport::sim::checker {
namespace {

/// What was shown to somebody so shortly before the end may be on its way to others.
constexpr std::int64_t on_its_way_us = 1'000'000;

std::string state_text(std::int64_t count) {
    return count < 0 ? "removed" : count == 0 ? "as it was said" : fmt::format("edit {}", count);
}

/// Everything that is known of one message's changes.
struct ChangeHistory {
    std::vector<const Change*> changes;
    std::vector<const FinalState*> held;
    std::map<Index, std::pair<std::int64_t, std::int64_t>> shown;  ///< by client: the last state, and when
};

bool is_gone(const Change& c) { return c.disk_lost && (c.stored_us < 0 || c.store_lost); }
bool is_owed(const Change& c) { return c.accepted_us >= 0 && !c.failed && !is_gone(c); }

/// The key with which a state was made; nothing when nobody is known to have made it.
const Change* maker(const ChangeHistory& story, std::int64_t count) {
    const auto found = std::ranges::find(story.changes, count, &Change::count);
    return found == story.changes.end() ? nullptr : *found;
}

class Check {
public:
    explicit Check(const Facts& facts) : facts_{facts} {
        for (const auto& change : facts.changes) stories_[change.message].changes.push_back(&change);
        for (const auto& held : facts.held)
            if (const auto story = stories_.find(held.message); story != stories_.end())
                story->second.held.push_back(&held);
    }

    Finding run() {
        for (const auto& showing : facts_.showings) look_at(showing);
        for (const auto& [message, story] : stories_) look_at(message, story);
        auto measured = fmt::format("{} changes of {} messages, shown {} times", facts_.changes.size(),
                                    stories_.size(), facts_.showings.size());
        return finding("changes", std::move(evidence_), std::move(measured));
    }

private:
    void look_at(const Showing& showing) {
        const auto who = facts_.clients_names[showing.client];
        const auto by = facts_.node_names[showing.node];
        const auto story = stories_.find(showing.message);
        if (story == stories_.end() || (showing.count != 0 && !maker(story->second, showing.count)))
            return evidence_.add(fmt::format("{} shown {} to {} by {} at {}, which nobody made",
                                             name(showing.message), state_text(showing.count), who, by,
                                             at_text(showing.at_us)));
        if (showing.stale)
            return evidence_.add(fmt::format("{} shown {} to {} by {} at {}, on the connection that had it",
                                             name(showing.message), state_text(showing.count), who, by,
                                             at_text(showing.at_us)));
        story->second.shown[showing.client] = {showing.count, showing.at_us};
    }

    void look_at(Index message, const ChangeHistory& story) {
        const auto& m = facts_.messages[message];
        const bool is_gone_by_hand = m.deleted_by_hand && m.documents == 0;
        if (m.rejected || m.excused || (m.documents != 1 && !is_gone_by_hand))
            return;  // others say what is wrong with it
        if (std::ranges::any_of(story.changes, [](const Change* c) { return c->failed; })) return;
        const auto document =
            std::ranges::find_if(story.held, [](const FinalState* held) { return held->node == nobody; });
        if (document == story.held.end() && !is_gone_by_hand) return;
        const auto end = is_gone_by_hand ? -1 : (*document)->count;
        if (document != story.held.end() && (*document)->in_conflict)
            evidence_.add(fmt::format("{}: the store has another leaf of it at the end", name(message)));
        look_for_loss(message, story, end);
        for (const auto* held : story.held)
            if (held->node != nobody && held->count != end)
                evidence_.add(fmt::format("{} is {} at {}, and {} in the store", name(message),
                                          state_text(held->count), facts_.node_names[held->node],
                                          state_text(end)));
        look_at_clients(message, story, end);
    }

    /// Every node that showed it has lost its disk since, before its sender was told; and when it was sent
    /// again, its sender was not allowed to any more.
    [[nodiscard]] bool is_untold_loss(const Change& change) const {
        if (!change.refused || change.accepted_us >= 0) return false;
        return std::ranges::none_of(facts_.showings, [&](const Showing& showing) {
            return showing.message == change.message && showing.count == change.count &&
                   !has_lost_disk(showing);
        });
    }
    [[nodiscard]] bool has_lost_disk(const Showing& showing) const {
        return std::ranges::any_of(facts_.lifelines, [&](const NodeChange& change) {
            return change.node == showing.node && change.at_us >= showing.at_us &&
                   (change.state == "wiped" || change.state == "restored");
        });
    }

    /// Removals count before edits, and edits by their keys.
    void look_for_loss(Index message, const ChangeHistory& story, std::int64_t end) {
        for (const auto* change : story.changes) {
            if (!is_owed(*change) || end < 0) continue;
            const auto* last = end > 0 ? maker(story, end) : nullptr;
            const bool counts = change->count < 0 || !last || last->key < change->key;
            if (!counts) continue;
            const auto how = change->by_hand
                                 ? std::string{"made by hand"}
                                 : fmt::format("accepted by {}", facts_.node_names[change->accepted_by]);
            evidence_.add(fmt::format("{}: {} was {} at {} and is lost: in the end it is {}", name(message),
                                      state_text(change->count), how, at_text(change->accepted_us),
                                      state_text(end)));
        }
    }

    void look_at_clients(Index message, const ChangeHistory& story, std::int64_t end) {
        std::int64_t known_us = 0;
        for (const auto* change : story.changes)
            known_us = std::max({known_us, change->sent_us, change->accepted_us, change->stored_us});
        for (const auto& [client, shown] : story.shown)
            if (shown.first == end) known_us = std::max(known_us, shown.second);
        if (known_us + on_its_way_us > facts_.end_us) return;
        for (const auto index : facts_.deliveries_of_message(message)) {
            const auto client = facts_.deliveries[index].client;
            if (!facts_.clients[client].connected_at_end) continue;
            const auto shown = story.shown.find(client);
            const auto state = shown == story.shown.end() ? 0 : shown->second.first;
            if (state == end) continue;
            if (const auto* made = maker(story, state); made && (is_gone(*made) || is_untold_loss(*made)))
                continue;
            evidence_.add(fmt::format("{}: {} has it {} at the end, and the store {}", name(message),
                                      facts_.clients_names[client], state_text(state), state_text(end)));
        }
    }

    std::string name(Index message) const {
        return message == nobody ? std::string{"a message"} : describe(facts_, message);
    }

    const Facts& facts_;
    std::map<Index, ChangeHistory> stories_;
    Evidence evidence_;
};

}  // namespace

Finding check_changes(const Facts& facts) { return Check{facts}.run(); }

}  // namespace davenport::sim::checker
