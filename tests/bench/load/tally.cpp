#include "tally.hpp"

#include <fstream>
#include <stdexcept>

namespace davenport::load {

void Tally::remember(std::uint64_t messages, std::size_t members) {
    records_.resize(messages + 1);
    seen_.assign((messages + 1) * members, 0);
    members_ = members;
}

void Tally::on_message(const Member& member, Stamp stamp, Nanos now) {
    ++deliveries_;
    const bool local = member.server == 0;
    if (stamp.number >= measure_from_) (local ? local_ : cross_).add(now > stamp.due ? now - stamp.due : 0);
    if (members_ == 0) return;
    auto* known = record_of(stamp.number);
    if (!known) return;
    auto& times = seen_[stamp.number * members_ + member.number];
    if (times < 255) ++times;
    auto& first = local ? known->first_local : known->first_cross;
    if (first == 0) first = now;
    if (!local) known->last_cross = now;
}

void Tally::posted(std::uint64_t number, Nanos due) {
    if (number >= records_.size()) records_.resize(number * 2);
    records_[number].due = due;
    records_[number].sent = true;
}

void Tally::on_accepted(std::uint64_t number, Nanos now) {
    auto* known = record_of(number);
    if (number == 0 || !known || known->accepted) return;
    known->accepted = now;
    accepted_.add(now - known->due);
}

void Tally::on_stored(std::uint64_t number, Nanos now) {
    on_accepted(number, now);  // it implies that
    auto* known = record_of(number);
    if (number == 0 || !known || known->stored) return;
    known->stored = now;
    stored_.add(now - known->due);
}

boost::json::object Tally::latencies() const {
    return {{"local", local_.summary()},
            {"cross", cross_.summary()},
            {"accepted", accepted_.summary()},
            {"stored", stored_.summary()}};
}

void Tally::write_notes(const std::string& path, const std::vector<std::size_t>& server_of) const {
    std::ofstream file{path};
    file << "number\tdue\tsent\taccepted\tstored\tsaw_local\tsaw_cross\tagain\tfirst_local\tfirst_"
            "cross\tlast_cross\n";
    for (std::uint64_t number = 1; number * members_ < seen_.size(); ++number) {
        const auto& record = records_[number];
        std::size_t local = 0, cross = 0, again = 0;
        for (std::size_t member = 0; member < members_; ++member) {
            const auto times = seen_[number * members_ + member];
            (server_of[member] == 0 ? local : cross) += times > 0 ? 1u : 0u;
            again += times > 1 ? times - 1u : 0u;
        }
        file << number << '\t' << record.due << '\t' << record.sent << '\t' << record.accepted << '\t'
             << record.stored << '\t' << local << '\t' << cross << '\t' << again << '\t' << record.first_local
             << '\t' << record.first_cross << '\t' << record.last_cross << '\n';
    }
    if (!file.flush()) throw std::runtime_error("cannot write " + path);
}

}  // namespace davenport::load
