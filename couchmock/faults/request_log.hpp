#pragma once

#include "couchmock/core/events.hpp"
#include "couchmock/faults/feed_mutator.hpp"
#include "couchmock/faults/request_info.hpp"

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace davenport::couchmock {

/// What came in and how it was answered: the newest requests, for `GET /_mock/journal`.
class RequestLog {
public:
    explicit RequestLog(std::size_t entries_max) : entries_max_(entries_max) {}

    /// Returns the entry's number, for the other two; 0 when nothing is remembered.
    std::uint64_t begin(const base::HttpRequest& request, std::string_view client, base::Time now);
    void fault(std::uint64_t number, std::string_view name);
    /// `status` 0: the connection was reset.
    void end(std::uint64_t number, int status, base::Time now);

    [[nodiscard]] std::string json(std::uint64_t after, std::size_t limit) const;
    void clear() { entries_.clear(); }

private:
    struct Entry {
        std::uint64_t number = 0;
        base::Time began, ended;
        std::string method, target, client, faults;
        std::size_t body_bytes = 0;
        int status = -1;  ///< not answered yet
    };
    Entry* find(std::uint64_t number);
    [[nodiscard]] std::size_t place_of(std::uint64_t number) const {
        return static_cast<std::size_t>(number % entries_max_);
    }

    std::size_t entries_max_;
    std::uint64_t last_ = 0;
    std::vector<Entry> entries_;  ///< a ring: each at its place_of()
};

/// Each write that a client was told of, and each row that a follower was given: what a test holds a client's
/// own account against. Off until asked for, as it grows with every row.
class ObservationLog {
public:
    bool recording = false;

    void write_acknowledged(const RequestInfo& request, ExchangeId exchange, int status,
                            std::string_view body, base::Time now);
    void row_given(const RequestInfo& request, ExchangeId exchange, const FeedRow& row, base::Time now);

    [[nodiscard]] std::string json(std::uint64_t after, std::size_t limit) const;
    void clear() { entries_.clear(); }

private:
    struct Entry {
        std::uint64_t number;
        base::Time at;
        bool is_row;
        ExchangeId exchange;
        std::string client, database;
        std::string id, rev, seq;  ///< as JSON text, without quotes
        int status;
    };
    void add(Entry entry);

    std::uint64_t last_ = 0;
    std::deque<Entry> entries_;
};

}  // namespace davenport::couchmock
