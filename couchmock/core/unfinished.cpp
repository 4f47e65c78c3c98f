#include "couchmock/core/api.hpp"
namespace couchmock::api {
void attachment(Server&, Call&, Database&, std::string_view, std::string_view) {
    no_javascript("attachments");
}
void bulk_get(Server&, Call&, Database&) { no_javascript("bulk_get"); }
void partition_info(Call&, const Database&, std::string_view) { no_javascript("partition"); }
bool find_path(Server&, Call&, Database&, std::string_view name, std::string_view) {
    if (name != "_find" && name != "_index" && name != "_explain") return false;
    no_javascript("find");
}
std::function<bool(const Document&)> changes_filter(Call&, const Database&, const std::string& name,
                                                    const boost::json::value*) {
    no_javascript(name);
}
}  // namespace couchmock::api
