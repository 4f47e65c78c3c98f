#include "sim/checker/facts.hpp"

#include <algorithm>

namespace davenport::sim::checker {
namespace {

constexpr std::size_t log_lines_kept_max = 20'000;
constexpr std::size_t oddities_kept_max =
    1'000;  // of each kind; a broken node can make one with every delivery

/// Positions of `items` grouped by `key`, each group in the order of the items: a counting sort.
template <typename Item, typename Key>
void group(const std::vector<Item>& items, std::size_t groups, Key key, std::vector<std::uint32_t>& begin,
           std::vector<std::uint32_t>& order) {
    begin.assign(groups + 1, 0);
    for (const auto& item : items) ++begin[key(item) + 1];
    for (std::size_t i = 0; i < groups; ++i) begin[i + 1] += begin[i];
    order.resize(items.size());
    auto next = begin;
    for (std::uint32_t i = 0; i < items.size(); ++i) order[next[key(items[i])]++] = i;
}

/// 17 in "c3-17", 3 in "c3".
std::uint32_t number_in(std::string_view name, Index otherwise) {
    const auto before = name.find_last_not_of("0123456789");
    if (before == std::string_view::npos || before + 1 == name.size()) return otherwise;
    std::uint32_t number = 0;
    for (const char c : name.substr(before + 1)) number = number * 10 + static_cast<std::uint32_t>(c - '0');
    return number;
}

}  // namespace

void Facts::add(const Record& record) {
    ++seq;
    end_us = std::max(end_us, record.at_us);
    if (!share.is_whole() && is_of_others(record)) {
        ++others;
        if (record.kind == RecordKind::document || record.kind == RecordKind::history) mark_end();
        return;
    }
    switch (record.kind) {
        case RecordKind::run:
            run = record.text;
            break;
        case RecordKind::node:
            take_node(record);
            break;
        case RecordKind::fault_on:
        case RecordKind::fault_off:
            take_fault(record);
            break;
        case RecordKind::connected:
        case RecordKind::disconnected:
            take_connection(record);
            break;
        case RecordKind::joined:
        case RecordKind::gap_closed:
            take_join(record);
            break;
        case RecordKind::send:
        case RecordKind::unsent:
            take_send(record);
            break;
        case RecordKind::accepted:
        case RecordKind::stored:
        case RecordKind::refused:
        case RecordKind::failed:
            take_answer(record);
            break;
        case RecordKind::shown:
        case RecordKind::repeated:
        case RecordKind::phantom:
            take_shown(record);
            break;
        case RecordKind::change_sent:
        case RecordKind::change_accepted:
        case RecordKind::change_stored:
        case RecordKind::change_refused:
        case RecordKind::change_superseded:
        case RecordKind::change_failed:
            take_change(record);
            break;
        case RecordKind::by_hand:
        case RecordKind::by_hand_done:
            take_by_hand(record);
            break;
        case RecordKind::changed:
            take_changed(record);
            break;
        case RecordKind::put_out:
            take_put_out(record);
            break;
        case RecordKind::policy_set:
        case RecordKind::policy_lifted:
            take_policy(record);
            break;
        case RecordKind::document:
            take_document(record);
            break;
        case RecordKind::history:
            take_history(record);
            break;
        case RecordKind::store: {
            Index number{};
            const auto& told = client(record.client, number);
            warnings.set(number, ClientWarnings::About::store, record.text == "down", record.at_us);
            take_store(node(record, &told), record.text == "down", record.at_us);
            break;
        }
        case RecordKind::people:
            people.tell(record.at_us, record.client, record.room, record.text);
            break;
        case RecordKind::requests:
            requests.push_back({record.at_us, node_names.number(record.node), record.count, record.text});
            break;
        case RecordKind::backlog:
            backlogs.push_back({record.at_us, node_names.number(record.node), record.count});
            break;
        case RecordKind::memory:
            memory.push_back({record.at_us, node_names.number(record.node), record.count});
            break;
        case RecordKind::queued: {
            auto number = nobody;
            if (!record.client.empty()) client(record.client, number);
            queues.push_back({record.at_us, node_names.number(record.node), number, record.count});
            break;
        }
        case RecordKind::searched:
        case RecordKind::paged: {
            Index where{};
            room(record.room, where);
            auto& looked_for = record.kind == RecordKind::searched ? searches : pages;
            looked_for.push_back({node_names.number(record.node), where, message(record.msg), record.due_us,
                                  record.at_us, record.flag, record.count, record.text});
            break;
        }
        case RecordKind::log:
            if (logs.size() < log_lines_kept_max)
                logs.push_back({record.at_us, node_names.number(record.node), record.text});
            break;
        case RecordKind::stall:
            stalls.push_back({record.at_us, record.count});
            break;
        case RecordKind::healed:
            healed_us = record.at_us;
            break;
        case RecordKind::end:
            mark_end();
            ended = true;
            broken = record.text;
            break;
    }
}

bool Facts::is_of_others(const Record& record) {
    switch (record.kind) {
        case RecordKind::shown:
        case RecordKind::repeated:
        case RecordKind::changed:
        case RecordKind::searched:
        case RecordKind::paged:
        case RecordKind::document:
        case RecordKind::history:
            break;
        default:
            return false;
    }
    if (!record.msg.empty()) return !share.plays_name(record.msg);
    return record.text.empty() && named(record) == nobody;  // removed, and nobody here has changed it
}

void Facts::close() {
    if (!at_end_) mark_end();
    forget_early_stalls();
    for (auto& fault : faults)
        if (fault.off_us < 0) fault.off_us = healed_us >= fault.on_us ? healed_us : end_us;
    for (const auto& fault : faults)
        if (fault.kind == "store.reject") excuse_rejected(fault);
    group(
        deliveries, messages.size(), [](const Delivery& d) { return d.message; }, message_begin_,
        by_message_);
    group(
        deliveries, clients.size(), [](const Delivery& d) { return d.client; }, client_begin_, by_client_);
}

/// Before the first message there was nothing to measure.
void Facts::forget_early_stalls() {
    auto first = end_us;
    for (const auto& m : messages)
        if (m.sent_seq != 0) first = std::min(first, m.due_us);
    std::erase_if(stalls, [&](const Stall& stall) { return stall.at_us < first; });
}

/// Of most their senders were told `failed`; but who has gone meanwhile is told nothing.
void Facts::excuse_rejected(const FaultSpan& fault) {
    for (auto& m : messages)
        if (m.accepted_us >= 0 && fault.off_us >= m.sent_us &&
            (m.failed || (m.documents == 0 && (m.stored_us < 0 || m.store_lost))))
            m.rejected = true;
    for (auto& c : changes) {
        // A conflict that was left by hand is settled by a write that may be refused, too.
        const bool is_stored = c.stored_us >= 0 && !c.store_lost && !c.by_hand;
        if (c.accepted_us < 0 || fault.off_us < c.sent_us || is_stored) continue;
        c.failed = c.failed || std::ranges::none_of(held, [&](const FinalState& state) {
                       return state.node == nobody && state.message == c.message && state.count == c.count;
                   });
    }
}

std::span<const std::uint32_t> Facts::deliveries_of_message(Index message) const {
    return {by_message_.data() + message_begin_[message], by_message_.data() + message_begin_[message + 1]};
}

std::span<const std::uint32_t> Facts::deliveries_to_client(Index client) const {
    return {by_client_.data() + client_begin_[client], by_client_.data() + client_begin_[client + 1]};
}

// ---------------------------------------------------------------- names

Client& Facts::client(std::string_view name, Index& number) {
    number = clients_names.number(name);
    if (number < clients.size()) return clients[number];
    clients.resize(number + 1);
    const auto in_name = number_in(name, 0);
    clients[number].polls = name.starts_with('c') && in_name >= polling_from && in_name <= polling_to;
    return clients[number];
}

Index Facts::node(const Record& record, const Client* client) {
    if (!record.node.empty()) return node_names.number(record.node);
    return client ? client->node : nobody;
}

Room& Facts::room(std::string_view name, Index& number) {
    number = room_names.number(name);
    if (number >= rooms.size()) rooms.resize(number + 1);
    return rooms[number];
}

Index Facts::message(std::string_view name) {
    const auto number = message_names.number(name);
    if (number < messages.size()) return number;
    auto& message = messages.emplace_back();
    message.number = number_in(name, number);
    message.shown_before = static_cast<std::uint32_t>(deliveries.size());
    return number;
}

void Facts::odd(Anomaly::Kind kind, const Record& record, Index message, Index client, Index node) {
    auto& count = oddity_counts[static_cast<std::size_t>(kind)];
    if (static_cast<std::size_t>(++count) > oddities_kept_max) return;
    anomalies.push_back({kind, record.at_us, message, client, node, record.id,
                         record.text.empty() ? record.msg : record.text});
}

/// Two ids for one message are two messages for whoever shows them: a retry must be the same document.
void Facts::learn_id(Index message, const Record& record, Index client, Index node) {
    if (record.id.empty()) return;
    auto& id = messages[message].id;
    if (id.empty()) {
        id = record.id;
    } else if (id != record.id) {
        odd(Anomaly::Kind::second_id, record, message, client, node);
    }
}

}  // namespace davenport::sim::checker
