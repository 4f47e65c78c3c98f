#include "node/core/store/nats/nats_store.hpp"

#include "node/base/change.hpp"
#include "node/base/json_view.hpp"
#include "node/base/mark.hpp"
#include "node/base/message_id.hpp"
#include "node/base/presence.hpp"

#include <algorithm>
#include <utility>

namespace davenport::node::nats {
namespace {

constexpr base::Duration presence_comes_within = std::chrono::seconds{5};
constexpr base::Duration clock_believed_for = std::chrono::minutes{5};  // presence is renewed every minute
constexpr auto ahead_max = std::chrono::seconds{60};                    // as of a key

base::WallTime wall_of(std::int64_t ns) { return base::WallTime{std::chrono::microseconds{ns / 1000}}; }

StoreNote read_note_message(std::string id, Sequence sequence, std::string_view payload) {
    base::JsonReader reader;
    const auto document = reader.read(payload);
    const bool is_one = document && document->is_object();
    return {std::move(id), std::to_string(sequence), is_one ? document->text() : std::string{}, !is_one};
}

}  // namespace

NatsStore::NatsStore(const ChatConfig& config, base::Random& random, CommitQueue& log, NodeCounts& counts)
    : SharedStore{config, random, log, counts, std::max<std::size_t>(1, config.bulk_documents_max)},
      api_{config.stream.value_or(StreamAccess{})},
      requests_{[this](Turn& turn) { health_.report_failure(turn); }},
      health_{config, api_, requests_, random, version_},
      writer_{config, api_, requests_, random, writes_, health_},
      changes_{config, api_, requests_, random, waiting_changes_, health_},
      feed_{config, api_, requests_, random, health_, timers::feed},
      scan_{config, api_, requests_, random, health_, timers::backfill},
      repair_{config, api_, requests_, random, health_, timers::feed_watch},
      missed_{api_, requests_, health_},
      policies_{config, api_, requests_, random, health_, log} {
    if (const auto checkpoint = log.journal().state().checkpoint) health_.remember(checkpoint->generation);
}

// ---- events

void NatsStore::on(Turn& turn, const FetchFailed& e) {
    requests_.on(turn, e);
    collect(turn);
}

void NatsStore::on(Turn& turn, Answered& e) {
    requests_.on(turn, e);
    collect(turn);
}

void NatsStore::on(Turn& turn, Delivered& e) {
    requests_.on(turn, e);
    collect(turn);
}

void NatsStore::on_timer(Turn& turn, TimerId timer) {
    requests_.on_timer(turn, timer);
    health_.on_timer(turn, timer);
    feed_.on_timer(turn, timer);
    scan_.on_timer(turn, timer);
    repair_.on_timer(turn, timer);
    std::vector<StreamPage*> pages;
    for (const auto& [id, page] : pages_) pages.push_back(page.get());
    for (auto* page : pages) page->on_timer(turn, timer);
    if (timer == timers::sign_in)
        for (auto& [id, answer] : std::exchange(answers_, {})) answer(turn);
    collect(turn);
}

void NatsStore::collect(Turn& turn) {
    on_outcomes(turn, writer_.take_outcomes());
    on_outcomes(turn, changes_.take_outcomes());
    if (auto batch = feed_.take_batch()) on_batch(turn, feed_, *batch, true);
    if (auto batch = scan_.take_batch()) on_batch(turn, scan_, *batch, false);
    if (auto batch = repair_.take_batch()) on_repair(turn, *batch);
    on_missed(turn, missed_.take_news());
    const auto lost = anti_entropy_.take_lost();
    for (const auto& id : lost)
        if (const auto place = base::parse_message_id(id)) read_again_since(place->unix_ms);
    write_again(turn, lost);
    for (const auto& id : anti_entropy_.take_changed()) compare_again(id);
    on_news(turn, policies_.take_news());
    ended_pages_.clear();
}

// ---- the feed

void NatsStore::on_batch(Turn& turn, StreamFeed& feed, StreamBatch& batch, bool live) {
    if (live && fresh_ && !begun_ && feed.open()) {
        begun_ = true;
        if (feed.pending_at_start() > config_->page_rows_max) return catch_up(turn);
        fresh_ = false;  // all of it is read at once
    }
    if (batch.went_back) DAVENPORT_MARK("a sequence of the store goes back");
    if (batch.went_back) verify_again(turn);
    if (batch.renumbered) missed_.start_over(turn);
    for (const auto& span : batch.passed_over) missed_.check(span);
    by_live_feed_ = live;
    for (const auto& row : batch.rows) {
        take_in_row(turn, row, !live);
        if (live) told_up_to_ = std::max(told_up_to_, row.place.sequence);
    }
    by_live_feed_ = false;
    if (!live) scanned_ += batch.rows.size();
    if (!live && feed.caught_up()) return caught_up_at_last(turn);
    if (live && feed.place().sequence > 0) read_up_to_ = feed.place().text();
    if (live && !fresh_) set_checkpoint(feed.place());
}

void NatsStore::read_again_since(std::int64_t said_ms) {
    if (fresh_) return;                  // its scan reads all
    if (health_.replicas() < 2) return;  // no other copy was ever told
    read_again_since_ms_ = std::min(read_again_since_ms_.value_or(said_ms), said_ms);
}

void NatsStore::read_again(Turn& turn) {
    if (!read_again_since_ms_ || repair_.active() || turn.now.time < read_again_at_ || !feed_.open()) return;
    DAVENPORT_MARK("what took the numbers of lost messages is read");
    // All of a chat may be written again, and comes again for long.
    read_again_pause_ = turn.now.time - read_again_at_ > read_again_pause_
                            ? read_again_pause_least
                            : std::min(2 * read_again_pause_, read_again_pause_most);
    read_again_at_ = turn.now.time + read_again_pause_;
    repair_.begin_at_time(turn, *std::exchange(read_again_since_ms_, std::nullopt) * 1'000'000);
}

void NatsStore::on_repair(Turn& turn, StreamBatch& batch) {
    take_in_rows(turn, batch.rows);
    if (repair_.caught_up()) repair_.stop(turn);
}

/// As if the feed told of it; it may yet.
void NatsStore::on_missed(Turn& turn, const MissedReader::News& news) {
    const bool lacks = news.copy_lacks && std::ranges::any_of(news.rows, [this](const StreamRow& row) {
                           const auto parts = api_.parse(row.subject);
                           return parts.kind == SubjectKind::message && !log_->knows(parts.id);
                       });
    if (lacks && turn.now.time >= tell_of_copy_at_) {
        tell_of_copy_at_ = turn.now.time + one_loss;
        turn.warn(
            "store: the copy of the stream that this node reads lacks messages that its leader has; they are "
            "read there");
    }
    const bool is_behind = news.copy_lacks && std::ranges::any_of(news.rows, [this](const StreamRow& row) {
                               return row.place.sequence > feed_.place().sequence;
                           });
    if (is_behind) feed_.change_consumer(turn);  // it may never tell more
    take_in_rows(turn, news.rows);
}

/// Beside the live feed, which may tell of them as well.
void NatsStore::take_in_rows(Turn& turn, const std::vector<StreamRow>& rows) {
    by_live_feed_ = true;
    for (const auto& row : rows) {
        told_up_to_ = std::max(told_up_to_, row.place.sequence);
        take_in_row(turn, row, false);
    }
    by_live_feed_ = false;
}

void NatsStore::take_in_row(Turn& turn, const StreamRow& row, bool old) {
    const auto parts = api_.parse(row.subject);
    switch (parts.kind) {
        case SubjectKind::message:
            return take_in_message(turn, parts.id, row);
        case SubjectKind::policy:
            policies_.on_row(turn, parts.id, row.place.sequence, row.payload, old);
            return;
        case SubjectKind::note: {
            const auto note = read_note_message(parts.id, row.place.sequence, row.payload);
            listener_->on_note(turn, note);
            return;
        }
        case SubjectKind::presence: {
            base::JsonReader reader;
            const auto document = reader.read(row.payload);
            auto presence = document ? base::read_presence(*document) : std::nullopt;
            if (!presence) return;
            if (presence->journal == log_->uuid()) {
                if (!own_presence_ || own_presence_->sequence != row.place.sequence)
                    own_presence_ = {row.place.sequence, row.place.taken_ns, turn.now.time};
                note_time(turn);
                on_own_run(turn, presence->run);
            }
            listener_->on_presence(std::move(*presence));
            return;
        }
        case SubjectKind::generation:
        case SubjectKind::other:
            return;
    }
}

void NatsStore::take_in_message(Turn& turn, const std::string& id, const StreamRow& row) {
    auto message = read_message(id, row.payload, wall_of(row.place.taken_ns));
    if (message) {
        const bool is_changed = message->changed();
        const auto said_ms = base::key_of_position(message->position()).unix_ms;
        const bool is_repeated = take_in(turn, std::move(*message));
        // It has another number now, so the one that it had is another's.
        const bool has_moved = by_live_feed_ && row.place.sequence > told_up_to_;
        if (is_repeated && !is_changed && has_moved) read_again_since(said_ms);
        return;
    }
    if (log_->knows(id) || base::parse_message_id(id)) {  // somebody emptied it
        on_gone(turn, id);
        return;
    }
    ++counts_->rows_skipped;
}

std::optional<base::ChatMessage> NatsStore::read_message(std::string_view id, std::string_view payload,
                                                         base::WallTime taken) {
    base::JsonReader reader;
    const auto document = reader.read(payload);
    if (!document || !document->is_object()) return std::nullopt;
    // A time that cannot be read is the server's: the same for all nodes. So is one that had not come yet
    // when the server took it, else it would stand below all that is said until it comes.
    auto message = base::from_document(*document, taken);
    if (message && message->id() != id) return std::nullopt;
    const auto said = message ? base::parse_datetime(message->datetime()) : std::nullopt;
    if (said && *said > taken + ahead_max && !base::parse_message_id(id)) {
        const auto position = base::make_foreign_letters(base::unix_ms(taken), id);
        auto parts = message->parts();
        parts.position = position;
        message = base::ChatMessage{parts};
    }
    return message;
}

void NatsStore::note_time(Turn& turn) {
    const bool is_last = own_presence_ && own_presence_->sequence == presence_over_;
    if (is_last) clock_check_.told(turn, wall_of(own_presence_->taken_ns), {}, presence_asked_at_);
    // Else it came late, and the server's clock has gone on since.
    if (is_last && own_presence_->told - presence_asked_at_ <= presence_comes_within) clock_ = own_presence_;
}

std::optional<base::WallTime> NatsStore::clock(base::Time now) const {
    if (!clock_ || now - clock_->told > clock_believed_for) return std::nullopt;
    return wall_of(clock_->taken_ns) + (now - clock_->told);
}

void NatsStore::catch_up(Turn& turn) {
    turn.info(
        "store: it has much that this node has not; what is said now is shown at once, the rest is read");
    DAVENPORT_MARK("a new node leaves what is old for later");
    writes_.feed_caught_up();  // a node that has read nothing has nothing that the stream may have had
    documents_ = feed_.pending_at_start();
    scanned_ = 0;
    feed_.begin_with_news(turn);
    listener_->on_catching_up(turn);
    // Before all else: people post meanwhile, and who is banned is not to be among them for long.
    list(turn, begin_question(), api_.subjects_of_policies(), {},
         [this](Turn&, const std::vector<std::string>* subjects) {
             if (!subjects) return;  // the scan brings them, too
             for (const auto& subject : *subjects) policies_.put(api_.parse(subject).id);
         });
}

void NatsStore::caught_up_at_last(Turn& turn) {
    DAVENPORT_MARK("a backfill meets the live feed");
    turn.info("store: read to its end, " + std::to_string(scanned_) + " documents");
    fresh_ = false;
    newest_read_.clear();
    const auto place = scan_.place();
    scan_.stop(turn);
    if (feed_.place().sequence == 0) {
        if (feed_.open())
            feed_.has_read(place);
        else
            feed_.begin_at(turn, place);  // nothing came by it, and it is not there to bring any
        read_up_to_ = place.text();
    }
    set_checkpoint(feed_.place().sequence == 0 ? place : feed_.place());
}

void NatsStore::set_checkpoint(const StreamPlace& place) {
    if (place.sequence == 0 || (place == checkpoint_ && full_ids_from() == checkpoint_ids_from_)) return;
    checkpoint_ = place;
    checkpoint_ids_from_ = full_ids_from();
    log_->set_checkpoint({generation(), place.text(), checkpoint_ids_from_});
}

// ---- the end of a turn

void NatsStore::write(Turn& turn) {
    if (generation_ != generation()) begin_with(turn, generation());
    if (health_.up() && !std::exchange(was_up_, true)) {
        DAVENPORT_MARK("the store is back");
        writer_.start_over(turn);
        changes_.start_over(turn);
        policies_.start_over(turn);
    }
    was_up_ = health_.up();
    if (was_up_ && full_ids_from() != checkpoint_ids_from_) set_checkpoint(StreamPlace{checkpoint_});
    if (health_.take_looked() && feed_.active()) {
        if (health_.last_sequence() < std::min(read_before_look_, feed_.place().sequence))
            on_lost_end(turn);
        else
            verify_all_pause_ = verify_all_pause_least;
    }
    if (std::exchange(look_, health_.looks()) != health_.looks())
        read_before_look_ = feed_.place().sequence;  // what comes meanwhile, the answer may not know
    if (verifies_all_later_ && turn.now.time >= verify_all_at_) verify_again(turn);
    const bool back = usable() && !was_usable_;
    const bool gone = was_usable_ && !usable();
    was_usable_ = usable();
    const bool caught_up_now = caught_up() && !was_caught_up_;
    was_caught_up_ = caught_up();
    if (caught_up_now) writes_.feed_caught_up();
    if (health_.take_shaken())
        anti_entropy_.reverify_all();
    else if (gone || back)
        anti_entropy_.reverify();
    if (back || caught_up_now) listener_->on_store_back();
    writer_.pump(turn);
    changes_.pump(turn);
    policies_.pump(turn);
    if (usable() && writer_.idle() && changes_.idle() && !writes_.reads_journal()) writes_.all_settled();
}

void NatsStore::on_lost_end(Turn& turn) {
    turn.error(
        "store: it has lost messages that it had stored; what this node knows of them is written again");
    DAVENPORT_MARK("a server has lost the end of its stream");
    missed_.start_over(turn);
    feed_.begin_at(turn, feed_.place());
    verify_again(turn);
}

/// A server that was not synced has lost its end; another copy that leads now may lack a part of any age. So
/// all is verified, but not again and again while the copies of a cluster go on to differ.
void NatsStore::verify_again(Turn& turn) {
    if (turn.now.time < verify_all_at_) {
        // The look and the feed find out about one loss one after the other.
        const bool is_another = turn.now.time >= verified_all_at_ + one_loss;
        if (!verifies_all_later_) anti_entropy_.reverify();
        verifies_all_later_ |= is_another;
        return;
    }
    verifies_all_later_ = false;
    verified_all_at_ = turn.now.time;
    anti_entropy_.reverify_all();
    verify_all_at_ = turn.now.time + verify_all_pause_;
    verify_all_pause_ = std::min(verify_all_pause_ * 2, verify_all_pause_most);
}

void NatsStore::begin_with(Turn& turn, const base::Generation& generation) {
    const auto checkpoint = log_->journal().state().checkpoint;
    const bool known = generation_.empty() && checkpoint && checkpoint->generation == generation;
    if (!generation_.empty()) {
        DAVENPORT_MARK("another store answers");
        turn.warn("store: another one answers than before; it is given what it has not");
    }
    fresh_ = generation_.empty() && !checkpoint && log_->has_room_for_old();
    begun_ = false;
    generation_ = generation;
    log_->store_changed();
    const bool keep = writes_.store_changed(turn, generation);
    changes_.store_changed(keep);
    writer_.store_changed(keep);
    anti_entropy_.store_changed();
    forget_presence();
    policies_.store_changed();
    expected_.clear();
    read_before_look_ = 0;
    listener_->on_another_store();
    checkpoint_ = known ? StreamPlace::parse(checkpoint->place).value_or(StreamPlace{}) : StreamPlace{};
    checkpoint_ids_from_ = known ? checkpoint->full_ids_from : full_ids_from();
    scan_.stop(turn);
    repair_.stop(turn);
    read_again_since_ms_.reset();
    told_up_to_ = checkpoint_.sequence;
    missed_.start_over(turn);
    own_presence_.reset();
    clock_.reset();
    feed_.begin_at(turn, checkpoint_);
    read_up_to_ = checkpoint_.text();
}

void NatsStore::read(Turn& turn) {
    // Only when what is said now is sure to come is what was said before read.
    if (fresh_ && begun_ && feed_.open() && !scan_.active()) scan_.begin_at(turn, {});
    feed_.pump(turn);
    scan_.pump(turn);
    read_again(turn);
    repair_.pump(turn);
    missed_.expect(std::max(health_.last_sequence(), writer_.take_last_stored()));
    missed_.pump(turn, feed_);
    ended_pages_.clear();
}

void NatsStore::verify(Turn& turn, const std::vector<std::string>& stored) {
    for (const auto& id : stored) anti_entropy_.track(id);
    anti_entropy_.pump(turn, feed_.open());
}

void NatsStore::look_up(Turn& turn, const Ids& ids, OnAbsent on_absent) {
    std::vector<base::NatsMessage> messages;
    for (const auto& id : ids) messages.push_back(api_.read_last(api_.message_subject(id)));
    looking_up_ = requests_.ask_all(turn, std::move(messages), {.timeout = answer_time(*config_)},
                                    [this, ids, on_absent = std::move(on_absent)](
                                        Turn& t, const Requests::Answers& answers, const std::string&) {
                                        looking_up_ = 0;
                                        Absent absent;
                                        for (std::size_t i = 0; i < ids.size(); ++i) {
                                            const auto read =
                                                answers[i] ? read_message_answer(*answers[i]) : ReadAnswer{};
                                            if (!read.answered) return on_absent(t, std::nullopt);
                                            if (!read.message) absent.missing.push_back(ids[i]);
                                        }
                                        return on_absent(t, std::move(absent));
                                    });
}

}  // namespace davenport::node::nats
