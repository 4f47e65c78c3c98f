#include "sim/checker/facts.hpp"

#include <algorithm>

namespace sim::checker {
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

std::uint32_t number_in(std::string_view msg, Index otherwise) {
    const auto dash = msg.rfind('-');
    if (dash == std::string_view::npos || dash + 1 == msg.size()) return otherwise;
    std::uint32_t number = 0;
    for (const char c : msg.substr(dash + 1)) {
        if (c < '0' || c > '9') return otherwise;
        number = number * 10 + static_cast<std::uint32_t>(c - '0');
    }
    return number;
}

}  // namespace

void Facts::take(const Record& record) {
    ++seq;
    end_us = std::max(end_us, record.at_us);
    switch (record.what) {
        case What::run:
            run = record.text;
            break;
        case What::node:
            take_node(record);
            break;
        case What::fault_on:
        case What::fault_off:
            take_fault(record);
            break;
        case What::connected:
        case What::disconnected:
            take_connection(record);
            break;
        case What::joined:
        case What::gap_closed:
            take_join(record);
            break;
        case What::send:
        case What::unsent:
            take_send(record);
            break;
        case What::accepted:
        case What::stored:
        case What::refused:
        case What::failed:
            take_answer(record);
            break;
        case What::shown:
        case What::repeated:
        case What::alien:
            take_shown(record);
            break;
        case What::document:
            take_document(record);
            break;
        case What::history:
            take_history(record);
            break;
        case What::store:
            break;
        case What::requests:
            requests.push_back({record.at_us, node_names.number(record.node), record.count, record.text});
            break;
        case What::backlog:
            backlogs.push_back({record.at_us, node_names.number(record.node), record.count});
            break;
        case What::log:
            if (logs.size() < log_lines_kept_max) logs.push_back({record.at_us, node_names.number(record.node), record.text});
            break;
        case What::stall:
            stalls.push_back({record.at_us, record.count});
            break;
        case What::healed:
            healed_us = record.at_us;
            break;
        case What::end:
            mark_end();
            ended = true;
            broken = record.text;
            break;
    }
}

void Facts::close() {
    if (!at_end_) mark_end();
    for (auto& fault : faults)
        if (fault.off_us < 0) fault.off_us = healed_us >= fault.on_us ? healed_us : end_us;
    group(
        deliveries, messages.size(), [](const Delivery& d) { return d.message; }, message_begin_,
        by_message_);
    group(
        deliveries, clients.size(), [](const Delivery& d) { return d.client; }, client_begin_, by_client_);
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
    if (number >= clients.size()) clients.resize(number + 1);
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

void Facts::odd(Oddity::Kind kind, const Record& record, Index message, Index client, Index node) {
    auto& count = oddity_counts[static_cast<std::size_t>(kind)];
    if (static_cast<std::size_t>(++count) > oddities_kept_max) return;
    oddities.push_back({kind, record.at_us, message, client, node, record.id,
                        record.text.empty() ? record.msg : record.text});
}

/// Two ids for one message are two messages for whoever shows them: a retry must be the same document.
void Facts::learn_id(Index message, const Record& record, Index client, Index node) {
    if (record.id.empty()) return;
    auto& id = messages[message].id;
    if (id.empty()) {
        id = record.id;
    } else if (id != record.id) {
        odd(Oddity::Kind::second_id, record, message, client, node);
    }
}

// ---------------------------------------------------------------- records

/// From here the world looks at the outcome and takes itself down: who is connected now is whom everything
/// must have reached.
void Facts::mark_end() {
    if (at_end_) return;
    at_end_ = true;
    for (auto& client : clients) client.connected_at_end = client.connected;
}

void Facts::take_connection(const Record& record) {
    Index number{};
    auto& c = client(record.client, number);
    if (record.what == What::connected) {
        c.node = node(record, &c);
        c.connection = static_cast<std::uint32_t>(record.count);
        c.connected = true;
        c.streams.clear();
    } else {
        c.connected = false;
        c.gone = record.text;
    }
}

void Facts::take_join(const Record& record) {
    Index who{}, where{};
    auto& follows = client(record.client, who).follows;
    auto& followers = room(record.room, where).followers;
    auto known = std::ranges::find(follows, where, &std::pair<Index, std::uint32_t>::first);
    if (known == follows.end()) {
        known = follows.insert(known, {where, static_cast<std::uint32_t>(followers.size())});
        followers.push_back({who, seq, record.at_us, false});
    }
    followers[known->second].gap = record.what == What::joined && record.flag;
}

void Facts::take_send(const Record& record) {
    Index who{};
    auto& sender = client(record.client, who);
    const auto number = message(record.msg);
    auto& m = messages[number];
    m.sender = who;
    room(record.room, m.room);
    if (record.due_us >= 0) m.due_us = record.due_us;
    if (record.what == What::unsent) {
        m.unsent = true;
        return;
    }
    ++sends;
    ++m.tries;
    if (m.sent_seq != 0) return;
    m.sent_seq = seq;
    m.sent_us = record.at_us;
    if (m.due_us < 0) m.due_us = record.at_us;
    m.node = node(record, &sender);
    const auto stream = std::ranges::find(sender.streams, m.room, &std::pair<Index, Index>::first);
    m.stream = stream != sender.streams.end() ? stream->second
                                              : sender.streams.emplace_back(m.room, streams++).second;
}

void Facts::take_answer(const Record& record) {
    Index who{};
    const auto& sender = client(record.client, who);
    const auto number = message(record.msg);
    auto& m = messages[number];
    learn_id(number, record, who, node(record, &sender));
    if (record.what == What::refused) {
        m.refused = true;
        return;
    }
    if (m.accepted_us < 0) {
        m.accepted_us = record.at_us;
        m.accepted_by = node(record, &sender);
        // The answer may have been on its way when what it tells of was destroyed.
        m.disk_lost = m.accepted_by < disk_wiped_us_.size() && disk_wiped_us_[m.accepted_by] >= m.sent_us;
        m.store_lost = store_wiped_us_ >= m.sent_us;
        m.forgotten = store_forgot_us_ >= m.sent_us;
        excuse_if_destroyed(m);
    }
    if (record.what == What::stored && m.stored_us < 0) m.stored_us = record.at_us;
    if (record.what == What::failed) m.failed = true;
}

void Facts::take_shown(const Record& record) {
    Index who{};
    const auto& c = client(record.client, who);
    const auto where = node(record, &c);
    if (record.what == What::alien) {
        odd(Oddity::Kind::alien, record, nobody, who, where);
        return;
    }
    if (record.what == What::repeated) {
        if (record.flag) {
            odd(Oddity::Kind::repeated, record, record.msg.empty() ? nobody : message(record.msg), who,
                where);
        } else {
            ++repeated_elsewhere;
        }
        return;
    }
    const auto number = message(record.msg);
    if (messages[number].sent_seq == 0) odd(Oddity::Kind::unknown_shown, record, number, who, where);
    learn_id(number, record, who, where);
    if (where != messages[number].node && where != messages[number].accepted_by) messages[number].elsewhere = true;
    deliveries.push_back({number, who, where, static_cast<std::uint32_t>(record.count), record.at_us,
                          record.via, record.flag});
}

void Facts::take_document(const Record& record) {
    mark_end();
    ++documents;
    const auto known = record.msg.empty() ? nobody : message_names.find(record.msg);
    if (known == nobody || messages[known].sent_seq == 0) {
        odd(Oddity::Kind::unknown_document, record, known, nobody, nobody);
        return;
    }
    ++messages[known].documents;
    learn_id(known, record, nobody, nobody);
}

void Facts::take_history(const Record& record) {
    mark_end();
    histories_read = true;
    Index where{};
    auto& histories = room(record.room, where).histories;
    const auto by = node_names.number(record.node);
    const auto known = record.msg.empty() ? nobody : message_names.find(record.msg);
    if (known == nobody || messages[known].sent_seq == 0) {
        odd(Oddity::Kind::unknown_history, record, known, nobody, by);
        return;
    }
    learn_id(known, record, nobody, by);
    if (by >= histories.size()) histories.resize(by + 1);
    histories[by].push_back(known);
}

void Facts::take_node(const Record& record) {
    const auto number = node_names.number(record.node);
    lifelines.push_back({record.at_us, number, record.text});
    if (record.text != "wiped") return;
    if (number >= disk_wiped_us_.size()) disk_wiped_us_.resize(number + 1, never);
    disk_wiped_us_[number] = record.at_us;
    for (auto& m : messages) {
        if (m.accepted_by != number) continue;
        m.disk_lost = true;
        excuse_if_destroyed(m);
    }
}

/// What only this node had is gone by the faults' own doing. Whether the store had it after all is seen at the end.
void Facts::excuse_if_destroyed(Message& m) {
    if (m.disk_lost && (m.stored_us < 0 || (m.store_lost && (!m.elsewhere || m.forgotten)))) m.excused = true;
}

void Facts::take_fault(const Record& record) {
    if (record.what == What::fault_on) {
        faults.push_back({record.name, record.text, record.at_us, never, 0});
        if (record.text != "store.wipe" && record.text != "store.amnesia") return;
        store_wiped_us_ = record.at_us;
        if (record.text == "store.amnesia") store_forgot_us_ = record.at_us;
        for (auto& m : messages) {
            if (m.accepted_us < 0) continue;
            m.store_lost = true;
            m.forgotten = m.forgotten || record.text == "store.amnesia";
            excuse_if_destroyed(m);
        }
        return;
    }
    for (auto fault = faults.rbegin(); fault != faults.rend(); ++fault) {
        if (fault->name != record.name || fault->off_us >= 0) continue;
        fault->off_us = record.at_us;
        fault->touched = record.count;
        return;
    }
}

}  // namespace sim::checker
