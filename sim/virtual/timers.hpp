#pragma once

#include <cstdint>
#include <map>

namespace davenport::sim::virtual_world {

/// The timers of one machine. Setting one again moves it: an event of an earlier setting counts no more.
template <class Id>
class Timers {
public:
    /// Returns the number of this setting, for the event that will fire it.
    std::uint64_t set(Id id) { return current_[id] = ++settings_; }
    [[nodiscard]] bool is_current(Id id, std::uint64_t setting) const {
        const auto found = current_.find(id);
        return found != current_.end() && found->second == setting;
    }
    /// True when the setting counts; it is used up then.
    bool fire(Id id, std::uint64_t setting) {
        if (!is_current(id, setting)) return false;
        current_.erase(id);
        return true;
    }
    /// Forgets all of them.
    void clear() { current_.clear(); }

private:
    std::map<Id, std::uint64_t> current_;
    std::uint64_t settings_ = 0;
};

}  // namespace davenport::sim::virtual_world
