#include "couchmock/core/view_group.hpp"

#include "couchmock/core/document_json.hpp"
#include "couchmock/core/document_text.hpp"
#include "couchmock/core/json_slices.hpp"
#include "node/base/digest.hpp"
#include "node/base/json.hpp"

#include <algorithm>
#include <numeric>

#include <fmt/format.h>

namespace davenport::couchmock {
namespace {

namespace json = boost::json;

/// What modules a map function may ask for: `views.lib` alone.
std::string library_of(const json::value& design) {
    const auto* views = base::member(design, "views");
    const auto* lib = views ? base::member(*views, "lib") : nullptr;
    return base::write_json(json::object{{"views", json::object{{"lib", lib ? *lib : json::value{}}}}});
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// JavaScript prints 1e21 and Erlang 1.0e21: numbers of another form than plain integers are written anew.
std::string with_erlang_numbers(std::string_view text) {
    bool in_string = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '"') in_string = !in_string;
        if (in_string && text[i] == '\\') ++i;
        if (!in_string && i > 0 && (text[i] == '.' || text[i] == 'e') && is_digit(text[i - 1]))
            return compact_json(text).value_or(std::string{text});
    }
    return std::string{text};
}

/// Rows of one key and one document stand in the order of their values as Erlang terms.
void number_rows(std::vector<ViewRow>& rows) {
    if (rows.size() < 2) return;
    const auto value_of = [](const ViewRow& row) { return base::parse_json(row.value).value_or(nullptr); };
    std::ranges::stable_sort(rows, [&](const ViewRow& a, const ViewRow& b) {
        if (const int order = a.sort_key.compare(b.sort_key); order != 0) return order < 0;
        return compare_terms(value_of(a), value_of(b)) < 0;
    });
    for (std::size_t i = 0; i < rows.size(); ++i) rows[i].nth = static_cast<std::uint32_t>(i);
}

/// `by_partition`: rows of one partition stand together, as if it were the first part of every key.
std::vector<ViewRow> read_rows(std::string_view list, const Document& document, Collation collation,
                               bool by_partition) {
    std::vector<ViewRow> out;
    if (list == "[]") return out;
    for (const auto pair : slice_array(list).value_or(std::vector<std::string_view>{})) {
        const auto parts = slice_array(pair);
        if (!parts || parts->size() != 2) continue;
        ViewRow row;
        row.id = document.id;
        row.shard = static_cast<std::uint32_t>(document.shard);
        row.key = with_erlang_numbers((*parts)[0]);
        row.value = with_erlang_numbers((*parts)[1]);
        if (by_partition) {
            row.sort_key = document.id.substr(0, document.id.find(':'));
            row.sort_key += '\0';
        }
        append_sort_key(row.sort_key, base::parse_json(row.key).value_or(nullptr), collation);
        out.push_back(std::move(row));
    }
    number_rows(out);
    return out;
}

}  // namespace

std::string ViewGroup::signature_of(const json::value& design) {
    std::string text;
    for (const auto* part : {"language", "options", "views"})
        if (const auto* value = base::member(design, part)) base::append_json(text, *value);
    std::string out;
    for (const char c : base::md5(text))
        fmt::format_to(std::back_inserter(out), "{:02x}", static_cast<unsigned char>(c));
    return out;
}

ViewGroup::ViewGroup(const json::value& design, javascript::Limits limits)
    : signature_(signature_of(design)), engine_(library_of(design), limits) {
    if (const auto text = base::string_member(design, "language")) language_ = *text;
    if (const auto* options = base::member(design, "options")) {
        include_design_ = base::bool_member(*options, "include_design");
        local_seq_ = base::bool_member(*options, "local_seq");
        if (base::member(*options, "partitioned")) partitioned_ = base::bool_member(*options, "partitioned");
    }
    std::vector<std::string> maps;
    const auto* views = base::member(design, "views");
    if (!views || !views->is_object()) return;
    for (const auto& [name, definition] : views->get_object()) {
        const auto map = base::string_member(definition, "map");
        if (name == "lib" || !map) continue;
        auto& view = views_.emplace_back();
        view.name = name;
        view.map = *map;
        view.reduce = base::text_member(definition, "reduce");
        const auto* options = base::member(definition, "options");
        if (options && base::string_member(*options, "collation") == "raw") view.collation = Collation::raw;
        if (!view.reduce.empty()) view.reducer.emplace(view.reduce, engine_);
        maps.push_back(view.map);
    }
    engine_.set_maps(maps);
}

View* ViewGroup::find(std::string_view name) {
    const auto it = std::ranges::find(views_, name, &View::name);
    return it == views_.end() ? nullptr : &*it;
}

void ViewGroup::begin_anew(const Database& database) {
    for (auto& view : views_) {
        view.rows = {};
    }
    bytes_ = 0;
    position_ = database.start();
    purges_seen_ = database.purged.size();
    rewinds_ = database.rewinds();
}

void ViewGroup::take_in(const Document& document, bool by_partition) {
    const bool shown = !document.tree.deleted() && (include_design_ || !document.id.starts_with("_design/"));
    const std::string id{document.id};
    if (!shown) {
        for (auto& view : views_) view.rows.replace(id, {});
        return;
    }
    std::string text;
    append_document(text, document, document.tree.winner(),
                    {.conflicts = true, .deleted_conflicts = true, .local_seq = local_seq_});
    const auto answer = engine_.call("map", {text});
    const auto lists = slice_array(answer);
    std::size_t i = 0;
    for (auto& view : views_) {
        auto rows = lists && i < lists->size()
                        ? read_rows((*lists)[i], document, view.collation, by_partition)
                        : std::vector<ViewRow>{};
        ++i;
        for (const auto& row : rows) bytes_ += row.key.size() + row.value.size() + row.id.size();
        view.rows.replace(id, std::move(rows));
    }
}

void ViewGroup::forget_purged(const Database& database) {
    for (auto i = std::min(purges_seen_, database.purged.size()); i < database.purged.size(); ++i)
        if (const auto& id = database.purged[i].first; !database.find(id))
            for (auto& view : views_) view.rows.replace(id, {});
    purges_seen_ = database.purged.size();
}

void ViewGroup::commit() {
    for (auto& view : views_) view.rows.commit();
}

void ViewGroup::update(const Database& database) {
    if (position_.empty() || rewinds_ != database.rewinds() || purges_seen_ > database.purged.size())
        begin_anew(database);
    forget_purged(database);
    const bool by_partition = partitioned(database);
    try {
        for (std::size_t shard = 0; shard < database.shard_count(); ++shard) {
            const auto& changes = database.changes(shard);
            for (auto i = database.after(shard, position_[shard]); i < changes.size(); ++i) {
                if (changes[i].document) take_in(*changes[i].document, by_partition);
                position_[shard] = changes[i].seq;
            }
            position_[shard] = database.update_seq(shard);
        }
    } catch (...) {
        commit();
        throw;
    }
    commit();
}

std::uint64_t ViewGroup::pending(const Database& database) const {
    return database.count_after(position_.empty() ? database.start() : position_);
}

}  // namespace davenport::couchmock
