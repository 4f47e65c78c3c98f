#pragma once

#include "node/core/config.hpp"
#include "node/core/log/commit_queue.hpp"
#include "node/core/node_counts.hpp"
#include "node/core/store/couchdb/account_reader.hpp"
#include "node/core/store/couchdb/anti_entropy.hpp"
#include "node/core/store/couchdb/backfill.hpp"
#include "node/core/store/couchdb/change_writer.hpp"
#include "node/core/store/couchdb/changes_feed.hpp"
#include "node/core/store/couchdb/conflict_resolver.hpp"
#include "node/core/store/couchdb/feed_watch.hpp"
#include "node/core/store/couchdb/note_documents.hpp"
#include "node/core/store/couchdb/placer.hpp"
#include "node/core/store/couchdb/policy_documents.hpp"
#include "node/core/store/couchdb/presence_document.hpp"
#include "node/core/store/couchdb/purge_watch.hpp"
#include "node/core/store/couchdb/request_table.hpp"
#include "node/core/store/couchdb/store_api.hpp"
#include "node/core/store/couchdb/store_health.hpp"
#include "node/core/store/couchdb/store_writer.hpp"
#include "node/core/store/store.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

namespace davenport::node {

/// A CouchDB, or whatever speaks its API, as the node's shared store: one table of requests, and the machines
/// that make them. node/core/store/couchdb is the only place in the node that knows HTTP statuses, URLs,
/// revisions and sequences.
///
/// The end of a turn calls write(), read() and verify(), in that order; between them others act (see
/// ChatCore).
class CouchStore final : public Store {
public:
    CouchStore(const ChatConfig& config, base::Random& random, CommitQueue& log, NodeCounts& counts);
    /// Who is told what the store tells; before start(). Outlives the last call of the store.
    void listen(StoreListener& listener) { listener_ = &listener; }

    // ---- events
    void start(Turn& turn) { health_.start(turn); }
    void on(Turn& turn, const Fetched& e);
    void on(Turn& turn, const FetchHead& e) { requests_.on(turn, e); }
    void on(Turn& turn, const FetchData& e);
    void on(Turn& turn, const FetchEnded& e);
    void on(Turn& turn, const FetchFailed& e) { requests_.on(turn, e); }
    void on_timer(Turn& turn, TimerId timer);

    // ---- the end of a turn
    /// Draws the consequences when the store came, went or is another one, and sends what waits for it.
    void write(Turn& turn);
    /// Asks for what others wrote.
    void read(Turn& turn);
    /// `stored`: ids that the store was found to have in this turn. Verifies, now and then, that it keeps
    /// them.
    void verify(Turn& turn, const std::vector<std::string>& stored);

    // ---- the door
    [[nodiscard]] bool usable() const override { return health_.usable(); }
    [[nodiscard]] bool up() const override { return health_.up() && !writer_.stalled(); }
    [[nodiscard]] const base::Generation& generation() const override { return health_.generation(); }
    [[nodiscard]] base::Time confirmed_at() const override { return health_.confirmed_at(); }
    [[nodiscard]] base::Duration clock_ahead() const override { return health_.clock_ahead(); }
    void recheck(Turn& turn) override { health_.recheck(turn); }
    void put(const PendingMessage& pending) override { writer_.enqueue(pending); }
    void put_policy(std::string_view id) override { policies_.put(id); }
    [[nodiscard]] std::size_t backlog() const override { return writer_.backlog(); }
    [[nodiscard]] bool reads_later(std::uint64_t arrival) const override {
        return writer_.reads_later(arrival);
    }
    [[nodiscard]] bool has_refused(std::string_view id) const override { return writer_.has_refused(id); }
    [[nodiscard]] const Place& read_up_to() const override {
        if (catching_up() && feed_.live()) return feed_.live_place();
        return placer_.idle() ? feed_.seq() : covered_;
    }
    [[nodiscard]] bool caught_up() const override { return feed_.caught_up(); }
    [[nodiscard]] bool catching_up() const override { return fresh_ && backfill_.fresh(); }
    [[nodiscard]] bool opening() const override { return usable() && fresh_ && !feed_.live(); }
    [[nodiscard]] Progress progress() const override { return {backfill_.rows_read(), documents_}; }
    RequestId read_room(Turn& turn, std::string_view room, std::string_view before, std::size_t limit,
                        OnRoom on_room) override;
    [[nodiscard]] bool has_newest(std::string_view room, std::size_t limit) const override {
        const auto found = newest_read_.find(room);
        return found != newest_read_.end() && found->second >= limit;
    }
    RequestId read_since(Turn& turn, const Place& place, OnPage on_page) override;
    RequestId find(Turn& turn, std::string_view id, OnLookup on_lookup) override;
    RequestId fetch(Turn& turn, std::string_view id, OnLookup on_lookup) override;
    RequestId check_password(Turn& turn, std::string_view name, std::string_view password,
                             OnPassword on_password) override;
    RequestId read_accounts(Turn& turn, std::vector<std::string> names, OnAccounts on_accounts) override {
        return accounts_.read(turn, std::move(names), std::move(on_accounts));
    }
    RequestId write_note(Turn& turn, const StoreNote& note, OnNoted on_noted) override {
        return notes_.write(turn, note, std::move(on_noted));
    }
    RequestId read_note(Turn& turn, const std::string& id, OnNote on_note) override {
        return notes_.read(turn, id, std::move(on_note));
    }
    RequestId read_notes(Turn& turn, OnNotes on_notes) override {
        return notes_.read_all(turn, std::move(on_notes));
    }
    [[nodiscard]] const std::set<std::string, std::less<>>& vanished() const override { return vanished_; }
    void cancel(Turn& turn, RequestId request) override { requests_.cancel(turn, request); }
    void publish(Turn& turn, const base::People& people, OnPublished on_published) override {
        presence_.publish(turn, people, std::move(on_published));
    }
    [[nodiscard]] bool publishing() const override { return presence_.publishing(); }
    void expire_publication(Turn& turn) override { requests_.expire(turn, RequestOwner::presence); }
    [[nodiscard]] std::uint64_t suspicions() const override { return anti_entropy_.suspicions(); }
    [[nodiscard]] bool verifying() const override { return anti_entropy_.looking_back(); }
    [[nodiscard]] std::vector<std::string> unverified() const override { return anti_entropy_.unverified(); }

private:
    static constexpr std::size_t expected_max = 20'000;
    static constexpr std::size_t vanished_max = 1000;

    struct Hash : std::hash<std::string_view> {
        using is_transparent = void;
    };

    /// Another store answers than before, or the first one.
    void begin_with(Turn& turn, const base::Generation& generation);
    void read_feed_from(Turn& turn, std::string seq);
    /// With or after the messages that it covers: what is pending before goes to the disk before it, or in
    /// the same batch.
    void set_checkpoint(const std::string& seq);

    /// This node is new, and the store has much.
    void catch_up(Turn& turn);
    void caught_up_at_last(Turn& turn);
    void collect(Turn& turn);
    void on_outcomes(Turn& turn, const StoreWriter::Outcomes& outcomes);
    void on_batch(Turn& turn, FeedBatch batch);
    void on_batch(Turn& turn, BackfillBatch batch);
    void write_again(Turn& turn, const std::vector<std::string>& lost);
    void tell_policies(Turn& turn);
    /// Of two first revisions with two texts the store's winner counts, as if a person had edited the message
    /// to it. False when that is not so.
    bool adopt_other_text(Turn& turn, const base::ChatMessage& winner);

    /// The store says something else under the id of a message that is known here.
    bool contradicts(const base::ChatMessage& message, const PendingMessage* pending);
    /// The message stands where its id says, or its own time: not further ahead than clocks go wrong.
    [[nodiscard]] bool is_placed_by_id(const Turn& turn, const base::ChatMessage& message) const;

    /// A message as the store has it. True when it was known, and not for having been written from here just
    /// now: the feed tells old news.
    bool take_in(Turn& turn, base::ChatMessage message);
    bool take_in_row(Turn& turn, FeedRow& row);
    /// Another's message, which is not known here.
    void add(Turn& turn, base::ChatMessage message);
    bool is_old(const Turn& turn, const base::ChatMessage& message);
    /// What became of a message that is old may be news.
    [[nodiscard]] bool is_new_change(const base::ChatMessage& message) const;
    /// The store tells again of a message that is known here as it is.
    bool told_again(std::string_view id, bool first_word);
    /// The store has this message, which is known here; `pending`: what the log finds for it.
    void sighted(Turn& turn, std::string_view id, PendingMessage* pending);
    void confirm(Turn& turn, std::string_view id, PendingMessage* pending);
    /// True when somebody else's document does not say a place that can be believed: it is shown when it has
    /// one.
    bool wants_place(Turn& turn, const base::ChatMessage& message);
    /// Shows what has its place now.
    void show_placed(Turn& turn);
    /// The store has a word of this journal's node, of one of its lives.
    void on_own_run(Turn& turn, std::string_view run);

    // couch_store_changes.cpp: messages that are known and were edited or removed, here or there
    bool reconcile(Turn& turn, const base::ChatMessage& message);
    void adopt(Turn& turn, const base::ChatMessage& message);
    void confirm_change(Turn& turn, const base::ChatMessage& message, const base::ChatMessage& known);
    void write_over(const base::ChatMessage& known);
    /// The store may have this message without its last change.
    void compare_again(std::string_view id);
    /// The journal says, or is about to say, that the store has the message as it is known here.
    [[nodiscard]] bool is_known_stored(std::string_view id);
    /// The document of this message was deleted, purged, or is none of a message any more.
    void on_gone(Turn& turn, std::string_view id);
    void on_gone_unknown(Turn& turn, std::string_view id);
    void on_outcomes(Turn& turn, const ChangeWriter::Outcomes& outcomes);
    /// What is missing in the store, but for what somebody purged, is written again.
    void look_for_purges(Turn& turn, std::vector<std::string> missing);
    /// Somebody purged these in the store; what is known of them is removed, and what a node may have written
    /// again is emptied.
    void on_purged(Turn& turn, const std::set<std::string, std::less<>>& ids);
    /// For who was away: what is not there any more.
    void add_gone(const FeedRow& row, std::vector<base::ChatMessage>& into);

    const ChatConfig* config_;
    base::Random* random_;
    CommitQueue* log_;
    StoreListener* listener_ = nullptr;
    NodeCounts* counts_;
    std::size_t page_rows_;  ///< of read_since()

    StoreApi api_;
    RequestTable requests_{health_};
    StoreHealth health_;
    ChangeWriter changes_;
    StoreWriter writer_;
    ChangesFeed feed_;
    Backfill backfill_;
    AntiEntropy anti_entropy_;
    PresenceDocument presence_;
    Placer placer_;
    FeedWatch feed_watch_;
    NoteDocuments notes_;
    PolicyDocuments policies_;
    AccountReader accounts_;
    ConflictResolver conflicts_;
    PurgeWatch purges_;

    base::Generation generation_;  ///< whose consequences are drawn
    bool was_up_ = false, was_usable_ = false, was_caught_up_ = false;
    std::string checkpoint_seq_;
    std::size_t known_run_ = 0;       ///< rows in a row that were known
    Place covered_;                   ///< all up to here has been shown, while something waits for its place
    std::string waiting_checkpoint_;  ///< until that has its place
    bool by_live_feed_ = false;       ///< what is taken in just now
    bool fresh_ = false;              ///< this node has never read a store to its end
    std::optional<base::WallTime> news_since_;  ///< what was said before is old for a node that is fresh
    std::uint64_t documents_ = 0;               ///< that the store had when that was found
    Request counting_;
    std::map<std::string, std::size_t, std::less<>> newest_read_;  ///< by room, while catching up
    std::optional<base::WallTime> neighbour_;  ///< when the message that the feed told last was said
    std::set<std::string, std::less<>> vanished_;
    /// Written from here, and not yet come back by the feed.
    std::unordered_set<std::string, Hash, std::equal_to<>> expected_;
    std::unordered_set<std::string, Hash, std::equal_to<>>
        was_there_;  ///< of those: the store had them before
};

}  // namespace davenport::node
