#include "node/core/store/couchdb/store_health.hpp"

#include "node/base/json.hpp"

#include <algorithm>

namespace davenport::node {
namespace {

/// A store that answers is asked now and then whether it is still the same: behind one address another may
/// stand.
constexpr base::Duration look_again_after = std::chrono::seconds{5};
constexpr int tries_before_the_next = 3;
/// How often a database without a generation is looked at before one is made in it: a `_local` document knows
/// no conflict, so of two nodes that make one each the first would be overwritten, and work for a store that
/// does not exist.
constexpr int looks_before_making = 4;
constexpr base::Duration denied_pause_least = std::chrono::seconds{1};
constexpr base::Duration denied_pause_most = std::chrono::seconds{15};
// CouchDB (3.4 and later) locks a name out for an address, and so all nodes of this machine, after five wrong
// passwords in five minutes: four of them may have one. While a name is locked nothing is counted, and a node
// whose password is right comes in when that is over.
constexpr base::Duration wrong_password_pause = std::chrono::seconds{305};
constexpr base::Duration locked_pause = std::chrono::minutes{1};

/// How long such an answer must not be asked for again; nothing when it is about what the credentials may do.
std::optional<base::Duration> pause_after(std::string_view reason) {
    if (reason.find("password is incorrect") != std::string_view::npos) return wrong_password_pause;
    if (reason.find("temporarily locked") != std::string_view::npos) return locked_pause;
    return std::nullopt;
}

}  // namespace

StoreHealth::StoreHealth(const ChatConfig& config, StoreApi& api, RequestTable& requests,
                         base::Random& random, ChatVersion& version)
    : probe_interval_{config.probe_interval},
      // An answer this short is as quick as a heartbeat.
      request_timeout_{std::min(config.request_timeout, config.feed_dead_after)},
      api_{&api},
      requests_{&requests},
      random_{&random},
      version_{&version},
      // Ever longer pauses would cost nobody less than one short request each 150 ms, and everybody up to a
      // second of waiting when the store is back.
      backoff_{config.probe_interval, config.probe_interval},
      denied_backoff_{denied_pause_least, denied_pause_most},
      not_before_(api.stores()) {}

void StoreHealth::start(Turn& turn) { probe(turn); }

void StoreHealth::ask(Turn& turn, State state, base::HttpRequest request) {
    state_ = state;
    asked_at_ = turn.now.time;
    requests_->send(turn, RequestOwner::health, request_, std::move(request),
                    {.timeout = request_timeout_, .tells_health = false},
                    [this](Turn& t, const Reply& reply) {
                        on_reply(t, reply);
                        return true;
                    });
}

void StoreHealth::probe(Turn& turn) { ask(turn, State::reading, api_->get_generation()); }

void StoreHealth::read_start(Turn& turn, GenerationMaker maker) {
    maker_ = maker;
    ask(turn, State::reading_start, api_->get_database());
}

void StoreHealth::make_generation(Turn& turn, const base::Generation& generation, std::string_view again) {
    ask(turn, State::making_generation, api_->put_generation(generation, version_->members(), again));
}

void StoreHealth::wait(Turn& turn, base::Duration pause) {
    state_ = State::waiting;
    request_.forget();
    deadline_ = turn.now.time + pause;
    turn.emit(SetTimer{timers::health, deadline_});
}

void StoreHealth::report_failure(Turn& turn) {
    if (!up_ || std::exchange(doubted_, true)) return;
    if (!request_.open()) look_into_it(turn);
}

void StoreHealth::recheck(Turn& turn) {
    if (state_ == State::settled) look_into_it(turn);  // else it is being asked, or about to be
}

void StoreHealth::report_denied(Turn& turn, StoreVerdict verdict, const std::string& reason) {
    if (verdict != StoreVerdict::denied) return report_failure(turn);
    if (!up_) return;  // it is being asked already
    request_.cancel(turn);
    went_down(turn, reason, true);
}

void StoreHealth::look_into_it(Turn& turn) {
    // A store that cuts everything it is asked would else be asked as often as it cuts.
    const auto earliest = asked_at_ ? *asked_at_ + probe_interval_ : turn.now.time;
    if (earliest > turn.now.time) return wait(turn, earliest - turn.now.time);
    probe(turn);
}

void StoreHealth::on_reply(Turn& turn, const Reply& reply) {
    if (reply.response) {
        clock_.answered(turn, base::header(reply.response->headers, "Date"), *asked_at_);
        return on_answer(turn, *reply.response);
    }
    if (reply.late) {  // such a silence is as long as all the tries of a store that refuses
        tries_ = tries_before_the_next - 1;
        return went_down(turn, reply.reason, false);
    }
    no_answer(turn, reply.reason);
}

void StoreHealth::on_answer(Turn& turn, const base::HttpResponse& response) {
    const auto verdict = judge(response);
    // What stands before a store may let nobody ask that.
    if (state_ == State::reading_members && response.status / 100 == 4) return on_members(turn, 0);
    if (verdict == StoreVerdict::denied) return went_down(turn, reason_of(response), true);
    switch (state_) {
        case State::reading: {
            if (verdict == StoreVerdict::missing_database)
                return ask(turn, State::making_database, api_->make_database());
            if (response.status == 404 && verdict == StoreVerdict::served) {
                if (++looks_ >= looks_before_making) return read_start(turn, GenerationMaker::of_a_member);
                return wait(turn, base::Duration{random_->between(probe_interval_.count() / 2,
                                                                  probe_interval_.count() * 3 / 2)});
            }
            const auto body = response.status == 200 ? base::parse_json(response.body) : std::nullopt;
            const auto generation = body ? base::string_member(*body, "generation") : std::nullopt;
            if (!generation || generation->empty()) return went_down(turn, reason_of(response), false);
            return on_generation(turn, *body, base::Generation{*generation});
        }
        case State::making_database:
            if (response.status == 201 || response.status == 202)
                return read_start(turn, GenerationMaker::of_the_database);  // ours to name: one is the first
            if (response.status == 412) return probe(turn);
            return went_down(turn, "cannot make the database: " + reason_of(response), false);
        case State::reading_start: {
            const auto body = response.status == 200 ? base::parse_json(response.body) : std::nullopt;
            if (!body || !body->is_object()) return went_down(turn, reason_of(response), false);
            return on_start(turn, base::text_member(*body, "instance_start_time"));
        }
        case State::reading_members:
            if (response.status / 100 == 5) return went_down(turn, reason_of(response), false);
            return on_members(turn, response.status == 200 ? count_members(response.body) : 0);
        case State::making_generation:
            // Read back, whatever the answer: another node may have made one at the same moment.
            if (response.status == 201 || response.status == 202 || response.status == 409)
                return probe(turn);
            return went_down(turn, reason_of(response), false);
        case State::settled:
        case State::waiting:
            return;
    }
}

void StoreHealth::on_generation(Turn& turn, const base::json::value& document, base::Generation generation) {
    using Verdict = ChatVersion::Verdict;
    const auto verdict =
        version_->judge(base::int_member(document, "v"), base::int_member(document, "ids_from"));
    if (verdict == Verdict::is_told) {
        turn.info("store: it is told of which version its chat is");
        const auto& name = outranks(known_, generation) ? known_ : generation;
        return make_generation(turn, name, base::text_member(document, "again"));
    }
    if (verdict != Verdict::fits) return went_down(turn, ChatVersion::reason(verdict), false);
    if (generation == known_ || !outranks(known_, generation)) {
        auto again = base::text_member(document, "again");
        shaken_ |= generation == generation_ && again != again_;
        again_ = std::move(again);
        return came_up(turn, std::move(generation));
    }
    if (may_be_another()) {
        seen_ = {std::move(generation), base::text_member(document, "again"), {}};
        return ask(turn, State::reading_members, api_->get_shards());
    }
    give_known(turn);
}

void StoreHealth::give_known(Turn& turn) {
    turn.info(
        "store: a member of it has no name or another for the same database; it is given the known one");
    make_generation(turn, known_, random_->name());
}

void StoreHealth::on_members(Turn& turn, std::size_t members) {
    if (members != 1) return give_known(turn);
    if (seen_.name.empty()) return make_generation(turn, name_generation(*random_, maker_, seen_.start));
    again_ = seen_.again;
    came_up(turn, std::move(seen_.name));
}

void StoreHealth::on_start(Turn& turn, std::string_view start) {
    if (maker_ == GenerationMaker::of_a_member && is_of(known_, start)) {
        if (!may_be_another()) return give_known(turn);
        seen_ = {{}, {}, std::string{start}};
        return ask(turn, State::reading_members, api_->get_shards());
    }
    make_generation(turn, name_generation(*random_, maker_, start));
}

void StoreHealth::on_timer(Turn& turn) {
    if (!request_.open() && turn.now.time >= deadline_) probe(turn);
}

void StoreHealth::came_up(Turn& turn, base::Generation generation) {
    if (!up_ && told_down_) turn.info("store: it is back");
    state_ = State::settled;
    up_ = true;
    doubted_ = false;
    denied_ = told_down_ = false;
    tries_ = looks_ = 0;
    backoff_.reset();
    denied_backoff_.reset();
    generation_ = known_ = std::move(generation);
    known_at_ = api_->in_use();
    confirmed_at_ = *asked_at_;
    deadline_ = turn.now.time + look_again_after;
    turn.emit(SetTimer{timers::health, deadline_});
}

void StoreHealth::no_answer(Turn& turn, const std::string& reason) {
    // One lost answer is no outage: clients are told only when the next try fails too.
    if (up_ && !doubted_) {
        doubted_ = true;
        return wait(turn, probe_interval_);
    }
    went_down(turn, reason, false);
}

void StoreHealth::try_next_store(Turn& turn) {
    tries_ = 0;
    const auto before = api_->in_use();
    auto next = before;
    for (std::size_t step = 1; step < api_->stores(); ++step) {  // the first that may be asked soonest
        const auto one = (before + step) % api_->stores();
        const auto soonest = std::max(not_before_[one], turn.now.time);
        if (next == before || soonest < std::max(not_before_[next], turn.now.time)) next = one;
    }
    if (not_before_[next] > turn.now.time && not_before_[before] <= not_before_[next]) next = before;
    if (next != before) {
        api_->use(next);
        turn.emit(UseStore{next});
        backoff_.reset();
        denied_backoff_.reset();
    }
    wait(turn, std::max(not_before_[next] - turn.now.time, backoff_.next(*random_)));
}

void StoreHealth::went_down(Turn& turn, const std::string& reason, bool denied) {
    if (!std::exchange(told_down_, true) || denied != denied_)
        turn.warn((denied ? "store: it does not let us in: check the name and password of --store ("
                          : "store: it does not answer (") +
                  reason + "); messages are kept here until it does");
    up_ = doubted_ = false;
    denied_ = denied;
    looks_ = 0;
    const auto pause = denied ? pause_after(reason) : std::nullopt;
    if (pause) not_before_[api_->in_use()] = turn.now.time + *pause;
    if (api_->stores() > 1 && (pause || ++tries_ >= tries_before_the_next)) return try_next_store(turn);
    if (pause) return wait(turn, *pause);
    wait(turn, denied ? denied_backoff_.next(*random_) : backoff_.next(*random_));
}

}  // namespace davenport::node
