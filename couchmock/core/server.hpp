#pragma once

#include "couchmock/core/call.hpp"
#include "couchmock/core/cluster.hpp"
#include "couchmock/core/config.hpp"
#include "couchmock/core/database.hpp"
#include "couchmock/core/feeds.hpp"
#include "couchmock/core/lockout.hpp"
#include "couchmock/core/replication.hpp"
#include "couchmock/core/uuids.hpp"
#include "node/base/random.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace davenport::couchmock {

class ReplicationJobs;
class Scripts;

/// Whole bodies that go out chunked, as CouchDB sends its lists: one piece at a time, the next when the last
/// was Written.
class Bodies {
public:
    explicit Bodies(Effects& effects) : effects_(effects) {}
    /// Sends `body` behind a head that was sent already.
    void send(ExchangeId exchange, std::string body);
    bool on_written(ExchangeId exchange);
    bool on_abandoned(ExchangeId exchange) { return bodies_.erase(exchange) > 0; }

private:
    struct Body {
        std::string bytes;
        std::size_t sent = 0;
    };
    void next(ExchangeId exchange, Body& body);

    Effects& effects_;
    std::unordered_map<ExchangeId, Body> bodies_;
};

/// What one CouchDB knows: its databases and who may do what, and the answers under way.
struct Server {
    explicit Server(MockConfig wanted);
    ~Server();

    MockConfig config;
    Cluster cluster;
    base::Random random;
    std::string uuid;  ///< of the server, as `GET /` shows it
    std::string cookie_secret;
    Lockout lockout;
    UuidMaker uuids;
    base::Random request_ids;
    std::map<std::string, std::map<std::string, std::string>>
        settings;  ///< `_node/_local/_config`: section, key, value
    [[nodiscard]] std::string_view setting(std::string_view section, std::string_view key) const;
    /// `otherwise` when it is not set, or is of another type, as config:get_boolean and get_integer have it.
    [[nodiscard]] bool setting_is(std::string_view section, std::string_view key, bool otherwise) const;
    [[nodiscard]] std::int64_t setting_number(std::string_view section, std::string_view key,
                                              std::int64_t otherwise) const;
    [[nodiscard]] bool has_admins() const;
    /// Where accounts are kept.
    [[nodiscard]] std::string_view users_database() const;
    /// Of a password that is hashed from now on.
    [[nodiscard]] int password_iterations() const;
    /// Tells the databases what of the configuration is theirs.
    void apply_settings();
    std::map<std::string, std::unique_ptr<Database>, std::less<>> databases;

    Effects effects;  ///< of the event at hand
    Feeds feeds{effects};
    Bodies bodies{effects};
    std::unique_ptr<Scripts> scripts;                 ///< design documents in use (scripts.hpp)
    bool keeps_records = false;                       ///< somebody wants to know what changed
    bool settings_changed = true;                     ///< uuid, secret, configuration: not saved yet
    std::vector<std::string> dropped;                 ///< databases, not told yet
    std::vector<Database*> changed;                   ///< their feeds are woken when the event was dealt with
    std::map<std::string, Replication> replications;  ///< continuous ones within it, by their ids
    std::unique_ptr<ReplicationJobs> remote_replications;  ///< with other servers (replication_jobs.hpp)
    std::map<std::string, ReplicatorDocument, std::less<>> replicator;  ///< by the documents' ids
    std::string authority;  ///< as who wrote a document of `_replicator` called us: what is ours in its URLs

    [[nodiscard]] Database* find(std::string_view name) const;
    /// Throws the 404 when there is none.
    [[nodiscard]] Database& database(std::string_view name) const;
    /// A database that is read back from its records.
    Database& adopt(Database::Settings settings);
    Database& create(std::string name, int shards, bool partitioned, base::Now now);
    void drop(std::string_view name, base::Now now);

    // ---- the members of a cluster
    /// Chooses who serves the request, and says so in its answer. False when it was answered, since nobody is
    /// there.
    bool send_to_member(Call& call);
    /// `empty`: it loses its disk meanwhile.
    void take_member_away(MemberIndex member, std::uint64_t by, bool empty);
    /// As Cluster::give_back().
    void give_members_back(std::uint64_t by, base::Duration lag, base::Time now);
    /// Brings members what they missed, when it is time.
    void heal_members(base::Time now);

    void note_change(Database& database);
    /// As note_change(), for one that was dealt with already where it stands before `changed[place]`.
    void note_change_again(Database& database, std::size_t place);
    /// Answers with 200 and a JSON body that goes out chunked, as CouchDB sends its lists.
    void send_chunked(Call& call, std::string body, base::Headers headers = {});
    /// 32 hex digits.
    [[nodiscard]] std::string new_uuid();
    /// What `_uuids` gives, by the algorithm that is set.
    [[nodiscard]] std::string new_document_id(base::Now now);
    /// What an answer's X-Couch-Request-ID says: what the client called its request, or ten hex digits.
    [[nodiscard]] std::string request_id(std::string_view wanted);
};

}  // namespace davenport::couchmock
