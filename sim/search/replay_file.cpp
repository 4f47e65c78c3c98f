#include "sim/search/replay_file.hpp"

#include "node/base/json.hpp"
#include "sim/scenario/language.hpp"
#include "sim/scenario/parameters.hpp"

#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include <boost/describe.hpp>
#include <boost/mp11/algorithm.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

/// What of a scenario and a plan is in a replay file; a new member is one word here. Left out: where things
/// stand in the scenario file beyond the lines of findings, and choices, which the seed has made.
namespace davenport::sim {

BOOST_DESCRIBE_STRUCT(Location, (), (line, column))
BOOST_DESCRIBE_STRUCT(Range, (), (low, high))
BOOST_DESCRIBE_STRUCT(Link, (), (latency, bytes_per_second))
BOOST_DESCRIBE_STRUCT(Topology, (),
                      (nodes, clients, rooms, feed, poll_interval, store, servers, shards, members, batch,
                       page, stores, prefix, send_queue_bytes, polling, readers, rooms_each, homes, arrive))
BOOST_DESCRIBE_STRUCT(Message, (), (at, client, room, size_bytes, what))
BOOST_DESCRIBE_STRUCT(Stage, (), (from, to, length))
BOOST_DESCRIBE_STRUCT(Load, (),
                      (per_1000_seconds, arrivals, size_bytes, size_bytes_max, length, settle, stages,
                       messages, edits_per_million, removals_per_million))
BOOST_DESCRIBE_STRUCT(Fault, (),
                      (name, kinds, at, every, when, length, node, client, store, parameters, swarm, may_miss,
                       location))
BOOST_DESCRIBE_STRUCT(Expectation, (), (text, property, phase, relation, value, within, stable, location))
BOOST_DESCRIBE_STRUCT(Scenario, (), (file, name, about, seed, topology, links, load, timeline, expect, heal))
BOOST_DESCRIBE_STRUCT(PlannedSend, (), (due, client, room, size_bytes, what))
BOOST_DESCRIBE_STRUCT(PlannedFault, (),
                      (name, line, kind, at, length, lasting, node, client, store, when, parameters,
                       location))
BOOST_DESCRIBE_STRUCT(Action, (), (at, begin, fault))
BOOST_DESCRIBE_STRUCT(Plan, (), (seed, sends, faults, actions, load_end, heal_begin, end))

}  // namespace davenport::sim

namespace davenport::sim::search {

namespace {

using base::json::array;
using base::json::object;
using base::json::value;

constexpr std::int64_t format_number = 2;

/// Ends of a parameter's name; a parameter without one is a whole number, a word or a truth value.
constexpr std::string_view us_end = "_us", millionths_end = "_millionths";

template <class Archive, class T>
void visit(Archive& archive, T& thing);

/// One walk over the described members serves writing and reading.
class Writer {
public:
    template <class T>
    void member(const std::string& key, const T& thing) {
        out[key] = write(thing);
    }
    object out;

    static value write(bool flag) { return flag; }
    static value write(int number) { return number; }
    static value write(std::uint64_t number) { return number; }
    static value write(std::uint32_t number) { return number; }
    static value write(double number) { return number; }
    static value write(Duration time) { return time.count(); }
    static value write(const std::string& text) { return value(text); }
    static value write(Arrivals arrivals) { return static_cast<int>(arrivals); }
    static value write(Deed deed) { return static_cast<int>(deed); }
    template <class T>
    static value write(const std::optional<T>& maybe) {
        return maybe ? write(*maybe) : value(nullptr);
    }
    template <class T>
    static value write(const std::vector<T>& list) {
        array all;
        for (const auto& item : list) all.push_back(write(item));
        return all;
    }
    template <class T>
    static value write(const std::map<std::string, T>& map) {
        object all;
        for (const auto& [key, item] : map) all[key] = write(item);
        return all;
    }
    /// A parameter's name says its unit, and so its type.
    static value write(const Parameters& parameters) {
        object all;
        for (const auto& [name, parameter] : parameters) {
            if (const auto* time = std::get_if<Duration>(&parameter))
                all[fmt::format("{}{}", name, us_end)] = time->count();
            else if (const auto* chance = std::get_if<base::Probability>(&parameter))
                all[fmt::format("{}{}", name, millionths_end)] = chance->millionths;
            else if (const auto* number = std::get_if<std::int64_t>(&parameter))
                all[name] = *number;
            else if (const auto* flag = std::get_if<bool>(&parameter))
                all[name] = *flag;
            else
                all[name] = std::get<std::string>(parameter);
        }
        return all;
    }
    template <class T>
    static value write(const T& thing) {
        Writer inner;
        visit(inner, const_cast<T&>(thing));  // a writer changes nothing
        return std::move(inner.out);
    }
};

class Reader {
public:
    /// `path`: of `from` within the file, for messages.
    Reader(const value& from, std::string path, std::string& error)
        : from_{from}, path_{std::move(path)}, error_{error} {}

    template <class T>
    void member(const std::string& key, T& thing) {
        const auto* found = base::member(from_, key);
        path_ += key;
        if (!found)
            complain(fmt::format("'{}' is missing: another version of chatsim wrote this file", path_));
        else if (!read(*found, thing))
            complain(fmt::format("'{}' is not of the right kind", path_));
        path_.resize(path_.size() - key.size());
    }

private:
    void complain(std::string why) {
        if (error_.empty()) error_ = std::move(why);
    }

    static bool read(const value& v, bool& flag) { return v.is_bool() ? (flag = v.get_bool(), true) : false; }
    template <class T>
    static bool read_number(const value& v, T& number) {
        if (v.is_int64()) return number = static_cast<T>(v.get_int64()), true;
        if (v.is_uint64()) return number = static_cast<T>(v.get_uint64()), true;
        return false;
    }
    static bool read(const value& v, int& number) { return read_number(v, number); }
    static bool read(const value& v, std::uint64_t& number) { return read_number(v, number); }
    static bool read(const value& v, std::uint32_t& number) { return read_number(v, number); }
    static bool read(const value& v, double& number) {
        if (!v.is_double()) return read_number(v, number);
        number = v.get_double();
        return true;
    }
    static bool read(const value& v, Duration& time) {
        std::int64_t us = 0;
        if (!read_number(v, us)) return false;
        time = Duration{us};
        return true;
    }
    static bool read(const value& v, Arrivals& arrivals) {
        int number = 0;
        if (!read_number(v, number) || number < 0 || number > static_cast<int>(Arrivals::burst)) return false;
        arrivals = static_cast<Arrivals>(number);
        return true;
    }
    static bool read(const value& v, Deed& deed) {
        int number = 0;
        if (!read_number(v, number) || number < 0 || number > static_cast<int>(Deed::remove)) return false;
        deed = static_cast<Deed>(number);
        return true;
    }
    static bool read(const value& v, std::string& text) {
        if (!v.is_string()) return false;
        text.assign(v.get_string().data(), v.get_string().size());
        return true;
    }
    template <class T>
    bool read(const value& v, std::optional<T>& maybe) {
        if (v.is_null()) return maybe.reset(), true;
        return read(v, maybe.emplace());
    }
    template <class T>
    bool read(const value& v, std::vector<T>& list) {
        if (!v.is_array()) return false;
        list.clear();
        for (const auto& item : v.get_array())
            if (!read(item, list.emplace_back())) return false;
        return true;
    }
    template <class T>
    bool read(const value& v, std::map<std::string, T>& map) {
        if (!v.is_object()) return false;
        map.clear();
        for (const auto& [key, item] : v.get_object())
            if (!read(item, map[std::string{key.data(), key.size()}])) return false;
        return true;
    }
    static bool read(const value& v, Parameters& parameters) {
        if (!v.is_object()) return false;
        parameters.clear();
        for (const auto& [key, item] : v.get_object()) {
            std::string name{key.data(), key.size()};
            std::int64_t number = 0;
            const bool is_number = read_number(item, number);
            if (item.is_bool())
                parameters[name] = item.get_bool();
            else if (item.is_string())
                parameters[name] = std::string{item.get_string()};
            else if (!is_number)
                return false;
            else if (name.ends_with(us_end))
                parameters[name.substr(0, name.size() - us_end.size())] = Duration{number};
            else if (name.ends_with(millionths_end))
                parameters[name.substr(0, name.size() - millionths_end.size())] = base::Probability{number};
            else
                parameters[name] = number;
        }
        return true;
    }
    template <class T>
    bool read(const value& v, T& thing) {
        if (!v.is_object()) return false;
        Reader inner{v, path_ + '.', error_};
        visit(inner, thing);
        return true;
    }

    const value& from_;
    std::string path_;
    std::string& error_;
};

/// The member's name in the file: times bear their unit.
template <class T>
std::string key_of(const char* name) {
    constexpr bool is_time = std::is_same_v<T, Duration> || std::is_same_v<T, std::optional<Duration>>;
    return is_time ? std::string{name} + "_us" : name;
}

template <class Archive, class T>
void visit(Archive& archive, T& thing) {
    using Members = boost::describe::describe_members<T, boost::describe::mod_public>;
    boost::mp11::mp_for_each<Members>([&](auto member) {
        auto& value_of = thing.*member.pointer;
        archive.member(key_of<std::remove_reference_t<decltype(value_of)>>(member.name), value_of);
    });
}

/// The first parameter that none of the kinds takes, or takes as something else; empty when there is none.
std::string wrong_parameter(const Parameters& parameters, const std::vector<std::string>& kinds) {
    for (const auto& [name, value] : parameters) {
        bool taken = false;
        for (const auto& kind : kinds) {
            const auto* known = language::find_fault(kind);
            const auto* key = known ? known->find(name) : nullptr;
            taken = taken || (key && is_of_type(*key, value));
        }
        if (!taken) return name;
    }
    return {};
}

/// What a world would trip over.
std::string nonsense_in(const Replay& replay) {
    const auto& t = replay.scenario.topology;
    if (t.nodes < 1 || t.nodes > 1'000 || t.clients < 1 || t.clients > 100'000 || t.rooms < 1)
        return "'scenario.topology' is out of range: 1 to 1000 nodes, 1 to 100000 clients, 1 room at least";
    for (const auto& action : replay.plan.actions)
        if (action.fault >= replay.plan.faults.size())
            return "'plan.actions' names a fault that is not in the plan";
    for (const auto& fault : replay.plan.faults) {
        if (!language::find_fault(fault.kind))
            return fmt::format("this chatsim does not know the fault '{}'", fault.kind);
        if (auto wrong = wrong_parameter(fault.parameters, {fault.kind}); !wrong.empty())
            return fmt::format("'plan.faults' has a parameter '{}' that {} does not take so", wrong,
                               fault.kind);
    }
    for (const auto& fault : replay.scenario.timeline) {
        if (auto wrong = wrong_parameter(fault.parameters, fault.kinds); !wrong.empty())
            return fmt::format("'scenario.timeline' has a parameter '{}' that {} does not take so", wrong,
                               fmt::join(fault.kinds, " or "));
    }
    return {};
}

}  // namespace

std::string write_replay(const Replay& replay) {
    object out;
    out["davenport_replay"] = format_number;
    out["version"] = replay.version;
    out["event_hash"] = fmt::format("{:016x}", replay.event_hash);
    out["scenario"] = Writer::write(replay.scenario);
    out["plan"] = Writer::write(replay.plan);
    return base::write_json(out) + '\n';
}

Replay read_replay(std::string_view text, std::string& error) {
    Replay replay;
    const auto parsed = base::parse_json(text);
    if (!parsed || base::int_member(*parsed, "davenport_replay") != format_number) {
        error = fmt::format("not a replay file of version {}", format_number);
        return {};
    }
    std::string hash;
    Reader reader{*parsed, "", error};
    reader.member("version", replay.version);
    reader.member("event_hash", hash);
    reader.member("scenario", replay.scenario);
    reader.member("plan", replay.plan);
    for (const char digit : hash) {
        const auto nibble = digit >= 'a' ? digit - 'a' + 10 : digit - '0';
        replay.event_hash = replay.event_hash * 16 + static_cast<std::uint64_t>(nibble & 15);
    }
    if (error.empty()) error = nonsense_in(replay);
    return error.empty() ? std::move(replay) : Replay{};
}

}  // namespace davenport::sim::search
