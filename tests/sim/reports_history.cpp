#include "tests/sim/reports_history.hpp"

#include "node/base/random.hpp"

#include <algorithm>
#include <map>

#include <fmt/format.h>

namespace davenport::reports::test {
namespace {

using sim::Record;
using sim::RecordKind;

constexpr std::int64_t ms = 1'000, second = 1'000'000;
constexpr std::int64_t down_at = 10 * second, down_until = 15 * second, kill_at = 20 * second,
                       back_at = 22 * second;
constexpr std::int64_t load_end = 30 * second, healed_at = 31 * second, end_at = 40 * second;
constexpr int nodes = 3, clients = 12, messages_per_second = 50;

class Maker {
public:
    explicit Maker(const MakeUp& how) : how_{how}, random_{how.seed} {}

    MadeUpRun make() {
        begin();
        for (int i = 0; i < 30 * messages_per_second; ++i) say(i);
        tell_backlogs();
        finish();
        std::ranges::stable_sort(made_.records, {}, &Record::at_us);
        mark_late();
        made_.records.insert(made_.records.begin(), Record{.kind = RecordKind::run});
        made_.records.front().text = R"({"scenario":"made up"})";
        return std::move(made_);
    }

private:
    static std::string node_of(int client) { return fmt::format("n{}", 1 + client % nodes); }
    static std::string client_name(int client) { return fmt::format("c{}", client + 1); }

    Record& add(RecordKind kind, std::int64_t at) {
        auto& record = made_.records.emplace_back();
        record.kind = kind;
        record.at_us = at;
        return record;
    }
    void add_node(const std::string& name, const char* state, std::int64_t at) {
        auto& record = add(RecordKind::node, at);
        record.node = name;
        record.text = state;
    }
    void add_connection(int client, std::int64_t at, int number) {
        auto& connected = add(RecordKind::connected, at);
        connected.client = client_name(client);
        connected.node = node_of(client);
        connected.count = number;
        auto joined = connected;
        joined.kind = RecordKind::joined;
        joined.at_us = at + ms;
        joined.room = "r1";
        made_.records.push_back(joined);
    }
    void add_fault(const char* name, const char* kind, std::int64_t on, std::int64_t off) {
        auto& begun = add(RecordKind::fault_on, on);
        begun.name = name;
        begun.text = kind;
        auto ended = begun;
        ended.kind = RecordKind::fault_off;
        ended.at_us = off;
        ended.count = 17;
        made_.records.push_back(ended);
        auto& planned = made_.plan.faults.emplace_back();
        planned.name = name;
        planned.kind = kind;
        made_.scenario.timeline.emplace_back().name = name;
    }

    void begin() {
        made_.scenario.name = "made up: <outage> & \"kill\"";
        made_.scenario.about =
            "The store is gone for 5 s under load, later a node is killed; nothing is lost, nothing "
            "comes twice.";
        made_.scenario.file = "scenarios/made_up.yaml";
        made_.scenario.topology.nodes = nodes;
        made_.scenario.topology.clients = clients;
        add_fault("outage", "store.down", down_at, down_until);
        add_fault("kill", "node.kill", kill_at, back_at);
        expect("no_loss", 12);
        expect("no_duplicates", 13);
        expect("converged", 14);
        made_.scenario.expect.back().within = std::chrono::seconds{5};
        made_.scenario.expect.back().text = "converged within 5s";
        expect_below("p99(local_echo)", "during outage", 50'000, 15);
        expect_below("p99(delivery)", "before outage", 250'000, 16);
        expect_below("recovery of outage", "", 5e6, 17);
        for (int n = 0; n < nodes; ++n) add_node(fmt::format("n{}", n + 1), "up", 0);
        for (int c = 0; c < clients; ++c) add_connection(c, 100 * ms, 1);
        add_node("n2", "killed", kill_at);
        add_node("n2", "up", back_at);
        for (int c = 1; c < clients; c += nodes) {
            auto& gone = add(RecordKind::disconnected, kill_at + ms);
            gone.client = client_name(c);
            gone.node = "n2";
            gone.text = "reset";
            gone.count = 1;
            add_connection(c, back_at + 50 * ms, 2);
        }
    }
    void expect(const std::string& property, int line) {
        auto& expectation = made_.scenario.expect.emplace_back();
        expectation.property = expectation.text = property;
        expectation.location = {line, 5};
    }
    void expect_below(const std::string& property, const std::string& phase, double value, int line) {
        expect(property, line);
        auto& expectation = made_.scenario.expect.back();
        expectation.text =
            fmt::format("{} {}{}< {} ms", property, phase, phase.empty() ? "" : " ", value / 1e3);
        expectation.phase = phase;
        expectation.relation = "<";
        expectation.value = value;
    }

    static bool is_away(const std::string& node, std::int64_t at) {
        return node == "n2" && at >= kill_at && at < back_at + 60 * ms;
    }
    std::int64_t draw(std::int64_t low, std::int64_t high) {
        // Latencies have a tail: now and then one takes many times as long.
        const auto usual = random_.between(low, high);
        return random_.per_million(15'000) ? usual * random_.between(3, 15) : usual;
    }

    void say(int i) {
        const auto client = i % clients;
        const auto home = node_of(client);
        const auto due = second + i * second / messages_per_second;
        if (due >= load_end) return;
        auto& planned = made_.plan.sends.emplace_back();
        planned.due = sim::Duration{due};
        planned.client = static_cast<std::uint32_t>(client);
        planned.room = "r1";
        Record about;
        about.client = client_name(client);
        about.node = home;
        about.room = "r1";
        about.msg = fmt::format("{}-{}", about.client, 1 + i / clients);
        about.due_us = due;
        const auto put = [&](RecordKind kind, std::int64_t at) {
            about.kind = kind;
            about.at_us = at;
            made_.records.push_back(about);
        };
        auto sent = due + random_.between(20, 200);
        if (is_away(home, due)) {
            put(RecordKind::unsent, due);
            sent = back_at + 70 * ms + i * 10;
        }
        about.count = 1;
        put(RecordKind::send, sent);
        about.count = 0;
        about.id = fmt::format("r1:{:026}", i);
        const auto accepted = sent + draw(800, 3'000);
        const bool down = sent >= down_at && sent < down_until;
        const auto stored = down ? down_until + 150 * ms + i * 100 : sent + draw(2'000, 8'000);
        put(RecordKind::accepted, accepted);
        if (!is_away(home, stored)) put(RecordKind::stored, stored);
        about.due_us = -1;
        for (int to = 0; to < clients; ++to)
            show(about, to,
                 to % nodes == client % nodes ? accepted + random_.between(50, 400)
                                              : stored + draw(1'000, 6'000) + how_.slower_us);
        auto& requests = add(RecordKind::requests, stored + 1);
        requests.node = home;
        requests.text = "201";
        requests.count = 1 + how_.extra_requests;
        auto& document = add(RecordKind::document, end_at - 2 * second);
        document.msg = about.msg;
        document.id = about.id;
        last_ = i;
        if (down) waiting_[client % nodes].emplace_back(accepted, stored);
    }
    void show(const Record& message, int to, std::int64_t at) {
        if (how_.lose && message.msg == "c4-20" && to == 2) return;
        auto shown = message;
        shown.kind = RecordKind::shown;
        shown.client = client_name(to);
        shown.node = node_of(to);
        shown.count = 1;
        shown.at_us = at;
        if (is_away(shown.node, at) || (to % nodes == 1 && at >= back_at)) shown.count = 2;
        if (is_away(shown.node, at)) {
            shown.at_us = back_at + 51 * ms + random_.between(100, 900);
            shown.via = sim::DeliveryPath::resume;
        }
        made_.records.push_back(shown);
    }

    void tell_backlogs() {
        for (int n = 0; n < nodes; ++n) {
            for (std::int64_t at = down_at; at <= down_until + second; at += 250 * ms) {
                auto& backlog = add(RecordKind::backlog, at);
                backlog.node = fmt::format("n{}", n + 1);
                backlog.count = std::ranges::count_if(
                    waiting_[n], [&](const auto& wait) { return wait.first <= at && wait.second > at; });
                auto& refused = add(RecordKind::requests, std::min(at, down_until - ms));
                refused.node = backlog.node;
                refused.text = "refused";
                refused.count = 1;
            }
        }
    }

    /// As a node does: what stands above what was shown already on that connection.
    void mark_late() {
        std::map<std::pair<std::string, std::int64_t>, std::string> newest;
        for (auto& record : made_.records) {
            if (record.kind != RecordKind::shown) continue;
            auto& id = newest[{record.client, record.count}];
            record.flag = record.id < id;
            id = std::max(id, record.id);
        }
    }

    void finish() {
        add(RecordKind::healed, healed_at);
        for (int n = 0; n < nodes; ++n) {
            for (int i = 0; i <= last_; ++i) {
                auto& history = add(RecordKind::history, end_at - second);
                history.node = fmt::format("n{}", n + 1);
                history.room = "r1";
                history.msg = fmt::format("c{}-{}", 1 + i % clients, 1 + i / clients);
                history.id = fmt::format("r1:{:026}", i);
            }
        }
        add(RecordKind::end, end_at);
        made_.plan.load_end = sim::Duration{load_end};
        made_.plan.heal_begin = sim::Duration{healed_at};
        made_.plan.end = sim::Duration{end_at};
    }

    MakeUp how_;
    base::Random random_;
    MadeUpRun made_;
    std::vector<std::pair<std::int64_t, std::int64_t>> waiting_[nodes];  ///< (from, to), by node
    int last_ = 0;
};

}  // namespace

MadeUpRun make_up(const MakeUp& how) { return Maker{how}.make(); }

}  // namespace davenport::reports::test
