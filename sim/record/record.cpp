#include "sim/record/record.hpp"

#include "node/base/json.hpp"

#include <array>
#include <iterator>

#include <boost/json/monotonic_resource.hpp>
#include <boost/json/parse.hpp>
#include <fmt/format.h>

namespace davenport::sim {

namespace {

// In the order of the enumeration; a name is what stands in the file, so it never changes.
constexpr std::array<std::string_view, static_cast<std::size_t>(RecordKind::queued) + 1> kind_names{
    "run",
    "node",
    "fault_on",
    "fault_off",
    "connected",
    "disconnected",
    "joined",
    "gap_closed",
    "send",
    "unsent",
    "accepted",
    "stored",
    "refused",
    "failed",
    "shown",
    "repeated",
    "phantom",
    "document",
    "history",
    "store",
    "people",
    "requests",
    "backlog",
    "log",
    "stall",
    "healed",
    "end",
    "change_sent",
    "change_accepted",
    "change_stored",
    "change_refused",
    "change_superseded",
    "change_failed",
    "changed",
    "by_hand",
    "by_hand_done",
    "put_out",
    "policy_set",
    "policy_lifted",
    "searched",
    "memory",
    "paged",
    "queued"};

constexpr std::array<std::string_view, 3> via_names{"live", "resume", "page"};

std::optional<RecordKind> kind_of(std::string_view name) {
    for (std::size_t i = 0; i < kind_names.size(); ++i)
        if (kind_names[i] == name) return static_cast<RecordKind>(i);
    return std::nullopt;
}

void append_text(std::string& out, std::string_view key, std::string_view value) {
    if (value.empty()) return;
    out += ",\"";
    out += key;
    out += "\":";
    base::append_json_string(out, value);
}

void append_number(std::string& out, std::string_view key, std::int64_t value) {
    fmt::format_to(std::back_inserter(out), ",\"{}\":{}", key, value);
}

/// Puts one member where it belongs; false when it is of another type than it must be.
bool read_member(Record& record, std::string_view key, const boost::json::value& value) {
    const auto text = [&](std::string& into) {
        if (!value.is_string()) return false;
        into.assign(value.get_string().data(), value.get_string().size());
        return true;
    };
    const auto number = [&](std::int64_t& into) {
        if (!value.is_int64()) return false;
        into = value.get_int64();
        return true;
    };
    if (key == "at") return number(record.at_us);
    if (key == "client") return text(record.client);
    if (key == "node") return text(record.node);
    if (key == "room") return text(record.room);
    if (key == "msg") return text(record.msg);
    if (key == "id") return text(record.id);
    if (key == "name") return text(record.name);
    if (key == "text") return text(record.text);
    if (key == "due") return number(record.due_us);
    if (key == "count") return number(record.count);
    if (key == "flag") {
        if (!value.is_bool()) return false;
        record.flag = value.get_bool();
        return true;
    }
    if (key == "via") {
        if (!value.is_string()) return false;
        for (std::size_t i = 0; i < via_names.size(); ++i) {
            if (std::string_view{value.get_string()} != via_names[i]) continue;
            record.via = static_cast<DeliveryPath>(i);
            return true;
        }
        return false;
    }
    return true;  // a newer writer's member
}

}  // namespace

std::string_view name_of(RecordKind kind) { return kind_names.at(static_cast<std::size_t>(kind)); }

void append_line(std::string& out, const Record& record) {
    fmt::format_to(std::back_inserter(out), "{{\"at\":{},\"what\":\"{}\"", record.at_us,
                   name_of(record.kind));
    append_text(out, "client", record.client);
    append_text(out, "node", record.node);
    append_text(out, "room", record.room);
    append_text(out, "msg", record.msg);
    append_text(out, "id", record.id);
    append_text(out, "name", record.name);
    append_text(out, "text", record.text);
    if (record.due_us >= 0) append_number(out, "due", record.due_us);
    if (record.count != 0) append_number(out, "count", record.count);
    if (record.via != DeliveryPath::live)
        append_text(out, "via", via_names.at(static_cast<std::size_t>(record.via)));
    if (record.flag) out += ",\"flag\":true";
    out += '}';
}

std::optional<Record> parse_line(std::string_view line) {
    // A record fits in the buffer; millions of them are read without an allocation each.
    std::array<unsigned char, 4096> buffer;
    boost::json::monotonic_resource memory{buffer.data(), buffer.size()};
    boost::system::error_code error;
    const auto value = boost::json::parse(line, error, &memory);
    if (error || !value.is_object()) return std::nullopt;
    const auto* what = value.get_object().if_contains("what");
    if (!what || !what->is_string()) return std::nullopt;
    const auto known = kind_of(what->get_string());
    if (!known) return std::nullopt;
    Record record;
    record.kind = *known;
    for (const auto& [key, member] : value.get_object())
        if (!read_member(record, key, member)) return std::nullopt;
    return record;
}

}  // namespace davenport::sim
