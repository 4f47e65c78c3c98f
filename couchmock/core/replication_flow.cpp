#include "couchmock/core/replication_flow.hpp"

#include "couchmock/core/json_slices.hpp"
#include "node/base/json.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace davenport::couchmock {
namespace {

namespace json = boost::json;

constexpr std::size_t documents_at_once = 100;
constexpr std::size_t write_bytes_at_once = 8 * 1024 * 1024;
constexpr std::chrono::milliseconds first_pause{250};
/// How long a source of another server may keep silent about there being nothing new.
/// Short, since a CouchDB overlooks a change that comes just when such a feed begins, until that ends.
constexpr std::chrono::seconds longest_wait{5};

bool may_get_better(int status) { return status >= 500 || status == 429 || status == 408; }

/// A seq as a query has it.
std::string in_query(const json::value& seq) {
    return base::percent_encode(seq.is_string() ? std::string{seq.get_string()} : base::write_json(seq));
}

/// The object's members as text, without braces.
std::string members_of(const json::object& object) {
    const auto text = base::write_json(object);
    return text.substr(1, text.size() - 2);
}

std::string_view slice_of(std::string_view object, std::string_view key) {
    if (const auto members = slice_object(object))
        for (const auto& [name, text] : *members)
            if (name == key) return text;
    return {};
}

json::object object_of(std::string_view text) {
    auto value = base::parse_json(text);
    return value && value->is_object() ? std::move(value->get_object()) : json::object{};
}

}  // namespace

ReplicationFlow::ReplicationFlow(ReplicationEnd source, ReplicationEnd target, ReplicationWish wish,
                                 std::string session, base::Now now)
    : source_{std::move(source)},
      target_{std::move(target)},
      wish_{std::move(wish)},
      now_{now},
      since_(0),
      committed_(0),
      checkpoint_time_{now.time},
      fetch_max_{documents_at_once},
      write_bytes_max_{write_bytes_at_once} {
    session_.id = std::move(session);
    session_.started = now.wall;
    session_.names_documents = wish_.names_documents;
}

// ---------------------------------------------------------------- what comes in

ReplicationFlow::Step ReplicationFlow::on_answer(const base::HttpResponse& response, base::Now now) {
    now_ = now;
    if (may_get_better(response.status)) {
        if (tries_ < wish_.retries) return again();
        return crash_by(response.status);
    }
    switch (state_) {
        case State::opening_source:
            return opened(Side::source, response);
        case State::opening_target:
            return opened(Side::target, response);
        case State::creating_target:
            return created(response);
        case State::reading_source_log:
            return read_log(Side::source, response);
        case State::reading_target_log:
            return read_log(Side::target, response);
        case State::reading_changes:
            return read_changes(response);
        case State::awaiting_change:
            return enter(State::reading_changes);
        case State::comparing:
            return compared(response);
        case State::fetching:
            return fetched(response);
        case State::writing:
            return written(response);
        case State::committing_source:
            return committed(Side::source, response);
        case State::committing_target:
            return committed(Side::target, response);
        case State::saving_to_source:
            return saved(Side::source, response);
        case State::saving_to_target:
            return saved(Side::target, response);
        case State::checking_source:
            return checked(Side::source, response);
        case State::checking_target:
            return checked(Side::target, response);
    }
    return broken("state");
}

ReplicationFlow::Step ReplicationFlow::on_lost(FetchFailure failure, base::Now now) {
    now_ = now;
    if (failure == FetchFailure::too_large && state_ == State::fetching) {
        if (fetching_ > 1) {
            fetch_max_ = fetching_ / 2;
            return fetch_next();
        }
        ++counts_.failed;  // one document alone is more than is read at once
        missing_.pop_front();
        return write_next();
    }
    if (failure == FetchFailure::too_large && state_ == State::reading_changes && wish_.rows_max > 1) {
        wish_.rows_max /= 2;
        return enter(State::reading_changes);
    }
    if (failure != FetchFailure::too_large && tries_ < wish_.retries) return again();
    switch (failure) {
        case FetchFailure::unresolved:
            return Crashed{"nxdomain", "could not resolve " + end(asked_.side).url};
        case FetchFailure::refused:
            return Crashed{"error",
                           fmt::format("{{http_request_failed,{},\n                     "
                                       "{{error,{{error,{{conn_failed,{{error,econnrefused}}}}}}}}}}",
                                       request_term())};
        case FetchFailure::timed_out:
            return Crashed{"error", fmt::format("{{http_request_failed,{},\n                     "
                                                "{{error,{{error,req_timedout}}}}}}",
                                                request_term())};
        case FetchFailure::too_large:
            return broken("an answer that is too large");
        case FetchFailure::lost:
            break;
    }
    return Crashed{"error", fmt::format("{{http_request_failed,{},\n                     "
                                        "{{error,{{error,connection_closed}}}}}}",
                                        request_term())};
}

ReplicationFlow::Step ReplicationFlow::on_timer(base::Now now) {
    now_ = now;
    if (state_ == State::awaiting_change) return enter(State::reading_changes);
    return asked_;  // once more what had no answer
}

// ---------------------------------------------------------------- what goes out

ReplicationFlow::Step ReplicationFlow::enter(State state) {
    state_ = state;
    tries_ = 0;
    const auto log = "_local/" + base::percent_encode(wish_.id);
    switch (state) {
        case State::opening_source:
            asked_ = ask(Side::source, "GET", "");
            break;
        case State::opening_target:
            asked_ = ask(Side::target, "GET", "");
            break;
        case State::creating_target:
            asked_ = ask(Side::target, "PUT", "");
            asked_.request.target += wish_.create_parameters;
            break;
        case State::reading_source_log:
        case State::checking_source:
            asked_ = ask(Side::source, "GET", log);
            break;
        case State::reading_target_log:
        case State::checking_target:
            asked_ = ask(Side::target, "GET", log);
            break;
        case State::reading_changes:
            asked_ = ask_changes();
            break;
        case State::comparing:
            asked_ = ask(Side::target, "POST", "_revs_diff", std::move(changed_));
            break;
        case State::committing_source:
            asked_ = ask(Side::source, "POST", "_ensure_full_commit");
            break;
        case State::committing_target:
            asked_ = ask(Side::target, "POST", "_ensure_full_commit");
            break;
        case State::saving_to_source:
        case State::saving_to_target: {
            const bool to_source = state == State::saving_to_source;
            const auto& revision = (to_source ? source_log_ : target_log_).revision;
            auto body = "{\"_id\":\"_local/" + wish_.id + "\",";
            if (!revision.empty()) body += "\"_rev\":\"" + revision + "\",";
            body += members_of(checkpoint_) + '}';
            asked_ = ask(to_source ? Side::source : Side::target, "PUT", log, std::move(body));
            break;
        }
        case State::awaiting_change:
        case State::fetching:
        case State::writing:
            break;
    }
    return asked_;
}

ReplicationFlow::Ask ReplicationFlow::ask(Side side, std::string method, std::string_view suffix,
                                          std::string body) const {
    return {side, request_to(end(side), std::move(method), suffix, std::move(body)), wish_.timeout};
}

ReplicationFlow::Ask ReplicationFlow::ask_changes() const {
    const bool waits = wish_.continuous && caught_up_ && !source_.ours;
    std::chrono::milliseconds wait = longest_wait;
    if (waits && since_ != committed_ && wish_.use_checkpoints) {
        const auto due = checkpoint_time_ + wish_.checkpoint_interval - now_.time;
        wait =
            std::clamp<std::chrono::milliseconds>(std::chrono::duration_cast<std::chrono::milliseconds>(due),
                                                  std::chrono::seconds{1}, longest_wait);
    }
    auto query = fmt::format("_changes?feed={}&since={}&limit={}", waits ? "longpoll" : "normal",
                             in_query(since_), wish_.rows_max);
    if (wish_.changes_query.find("&style=") == std::string::npos) query += "&style=all_docs";
    if (waits) query += fmt::format("&timeout={}", wait.count());
    query += wish_.changes_query;
    auto out = ask(Side::source, wish_.changes_body.empty() ? "GET" : "POST", query, wish_.changes_body);
    if (waits) out.timeout += wait;
    return out;
}

ReplicationFlow::Step ReplicationFlow::again() {
    return Sleep{first_pause * (std::int64_t{1} << std::min<std::uint64_t>(tries_++, 10))};
}

std::string ReplicationFlow::request_term() const {
    const auto& target = asked_.request.target;
    const auto& path = end(asked_.side).path;
    const auto suffix = target.size() > path.size() ? target.substr(path.size()) : std::string{};
    return fmt::format("\"{}\",\"{}{}\"", asked_.request.method, end(asked_.side).url, suffix);
}

ReplicationFlow::Step ReplicationFlow::crash_by(int status) const {
    const auto& asked = end(asked_.side);
    const auto& url = asked.url;
    if (status == 401 && !asked.user.empty() && !asked.ours)
        return Crashed{"replication_auth_error",
                       fmt::format("{{session_request_unauthorized,\"{}_session\",\"{}\"}}",
                                   url.substr(0, url.find('/', url.find("://") + 3) + 1), asked.user)};
    if (status == 401 || status == 403)
        return Crashed{"unauthorized", "unauthorized to access or create database " + url};
    if (status == 404) return Crashed{"db_not_found", "could not open " + url};
    return Crashed{fmt::format("{{http_error_code,{},<<\"{} {}\">>}}", status, asked_.request.method, url),
                   {}};
}

ReplicationFlow::Step ReplicationFlow::broken(std::string_view what) const {
    return Crashed{"error",
                   fmt::format("{{http_request_failed,{},\n                     {{error,<<\"{}\">>}}}}",
                               request_term(), what)};
}

// ---------------------------------------------------------------- the beginning

ReplicationFlow::Step ReplicationFlow::opened(Side side, const base::HttpResponse& response) {
    if (side == Side::target && response.status == 404 && wish_.create_target && !created_)
        return enter(State::creating_target);
    if (response.status != 200) return crash_by(response.status);
    const auto info = base::parse_json(response.body);
    if (!info || !info->is_object()) return crash_by(404);  // a server, but no CouchDB
    (side == Side::source ? source_log_ : target_log_).start_time =
        base::text_member(*info, "instance_start_time");
    return enter(side == Side::source ? State::opening_target : State::reading_source_log);
}

ReplicationFlow::Step ReplicationFlow::created(const base::HttpResponse& response) {
    if (response.status != 201 && response.status != 202 && response.status != 412)
        return crash_by(response.status);
    created_ = true;
    return enter(State::opening_target);
}

ReplicationFlow::Step ReplicationFlow::read_log(Side side, const base::HttpResponse& response) {
    if (response.status != 200 && response.status != 404) return crash_by(response.status);
    auto& log = side == Side::source ? source_log_ : target_log_;
    if (response.status == 200) {
        log.members = object_of(response.body);
        if (const auto* revision = log.members.if_contains("_rev"); revision && revision->is_string())
            log.revision = revision->get_string();
        log.members.erase("_id");
        log.members.erase("_rev");
    }
    if (side == Side::source) return enter(State::reading_target_log);
    auto common = common_place(source_log_.members, target_log_.members);
    if (!wish_.since.is_null()) common.seq = wish_.since;
    since_ = committed_ = session_.from = std::move(common.seq);
    session_.history = std::move(common.history);
    return enter(State::reading_changes);
}

// ---------------------------------------------------------------- a page

ReplicationFlow::Step ReplicationFlow::read_changes(const base::HttpResponse& response) {
    if (response.status != 200) return crash_by(response.status);
    const auto page = base::parse_json(response.body);
    const auto* rows = page ? base::member(*page, "results") : nullptr;
    const auto* last = page ? base::member(*page, "last_seq") : nullptr;
    if (!rows || !rows->is_array() || !last) return on_lost(FetchFailure::lost, now_);
    pending_ = nullptr;
    if (const auto* pending = base::member(*page, "pending")) pending_ = *pending;
    json::object changed;
    for (const auto& row : rows->get_array()) {
        const auto id = base::string_member(row, "id");
        const auto* changes = base::member(row, "changes");
        if (!id || !changes || !changes->is_array()) continue;
        auto& revisions = changed[*id];
        if (!revisions.is_array()) revisions.emplace_array();
        for (const auto& change : changes->get_array())
            if (const auto revision = base::string_member(change, "rev")) {
                revisions.get_array().emplace_back(*revision);
                ++counts_.checked;
            }
    }
    page_end_ = rows->get_array().empty() ? since_ : *last;  // a feed that shows nothing got nowhere
    page_full_ = rows->get_array().size() >= wish_.rows_max;
    if (changed.empty()) return page_done();
    changed_ = base::write_json(changed);
    return enter(State::comparing);
}

ReplicationFlow::Step ReplicationFlow::compared(const base::HttpResponse& response) {
    if (response.status != 200) return crash_by(response.status);
    const auto lacking = base::parse_json(response.body);
    if (!lacking || !lacking->is_object()) return on_lost(FetchFailure::lost, now_);
    for (const auto& [id, of] : lacking->get_object()) {
        const auto* missing = base::member(of, "missing");
        if (!missing || !missing->is_array()) continue;
        for (const auto& revision : missing->get_array())
            if (revision.is_string()) {
                missing_.push_back({id, std::string{revision.get_string()}});
                ++counts_.found;
            }
    }
    return fetch_next();
}

ReplicationFlow::Step ReplicationFlow::fetch_next() {
    if (missing_.empty()) return page_done();
    fetching_ = std::min(missing_.size(), fetch_max_);
    std::string body = "{\"docs\":[";
    for (std::size_t i = 0; i < fetching_; ++i) {
        body += i == 0 ? "{\"id\":" : ",{\"id\":";
        base::append_json_string(body, missing_[i].id);
        body += ",\"rev\":";
        base::append_json_string(body, missing_[i].revision);
        body += '}';
    }
    enter(State::fetching);
    asked_ = ask(Side::source, "POST", "_bulk_get?latest=true&revs=true&attachments=true", body + "]}");
    return asked_;
}

ReplicationFlow::Step ReplicationFlow::fetched(const base::HttpResponse& response) {
    if (response.status != 200) return crash_by(response.status);
    const auto results = slice_array(slice_of(response.body, "results"));
    if (!results) return on_lost(FetchFailure::lost, now_);
    for (const auto result : *results) {
        const auto documents = slice_array(slice_of(result, "docs"));
        if (!documents) continue;
        for (const auto document : *documents)
            if (const auto text = slice_of(document, "ok"); !text.empty()) {
                documents_.emplace_back(text);  // as it came: its numbers stay what they are
                ++counts_.read;
            }
    }
    missing_.erase(missing_.begin(), missing_.begin() + static_cast<std::ptrdiff_t>(fetching_));
    return write_next();
}

ReplicationFlow::Step ReplicationFlow::write_next() {
    if (documents_.empty()) return fetch_next();
    std::string body = "{\"new_edits\":false,\"docs\":[";
    writing_ = 0;
    for (const auto& document : documents_) {
        if (writing_ > 0 && body.size() + document.size() > write_bytes_max_) break;
        if (writing_++ > 0) body += ',';
        body += document;
    }
    enter(State::writing);
    asked_ = ask(Side::target, "POST", "_bulk_docs", body + "]}");
    return asked_;
}

ReplicationFlow::Step ReplicationFlow::written(const base::HttpResponse& response) {
    if (response.status == 413 && writing_ > 1) {
        write_bytes_max_ = std::max<std::size_t>(write_bytes_max_ / 2, 1);
        return write_next();
    }
    if (response.status != 201 && response.status != 202 && response.status != 413)
        return crash_by(response.status);
    std::uint64_t failed = response.status == 413 ? 1 : 0;
    if (const auto rows = base::parse_json(response.body); rows && rows->is_array())
        for (const auto& row : rows->get_array())
            if (base::member(row, "error")) ++failed;
    counts_.failed += failed;
    counts_.written += writing_ - std::min<std::uint64_t>(failed, writing_);
    documents_.erase(documents_.begin(), documents_.begin() + static_cast<std::ptrdiff_t>(writing_));
    return write_next();
}

ReplicationFlow::Step ReplicationFlow::page_done() {
    since_ = page_end_;
    caught_up_ = !page_full_;
    const bool last = caught_up_ && !wish_.continuous;
    if (wish_.use_checkpoints && since_ != committed_ && (last || checkpoint_due()))
        return begin_checkpoint();
    return go_on();
}

ReplicationFlow::Step ReplicationFlow::go_on() {
    if (!caught_up_) return enter(State::reading_changes);
    if (!wish_.continuous) return finish();
    if (!source_.ours) return enter(State::reading_changes);
    state_ = State::awaiting_change;
    const bool dirty = wish_.use_checkpoints && since_ != committed_;
    const auto due = checkpoint_time_ + wish_.checkpoint_interval - now_.time;
    return AwaitChange{dirty ? std::max<base::Duration>(due, std::chrono::seconds{1})
                             : base::Duration{std::chrono::hours{1}}};
}

// ---------------------------------------------------------------- checkpoints

bool ReplicationFlow::checkpoint_due() const {
    return now_.time - checkpoint_time_ >= wish_.checkpoint_interval;
}

ReplicationFlow::Step ReplicationFlow::begin_checkpoint() {
    checkpoint_ = checkpoint_at(session_, counts_, since_, now_.wall);
    return enter(State::committing_source);
}

ReplicationFlow::Step ReplicationFlow::committed(Side side, const base::HttpResponse& response) {
    if (response.status != 201) return crash_by(response.status);
    const auto info = base::parse_json(response.body);
    const auto now = info ? base::text_member(*info, "instance_start_time") : std::string{};
    const auto& then = (side == Side::source ? source_log_ : target_log_).start_time;
    if (now != then && now != "0" && then != "0")
        return Crashed{"checkpoint_commit_failure",
                       fmt::format("instance_start_time on {} database has changed since last checkpoint.",
                                   side == Side::source ? "source" : "target")};
    return enter(side == Side::source ? State::committing_target : State::saving_to_source);
}

ReplicationFlow::Step ReplicationFlow::saved(Side side, const base::HttpResponse& response) {
    const bool source = side == Side::source;
    if (response.status == 409) return enter(source ? State::checking_source : State::checking_target);
    if (response.status != 201 && response.status != 202)
        return Crashed{
            "checkpoint_commit_failure",
            fmt::format("Error updating the {} checkpoint document: {}", source ? "source" : "target",
                        base::text_member(object_of(response.body), "error"))};
    (source ? source_log_ : target_log_).revision = base::text_member(object_of(response.body), "rev");
    return after_save(side);
}

/// In conflict, but perhaps with ourselves: an answer was lost, and the request repeated.
ReplicationFlow::Step ReplicationFlow::checked(Side side, const base::HttpResponse& response) {
    const bool source = side == Side::source;
    auto found = object_of(response.body);
    const auto revision = base::text_member(found, "_rev");
    found.erase("_id");
    found.erase("_rev");
    if (response.status != 200 || found != checkpoint_)
        return Crashed{
            "checkpoint_commit_failure",
            fmt::format("Error updating the {} checkpoint document: conflict", source ? "source" : "target")};
    (source ? source_log_ : target_log_).revision = revision;
    return after_save(side);
}

ReplicationFlow::Step ReplicationFlow::after_save(Side side) {
    if (side == Side::source) return enter(State::saving_to_target);
    committed_ = since_;
    checkpoint_time_ = now_.time;
    return go_on();
}

ReplicationFlow::Step ReplicationFlow::finish() {
    if (!wish_.use_checkpoints) return Finished{"\"ok\":true,\"use_checkpoints\":false"};
    std::string out = "\"ok\":true";
    if (checkpoint_.empty()) out += ",\"no_changes\":true";
    const auto& log = checkpoint_.empty() ? source_log_.members : checkpoint_;
    if (!log.empty()) out += ',' + members_of(log);
    return Finished{std::move(out)};
}

}  // namespace davenport::couchmock
