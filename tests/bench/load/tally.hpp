#pragma once

#include "crowd.hpp"
#include "histogram.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace davenport::load {

/// What became of one message; times are 0 while it has not happened.
struct DeliveryRecord {
    Nanos due = 0, accepted = 0, stored = 0;
    Nanos first_local = 0, first_cross = 0, last_cross = 0;
    bool sent = false;
};

/// Counts deliveries and their latencies. Local: to clients of the first server, where all is sent; cross: to
/// all others.
class Tally final : public Audience {
public:
    /// Latencies from message `from` on count; `from` past the last: none do.
    void measure_from(std::uint64_t from) { measure_from_ = from; }
    /// Keeps a record of messages 1 to `messages` for `members` clients.
    void remember(std::uint64_t messages, std::size_t members);

    void on_message(const Member& member, Stamp stamp, Nanos now) override;
    void on_accepted(std::uint64_t number, Nanos now) override;
    void on_stored(std::uint64_t number, Nanos now) override;

    void posted(std::uint64_t number, Nanos due);

    [[nodiscard]] std::uint64_t deliveries() const { return deliveries_; }
    [[nodiscard]] std::uint64_t accepted() const { return accepted_.count(); }
    /// {"local", "cross", "accepted", "stored"}: each a Histogram's summary.
    [[nodiscard]] boost::json::object latencies() const;
    /// One line a message, for the driver: number, due, sent, accepted, stored, how many clients of each side
    /// saw it, how many times too often, and when.
    void write_notes(const std::string& path, const std::vector<std::size_t>& server_of) const;

private:
    [[nodiscard]] DeliveryRecord* record_of(std::uint64_t number) {
        return number < records_.size() ? &records_[number] : nullptr;
    }

    std::uint64_t measure_from_ = 1, deliveries_ = 0;
    Histogram local_, cross_, accepted_, stored_;
    std::vector<DeliveryRecord> records_{1};
    std::vector<std::uint8_t> seen_;  ///< times that a member was shown a message
    std::size_t members_ = 0;
};

}  // namespace davenport::load
