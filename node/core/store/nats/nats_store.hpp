#pragma once

#include "node/core/store/clock_check.hpp"
#include "node/core/store/nats/missed_reader.hpp"
#include "node/core/store/nats/requests.hpp"
#include "node/core/store/nats/stream_api.hpp"
#include "node/core/store/nats/stream_change_writer.hpp"
#include "node/core/store/nats/stream_feed.hpp"
#include "node/core/store/nats/stream_health.hpp"
#include "node/core/store/nats/stream_page.hpp"
#include "node/core/store/nats/stream_policies.hpp"
#include "node/core/store/nats/stream_writer.hpp"
#include "node/core/store/shared_store.hpp"

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

/// node/core/store/nats: the chat in a NATS server's JetStream. The only place in the node that knows
/// subjects, streams, consumers and sequences. It performs nothing: what is to be asked of the server are
/// effects (Ask, Subscribe, Publish), and a shell or the virtual world performs them.
namespace davenport::node::nats {

/// A stream of JetStream as the node's shared store: see stream_api.hpp for what is in it.
///
/// What the server loses (a power cut takes what it had not synced) is written again from the journals: a
/// message that is missing in the stream was lost, never removed. Who removes one by hand publishes an empty
/// message at its subject.
class NatsStore final : public SharedStore {
public:
    NatsStore(const ChatConfig& config, base::Random& random, CommitQueue& log, NodeCounts& counts);

    // ---- events
    void start(Turn& turn) override { health_.start(turn); }
    using SharedStore::on;
    void on(Turn& turn, const FetchFailed& e) override;
    void on(Turn& turn, Answered& e) override;
    void on(Turn& turn, Delivered& e) override;
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
    [[nodiscard]] base::Duration clock_ahead() const override { return clock_check_.ahead(); }
    /// By what the server says of when it took this node's last word of presence.
    [[nodiscard]] std::optional<base::WallTime> clock(base::Time now) const override;
    void recheck(Turn& turn) override { health_.recheck(turn); }
    void put_policy(std::string_view id) override { policies_.put(id); }
    [[nodiscard]] const Place& read_up_to() const override { return read_up_to_; }
    [[nodiscard]] bool caught_up() const override { return !fresh_ && feed_.caught_up(); }
    [[nodiscard]] bool catching_up() const override { return fresh_ && scan_.active(); }
    [[nodiscard]] bool opening() const override { return usable() && fresh_ && !feed_.open(); }
    [[nodiscard]] Progress progress() const override { return {scanned_, documents_}; }
    RequestId read_room(Turn& turn, std::string_view room, std::string_view before, std::size_t limit,
                        OnRoom on_room) override;
    [[nodiscard]] bool has_newest(std::string_view room, std::size_t limit) const override;
    RequestId read_since(Turn& turn, const Place& place, OnPage on_page) override;
    RequestId fetch(Turn& turn, std::string_view id, OnLookup on_lookup) override;
    RequestId check_password(Turn& turn, std::string_view name, std::string_view password,
                             OnPassword on_password) override;
    RequestId read_accounts(Turn& turn, std::vector<std::string> names, OnAccounts on_accounts) override;
    RequestId write_note(Turn& turn, const StoreNote& note, OnNoted on_noted) override;
    RequestId read_note(Turn& turn, const std::string& id, OnNote on_note) override;
    RequestId read_notes(Turn& turn, OnNotes on_notes) override;
    void cancel(Turn& turn, RequestId request) override;
    void publish(Turn& turn, const base::People& people, bool asks, OnPublished on_published) override;
    [[nodiscard]] bool publishing() const override { return presence_request_ != 0; }
    [[nodiscard]] std::size_t unsettled() const override { return policies_.unsettled(); }
    void expire_publication(Turn&) override {}  // it has its own deadline, as all that is asked

private:
    /// Another stream answers than before, or the first one.
    void begin_with(Turn& turn, const base::Generation& generation);
    void set_checkpoint(const StreamPlace& place);
    void on_lost_end(Turn& turn);
    void verify_again(Turn& turn);
    /// This node is new, and the stream has much.
    void catch_up(Turn& turn);
    void caught_up_at_last(Turn& turn);
    void collect(Turn& turn);
    /// Some of what was read is not in the stream: what took its numbers was never told, see repair_.
    void read_again_since(std::int64_t said_ms);
    void read_again(Turn& turn);
    void on_repair(Turn& turn, StreamBatch& batch);
    void take_in_rows(Turn& turn, const std::vector<StreamRow>& rows);
    /// `live`: what is written now; else what the stream had before this node.
    void on_batch(Turn& turn, StreamFeed& feed, StreamBatch& batch, bool live);
    void on_missed(Turn& turn, const MissedReader::News& news);
    void take_in_row(Turn& turn, const StreamRow& row, bool old);
    void take_in_message(Turn& turn, const std::string& id, const StreamRow& row);
    /// Of a row or an answer; nothing when it is not a message, or stands in the wrong place.
    std::optional<base::ChatMessage> read_message(std::string_view id, std::string_view payload,
                                                  base::WallTime taken);

    void forget_presence() override { presence_over_ = 0; }
    void look_up(Turn& turn, const Ids& ids, OnAbsent on_absent) override;
    [[nodiscard]] bool looking_up() const override { return looking_up_ != 0; }
    void forget_look_up() override { requests_.forget(looking_up_); }

    /// Everything that the stream has at subjects like this, in any order; nullptr when it could not be read.
    using OnSubjects = std::function<void(Turn&, std::vector<std::string>* subjects)>;
    void list(Turn& turn, RequestId request, std::string pattern, std::vector<std::string> found,
              OnSubjects on_subjects);
    using OnPayloads = std::function<void(Turn&, const std::vector<std::optional<StoredMessage>>* messages)>;
    void read_all(Turn& turn, RequestId request, const std::vector<std::string>& subjects,
                  OnPayloads on_payloads);
    /// A question of the door that takes several of the server's: its own number, and what is under way for
    /// it.
    RequestId begin_question() { return next_question_ += 2; }
    void answer_later(Turn& turn, RequestId request, std::function<void(Turn&)> answer);

    StreamApi api_;
    Requests requests_;
    StreamHealth health_;
    StreamWriter writer_;
    StreamChangeWriter changes_;
    StreamFeed feed_;  ///< what is written now
    StreamFeed scan_;  ///< beneath it, what the stream had before a new node
    /// Reads a stretch once more. A server that was cut off while it led may tell its own of messages that
    /// the others never had. When it is back it takes the others' copy, and a consumer there goes on behind
    /// those: what has their numbers now it does not tell. That it happened is known by a message that the
    /// stream lost, or by one that comes once more.
    StreamFeed repair_;
    MissedReader missed_;
    StreamPolicies policies_;

    base::Generation generation_;  ///< whose consequences are drawn
    bool was_up_ = false, was_usable_ = false, was_caught_up_ = false;
    bool begun_ = false;  ///< the feed of a fresh node was opened, and it is known how much there is
    Place read_up_to_{beginning};
    StreamPlace checkpoint_;
    base::FullIdsFrom checkpoint_ids_from_ = base::full_ids_always;
    std::uint64_t look_ = 0;         ///< of the health: the last one that was seen to begin
    Sequence read_before_look_ = 0;  ///< where the feed was then
    bool verifies_all_later_ = false;
    static constexpr base::Duration verify_all_pause_least = std::chrono::seconds{30};
    static constexpr base::Duration verify_all_pause_most = std::chrono::hours{1};
    static constexpr base::Duration one_loss = std::chrono::seconds{5};
    base::Time verify_all_at_{};  ///< not before
    base::Time verified_all_at_{};
    base::Time tell_of_copy_at_{};  ///< not before, that one lacks something
    base::Duration verify_all_pause_ = verify_all_pause_least;
    std::optional<std::int64_t> read_again_since_ms_;  ///< what was said since then
    static constexpr base::Duration read_again_pause_least = std::chrono::seconds{10};
    static constexpr base::Duration read_again_pause_most = std::chrono::hours{1};
    base::Duration read_again_pause_ = read_again_pause_least;
    base::Time read_again_at_{};  ///< not before
    Sequence told_up_to_ = 0;     ///< whoever told it
    std::uint64_t scanned_ = 0, documents_ = 0;
    std::map<std::string, std::size_t, std::less<>> newest_read_;  ///< by room, while catching up

    FetchId looking_up_ = 0, presence_request_ = 0;
    Sequence presence_over_ = 0;
    /// When the server took a message of this node, and when that was told.
    struct Taken {
        Sequence sequence = 0;
        std::int64_t taken_ns = 0;
        base::Time told{};
    };
    void note_time(Turn& turn);
    base::Time presence_asked_at_{};     ///< when the last one was written
    std::optional<Taken> own_presence_;  ///< the last that the feed told
    std::optional<Taken> clock_;         ///< of one that was written then
    ClockCheck clock_check_;
    std::map<RequestId, FetchId> questions_;  ///< of the door, by their number: what is asked for them now
    std::map<RequestId, std::unique_ptr<StreamPage>> pages_;
    std::vector<std::unique_ptr<StreamPage>> ended_pages_;     ///< until the turn ends
    std::map<RequestId, std::function<void(Turn&)>> answers_;  ///< that need nobody
    RequestId next_question_ = 1;
};

}  // namespace davenport::node::nats
