#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace davenport::sim::checker {

/// Who came to a room and went, and whom each client was told to be there.
class People {
public:
    struct Change {
        enum class Kind { came, left, told };
        std::int64_t at_us;
        Kind kind;
        std::string client;
        std::string room;             ///< empty of one who left: all of them
        std::set<std::string> names;  ///< that it was told
    };
    void join(std::int64_t at_us, const std::string& client, const std::string& room);
    /// `room` empty: all that it is in.
    void leave(std::int64_t at_us, const std::string& client, const std::string& room = {});
    /// `names`: with blanks between them.
    void tell(std::int64_t at_us, const std::string& client, const std::string& room, std::string_view names);
    /// The run is looked at from here on, and is taken down.
    void end(std::int64_t at_us) { until_us_ = at_us; }

    [[nodiscard]] const std::vector<Change>& changes() const { return changes_; }
    [[nodiscard]] std::int64_t until_us() const { return until_us_; }

private:
    std::vector<Change> changes_;
    std::int64_t until_us_ = -1;
};

}  // namespace davenport::sim::checker
