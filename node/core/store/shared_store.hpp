#pragma once

#include "node/base/random.hpp"
#include "node/core/config.hpp"
#include "node/core/log/commit_queue.hpp"
#include "node/core/node_counts.hpp"
#include "node/core/store/anti_entropy.hpp"
#include "node/core/store/change_queue.hpp"
#include "node/core/store/chat_version.hpp"
#include "node/core/store/policy_reconciler.hpp"
#include "node/core/store/store.hpp"
#include "node/core/store/write_outcomes.hpp"
#include "node/core/store/write_queue.hpp"

#include <cstddef>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

namespace davenport::node {

/// What all kinds of stores have in common: what the store is found to have against what this node knows,
/// what waits to be written, and whether the store kept what it acknowledged. A kind of store adds how all
/// that is asked for, written and followed.
///
/// The end of a turn calls write(), read() and verify(), in that order; between them others act (see
/// ChatCore).
class SharedStore : public Store, protected KeptLookup {
public:
    /// `documents_max`: that the store is given at once.
    SharedStore(const ChatConfig& config, base::Random& random, CommitQueue& log, NodeCounts& counts,
                std::size_t documents_max);
    /// Who is told what the store tells; before start(). Outlives the last call of the store.
    void listen(StoreListener& listener) { listener_ = &listener; }

    // ---- events; those of another kind of store mean nothing
    virtual void start(Turn& turn) = 0;
    virtual void on(Turn&, const Fetched&) {}
    virtual void on(Turn&, const FetchHead&) {}
    virtual void on(Turn&, const FetchData&) {}
    virtual void on(Turn&, const FetchEnded&) {}
    virtual void on(Turn&, const FetchFailed&) {}
    virtual void on(Turn&, Answered&) {}
    virtual void on(Turn&, Delivered&) {}
    virtual void on_timer(Turn& turn, TimerId timer) = 0;

    // ---- the end of a turn
    /// Draws the consequences when the store came, went or is another one, and sends what waits for it.
    virtual void write(Turn& turn) = 0;
    /// Asks for what others wrote.
    virtual void read(Turn& turn) = 0;
    /// `stored`: ids that the store was found to have in this turn. Verifies, now and then, that it keeps
    /// them.
    virtual void verify(Turn& turn, const std::vector<std::string>& stored) = 0;

    // ---- of the door
    [[nodiscard]] base::FullIdsFrom full_ids_from() const override { return version_.full_ids_from(); }
    void put(const PendingMessage& pending) override { writes_.enqueue(pending); }
    [[nodiscard]] std::size_t backlog() const override { return writes_.backlog(); }
    [[nodiscard]] bool reads_later(std::uint64_t arrival) const override {
        return writes_.reads_later(arrival);
    }
    [[nodiscard]] bool has_refused(std::string_view id) const override { return writes_.has_refused(id); }
    [[nodiscard]] std::uint64_t suspicions() const override { return anti_entropy_.suspicions(); }
    [[nodiscard]] bool verifying() const override { return anti_entropy_.looking_back(); }
    [[nodiscard]] std::vector<std::string> unverified() const override { return anti_entropy_.unverified(); }
    [[nodiscard]] const std::set<std::string, std::less<>>& vanished() const override { return vanished_; }

protected:
    /// Another writer's message without a credible time. Returns true if it is held back until it is placed.
    virtual bool wants_place(Turn&, const base::ChatMessage&) { return false; }
    /// It is gone, and needs none any more.
    virtual void forget_place(std::string_view) {}
    /// Something was written that the feed is about to tell.
    virtual void expect_row(Turn&) {}
    /// The journal has another name: what was published under the old one means nothing.
    virtual void forget_presence() = 0;

    void on_outcomes(Turn& turn, const WriteOutcomes& outcomes);
    void on_outcomes(Turn& turn, const ChangeOutcomes& outcomes);
    void on_news(Turn& turn, const std::vector<PolicyNews>& all);
    void write_again(Turn& turn, const std::vector<std::string>& lost);

    /// Applies one stored message. Returns true if it was already known and not just written by this node,
    /// i.e. the feed repeats old rows.
    bool take_in(Turn& turn, base::ChatMessage message);
    /// Another's message, which is not known here.
    void add(Turn& turn, base::ChatMessage message);
    bool is_old(const Turn& turn, const base::ChatMessage& message);
    /// What became of a message that is old may be news.
    [[nodiscard]] bool is_new_change(const base::ChatMessage& message) const;
    /// The store says something else under the id of a message that is known here.
    bool contradicts(const base::ChatMessage& message, const PendingMessage* pending);
    /// The same message is known by its other id: it was sent to a node that did not know yet from when on
    /// the chat's ids are full, and to one that did.
    [[nodiscard]] bool known_by_other_id(const base::ChatMessage& message);
    /// The store tells again of a message that is known here as it is.
    bool told_again(std::string_view id, bool first_word);
    /// The store has this message, which is known here; `pending`: what the log finds for it.
    void sighted(Turn& turn, std::string_view id, PendingMessage* pending);
    void confirm(Turn& turn, std::string_view id, PendingMessage* pending);
    /// The store has a word of this journal's node, of one of its lives.
    void on_own_run(Turn& turn, std::string_view run);

    // shared_store_changes.cpp: messages that are known and were edited or removed, here or there
    bool reconcile(Turn& turn, const base::ChatMessage& message);
    void adopt(Turn& turn, const base::ChatMessage& message);
    void confirm_change(Turn& turn, const base::ChatMessage& message, const base::ChatMessage& known);
    void write_over(const base::ChatMessage& known);
    /// The store may have this message without its last change.
    void compare_again(std::string_view id);
    /// The journal says, or is about to say, that the store has the message as it is known here.
    [[nodiscard]] bool is_known_stored(std::string_view id);
    /// The document of this message was deleted or purged, or is no longer a message.
    void on_gone(Turn& turn, std::string_view id);
    void on_gone_unknown(Turn& turn, std::string_view id);
    /// A removed message was written again by a node unaware of the removal; the removal wins.
    void remove_again(Turn& turn, std::string_view id);
    void note_vanished(std::string_view id);
    /// Of two first revisions with two texts the store's winner counts, as if a person had edited the message
    /// to it. False when that is not so.
    bool adopt_other_text(Turn& turn, const base::ChatMessage& winner);

    static constexpr std::size_t expected_max = 20'000;
    static constexpr std::size_t vanished_max = 1000;

    struct Hash : std::hash<std::string_view> {
        using is_transparent = void;
    };

    const ChatConfig* config_;
    base::Random* random_;
    CommitQueue* log_;
    StoreListener* listener_ = nullptr;
    NodeCounts* counts_;
    ChatVersion version_;
    ChangeQueue waiting_changes_;
    WriteQueue writes_;
    AntiEntropy anti_entropy_;

    bool by_live_feed_ = false;                 ///< what is taken in just now
    bool fresh_ = false;                        ///< this node has never read a store to its end
    std::optional<base::WallTime> news_since_;  ///< what was said before is old for a node that is fresh
    /// Ids of what is news though it was said before: for a node that is fresh.
    std::set<std::string, std::less<>> written_lately_;
    std::set<std::string, std::less<>> vanished_;
    /// Written from here, and not yet come back by the feed.
    std::unordered_set<std::string, Hash, std::equal_to<>> expected_;
    std::unordered_set<std::string, Hash, std::equal_to<>>
        was_there_;  ///< of those: the store had them before
};

}  // namespace davenport::node
