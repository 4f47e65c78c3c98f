#include "node/core/clients/revocations.hpp"

#include "node/base/digest.hpp"
#include "node/base/http.hpp"
#include "node/base/json_view.hpp"

#include <algorithm>

namespace davenport::node {

bool Revocations::end_session(const std::string& session, base::WallTime until) {
    return sessions_.emplace(session, until).second;
}

bool Revocations::end_all(const std::string& name, base::WallTime before, base::WallTime until) {
    const auto [found, is_new] = names_.try_emplace(name, All{before, until});
    if (!is_new && found->second.before >= before) return false;
    found->second = {before, std::max(until, found->second.until)};
    return true;
}

bool Revocations::covers(const base::Credential& credential) const {
    if (sessions_.contains(credential.session)) return true;
    const auto all = names_.find(credential.name);
    return all != names_.end() && credential.issued <= all->second.before + clock_error;
}

base::WallTime Revocations::issue_time(const std::string& name, base::WallTime now) const {
    const auto all = names_.find(name);
    if (all == names_.end()) return now;
    return std::max(now, all->second.before + clock_error + std::chrono::milliseconds{1});
}

void Revocations::forget_expired(base::WallTime now) {
    std::erase_if(sessions_, [&](const auto& one) { return one.second <= now; });
    std::erase_if(names_, [&](const auto& one) { return one.second.until <= now; });
}

std::string Revocations::session_note_id(std::string_view session) { return "out-" + std::string{session}; }

std::string Revocations::session_note(std::string_view session, base::WallTime until) {
    std::string out;
    base::JsonWriter json{out};
    json.begin_object().member("session", session).member("until", base::unix_ms(until)).end_object();
    return out.substr(1, out.size() - 2);
}

std::string Revocations::name_note_id(std::string_view name, base::WallTime before) {
    return "all-" + base::base64url_encode(base::sha256(name)).substr(0, 16) + '-' +
           std::to_string(base::unix_ms(before));
}

std::string Revocations::name_note(const std::string& name) const { return name_note(name, names_.at(name)); }

std::string Revocations::name_note(std::string_view name, const All& all) {
    std::string out;
    base::JsonWriter json{out};
    json.begin_object()
        .member("name", name)
        .member("before", base::unix_ms(all.before))
        .member("until", base::unix_ms(all.until))
        .end_object();
    return out.substr(1, out.size() - 2);
}

bool Revocations::read_note(const base::JsonView& note) {
    const auto until = base::int_member(note, "until");
    if (!until) return false;
    if (const auto session = base::string_member(note, "session"))
        return end_session(std::string{*session}, base::wall_from_unix_ms(*until));
    const auto name = base::string_member(note, "name");
    const auto before = base::int_member(note, "before");
    return name && before &&
           end_all(std::string{*name}, base::wall_from_unix_ms(*before), base::wall_from_unix_ms(*until));
}

void Revocations::write(base::JsonWriter& json) const {
    json.key("ended").begin_array();
    each_note([&](const std::string&, const std::string& body) { json.raw("{" + body + "}"); });
    json.end_array();
}

void Revocations::read(const base::JsonView& object) {
    if (const auto ended = object.member("ended"))
        ended->each_item([&](const base::JsonView& note) { read_note(note); });
}

}  // namespace davenport::node
