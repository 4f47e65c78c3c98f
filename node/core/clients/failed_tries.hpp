#pragma once

#include "node/base/time.hpp"

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <unordered_map>

namespace davenport::node {

/// Wrong passwords, by name. CouchDB (3.4 and later) locks a name out for this node's address after five
/// failures in five minutes; here a name is held back before that, so that a stranger's guesses end at the
/// node.
///
/// The last try before that is kept for the name's owner: for addresses from which the name has signed in
/// before. A try whose answer never came may have failed, and counts.
class FailedTries {
public:
    static constexpr std::size_t failures_max = 4;
    static constexpr std::size_t failures_max_of_strangers = failures_max - 1;
    static constexpr base::Duration window = std::chrono::minutes{5};

    /// Nothing when `name` may be tried now, else how long it has to wait.
    [[nodiscard]] std::optional<base::Duration> held_back(const std::string& name, bool is_known,
                                                          base::Time now);
    /// A try counts from when it begins: those under way at once are as many.
    void begin(const std::string& name, base::Time now);
    /// Uncounts the try that began at `began`: it did not fail.
    void take_back(const std::string& name, base::Time began);

    /// The name has signed in from this address. Loopback is not remembered, because a proxy may speak for
    /// everyone there.
    void remember(const std::string& name, const std::string& address);
    [[nodiscard]] bool is_known(const std::string& name, const std::string& address) const;

private:
    static constexpr std::size_t names_max = 100'000;
    static constexpr std::size_t known_names_max = 10'000;
    static constexpr std::size_t known_addresses_max = 8;

    void make_room(base::Time now);

    std::unordered_map<std::string, std::deque<base::Time>> names_;             ///< when tries began
    std::unordered_map<std::string, std::deque<std::string>> known_addresses_;  ///< by name, the newest last
};

}  // namespace davenport::node
