#include "couchmock/core/config_rules.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace davenport::couchmock {
namespace {

using Setting = std::pair<std::string_view, std::string_view>;

constexpr std::array honoured{
    Setting{"attachments", "compressible_types"},
    Setting{"attachments", "compression_level"},
    Setting{"chttpd", "admin_only_all_dbs"},
    Setting{"chttpd", "changes_timeout"},
    Setting{"chttpd", "enable_cors"},
    Setting{"chttpd", "max_db_number_for_dbs_info_req"},
    Setting{"chttpd", "max_http_request_size"},
    Setting{"chttpd", "max_uri_length"},
    Setting{"chttpd", "require_valid_user"},
    Setting{"chttpd", "decode_plus_to_space"},
    Setting{"chttpd", "require_valid_user_except_for_up"},
    Setting{"chttpd", "secure_rewrites"},
    Setting{"chttpd", "WWW-Authenticate"},
    Setting{"chttpd", "x_forwarded_host"},
    Setting{"chttpd", "x_forwarded_proto"},
    Setting{"chttpd", "x_forwarded_ssl"},
    Setting{"chttpd_auth", "allow_persistent_cookies"},
    Setting{"chttpd_auth", "authentication_db"},
    Setting{"chttpd_auth", "iterations"},
    Setting{"chttpd_auth", "secret"},
    Setting{"chttpd_auth", "timeout"},
    Setting{"chttpd_auth_lockout", "max_lifetime"},
    Setting{"chttpd_auth_lockout", "mode"},
    Setting{"chttpd_auth_lockout", "threshold"},
    Setting{"cluster", "q"},
    Setting{"cors", "credentials"},
    Setting{"cors", "headers"},
    Setting{"cors", "max_age"},
    Setting{"cors", "methods"},
    Setting{"cors", "origins"},
    Setting{"couch_httpd_auth", "authentication_db"},
    Setting{"couch_httpd_auth", "iterations"},
    Setting{"couchdb", "default_security"},
    Setting{"couchdb", "maintenance_mode"},
    Setting{"couchdb", "max_attachment_size"},
    Setting{"couchdb", "max_document_size"},
    Setting{"couchdb", "max_partition_size"},
    Setting{"couchdb", "os_process_timeout"},
    Setting{"couchdb", "users_db_security_editable"},
    Setting{"couchdb", "uuid"},
    Setting{"mango", "default_limit"},
    Setting{"mango", "index_scan_warning_threshold"},
    Setting{"purge", "max_document_id_number"},
    Setting{"purge", "max_revisions_number"},
    Setting{"query_server_config", "partition_query_limit"},
    Setting{"query_server_config", "query_limit"},
    Setting{"uuids", "algorithm"},
    Setting{"uuids", "max_count"},
    Setting{"uuids", "utc_id_suffix"},
};

/// What is not in `honoured` and can be noticed from outside. A key of "" stands for all of its section.
constexpr std::array noticed{
    Setting{"attachments", ""},
    Setting{"chttpd", "authentication_handlers"},
    Setting{"chttpd", "bind_address"},
    Setting{"chttpd", "buffer_response"},
    Setting{"chttpd", "port"},
    Setting{"chttpd", "server_options"},
    Setting{"chttpd_auth", ""},
    Setting{"couch_httpd_auth", ""},
    Setting{"couch_peruser", ""},
    Setting{"csp", ""},
    Setting{"jwt_auth", ""},
    Setting{"jwt_keys", ""},
    Setting{"mem3", ""},
    Setting{"nouveau", ""},
    Setting{"ssl", ""},
    Setting{"vhosts", ""},
    Setting{"x_frame_options", ""},
};

constexpr std::array blacklisted{"daemons",
                                 "external",
                                 "httpd_design_handlers",
                                 "httpd_db_handlers",
                                 "httpd_global_handlers",
                                 "native_query_servers",
                                 "os_daemons",
                                 "query_servers",
                                 "feature_flags"};

}  // namespace

ConfigRule rule_of(std::string_view section, std::string_view key) {
    if (section == "admins") return ConfigRule::honoured;
    if (std::ranges::find(honoured, Setting{section, key}) != honoured.end()) return ConfigRule::honoured;
    // Each origin may have rules of its own, and they may be others than those of [cors].
    if (section.starts_with("cors:")) return ConfigRule::refused;
    const bool is_noticed = std::ranges::find(noticed, Setting{section, key}) != noticed.end() ||
                            std::ranges::find(noticed, Setting{section, ""}) != noticed.end();
    return is_noticed ? ConfigRule::refused : ConfigRule::harmless;
}

bool is_blacklisted(std::string_view section) {
    return std::ranges::find(blacklisted, section) != blacklisted.end();
}

}  // namespace davenport::couchmock
