#pragma once

#include "node/base/random.hpp"
#include "node/base/time.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace davenport::couchmock {

/// Makes what `_uuids` hands out and what a POSTed document is named, by CouchDB's four algorithms:
/// "sequential" (26 random hex digits and a rising number), "random", "utc_random" and "utc_id" (microseconds
/// and a suffix).
///
/// Threads: not thread-safe. Errors: an unknown algorithm counts as sequential.
class UuidMaker {
public:
    explicit UuidMaker(base::Random random) : random_(random) {}

    std::string next(std::string_view algorithm, std::string_view utc_id_suffix, base::WallTime wall);

private:
    std::string sequential();
    std::string utc(std::string_view suffix, base::WallTime wall);

    base::Random random_;
    std::string prefix_;
    std::uint64_t number_ = 0;
    std::int64_t last_us_ = 0;
};

}  // namespace davenport::couchmock
