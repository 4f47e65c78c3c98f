#pragma once

#include "couchmock/core/call.hpp"
#include "couchmock/core/database.hpp"
#include "couchmock/core/view_group.hpp"
#include "couchmock/javascript/engine.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include <boost/json/value.hpp>

namespace davenport::couchmock {

/// The design documents whose functions are in use: what was compiled of each, and the indexes of its views.
///
/// A design document that changes gets new ones the next time it is asked. Those who still hold the old, such
/// as an open feed with its filter, go on with it.
class Scripts {
public:
    using EnginePtr = std::shared_ptr<javascript::Engine>;

    void set_limits(javascript::Limits limits) { limits_ = limits; }

    /// The functions of the design document as it is now. Throws 404 when there is none.
    EnginePtr functions(const Database& database, std::string_view design_id, base::Now now);
    /// Its views; their indexes as they were left. Throws 404 when there is none.
    ViewGroup& views(const Database& database, std::string_view design_id, base::Now now);
    /// Throws 400 when a map or a reduce function of the body cannot be compiled.
    void check_compiles(const boost::json::value& design) const;
    /// The database is going.
    void forget(const Database& database);
    /// Drops the indexes that no design document wants any more.
    void clean_up(const Database& database);

private:
    using Key = std::pair<const Database*, std::string>;
    struct Functions {
        Revision revision;
        EnginePtr engine;
        std::uint64_t used = 0;
    };
    struct Views {
        Revision revision;  ///< of the design document, when it was read last
        std::unique_ptr<ViewGroup> group;
    };
    void make_room();

    javascript::Limits limits_;
    std::map<Key, Functions> functions_;
    std::map<Key, Views> views_;
    std::uint64_t uses_ = 0;
};

/// The body of a design document, with its id. Throws 404 when there is none that is not deleted.
boost::json::value read_design(const Database& database, std::string_view design_id);
/// In CouchDB's words (chttpd:error_info).
ApiError to_api_error(const javascript::Failure& failure);

}  // namespace davenport::couchmock
