#include "couchmock/core/replication_log.hpp"

#include "node/base/http.hpp"
#include "node/base/json.hpp"

#include <algorithm>

namespace davenport::couchmock {
namespace {

namespace json = boost::json;

constexpr std::size_t entries_max = 50;

const json::array& history_of(const json::object& log) {
    static const json::array none;
    const auto* history = log.if_contains("history");
    return history && history->is_array() ? history->get_array() : none;
}

/// Where `session` stands in a history; its end when it does not, or is no name.
json::array::const_iterator find_session(const json::array& history, const json::value* session) {
    if (!session) return history.end();
    return std::ranges::find_if(history, [&](const json::value& entry) {
        const auto* id = base::member(entry, "session_id");
        return id && *id == *session;
    });
}

CommonPlace place_behind(const json::array& history, json::array::const_iterator entry) {
    CommonPlace out;
    if (const auto* seq = base::member(*entry, "recorded_seq")) out.seq = *seq;
    for (++entry; entry != history.end(); ++entry) out.history.push_back(*entry);
    return out;
}

}  // namespace

CommonPlace common_place(const json::object& source, const json::object& target) {
    const auto* session = source.if_contains("session_id");
    const auto* other = target.if_contains("session_id");
    if (session && other && *session == *other) {
        CommonPlace out;
        if (const auto* seq = source.if_contains("source_last_seq")) out.seq = *seq;
        out.history = history_of(source);
        return out;
    }
    const auto& ours = history_of(source);
    const auto& theirs = history_of(target);
    for (auto entry = ours.begin(); entry != ours.end(); ++entry)
        if (find_session(theirs, base::member(*entry, "session_id")) != theirs.end())
            return place_behind(ours, entry);
    return {};
}

json::object checkpoint_at(const ReplicationSession& session, const ReplicationCounts& counts,
                           const json::value& seq, base::WallTime now) {
    const auto started = base::http_date(session.started);
    const auto ended = base::http_date(now);
    json::array history;
    history.emplace_back(json::object{{"session_id", session.id},
                                      {"start_time", started},
                                      {"end_time", ended},
                                      {"start_last_seq", session.from},
                                      {"end_last_seq", seq},
                                      {"recorded_seq", seq},
                                      {"missing_checked", counts.checked},
                                      {"missing_found", counts.found},
                                      {"docs_read", counts.read},
                                      {"docs_written", counts.written},
                                      {"doc_write_failures", counts.failed},
                                      {"bulk_get_docs", counts.read},
                                      {"bulk_get_attempts", counts.found}});
    for (const auto& older : session.history)
        if (history.size() < entries_max) history.push_back(older);
    json::object out{{"session_id", session.id}, {"source_last_seq", seq}, {"replication_id_version", 4}};
    if (session.names_documents) {
        out["start_time"] = started;
        out["end_time"] = ended;
        out["docs_read"] = counts.read;
        out["docs_written"] = counts.written;
        out["doc_write_failures"] = counts.failed;
    }
    out["history"] = std::move(history);
    return out;
}

}  // namespace davenport::couchmock
