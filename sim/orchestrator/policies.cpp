#include "sim/orchestrator/policies.hpp"

#include "node/base/json.hpp"
#include "sim/scenario/parameters.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

namespace davenport::sim::orchestrator {
namespace {

constexpr Duration again_after = std::chrono::milliseconds{200};
constexpr Duration look_interval = std::chrono::milliseconds{500};
constexpr std::array losing{"store.wipe", "store.amnesia", "store.failover"};
constexpr auto nobody = R"({"names":[],"roles":[]})";

std::string path_of(std::string_view id) { return '/' + base::percent_encode(id); }

base::HttpRequest put(std::string_view id, std::string body) {
    return {"PUT", path_of(id), {{"Content-Type", "application/json"}}, std::move(body)};
}

std::string settings_body(std::string_view allows) {
    if (allows == "nothing") return fmt::format(R"({{"what":"room","readers":{}}})", nobody);
    if (allows == "patience") return R"({"what":"room","slow_s":2})";
    return fmt::format(R"({{"what":"room","writers":{}}})", nobody);
}

/// How a node says that it refuses for this policy's sake.
std::string_view code_of(std::string_view policy) {
    if (policy == "ban") return "banned";
    if (policy == "nothing") return "not_a_member";
    return policy == "patience" ? "slow_mode" : "read_only";
}

bool says_something(const base::json::value& document) {
    if (base::text_member(document, "what") == "ban") return !base::bool_member(document, "lifted");
    return std::ranges::any_of(std::array{"readers", "writers", "slow_s"},
                               [&](const char* member) { return base::member(document, member) != nullptr; });
}

}  // namespace

Policies::Document Policies::document_of(std::size_t fault) const {
    const auto& planned = states_.planned(fault);
    const auto& prefix = context_.environment.room_prefix;
    Document out;
    out.about.name = planned.name;
    if (planned.kind == "policy.room") {
        const auto allows = parameter_or(planned.parameters, "allows", std::string{"reading"});
        out.about.room = parameter_or(planned.parameters, "room", std::string{"r1"});
        out.about.text = allows;
        out.id = "davenport-room~" + prefix + out.about.room;
        out.body = settings_body(allows);
        out.over = R"({"what":"room"})";
        return out;
    }
    const auto number = static_cast<std::uint32_t>(std::stoul(planned.client.substr(1)));  // "c3"
    const bool everywhere = parameter_or(planned.parameters, "everywhere", false);
    out.about.text = "ban";
    out.about.client = planned.client;
    if (!everywhere) out.about.room = room_of(context_.scenario.topology, number - 1);
    const auto room = everywhere ? std::string{"*"} : prefix + out.about.room;
    out.id = fmt::format("davenport-ban~{}~{}", room, planned.client);
    out.body =
        fmt::format(R"({{"what":"ban","who":"{}","room":"{}","reason":"by hand"}})", planned.client, room);
    out.over = fmt::format(R"({{"what":"ban","who":"{}","room":"{}","lifted":true}})", planned.client, room);
    return out;
}

/// Of two about the same at once the first is the one.
void Policies::begin(std::size_t fault) {
    auto document = document_of(fault);
    const bool taken = std::ranges::any_of(
        held_, [&](const auto& entry) { return entry.second.document.id == document.id; });
    if (taken) return states_.finish(fault, 0);
    held_[fault] = {std::move(document), context_.now};
    write(fault);
}

void Policies::write(std::size_t fault) {
    auto& held = held_.at(fault);
    context_.ask_store(put(held.document.id, held.document.body), [this, fault](const Answered& answer) {
        auto& it = held_.at(fault);
        // In conflict: an answer was lost, and it is there already.
        it.written = answer.status / 100 == 2 || answer.status == 409;
        if (it.written) {
            note(RecordKind::policy_set, it.document.about, it.since);
        }
        if (states_.is_ending(fault)) return lift(fault);
        if (it.written) return;
        context_.soon(again_after, [this, fault] { states_.is_ending(fault) ? lift(fault) : write(fault); });
    });
}

void Policies::end(std::size_t fault) {
    if (!states_.claim_end(fault)) return;
    auto& held = held_.at(fault);
    held.since = context_.now;
    if (held.written) lift(fault);  // else once it is, or cannot be
}

void Policies::on_record(const Record& record) {
    if (record.kind != RecordKind::put_out && record.kind != RecordKind::refused) return;
    for (const auto& [fault, held] : held_) {
        const auto& about = held.document.about;
        const bool is_hit = held.written && record.text == code_of(about.text) &&
                            (about.client.empty() || about.client == record.client) &&
                            (about.room.empty() || about.room == record.room);
        if (is_hit) ++states_.hits(fault);
    }
}

void Policies::lift(std::size_t fault) {
    const auto& held = held_.at(fault);
    context_.ask_store({"GET", path_of(held.document.id), {}, {}}, [this, fault](const Answered& answer) {
        const auto read = answer.status == 200 ? base::parse_json(answer.body) : std::nullopt;
        if (read || answer.status == 404)
            return lift_revision(fault, read ? base::text_member(*read, "_rev") : std::string{});
        context_.soon(again_after, [this, fault] { lift(fault); });
    });
}

void Policies::lift_revision(std::size_t fault, std::string_view revision) {
    const auto& document = held_.at(fault).document;
    base::HttpRequest request =
        revision.empty()
            ? put(document.id, document.over)
            : base::HttpRequest{"DELETE", path_of(document.id) + "?rev=" + std::string{revision}, {}, {}};
    context_.ask_store(std::move(request), [this, fault](const Answered& answer) {
        if (answer.status / 100 == 2) return lifted(fault);
        context_.soon(again_after, [this, fault] { lift(fault); });
    });
}

void Policies::lifted(std::size_t fault) {
    const auto held = held_.extract(fault);
    const auto& document = held.mapped().document;
    note(RecordKind::policy_lifted, document.about, held.mapped().since);
    lifted_[document.id].push_back(document.about);
    states_.finish(fault, states_.hits(fault));
}

void Policies::look_again() {
    const auto loses = [](const PlannedFault& fault) {
        return std::ranges::find(losing, fault.kind) != losing.end();
    };
    if (context_.phase == Phase::over || lifted_.empty() || std::ranges::none_of(context_.plan.faults, loses))
        return;
    for (const auto& [id, about] : lifted_) look_again(id);
    context_.soon(look_interval, [this] { look_again(); });
}

void Policies::look_again(const std::string& id) {
    context_.ask_store({"GET", path_of(id), {}, {}}, [this, id](const Answered& answer) {
        const auto read = answer.status == 200 ? base::parse_json(answer.body) : std::nullopt;
        if (!read || !says_something(*read)) return;
        const auto target = path_of(id) + "?rev=" + base::text_member(*read, "_rev");
        context_.ask_store({"DELETE", target, {}, {}}, [this, id](const Answered& deleted) {
            if (deleted.status / 100 != 2) return;
            for (const auto& about : lifted_.at(id)) note(RecordKind::policy_lifted, about, context_.now);
        });
    });
}

void Policies::note(RecordKind kind, Record about, Duration since) {
    about.kind = kind;
    about.due_us = since.count();
    context_.note(std::move(about));
}

}  // namespace davenport::sim::orchestrator
