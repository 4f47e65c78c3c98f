#pragma once

#include "couchmock/core/server.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <boost/json/value.hpp>

/// The HTTP API, one function for each kind of path. Each answers the call, or throws ApiError and has
/// answered nothing.
namespace davenport::couchmock {
struct ListQuery;
}

namespace davenport::couchmock::api {

/// Finds the function for the call's path and method, after finding out who asks.
void route(Server& server, Call& call);
/// The same for a call of this server to itself, whose user is set.
void route_inside(Server& server, Call& call);

// ---- who asks and what they may (authorization.cpp)
/// Sets `call.user`. Throws 401 for wrong credentials, 400 for broken ones.
void authenticate(Server& server, Call& call);
void require_server_admin(const Call& call);
void require_member(const Call& call, const Database& database);
void require_database_admin(const Call& call, const Database& database);
[[nodiscard]] bool is_database_admin(const User& user, const Database& database);
/// What a request of this path and method needs, whatever becomes of it later (request_rights.cpp).
void authorize(const Server& server, const Call& call);
void session(Server& server, Call& call);
/// Gives the answer what a page of another origin may read. True when the request was a preflight, and is
/// answered.
bool cors(Server& server, Call& call);

// ---- the server (api_server.cpp)
void server_root(Server& server, Call& call);
/// False when `name` is not one of the server's own paths.
bool server_path(Server& server, Call& call, std::string_view name);

void configuration(Server& server, Call& call);
/// From one database into another, once or until it is cancelled.
void replicate(Server& server, Call& call);
/// Lets the continuous replications copy what changed in this event.
void run_replications(Server& server, base::Now now);
void scheduler(Server& server, Call& call);

// ---- databases (api_database.cpp)
void create_database(Server& server, Call& call);
void drop_database(Server& server, Call& call);
void database_root(Server& server, Call& call, Database& database);
/// False when `name` is no administrative path of a database.
bool database_path(Server& server, Call& call, Database& database, std::string_view name);
[[nodiscard]] std::string database_info(const Server& server, Database& database, MemberIndex member);
[[nodiscard]] bool is_database_name(std::string_view name);

// ---- documents
void document(Server& server, Call& call, Database& database, std::string_view id);
void read_document(Server& server, Call& call, const Database& database, std::string_view id);
/// What happens to every edit before it is written: stubs get their data, users are checked and their
/// passwords hashed, design documents compiled, validation functions asked. `replicated`: as
/// Database::replicate() takes it. Throws 400, 403, 404, 412, 501 and what functions throw.
void prepare_edit(Server& server, const Call& call, const Database& database, Edit& edit,
                  bool replicated = false);
/// Who may not read a document of `_users` is told that there is none.
void check_reader(const Call& call, const Database& database, std::string_view id);
/// Writes the design document that every `_users` has.
void make_users_design(Database& users);
/// `batch=ok`: the answer does not wait for the disk, and says nothing of the revision.
[[nodiscard]] bool is_batch(const Call& call);
/// The revision that the request names outside of the body: `rev`, or If-Match.
[[nodiscard]] std::optional<Revision> named_revision(const Call& call);
/// A `_local` document in a bulk request, which knows no conflict: its new revision, or nothing when
/// the edit's `_rev` is invalid.
std::optional<std::string> write_local(Database& database, const Edit& edit);
/// Writes a `_local` document that came by POST or COPY, and answers. Throws 500 for a revision that is none.
void answer_written_local(Call& call, Database& database, const Edit& edit, bool with_etag);
void local_document(Server& server, Call& call, Database& database, std::string_view id);
void local_documents(Server& server, Call& call, Database& database, bool multiple);
void attachment(Server& server, Call& call, Database& database, std::string_view id, std::string_view name);
void post_document(Server& server, Call& call, Database& database);
void bulk_docs(Server& server, Call& call, Database& database);
void bulk_get(Server& server, Call& call, Database& database);
/// `prefix`: only ids that begin so ("_design/", "partition:"); `multiple`: the form with several `queries`.
void all_docs(Server& server, Call& call, Database& database, std::string_view prefix, bool multiple);
/// `[query_server_config]` may bound how many rows of a partition, or of a whole database, anybody is given
/// (couch_mrview_util:apply_limit). Throws 400.
void apply_limit(const Server& server, bool partition, ListQuery& list);
/// What `filter=` means (changes_filter.cpp).
[[nodiscard]] FeedFilter changes_filter(Server& server, Call& call, Database& database,
                                        const std::string& name, const boost::json::value* body);
/// "design/function". `request`: what the function is told of the request, as JSON.
[[nodiscard]] FeedFilter function_filter(Server& server, const Call& call, const Database& database,
                                         std::string_view name, const std::function<std::string()>& request);
void changes(Server& server, Call& call, Database& database);
void revs_diff(Server& server, Call& call, Database& database);
void missing_revs(Server& server, Call& call, Database& database);
void purge(Server& server, Call& call, Database& database);
void purged_infos(Call& call, const Database& database);
void partition_info(Call& call, const Database& database, std::string_view prefix);
/// `_find`, `_index` and `_explain`. False when `name` is not one of these. `partition`: of the path, or
/// empty.
bool find_path(Server& server, Call& call, Database& database, std::string_view name,
               std::string_view partition);
/// `_compact`, `_view_cleanup`, `_shards` and `_sync_shards`.
void shard_path(Server& server, Call& call, Database& database, std::string_view name);

// ---- the mock's own paths below /_mock/ (api_control.cpp, api_by_hand.cpp)
void control(Server& server, Call& call);
/// Does to some documents what a person does, or what a replication leaves; `act`: "document_edit"...
void change_by_hand(Server& server, Call& call, std::string_view act, const boost::json::value& wanted);

void index_path(Server& server, Call& call, Database& database);
/// Throws 500 for an invalid `limit` or `skip`.
[[nodiscard]] std::string list_indexes(const Call& call, const Database& database);

/// What a view function would be needed for.
[[noreturn]] void no_javascript(std::string_view what);

}  // namespace davenport::couchmock::api
