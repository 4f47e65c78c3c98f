#include "couchmock/faults/request_log.hpp"

#include "node/base/json.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace davenport::couchmock {
namespace {

constexpr std::size_t observations_max = 1'000'000;

double ms(base::Time time) { return static_cast<double>(time.time_since_epoch().count()) / 1000.0; }

/// The text of a string's JSON, without its quotes.
std::string inside_quotes(std::string_view text) {
    std::string out;
    base::append_json_string(out, text);
    return out.substr(1, out.size() - 2);
}

}  // namespace

std::uint64_t RequestLog::begin(const base::HttpRequest& request, std::string_view client, base::Time now) {
    if (entries_max_ == 0) return 0;
    ++last_;
    if (place_of(last_) >= entries_.size()) entries_.resize(place_of(last_) + 1);
    auto& entry = entries_[place_of(last_)];  // with the memory of the one that it drives out
    entry.number = last_;
    entry.ended = {};
    entry.faults.clear();
    entry.status = -1;
    entry.began = now;
    entry.method = request.method;
    entry.target = request.target;
    entry.client = client;
    entry.body_bytes = request.body.size();
    return last_;
}

RequestLog::Entry* RequestLog::find(std::uint64_t number) {
    if (entries_max_ == 0 || place_of(number) >= entries_.size()) return nullptr;
    auto& entry = entries_[place_of(number)];
    return entry.number == number ? &entry : nullptr;
}

void RequestLog::fault(std::uint64_t number, std::string_view name) {
    auto* entry = find(number);
    if (!entry) return;
    if (!entry->faults.empty()) entry->faults += ' ';
    entry->faults += name;
}

void RequestLog::end(std::uint64_t number, int status, base::Time now) {
    auto* entry = find(number);
    if (!entry || entry->status >= 0) return;
    entry->status = status;
    entry->ended = now;
}

std::string RequestLog::json(std::uint64_t after, std::size_t limit) const {
    std::string out = "{\"requests\":[";
    const auto oldest = last_ < entries_max_ ? 1 : last_ - entries_max_ + 1;
    for (auto number = std::max(after + 1, oldest); number <= last_ && limit > 0; ++number) {
        if (place_of(number) >= entries_.size() || entries_[place_of(number)].number != number)
            continue;  // from before it was emptied
        const auto& entry = entries_[place_of(number)];
        --limit;
        if (out.back() != '[') out += ",\n";
        out += fmt::format("{{\"number\":{},\"at_ms\":{},\"method\":\"{}\",\"target\":", entry.number,
                           ms(entry.began), inside_quotes(entry.method));
        base::append_json_string(out, entry.target);
        out += ",\"client\":";
        base::append_json_string(out, entry.client);
        out += fmt::format(",\"body_bytes\":{},\"status\":", entry.body_bytes);
        if (entry.status > 0)
            out += fmt::format("{},\"took_ms\":{}", entry.status, ms(entry.ended) - ms(entry.began));
        else
            out += entry.status == 0 ? "\"reset\"" : "null";
        if (!entry.faults.empty()) {
            out += ",\"faults\":";
            base::append_json_string(out, entry.faults);
        }
        out += '}';
    }
    return out + "]}";
}

void ObservationLog::write_acknowledged(const RequestInfo& request, ExchangeId exchange, int status,
                                        std::string_view body, base::Time now) {
    if (!recording || status / 100 != 2 || !request.writes || request.database.empty()) return;
    const auto value = base::parse_json(body);
    if (!value) return;
    const auto note = [&](const base::json::value& row) {
        const auto id = base::string_member(row, "id");
        const auto rev = base::string_member(row, "rev");
        if (!id || base::member(row, "error")) return;
        add({0,
             now,
             false,
             exchange,
             request.client,
             request.database,
             inside_quotes(*id),
             std::string{rev.value_or("")},
             {},
             status});
    };
    if (value->is_array())
        for (const auto& row : value->get_array()) note(row);
    else
        note(*value);
}

void ObservationLog::row_given(const RequestInfo& request, ExchangeId exchange, const FeedRow& row,
                               base::Time now) {
    add({0, now, true, exchange, request.client, request.database, std::string{row.id}, std::string{row.rev},
         std::string{row.seq}, 0});
}

void ObservationLog::add(Entry entry) {
    if (entries_.size() >= observations_max) entries_.pop_front();
    entry.number = ++last_;
    entries_.push_back(std::move(entry));
}

std::string ObservationLog::json(std::uint64_t after, std::size_t limit) const {
    std::string out = fmt::format("{{\"recording\":{},\"entries\":[", recording);
    for (const auto& entry : entries_) {
        if (entry.number <= after || limit-- == 0) continue;
        if (out.back() != '[') out += ",\n";
        out += fmt::format(
            "{{\"number\":{},\"at_ms\":{},\"what\":\"{}\",\"exchange\":{},\"client\":\"{}\",\"database\":\"{}"
            "\","
            "\"id\":\"{}\",\"rev\":\"{}\"",
            entry.number, ms(entry.at), entry.is_row ? "row" : "write", entry.exchange,
            inside_quotes(entry.client), inside_quotes(entry.database), entry.id, entry.rev);
        out += entry.is_row ? fmt::format(",\"seq\":\"{}\"}}", entry.seq)
                            : fmt::format(",\"status\":{}}}", entry.status);
    }
    return out + "]}";
}

}  // namespace davenport::couchmock
