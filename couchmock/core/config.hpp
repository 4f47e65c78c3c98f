#pragma once

#include <cstdint>
#include <string>

namespace davenport::couchmock {

struct MockConfig {
    std::string admin_user{};  ///< empty: no authentication is asked for ("admin party")
    std::string admin_password{};
    std::uint64_t seed = 1;          ///< of uuids, opaque sequences, and the faults' random draws
    bool javascript = true;          ///< false: what needs it is answered with 501
    bool ignore_validators = false;  ///< no validate_doc_update is asked
    bool reaches_others =
        false;               ///< whoever drives the mock performs Fetch: it replicates with other servers
    int default_shards = 2;  ///< q of databases that are made without one; CouchDB's own default
    static constexpr int members_most = 9;  ///< as the faults of members can name them
    int members = 1;                        ///< of the cluster that it behaves as; 1 is none
};

}  // namespace davenport::couchmock
