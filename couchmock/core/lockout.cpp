#include "couchmock/core/lockout.hpp"

namespace davenport::couchmock {
namespace {

/// CouchDB's max_objects.
constexpr std::size_t keys_max = 10'000;

}  // namespace

std::size_t Lockout::failures(const std::string& key, base::Time now, base::Duration lifetime) {
    forget(now, lifetime);
    const auto it = counts_.find(key);
    return it == counts_.end() ? 0 : it->second;
}

void Lockout::note_failure(const std::string& key, base::Time now, base::Duration lifetime) {
    forget(now, lifetime);
    if (++counts_[key] > 1) return;
    order_.push_back({key, now});
    if (order_.size() <= keys_max) return;
    counts_.erase(order_.front().key);
    order_.pop_front();
}

void Lockout::forget(base::Time now, base::Duration lifetime) {
    for (; !order_.empty() && order_.front().at + lifetime <= now; order_.pop_front())
        counts_.erase(order_.front().key);
}

}  // namespace davenport::couchmock
