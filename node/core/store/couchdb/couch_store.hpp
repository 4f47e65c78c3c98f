#pragma once

#include "node/core/store/couchdb/account_reader.hpp"
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
#include "node/core/store/shared_store.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
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
class CouchStore final : public SharedStore {
public:
    CouchStore(const ChatConfig& config, base::Random& random, CommitQueue& log, NodeCounts& counts);

    // ---- events
    void start(Turn& turn) override { health_.start(turn); }
    void on(Turn& turn, const Fetched& e) override;
    void on(Turn& turn, const FetchHead& e) override { requests_.on(turn, e); }
    void on(Turn& turn, const FetchData& e) override;
    void on(Turn& turn, const FetchEnded& e) override;
    void on(Turn& turn, const FetchFailed& e) override { requests_.on(turn, e); }
    using SharedStore::on;
    void on_timer(Turn& turn, TimerId timer) override;

    // ---- the end of a turn
    void write(Turn& turn) override;
    void read(Turn& turn) override;
    void verify(Turn& turn, const std::vector<std::string>& stored) override;

    // ---- the door
    [[nodiscard]] bool usable() const override { return health_.usable(); }
    [[nodiscard]] bool up() const override { return health_.up() && !writer_.stalled(); }
    [[nodiscard]] const base::Generation& generation() const override { return health_.generation(); }
    [[nodiscard]] base::Time confirmed_at() const override { return health_.confirmed_at(); }
    [[nodiscard]] base::Duration clock_ahead() const override { return health_.clock_ahead(); }
    [[nodiscard]] std::optional<base::WallTime> clock(base::Time now) const override {
        return health_.clock(now);
    }
    void recheck(Turn& turn) override { health_.recheck(turn); }
    void put_policy(std::string_view id) override { policies_.put(id); }
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
    void cancel(Turn& turn, RequestId request) override;
    void publish(Turn& turn, const base::People& people, bool asks, OnPublished on_published) override {
        presence_.publish(turn, people, asks, std::move(on_published));
    }
    [[nodiscard]] std::size_t unsettled() const override { return policies_.unsettled() + placer_.waiting(); }
    [[nodiscard]] bool publishing() const override { return presence_.publishing(); }
    void expire_publication(Turn& turn) override { requests_.expire(turn, RequestOwner::presence); }

private:
    /// Another store answers than before, or the first one.
    void begin_with(Turn& turn, const base::Generation& generation);
    void read_feed_from(Turn& turn, std::string seq);
    using OpenRequest = std::shared_ptr<RequestId>;  ///< what the caller may cancel; known after it is sent
    using OnToldApart = std::function<void(Turn&, bool told)>;
    /// Calls `then` when it is known which of these messages were written since the live feed is open: they
    /// are news, however long ago they were said. At once where there is no doubt; `told` is false when the
    /// store gave no answer.
    void tell_news_apart(Turn& turn, const std::vector<base::ChatMessage>& messages,
                         const OpenRequest& request, OnToldApart then);
    void give_page(Turn& turn, StorePage& page, const OnPage& on_page);
    /// With or after the messages that it covers: what is pending before goes to the disk before it, or in
    /// the same batch.
    void set_checkpoint(const std::string& seq);

    /// This node is new, and the store has much.
    void catch_up(Turn& turn);
    void caught_up_at_last(Turn& turn);
    void collect(Turn& turn);
    void on_batch(Turn& turn, FeedBatch batch);
    void on_batch(Turn& turn, BackfillBatch batch);
    bool take_in_row(Turn& turn, FeedRow& row);
    /// A message of ours that no store is known to have had (Backfill::IsUnproven).
    [[nodiscard]] bool is_unproven(const std::string& id);
    /// A message with this id stands where the id says: it is not further ahead than clocks go wrong.
    [[nodiscard]] bool is_placed_by_id(const Turn& turn,
                                       const std::optional<base::MessageIdParts>& said) const;
    bool wants_place(Turn& turn, const base::ChatMessage& message) override;
    void forget_place(std::string_view id) override { placer_.forget(id); }
    void expect_row(Turn& turn) override { feed_watch_.wrote(turn.now.time); }
    void forget_presence() override { presence_.forget_revision(); }
    void look_up(Turn& turn, const Ids& ids, OnAbsent on_absent) override;
    [[nodiscard]] bool looking_up() const override { return looking_up_.open(); }
    void forget_look_up() override { looking_up_.forget(); }
    /// Shows what has its place now.
    void show_placed(Turn& turn);
    // couch_store_changes.cpp: what is not there any more, and conflicts
    /// What is missing in the store, but for what somebody purged, is written again.
    void look_for_purges(Turn& turn, std::vector<std::string> missing);
    /// This message was written over somebody's deletion of it, or only changed by hand: the deletion counts.
    void look_for_deletion(Turn& turn, const std::string& id);
    /// Somebody purged these in the store; what is known of them is removed, and what a node may have written
    /// again is emptied.
    void on_purged(Turn& turn, const std::set<std::string, std::less<>>& ids);
    /// For who was away: what is not there any more.
    void add_gone(const FeedRow& row, std::vector<base::ChatMessage>& into);

    std::size_t page_rows_;  ///< of read_since()

    StoreApi api_;
    RequestTable requests_{health_};
    StoreHealth health_;
    ChangeWriter changes_;
    StoreWriter writer_;
    ChangesFeed feed_;
    Backfill backfill_;
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
    base::FullIdsFrom checkpoint_ids_from_ = base::full_ids_always;
    std::size_t known_run_ = 0;       ///< rows in a row that were known
    std::size_t live_rows_ = 0;       ///< that came live during the backfill, and come again after it
    Place covered_;                   ///< all up to here has been shown, while something waits for its place
    std::string waiting_checkpoint_;  ///< until that has its place
    std::uint64_t documents_ = 0;     ///< that the store had when that was found
    Request counting_, looking_up_;
    std::map<RequestId, RequestId> follow_ups_;  ///< of tell_news_apart(), by whose answer is looked at
    std::map<std::string, std::size_t, std::less<>> newest_read_;  ///< by room, while catching up
    std::optional<base::WallTime> neighbour_;  ///< when the message that the feed told last was said
};

}  // namespace davenport::node
