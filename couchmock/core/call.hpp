#pragma once

#include "couchmock/core/cluster.hpp"
#include "couchmock/core/events.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace davenport::couchmock {

/// An answer other than success, in CouchDB's words. Thrown by whatever finds the request at fault; the
/// router answers with it.
struct ApiError {
    int status;
    std::string error;
    std::string reason;
    base::Headers headers;
    bool reason_is_json = false;   ///< a function threw something else than text
    std::uint64_t stack_hash = 0;  ///< `ref`, where CouchDB adds one; 0: none
};

/// What CouchDB calls a bad_request.
[[nodiscard]] ApiError bad_request(std::string_view reason);
[[nodiscard]] ApiError not_found(std::string_view reason = "missing");
[[nodiscard]] ApiError method_not_allowed(std::string_view allowed);

/// Who asks.
struct User {
    std::string name;  ///< empty: nobody in particular
    std::vector<std::string> roles;
    std::string_view authenticated;  ///< "default" (basic), "cookie", or empty

    [[nodiscard]] bool has_role(std::string_view role) const;
    [[nodiscard]] bool is_server_admin() const { return has_role("_admin"); }
};

/// One request under way: its parts, and where its answer goes.
class Call {
public:
    /// The request has to outlive the call. `plus_is_space`: in its path; in the query it always is.
    Call(ExchangeId exchange, const base::HttpRequest& request, base::Now now, Effects& effects,
         bool plus_is_space = true);

    [[nodiscard]] ExchangeId exchange() const { return exchange_; }
    [[nodiscard]] const base::HttpRequest& request() const { return request_; }
    [[nodiscard]] base::Now now() const { return now_; }
    [[nodiscard]] std::string_view method() const { return method_; }
    [[nodiscard]] bool is_head() const { return request_.method == "HEAD"; }
    [[nodiscard]] std::string_view header(std::string_view name) const {
        return base::header(request_.headers, name);
    }

    /// Decoded path segments; '+' is a space, as CouchDB reads it unless it is told otherwise.
    [[nodiscard]] const std::vector<std::string>& path() const { return path_; }
    /// False when the target had a broken percent-encoding.
    [[nodiscard]] bool well_formed() const { return well_formed_; }

    // ---- the query
    [[nodiscard]] const std::string* find(std::string_view name) const;
    [[nodiscard]] bool is_true(std::string_view name) const;
    using Query = std::vector<std::pair<std::string, std::string>>;
    [[nodiscard]] const Query& query() const { return query_; }

    // ---- the body
    /// The body without its content coding. Throws 415 for an unknown coding, 400 for a broken one.
    [[nodiscard]] const std::string& body();
    /// The body as it came, in whatever coding.
    [[nodiscard]] const std::string& raw_body() {
        body_read_ = true;
        return request_.body;
    }
    /// As body(), for a JSON body: throws 415 when the content type says that it is not JSON.
    [[nodiscard]] const std::string& json_body();
    void require_json_type() const;

    // ---- the answer; one of these, once
    /// JSON text, with the newline that CouchDB ends it with.
    void respond_json(int status, std::string json, base::Headers headers = {});
    /// Anything, without any header of ours but those given.
    void respond(int status, std::string body, base::Headers headers);
    /// `headers` and those that any answer has.
    [[nodiscard]] base::Headers plain_headers(base::Headers headers) const;
    /// The headers that JSON would have, and nothing else.
    void respond_empty(int status, base::Headers headers = {});
    void respond_error(const ApiError& error);
    /// The head of a chunked JSON answer.
    void begin_chunked(int status, base::Headers headers = {});
    [[nodiscard]] Effects& effects() { return effects_; }

    /// "http://host:port" as the client called us.
    [[nodiscard]] std::string base_url() const;
    /// Headers in which a proxy says how it was called; `[chttpd]` may give them other names.
    struct ForwardedBy {
        std::string_view host = "x-forwarded-host", tls = "x-forwarded-ssl", scheme = "x-forwarded-proto";
    };
    ForwardedBy forwarded;

    User user;
    std::string client;                  ///< the peer's address
    std::string request_id;              ///< for X-Couch-Request-ID
    MemberIndex member = whole_cluster;  ///< that serves the request, in a cluster
    Replicas replicas;                   ///< that answer when a document is read by its id; none: the whole
    /// Some paths are answered by CouchDB's older HTTP module, which names no request.
    bool names_request = true;
    /// Headers for every answer to this request: CORS, a cookie that is renewed.
    base::Headers extra_headers;

private:
    [[nodiscard]] base::Headers common_headers(base::Headers headers) const;
    void add_server_headers(base::Headers& headers) const;

    ExchangeId exchange_;
    const base::HttpRequest& request_;
    base::Now now_;
    Effects& effects_;
    std::string_view method_;
    std::vector<std::string> path_;
    Query query_;
    bool well_formed_ = true;
    bool body_read_ = false;
    std::optional<std::string> decoded_body_;
};

/// What CouchDB says in `Server`.
inline constexpr std::string_view server_name = "CouchDB/3.5.0 (Erlang OTP/25)";

/// As CouchDB encodes a name in a Location: all but letters, digits and -_.: escaped.
[[nodiscard]] std::string url_encode(std::string_view text);

/// An ETag that says nothing but "same" or "not the same", in CouchDB's form: base 36 between quotes.
[[nodiscard]] std::string opaque_etag(std::string_view of);
/// Answers 304 and returns true when the client has what `etag` names.
bool answer_not_modified(Call& call, std::string_view etag);

/// "2-..." between quotes, for ETag.
[[nodiscard]] std::string in_quotes(std::string_view text);

}  // namespace davenport::couchmock
