#include "sim/checker/facts.hpp"

#include <algorithm>

/// What each kind of record adds to the tables.
namespace davenport::sim::checker {
namespace {

/// What others said is shown before it is on the disk; where the disk was full it may take so long.
constexpr std::int64_t uncommitted_us_max = 3'000'000;

/// Nodes from the 64th on share one bit: then a copy may be taken for lost that is not, and no node is blamed
/// for that.
std::uint64_t bit_of(Index node) { return std::uint64_t{1} << std::min<Index>(node, 63); }

}  // namespace

/// From here the world looks at the outcome and takes itself down: who is connected now is whom everything
/// must have reached.
void Facts::mark_end() {
    if (at_end_) return;
    at_end_ = true;
    people.end(end_us);
    for (auto& client : clients) client.connected_at_end = client.connected;
}

void Facts::take_connection(const Record& record) {
    Index number{};
    auto& c = client(record.client, number);
    if (record.kind == RecordKind::connected) {
        c.node = node(record, &c);
        c.connection = static_cast<std::uint32_t>(record.count);
        c.connected_us = record.at_us;
        c.connected = true;
        c.streams.clear();
        warnings.set(number, ClientWarnings::About::store, record.flag, record.at_us);
        if (!c.polls) take_store(c.node, record.flag, record.at_us);  // who polls is not told
        warnings.set(number, ClientWarnings::About::gap, false, record.at_us);
    } else {
        c.connected = false;
        c.gone = record.text;
        people.leave(record.at_us, record.client);
    }
    warnings.set(number, ClientWarnings::About::connection, !c.connected, record.at_us);
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
    followers[known->second].gap = record.kind == RecordKind::joined && record.flag;
    warnings.set(who, ClientWarnings::About::gap, followers[known->second].gap, record.at_us);
    // Who polls has no session, and is in no room as far as others are told.
    if (record.kind == RecordKind::joined && !clients[who].polls)
        people.join(record.at_us, record.client, record.room);
}

void Facts::take_send(const Record& record) {
    Index who{};
    auto& sender = client(record.client, who);
    const auto number = message(record.msg);
    auto& m = messages[number];
    m.sender = who;
    room(record.room, m.room);
    if (record.due_us >= 0) m.due_us = record.due_us;
    if (record.kind == RecordKind::unsent) {
        m.unsent = true;
        return;
    }
    ++sends;
    ++m.tries;
    if (m.accepted_us < 0) m.resent_us = record.at_us;
    if (m.sent_seq != 0 && (!m.refused || m.accepted_us >= 0)) return;
    if (m.sent_seq == 0) {
        m.sent_seq = seq;
        m.sent_us = record.at_us;
        if (m.due_us < 0) m.due_us = record.at_us;
        m.node = node(record, &sender);
    }
    // What was refused is said anew: in the order of the connection over which it is said now.
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
    if (record.kind == RecordKind::refused) {
        m.refused = true;
        take_refusal(record, who, node(record, &sender), number);
        return;
    }
    if (m.accepted_us < 0) {
        m.accepted_us = record.at_us;
        m.accepted_by = node(record, &sender);
        m.answered_on = sender.connection;
        // The answer may have been on its way when what it tells of was destroyed.
        m.disk_lost = m.accepted_by < disk_wiped_us_.size() && disk_wiped_us_[m.accepted_by] >= m.sent_us;
        m.store_lost = store_wiped_us_ >= m.sent_us;
        excuse_if_destroyed(m);
    }
    if (record.kind == RecordKind::stored && m.stored_us < 0) m.stored_us = record.at_us;
    if (record.kind == RecordKind::failed) m.failed = true;
}

void Facts::take_shown(const Record& record) {
    Index who{};
    const auto& c = client(record.client, who);
    const auto where = node(record, &c);
    if (record.kind == RecordKind::phantom) {
        odd(Anomaly::Kind::phantom, record, nobody, who, where);
        return;
    }
    if (record.kind == RecordKind::repeated) {
        if (record.flag) {
            odd(Anomaly::Kind::repeated, record, record.msg.empty() ? nobody : message(record.msg), who,
                where);
        } else {
            ++repeated_elsewhere;
        }
        return;
    }
    const auto named_already = named(record);
    const auto number = named_already != nobody ? named_already : message(record.msg);
    if (messages[number].sent_seq == 0) odd(Anomaly::Kind::unknown_shown, record, number, who, where);
    learn_id(number, record, who, where);
    if (where != messages[number].node && where != messages[number].accepted_by &&
        !was_sent_before_a_wipe(record, who, where))
        messages[number].journals |= bit_of(where);
    deliveries.push_back({number, who, where, static_cast<std::uint32_t>(record.count), record.at_us,
                          record.via, record.flag});
}

/// What a client that reads slowly is shown last may have lain there since before its node's disk was lost.
bool Facts::was_sent_before_a_wipe(const Record& shown, Index client, Index node) const {
    const auto wiped_us = node < disk_wiped_us_.size() ? disk_wiped_us_[node] : never;
    if (wiped_us < 0) return false;
    const auto& c = clients[client];
    if (!c.polls) return c.connected_us < wiped_us;  // of a poll nobody knows when it was asked
    return std::ranges::any_of(faults, [&](const FaultSpan& fault) {
        return fault.kind == "client.slow" && fault.target == clients_names[client] &&
               fault.on_us <= wiped_us && (fault.off_us < 0 || fault.off_us >= shown.at_us);
    });
}

void Facts::take_document(const Record& record) {
    mark_end();
    ++documents;
    const auto known = named(record);
    take_held(record, known, nobody);
    if (known == nobody || messages[known].sent_seq == 0) {
        odd(Anomaly::Kind::unknown_document, record, known, nobody, nobody);
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
    const auto known = named(record);
    take_held(record, known, by);
    if (known == nobody || messages[known].sent_seq == 0) {
        odd(Anomaly::Kind::unknown_history, record, known, nobody, by);
        return;
    }
    learn_id(known, record, nobody, by);
    if (by >= histories.size()) histories.resize(by + 1);
    histories[by].push_back(known);
}

void Facts::take_node(const Record& record) {
    const auto number = node_names.number(record.node);
    lifelines.push_back({record.at_us, number, record.text});
    if (record.text == "killed") {
        for (auto d = deliveries.rbegin();
             d != deliveries.rend() && d->at_us >= record.at_us - uncommitted_us_max; ++d) {
            if (d->node != number) continue;
            messages[d->message].journals &= ~bit_of(number);
            excuse_if_destroyed(messages[d->message]);
        }
    }
    if (record.text != "wiped" && record.text != "restored") return;
    // What the disk had then it has again.
    const auto kept_until_us = record.text == "wiped" ? never : record.at_us - record.count * 1000;
    if (number >= disk_wiped_us_.size()) disk_wiped_us_.resize(number + 1, never);
    disk_wiped_us_[number] = record.at_us;
    for (auto& c : changes)
        c.disk_lost = c.disk_lost || (c.accepted_by == number && c.accepted_us >= kept_until_us);
    for (auto& m : messages) {
        m.journals &= ~bit_of(number);
        m.disk_lost = m.disk_lost || (m.accepted_by == number && m.accepted_us >= kept_until_us);
        excuse_if_destroyed(m);
    }
}

/// What only this node had is gone by the faults' own doing. Whether the store had it after all is seen at
/// the end.
void Facts::excuse_if_destroyed(Message& m) {
    if (m.disk_lost && (m.stored_us < 0 || (m.store_lost && m.journals == 0))) m.excused = true;
}

/// Why the client or node that a fault hits was not there when it began; empty when it was.
std::string Facts::absence_of(const Record& fault) {
    if (!fault.client.empty()) {
        Index number{};
        const auto& hit = client(fault.client, number);
        if (hit.connected) return {};
        return hit.gone.empty() ? fault.client + " was not connected yet"
                                : fault.client + " was away (" + hit.gone + ')';
    }
    const auto number = node_names.find(fault.node);
    const auto last = std::find_if(lifelines.rbegin(), lifelines.rend(),
                                   [&](const NodeChange& change) { return change.node == number; });
    if (number == nobody || last == lifelines.rend()) return {};
    const bool is_there = last->state == "up" || last->state == "resumed";
    return is_there ? std::string{} : fault.node + " was " + last->state;
}

void Facts::take_fault(const Record& record) {
    if (record.kind == RecordKind::fault_on) {
        faults.push_back({record.name, record.text, record.at_us, never, 0,
                          record.client.empty() ? record.node : record.client, absence_of(record)});
        if (record.text != "store.wipe" && record.text != "store.amnesia" && record.text != "store.failover")
            return;
        store_wiped_us_ = record.at_us;
        for (auto& c : changes) c.store_lost = true;
        for (auto& m : messages) {
            if (m.accepted_us < 0) continue;
            m.store_lost = true;
            excuse_if_destroyed(m);
        }
        return;
    }
    for (auto fault = faults.rbegin(); fault != faults.rend(); ++fault) {
        if (fault->name != record.name || fault->off_us >= 0) continue;
        fault->off_us = record.at_us;
        fault->touched = record.count;
        fault->is_over = true;
        return;
    }
}

}  // namespace davenport::sim::checker
