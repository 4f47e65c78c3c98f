#include "sim/process/client_pool.hpp"

#include <algorithm>

namespace davenport::sim::process {

void ClientPool::add(client::Config config) {
    const auto name = config.name;
    auto& member = members_.try_emplace(name, std::move(config)).first->second;
    perform(name, member, member.core.start(both_now()));
}

void ClientPool::add_reader(client::Config config) {
    const auto rooms = std::exchange(config.rooms, {});  // to be read, not to be followed
    const auto [found, added] = members_.try_emplace(config.name, config);
    auto& member = found->second;
    member.reader = true;
    member.to_read.insert(rooms.begin(), rooms.end());
    if (added) return perform(config.name, member, member.core.start(both_now()));
    // Its other reads may be under way.
    if (member.welcome)
        for (const auto& room : rooms) tell(config.name, client::AskHistory{room});
}

void ClientPool::tell(const std::string& client, const client::Event& event) {
    const auto found = members_.find(client);
    if (found == members_.end()) return;
    auto& member = found->second;
    auto now = both_now();
    now.wall += member.clock.offset(now.time);
    perform(client, member, member.core.handle(event, now));
}

void ClientPool::set_clock(std::size_t fault, const PlannedFault& planned, bool on) {
    const auto found = members_.find(planned.client);
    if (found == members_.end()) return;
    auto& clock = found->second.clock;
    on ? clock.begin(fault, planned, steady_now()) : clock.end(fault);
}

void ClientPool::hold_reading(const std::string& client, bool held) {
    const auto found = members_.find(client);
    if (found == members_.end()) return;
    found->second.held = held;
    if (found->second.socket) found->second.socket->pause_reading(held);
    if (held) return;
    for (const auto& answer : std::exchange(found->second.unheard, {})) tell(client, answer);
}

bool ClientPool::settled() const {
    return std::ranges::all_of(
        members_, [](const auto& entry) { return entry.second.reader || entry.second.core.settled(); });
}

void ClientPool::ring(base::Time now) {
    while (const auto due = alarms_.take_due(now)) tell(due->first, client::TimerFired{due->second});
}

void ClientPool::close() {
    for (auto& [name, member] : members_)
        if (member.socket) member.socket->close();
    members_.clear();
    alarms_ = {};
}

void ClientPool::connect(const std::string& name, Member& member, const std::string& node) {
    if (member.socket) member.socket->close();
    // After close() none of these is called any more, so the name is enough: it is always about the newest
    // connection.
    auto door = endpoint_of_(name, node);
    member.socket = transport_.connect(
        door.port,
        {.on_open = [this, name] { tell(name, client::Connected{}); },
         .on_frame = [this, name](std::string frame) { tell(name, client::Received{std::move(frame)}); },
         .on_closed = [this,
                       name](std::string reason) { tell(name, client::Disconnected{std::move(reason)}); }},
        std::move(door.authority), door.prefix);
    if (member.held) member.socket->pause_reading(true);
}

void ClientPool::ask(const std::string& name, client::Ask request) {
    const auto door = endpoint_of_(name, request.node);
    request.http.target.insert(0, door.prefix);
    if (!door.authority.empty()) request.http.headers.emplace_back("Host", door.authority);
    transport_.fetch("127.0.0.1", door.port, std::move(request.http), request.patience,
                     [this, name, number = request.request](Transport::Answer got) {
                         answer(name, {number, std::move(got.error), std::move(got.response)});
                     });
}

void ClientPool::answer(const std::string& name, client::Answered answer) {
    const auto found = members_.find(name);
    if (found == members_.end()) return;
    found->second.held ? found->second.unheard.push_back(std::move(answer)) : tell(name, answer);
}

void ClientPool::perform(const std::string& name, Member& member, client::Effects effects) {
    bool welcome = false;
    for (auto& effect : effects) {
        if (auto* send = std::get_if<client::Send>(&effect)) {
            if (member.socket) member.socket->send(std::move(send->frame));
        } else if (const auto* noted = std::get_if<client::Note>(&effect)) {
            if (!member.reader) on_record_(noted->record);
            welcome = welcome || noted->record.kind == RecordKind::connected;
            if (noted->record.kind == RecordKind::disconnected) member.welcome = false;
        } else if (const auto* to = std::get_if<client::Connect>(&effect)) {
            connect(name, member, to->node);
        } else if (std::holds_alternative<client::Disconnect>(effect)) {
            if (member.socket) member.socket->close();
            member.socket.reset();
        } else if (auto* request = std::get_if<client::Ask>(&effect)) {
            ask(name, std::move(*request));
        } else if (const auto* timer = std::get_if<client::SetTimer>(&effect)) {
            alarms_.set({name, timer->timer}, timer->at);
        } else if (auto* read = std::get_if<client::HistoryRead>(&effect)) {
            member.to_read.erase(read->room);
            on_history_(member.node, std::move(*read));
        }
    }
    if (!welcome || !member.reader) return;
    member.welcome = true;
    for (const auto& room : std::set{member.to_read}) tell(name, client::AskHistory{room});
}

}  // namespace davenport::sim::process
