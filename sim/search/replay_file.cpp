#include "sim/search/replay_file.hpp"

#include "node/base/json.hpp"
#include "sim/scenario/language.hpp"

#include <fmt/format.h>

namespace davenport::sim::search {

namespace {

using base::json::array;
using base::json::object;
using base::json::value;

constexpr std::int64_t format_number = 1;

/// One walk over the members serves writing and reading: `visit(archive, thing)` names each member once.
class Writer {
public:
    template <class T>
    void member(const char* key, const T& thing) {
        out[key] = write(thing);
    }
    template <class T>
    void newer(const char* key, const T& thing) {
        member(key, thing);
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
    template <class T>
    static value write(const T& thing) {
        Writer inner;
        visit(inner, const_cast<T&>(thing));  // a writer changes nothing
        return std::move(inner.out);
    }
};

class Reader {
public:
    explicit Reader(const value& from, std::string& error) : from_{from}, error_{error} {}

    template <class T>
    void member(const char* key, T& thing) {
        const auto* found = base::member(from_, key);
        if (!found)
            complain(fmt::format("'{}' is missing", key));
        else if (!read(*found, thing))
            complain(fmt::format("'{}' is not of the right kind", key));
    }
    /// A member that older files do not have: they mean the default.
    template <class T>
    void newer(const char* key, T& thing) {
        if (base::member(from_, key)) member(key, thing);
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
    template <class T>
    bool read(const value& v, T& thing) {
        if (!v.is_object()) return false;
        Reader inner{v, error_};
        visit(inner, thing);
        return true;
    }

    const value& from_;
    std::string& error_;
};

template <class Archive>
void visit(Archive& a, Location& l) {
    a.member("line", l.line);
    a.member("column", l.column);
}

template <class Archive>
void visit(Archive& a, Range& r) {
    a.member("low_us", r.low);
    a.member("high_us", r.high);
}

template <class Archive>
void visit(Archive& a, Link& l) {
    a.member("latency", l.latency);
    a.member("bytes_per_second", l.bytes_per_second);
}

template <class Archive>
void visit(Archive& a, Topology& t) {
    a.member("nodes", t.nodes);
    a.member("clients", t.clients);
    a.member("rooms", t.rooms);
    a.member("feed", t.feed);
    a.member("poll_interval_us", t.poll_interval);
    a.member("shards", t.shards);
    a.member("batch", t.batch);
    a.newer("page", t.page);
    a.newer("send_queue_bytes", t.send_queue_bytes);
    a.newer("polling", t.polling);
}

template <class Archive>
void visit(Archive& a, Message& m) {
    a.member("at_us", m.at);
    a.member("client", m.client);
    a.member("room", m.room);
    a.member("size_bytes", m.size_bytes);
}

template <class Archive>
void visit(Archive& a, Load& l) {
    a.member("per_1000_seconds", l.per_1000_seconds);
    a.member("arrivals", l.arrivals);
    a.member("size_bytes", l.size_bytes);
    a.member("size_bytes_max", l.size_bytes_max);
    a.member("length_us", l.length);
    a.member("settle_us", l.settle);
    a.member("messages", l.messages);
}

template <class Archive>
void visit(Archive& a, Fault& f) {
    a.member("name", f.name);
    a.member("kinds", f.kinds);
    a.member("at_us", f.at);
    a.member("every", f.every);
    a.member("when", f.when);
    a.member("length", f.length);
    a.member("node", f.node);
    a.member("client", f.client);
    a.member("parameters", f.parameters);
    a.member("swarm", f.swarm);
    a.member("location", f.location);
}

template <class Archive>
void visit(Archive& a, Expectation& e) {
    a.member("text", e.text);
    a.member("property", e.property);
    a.member("phase", e.phase);
    a.member("relation", e.relation);
    a.member("value", e.value);
    a.member("within_us", e.within);
    a.member("location", e.location);
}

template <class Archive>
void visit(Archive& a, Scenario& s) {
    a.member("file", s.file);
    a.member("name", s.name);
    a.member("about", s.about);
    a.member("seed", s.seed);
    a.member("topology", s.topology);
    a.member("links", s.links);
    a.member("load", s.load);
    a.member("timeline", s.timeline);
    a.member("expect", s.expect);
    a.member("heal_us", s.heal);
}

template <class Archive>
void visit(Archive& a, PlannedSend& s) {
    a.member("due_us", s.due);
    a.member("client", s.client);
    a.member("room", s.room);
    a.member("size_bytes", s.size_bytes);
}

template <class Archive>
void visit(Archive& a, PlannedFault& f) {
    a.member("name", f.name);
    a.member("line", f.line);
    a.member("kind", f.kind);
    a.member("at_us", f.at);
    a.member("length_us", f.length);
    a.member("lasting", f.lasting);
    a.member("node", f.node);
    a.member("client", f.client);
    a.member("when", f.when);
    a.member("parameters", f.parameters);
    a.member("location", f.location);
}

template <class Archive>
void visit(Archive& a, Action& action) {
    auto fault = static_cast<std::uint64_t>(action.fault);
    a.member("at_us", action.at);
    a.member("begin", action.begin);
    a.member("fault", fault);
    action.fault = static_cast<std::size_t>(fault);
}

template <class Archive>
void visit(Archive& a, Plan& p) {
    a.member("seed", p.seed);
    a.member("sends", p.sends);
    a.member("faults", p.faults);
    a.member("actions", p.actions);
    a.member("load_end_us", p.load_end);
    a.member("heal_begin_us", p.heal_begin);
    a.member("end_us", p.end);
}

/// What a world would trip over.
std::string nonsense_in(const Replay& replay) {
    const auto& t = replay.scenario.topology;
    if (t.nodes < 1 || t.nodes > 1'000 || t.clients < 1 || t.clients > 100'000 || t.rooms < 1)
        return "its topology is none";
    for (const auto& action : replay.plan.actions)
        if (action.fault >= replay.plan.faults.size()) return "an action is of a fault that is not there";
    for (const auto& fault : replay.plan.faults)
        if (!language::find_fault(fault.kind))
            return fmt::format("this chatsim does not know the fault '{}'", fault.kind);
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
        error = "this is no replay file";
        return {};
    }
    std::string hash;
    Reader reader{*parsed, error};
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
