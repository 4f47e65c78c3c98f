#include "node/core/store/couchdb/couch_store.hpp"

#include "node/base/change.hpp"
#include "node/base/json.hpp"
#include "node/base/json_view.hpp"
#include "node/base/mark.hpp"
#include "node/base/message_id.hpp"
#include "node/base/time.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

namespace davenport::node {
namespace {

constexpr std::size_t known_rows_for_backfill = 200;
constexpr std::size_t lag_rows_max = 1000;            // so far may the live feed lag behind
constexpr auto ahead_max = std::chrono::seconds{60};  // as of a key
// Of an id of our form: nodes whose clocks are wrong make such, and they are told of (ClockCheck). What is
// further ahead was made by hand.
constexpr auto id_ahead_max = std::chrono::hours{24 * 366};

Store::Password password_of(const base::HttpResponse& response) {
    if (response.status == 200) {
        const auto body = base::parse_json(response.body);
        const auto* roles = body ? base::member(*body, "roles") : nullptr;
        const bool of_admin =
            roles && roles->is_array() && std::ranges::any_of(roles->get_array(), [](const auto& role) {
                return role.is_string() && role.get_string() == "_admin";
            });
        return of_admin ? Store::Password::right_of_admin : Store::Password::right;
    }
    if (response.status == 401) return Store::Password::wrong;
    if (response.status != 403) return Store::Password::no_answer;
    // CouchDB 3.4: "Account is temporarily locked due to multiple authentication failures".
    return response.body.find("locked") != std::string::npos ? Store::Password::locked
                                                             : Store::Password::wrong;
}

/// Nothing when it is no answer of `_all_docs`; what was deleted is there, and said to be. A document's first
/// revision has the number 1.
std::optional<KeptLookup::Absent> read_absent(std::string_view body, const std::vector<std::string>& asked) {
    base::JsonReader reader;
    const auto parsed = reader.read(body);
    const auto rows = parsed ? parsed->member("rows") : std::nullopt;
    std::vector<bool> there(asked.size());
    KeptLookup::Absent out;
    const bool is_answer = rows && rows->each_item([&](const base::JsonView& row) {
        const auto id = base::string_member(row, "id");
        const auto value = row.member("value");
        if (!id || !value) return;
        const auto place = std::ranges::lower_bound(asked, *id, {},
                                                    [](const std::string& a) { return std::string_view{a}; });
        if (place == asked.end() || *place != *id) return;
        there[static_cast<std::size_t>(place - asked.begin())] = true;
        if (base::bool_member(*value, "deleted"))
            out.deleted.push_back(*place);
        else if (base::revision_number(base::text_member(*value, "rev")) > 1)
            out.rewritten.push_back(*place);
    });
    if (!is_answer) return std::nullopt;
    for (std::size_t i = 0; i < asked.size(); ++i)
        if (!there[i]) out.missing.push_back(asked[i]);
    return out;
}

}  // namespace

CouchStore::CouchStore(const ChatConfig& config, base::Random& random, CommitQueue& log, NodeCounts& counts)
    : SharedStore{config, random, log, counts, std::max<std::size_t>(1, config.bulk_documents_max)},
      page_rows_{std::min<std::size_t>(500, config.page_rows_max)},
      api_{config.stores},
      health_{config, api_, requests_, random, version_},
      changes_{config, api_, requests_, random, waiting_changes_, health_},
      writer_{config, api_, requests_, random, writes_, health_, changes_},
      feed_{config, api_, requests_, random, health_},
      backfill_{config, api_,    requests_,
                log,    health_, [this](const std::string& id) { return is_unproven(id); }},
      presence_{config, api_, requests_, log},
      placer_{config, api_, requests_, health_},
      feed_watch_{config, api_, requests_, health_,
                  [this](const FeedRow& row) {
                      const bool is_chat = !row.id.starts_with("davenport-") && !row.id.starts_with('_');
                      const bool known = log_->knows(row.id);
                      const bool is_news = row.deleted ? known : row.changed || !known;
                      return expected_.contains(row.id) || (is_chat && is_news);
                  }},
      notes_{config, api_, requests_},
      policies_{config, api_, requests_, random, health_, log},
      accounts_{config, api_, requests_},
      conflicts_{config, api_, requests_, random, health_, log},
      purges_{config, api_, requests_, health_} {
    if (const auto checkpoint = log.journal().state().checkpoint) health_.remember(checkpoint->generation);
}

// ---- events

void CouchStore::on(Turn& turn, const Fetched& e) {
    requests_.on(turn, e);
    collect(turn);
}

void CouchStore::on(Turn& turn, const FetchData& e) {
    requests_.on(turn, e);
    collect(turn);
}

void CouchStore::on(Turn& turn, const FetchEnded& e) {
    requests_.on(turn, e);
    collect(turn);
}

void CouchStore::on_timer(Turn& turn, TimerId timer) {
    requests_.on_timer(turn, timer);
    if (timer == timers::health) health_.on_timer(turn);
}

/// What an answer brought, after its machine has said how it goes on.
void CouchStore::collect(Turn& turn) {
    on_outcomes(turn, writer_.take_outcomes());
    on_outcomes(turn, changes_.take_outcomes());
    by_live_feed_ = feed_.detached();
    if (auto batch = feed_.take_batch()) on_batch(turn, std::move(*batch));
    by_live_feed_ = false;
    if (auto batch = backfill_.take_batch()) on_batch(turn, std::move(*batch));
    if (auto missing = anti_entropy_.take_lost(); !missing.empty()) look_for_purges(turn, std::move(missing));
    for (const auto& id : anti_entropy_.take_changed()) compare_again(id);
    for (const auto& id : anti_entropy_.take_gone()) on_gone(turn, id);
    for (const auto& id : anti_entropy_.take_rewritten()) look_for_deletion(turn, id);
    on_purged(turn, purges_.take_purged());
    show_placed(turn);
    on_own_run(turn, presence_.take_run_found());
    on_news(turn, policies_.take_news());
}

void CouchStore::on_batch(Turn& turn, FeedBatch batch) {
    const bool old = fresh_ && !feed_.detached() && !batch.caught_up;
    if (fresh_ && !feed_.detached() && batch.caught_up) caught_up_at_last(turn);
    bool old_news = batch.went_back;
    if (batch.went_back) DAVENPORT_MARK("a sequence of the store goes back");
    for (const auto& id : batch.skipped) {
        DAVENPORT_MARK("a row of the feed cannot be read");
        ++counts_->rows_skipped;
        turn.error("store: the document " + id +
                   " cannot be read (too deep, or a number too long); it is skipped");
    }
    for (auto& row : batch.rows) {
        if (row.presence) {
            if (row.presence->journal == log_->uuid()) on_own_run(turn, row.presence->run);
            listener_->on_presence(std::move(*row.presence));
        } else if (row.note) {
            listener_->on_note(turn, *row.note);
        } else if (row.message) {
            const bool known = take_in_row(turn, row);
            const bool is_repeat = known && !feed_.detached() && live_rows_ > 0;
            if (is_repeat) --live_rows_;
            known_run_ = known ? known_run_ + (is_repeat ? 0 : 1) : 0;
            old_news |= known;
            anti_entropy_.told(row.id);
            written_lately_.erase(row.id);
        } else {
            take_in_row(turn, row);
        }
    }
    if (old_news && config_->feed != FeedMode::continuous)
        anti_entropy_.reverify();  // none is open that would have broken
    if (!fresh_) set_checkpoint(batch.seq);
    if (old) return catch_up(turn);
    if (feed_.detached()) live_rows_ += batch.rows.size();
    if (batch.caught_up || feed_.detached()) known_run_ = 0;
    if (known_run_ < std::min(known_rows_for_backfill, config_->page_rows_max)) return;
    known_run_ = 0;
    DAVENPORT_MARK("a long run of known rows is read beneath a live feed");
    backfill_.begin(feed_.seq());
    live_rows_ = 0;
    feed_.detach(turn);
    anti_entropy_.reverify();  // had the old feed broken a moment later, nobody would know
}

void CouchStore::on_batch(Turn& turn, BackfillBatch batch) {
    for (auto& id : batch.written_lately) written_lately_.insert(std::move(id));
    for (const auto& id : batch.told)
        if (batch.newest)
            anti_entropy_.told(id);
        else
            anti_entropy_.told_of_old(id);
    for (const auto& id : batch.known) sighted(turn, id, log_->find(id));
    for (auto& row : batch.rows)
        if (base::is_policy_id(row.id))
            policies_.on_old_row(std::move(row.id));
        else
            take_in_row(turn, row);
    if (!batch.done) return;
    DAVENPORT_MARK("a backfill meets the live feed");
    if (fresh_) caught_up_at_last(turn);
    feed_.attach(turn, backfill_.seq());
    backfill_.stop(turn);
    set_checkpoint(feed_.seq());
}

// ---- what the store has

bool CouchStore::take_in_row(Turn& turn, FeedRow& row) {
    if (base::is_policy_id(row.id)) return policies_.on_row(turn, row), false;
    if (row.in_conflict && (log_->knows(row.id) || row.message)) conflicts_.add(row.id);
    if (row.in_conflict && row.message && adopt_other_text(turn, *row.message)) return false;
    if (row.message) return row.message->id() == row.id && take_in(turn, std::move(*row.message));
    if (row.deleted || row.no_message) on_gone(turn, row.id);
    return false;
}

void CouchStore::catch_up(Turn& turn) {
    turn.info(
        "store: it has much that this node has not; what is said now is shown at once, the rest is read");
    DAVENPORT_MARK("a new node leaves what is old for later");
    writes_.feed_caught_up();  // a node that has read nothing has nothing that the store may have had
    backfill_.begin_fresh(feed_.seq());
    live_rows_ = 0;
    feed_.follow_from_now(turn);
    listener_->on_catching_up(turn);
    policies_.read_all(turn);
    requests_.send(
        turn, RequestOwner::room_reads, counting_, api_.get_database(),
        {.timeout = config_->request_timeout, .tells_health = false}, [this](Turn&, const Reply& reply) {
            const auto body = reply.response ? base::parse_json(reply.response->body) : std::nullopt;
            const auto count = body ? base::int_member(*body, "doc_count") : std::nullopt;
            documents_ = static_cast<std::uint64_t>(std::max<std::int64_t>(count.value_or(0), 0));
            return true;
        });
}

void CouchStore::caught_up_at_last(Turn& turn) {
    if (backfill_.fresh())
        turn.info("store: read to its end, " + std::to_string(backfill_.rows_read()) + " documents");
    fresh_ = false;
    newest_read_.clear();
    written_lately_.clear();
}

bool CouchStore::is_unproven(const std::string& id) {
    if (const auto* pending = log_->find(id)) return !pending->stored;
    if (!writes_.reads_journal()) return false;
    const auto entry = log_->journal().find(id);
    return entry && entry->stored_in.empty() && !log_->is_marked(id, generation());
}

bool CouchStore::is_placed_by_id(const Turn& turn, const std::optional<base::MessageIdParts>& said) const {
    // A node or a store whose clock is far behind must not take all that is said for the future's.
    const auto latest = std::max(turn.now.wall, turn.now.wall - clock_ahead()) + id_ahead_max;
    return said && base::wall_from_unix_ms(said->unix_ms) <= latest;
}

bool CouchStore::wants_place(Turn& turn, const base::ChatMessage& message) {
    const auto said = base::parse_message_id(message.id());
    if (is_placed_by_id(turn, said)) {
        neighbour_ = base::wall_from_unix_ms(said->unix_ms);
        return false;
    }
    const auto now = turn.now.wall;
    const auto told = said ? std::nullopt : base::parse_datetime(message.datetime());
    const bool good = told && *told <= now + ahead_max;
    if (good && was_caught_up_) return false;
    // Of old, it stood where its neighbours in the feed do; new, it is of this moment.
    const auto here = was_caught_up_ ? now : std::min(now, neighbour_.value_or(now));
    placer_.add(message, good ? *told : here, !good);
    return true;
}

void CouchStore::show_placed(Turn& turn) {
    for (auto& message : placer_.take_placed())
        if (!log_->knows(message.id())) add(turn, std::move(message));
    if (!placer_.idle()) return;
    covered_ = feed_.seq();
    if (conflicts_.idle()) set_checkpoint(std::exchange(waiting_checkpoint_, {}));
}

// ---- the end of a turn

void CouchStore::write(Turn& turn) {
    if (generation_ != generation()) begin_with(turn, generation());
    if (health_.up() && !std::exchange(was_up_, true)) {
        writer_.start_over(turn);
        changes_.start_over(turn);
        policies_.start_over(turn);
        conflicts_.start_over(turn);
        DAVENPORT_MARK("the store is back");
        if (catching_up()) {
            DAVENPORT_MARK("the store is back while a new node reads it");
            feed_.reopen(turn);
            backfill_.reopen(turn);
        } else {
            read_feed_from(turn, backfill_.active() ? backfill_.seq() : feed_.seq());
        }
    }
    was_up_ = health_.up();
    if (was_up_ && full_ids_from() != checkpoint_ids_from_) set_checkpoint(std::string{checkpoint_seq_});
    const bool back = usable() && !was_usable_;
    const bool gone = was_usable_ && !usable();
    was_usable_ = usable();
    const bool caught_up_now = caught_up() && !was_caught_up_;
    was_caught_up_ = caught_up();
    if (caught_up_now) writes_.feed_caught_up();
    if (health_.take_shaken()) {
        DAVENPORT_MARK("all of the store is verified");
        anti_entropy_.reverify_all();
    } else if (gone || back)
        anti_entropy_.reverify();  // what its open feed still brought meanwhile counts, too
    if (back || caught_up_now) listener_->on_store_back();
    writer_.pump(turn);
    changes_.pump(turn);
    policies_.pump(turn);
    conflicts_.pump(turn);
    purges_.pump(turn);
}

void CouchStore::begin_with(Turn& turn, const base::Generation& generation) {
    const auto checkpoint = log_->journal().state().checkpoint;
    const bool known = generation_.empty() && checkpoint && checkpoint->generation == generation;
    if (!generation_.empty()) DAVENPORT_MARK("another store answers");
    if (!generation_.empty())
        turn.warn("store: another one answers than before; it is given what it has not");
    fresh_ = generation_.empty() && !checkpoint && log_->has_room_for_old();
    generation_ = generation;
    log_->store_changed();
    writer_.store_changed(turn);
    anti_entropy_.store_changed();
    presence_.forget_revision();
    policies_.store_changed();
    placer_.store_changed();
    conflicts_.store_changed();
    purges_.store_changed();
    waiting_checkpoint_.clear();
    neighbour_.reset();
    listener_->on_another_store();
    checkpoint_seq_ = known ? checkpoint->place : std::string{beginning};
    checkpoint_ids_from_ = known ? checkpoint->full_ids_from : full_ids_from();
    read_feed_from(turn, checkpoint_seq_);
}

void CouchStore::read_feed_from(Turn& turn, std::string seq) {
    backfill_.stop(turn);
    if (placer_.idle()) covered_ = seq;
    feed_.begin_at(turn, std::move(seq));
}

void CouchStore::tell_news_apart(Turn& turn, const std::vector<base::ChatMessage>& messages,
                                 const OpenRequest& request, OnToldApart then) {
    const bool in_doubt =
        catching_up() && feed_.live() && std::ranges::any_of(messages, [&](const base::ChatMessage& message) {
            return !log_->knows(message.id()) && is_old(turn, message);
        });
    if (!in_doubt) return then(turn, true);
    DAVENPORT_MARK("a new node asks what of an answer is news");
    follow_ups_[*request] =
        requests_.send(turn, RequestOwner::lookup, api_.changes_page(feed_.live_place(), lag_rows_max, false),
                       {.timeout = config_->request_timeout},
                       [this, request, then = std::move(then)](Turn& t, const Reply& reply) {
                           follow_ups_.erase(*request);
                           const auto page = reply.response && reply.response->status == 200
                                                 ? read_feed_page(reply.response->body, t.now.wall)
                                                 : std::nullopt;
                           if (page)
                               for (const auto& row : page->rows) written_lately_.insert(row.id);
                           then(t, page.has_value());
                           return page.has_value();
                       });
}

void CouchStore::cancel(Turn& turn, RequestId request) {
    if (const auto follow_up = follow_ups_.find(request); follow_up != follow_ups_.end()) {
        requests_.cancel(turn, follow_up->second);
        follow_ups_.erase(follow_up);
    }
    requests_.cancel(turn, request);
}

void CouchStore::set_checkpoint(const std::string& seq) {
    if (seq.empty() || (seq == checkpoint_seq_ && full_ids_from() == checkpoint_ids_from_)) return;
    if (!placer_.idle() || !conflicts_.idle()) {  // a node that ends meanwhile reads of it again
        DAVENPORT_MARK("a checkpoint waits for a place");
        waiting_checkpoint_ = seq;
        return;
    }
    checkpoint_seq_ = seq;
    checkpoint_ids_from_ = full_ids_from();
    log_->set_checkpoint({generation(), seq, checkpoint_ids_from_});
}

void CouchStore::read(Turn& turn) {
    if (backfill_.active() && !feed_.detached()) DAVENPORT_MARK("a live feed's end ends a backfill");
    if (backfill_.active() && !feed_.detached())
        read_feed_from(turn, backfill_.seq());  // the live feed ended
    feed_watch_.pump(turn, feed_);
    if (feed_watch_.take_deaf()) {
        DAVENPORT_MARK("a feed is deaf");
        ++counts_->feeds_deaf;
        turn.warn(
            "store: its feed is open and brings nothing, though the store has more: something between may "
            "keep it back; reading it anew");
        read_feed_from(turn, feed_.seq());
    }
    feed_.pump(turn);
    backfill_.pump(turn, feed_.live(), feed_.live_place());
    placer_.pump(turn);
}

void CouchStore::look_up(Turn& turn, const Ids& ids, OnAbsent on_absent) {
    requests_.send(turn, RequestOwner::anti_entropy, looking_up_, api_.all_documents(ids, false),
                   {.timeout = config_->request_timeout, .sets_alarm = false},
                   [ids, on_absent = std::move(on_absent)](Turn& t, const Reply& reply) {
                       return on_absent(t, reply.response && reply.response->status == 200
                                               ? read_absent(reply.response->body, ids)
                                               : std::nullopt);
                   });
}

void CouchStore::verify(Turn& turn, const std::vector<std::string>& stored) {
    for (const auto& id : stored) anti_entropy_.track(id);
    anti_entropy_.pump(turn, feed_.watching());
}

// ---- questions

Store::RequestId CouchStore::read_since(Turn& turn, const Place& place, OnPage on_page) {
    const bool from_the_beginning = place == beginning;
    const auto request = std::make_shared<RequestId>();
    return *request = requests_.send(
               turn, RequestOwner::resume,
               api_.changes_page(place.empty() ? beginning : place, page_rows_, true),
               {.timeout = config_->request_timeout},
               [this, request, from_the_beginning, on_page = std::move(on_page)](Turn& t,
                                                                                 const Reply& reply) {
                   auto rows = reply.response && reply.response->status == 200
                                   ? read_feed_page(reply.response->body, t.now.wall)
                                   : std::nullopt;
                   if (!rows) {
                       const bool unknown_place =
                           reply.response && reply.response->status == 400 && !from_the_beginning;
                       on_page(t, nullptr, unknown_place);
                       return unknown_place;
                   }
                   StorePage page{{}, std::move(rows->last_seq), rows->size() >= page_rows_};
                   for (auto& row : rows->rows)
                       if (row.message && row.message->id() == row.id)
                           page.messages.push_back(std::move(*row.message));
                       else if (row.deleted || row.no_message)
                           add_gone(row, page.messages);
                   const auto messages = page.messages;
                   tell_news_apart(t, messages, request,
                                   [this, on_page, page = std::move(page)](Turn& told_in, bool told) mutable {
                                       if (told)
                                           give_page(told_in, page, on_page);
                                       else
                                           on_page(told_in, nullptr, false);
                                   });
                   return true;
               });
}

void CouchStore::give_page(Turn& turn, StorePage& page, const OnPage& on_page) {
    // Somebody else's document: shown to all when it has its place, if it was not.
    std::map<std::string, base::ChatMessage, std::less<>> told;  // as the store has them
    std::erase_if(page.messages, [&](base::ChatMessage& message) {
        if (is_placed_by_id(turn, base::parse_message_id(message.id()))) return false;
        if (const auto known = log_->latest(message.id())) {
            told.emplace(message.id(), message);
            message = base::later_of(*known, message);
            return false;
        }
        return !log_->knows(message.id()) && wants_place(turn, message);
    });
    // What is old to a new node is shown to no follower as it comes in: those who miss it find it known. What
    // is gone meanwhile is sent to nobody as it was said.
    const auto is_gone = [&](const base::ChatMessage& message) {
        return message.user().empty() && message.removed() == base::removed_in_store;
    };
    for (const auto& message : page.messages)
        if (!log_->knows(message.id()) && !is_gone(message) &&
            (vanished_.contains(message.id()) || is_old(turn, message)))
            add(turn, message);
    on_page(turn, &page, false);
    for (auto& message : page.messages)
        if (is_gone(message))
            on_gone_unknown(turn, message.id());
        else if (const auto as_told = told.find(message.id()); as_told != told.end())
            take_in(turn, std::move(as_told->second));
        else
            take_in(turn, std::move(message));
}

Store::RequestId CouchStore::read_room(Turn& turn, std::string_view room, std::string_view before,
                                       std::size_t limit, OnRoom on_room) {
    // A range of keys holds its first, and what lies before a message does not.
    const std::size_t first = before.empty() ? 0 : 1;
    const auto request = std::make_shared<RequestId>();
    return *request = requests_.send(
               turn, RequestOwner::room_reads, api_.newest_documents(room, before, limit + 1 + first),
               {.timeout = config_->request_timeout},
               [this, request, limit, name = std::string{room}, end = std::string{before},
                on_room = std::move(on_room)](Turn& t, const Reply& reply) {
                   const bool answered = reply.response && reply.response->status == 200;
                   if (!answered) return on_room(t, nullptr), false;
                   std::vector<base::ChatMessage> messages;
                   for (auto& row : read_documents(reply.response->body, t.now.wall))
                       if (row.message && row.message->id() == row.id &&
                           (end.empty() || row.message->position() < end))
                           messages.push_back(std::move(*row.message));
                   tell_news_apart(t, messages, request,
                                   [this, limit, name, end, on_room, messages](Turn& told_in, bool told) {
                                       if (!told) return on_room(told_in, nullptr);
                                       on_room(told_in, &messages);
                                       if (end.empty() && catching_up())
                                           newest_read_[name] = std::max(newest_read_[name], limit);
                                       for (const auto& message : messages) take_in(told_in, message);
                                   });
                   return true;
               });
}

Store::RequestId CouchStore::check_password(Turn& turn, std::string_view name, std::string_view password,
                                            OnPassword on_password) {
    return requests_.send(turn, RequestOwner::sign_in, StoreApi::check_password(name, password),
                          {.timeout = config_->request_timeout},
                          [on_password = std::move(on_password)](Turn& t, const Reply& reply) {
                              on_password(
                                  t, reply.response ? password_of(*reply.response) : Password::no_answer);
                              return true;
                          });
}

}  // namespace davenport::node
