#include "sim/orchestrator/by_hand.hpp"

#include "node/base/change.hpp"
#include "node/base/json.hpp"
#include "node/base/json_view.hpp"
#include "node/base/random.hpp"
#include "sim/client/message_text.hpp"
#include "sim/orchestrator/final_reads.hpp"
#include "sim/scenario/parameters.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include <fmt/format.h>

namespace davenport::sim::orchestrator {
namespace {

constexpr Duration look_interval = std::chrono::milliseconds{100};
constexpr int edits_by_clients_max = 1000;  // of one message; those by hand are numbered above

}  // namespace

void ByHand::look(std::size_t fault) {
    if (!states_.is_on(fault) || states_.is_ending(fault)) return;
    context_.ask_store(
        all_documents(context_, true),
        [this, fault](const Answered& answer) {
            if (!states_.is_on(fault) || states_.is_ending(fault)) return;
            const auto& planned = states_.planned(fault);
            auto found = answer.status == 200 ? targets(fault, answer.body) : std::vector<Target>{};
            if (found.empty()) return look_again(fault);
            // By its time: a run that was shrunk draws what the run that it was made of drew.
            auto random =
                base::Random::stream(context_.plan.seed, fmt::format("by hand at {}", planned.at.count()));
            const auto wanted = parameter_or(planned.parameters, "rows", std::int64_t{1});
            auto count = std::min(found.size(), static_cast<std::size_t>(std::max<std::int64_t>(wanted, 1)));
            for (std::size_t i = 0; i < count; ++i)
                std::swap(found[i], found[i + random.below(found.size() - i)]);
            under_way_[fault] = count;
            for (std::size_t i = 0; i < count; ++i) touch(fault, found[i]);
        },
        store_number(states_.planned(fault).store));
}

/// There is none yet, or the store does not answer now.
void ByHand::look_again(std::size_t fault) {
    context_.soon(look_interval, [this, fault] { look(fault); });
}

std::vector<ByHand::Target> ByHand::targets(std::size_t fault, std::string_view documents) const {
    const auto& planned = states_.planned(fault);
    const auto only = parameter_or(planned.parameters, "message", std::string{});
    const bool changed_only = planned.kind == "store.document_conflict";
    std::vector<Target> out;
    base::JsonReader reader;
    const auto parsed = reader.read(documents);
    const auto rows = parsed ? parsed->member("rows") : std::nullopt;
    if (!rows) return out;
    rows->each_item([&](const base::JsonView& row) {
        const auto document = row.member("doc");
        const auto text = document ? base::string_member(*document, "msg") : std::nullopt;
        const auto user = document ? base::string_member(*document, "user") : std::nullopt;
        if (!text || !user) return;
        const auto msg = client::text_name(client::msg_said_by(*user, *text)).msg;
        if (msg.empty() || (!only.empty() && msg != only)) return;
        if (changed_only && base::revision_number(base::text_member(*document, "_rev")) < 2) return;
        out.push_back({base::text_member(row, "id"), std::string{msg}, static_cast<int>(text->size())});
    });
    return out;
}

void ByHand::touch(std::size_t fault, const Target& target) {
    const auto& planned = states_.planned(fault);
    const auto act = planned.kind.substr(std::string_view{"store."}.size());
    const auto number = static_cast<int>(++deeds_);
    const bool removes = act == "document_delete" || act == "document_purge";
    Record record{.kind = RecordKind::by_hand};
    record.name = fmt::format("h{}", number);
    record.msg = target.msg;
    record.id = target.id;
    record.text = act.substr(std::string_view{"document_"}.size());
    record.count = removes ? -1 : edits_by_clients_max + number;
    std::string body = "{\"document\":";
    base::append_json_string(body, target.id);
    if (!removes) {
        const auto name = client::edit_name(target.msg, edits_by_clients_max + number);
        base::append_json_string(body += ",\"text\":", client::make_text(name, target.size_bytes));
    }
    if (parameter_or(planned.parameters, "wins", false)) body += ",\"wins\":true";
    auto done = record;
    context_.note(std::move(record));
    context_.ask_control(
        {"POST", "/_mock/store/" + act, {{"Content-Type", "application/json"}}, body + '}'},
        [this, fault, done = std::move(done)](const Answered& answer) { touched(fault, done, answer); },
        store_number(planned.store));
}

void ByHand::touched(std::size_t fault, Record done, const Answered& answer) {
    if (answer.status / 100 != 2 && answer.status != 501)
        context_.complain(fmt::format("couchmock did not do {}: {} {}", states_.planned(fault).kind,
                                      answer.status, answer.body));
    const auto body = base::parse_json(answer.body);
    const auto* rows = body ? base::member(*body, "touched") : nullptr;
    const bool hit = rows && rows->is_array() && !rows->get_array().empty();
    done.kind = RecordKind::by_hand_done;
    done.flag = !hit;
    done.count = 0;
    if (hit) {
        const auto was = base::string_member(rows->get_array().front(), "was").value_or("");
        done.count = client::text_name(client::msg_of_text(was)).edit;
        ++states_.hits(fault);
    }
    context_.note(std::move(done));
    if (--under_way_[fault] > 0) return;
    // Somebody may have been faster, and there is another one.
    if (states_.hits(fault) == 0 && answer.status != 501) return look_again(fault);
    end(fault);
}

void ByHand::end(std::size_t fault) {
    if (states_.claim_end(fault)) states_.finish(fault, states_.hits(fault));
}

}  // namespace davenport::sim::orchestrator
