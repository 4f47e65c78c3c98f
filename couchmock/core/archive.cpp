#include "couchmock/core/archive.hpp"

#include "couchmock/core/document_text.hpp"
#include "couchmock/core/json_slices.hpp"
#include "node/base/json.hpp"

#include <charconv>

#include <fmt/format.h>

namespace davenport::couchmock::archive {
namespace {

namespace json = boost::json;

json::value attachment_value(const Attachment& attachment) {
    return json::object{{"name", attachment.name},
                        {"type", attachment.content_type},
                        {"digest", base::base64_encode(attachment.digest)},
                        {"revpos", attachment.revpos},
                        {"encoding", attachment.encoding},
                        {"length", attachment.length},
                        {"data", base::base64_encode(*attachment.data)}};
}

/// Seq and shard, then the revisions, each after its parent.
std::string document_value(const Document& document) {
    auto out = fmt::format("{{\"seq\":{},\"shard\":{},\"nodes\":[", document.seq, document.shard);
    for (std::size_t i = 0; i < document.tree.size(); ++i) {
        const auto& node = document.tree.at(i);
        out += i ? ",{\"rev\":\"" : "{\"rev\":\"";
        append_revision(out, node.revision);
        out += '"';
        if (node.parent != RevTree::none) out += fmt::format(",\"parent\":{}", node.parent);
        if (node.leaf) {
            out += fmt::format(",\"deleted\":{},\"body\":{{{}}}", node.leaf->deleted, node.leaf->body);
            if (!node.leaf->attachments.empty()) {
                json::array attachments;
                for (const auto& attachment : node.leaf->attachments)
                    attachments.push_back(attachment_value(attachment));
                out += ",\"attachments\":";
                base::append_json(out, attachments);
            }
        }
        out += '}';
    }
    return out + "]}";
}

std::string database_value(const Database& database) {
    const auto& settings = database.settings();
    json::array seqs;
    for (std::size_t i = 0; i < database.shard_count(); ++i) seqs.emplace_back(database.update_seq(i));
    return base::write_json(json::object{{"shards", settings.shards},
                                         {"partitioned", settings.partitioned},
                                         {"created_s", settings.created_s},
                                         {"tag", database.tag()},
                                         {"seqs", std::move(seqs)},
                                         {"security", database.security},
                                         {"revs_limit", database.revs_limit},
                                         {"purge_seq", database.purge_seq}});
}

std::string local_value(const Database::Local& local) {
    return fmt::format("{{\"revision\":{},\"body\":{{{}}}}}", local.revision, local.body);
}

std::string server_value(const Server& server) {
    json::object settings;
    for (const auto& [section, values] : server.settings) {
        json::object group;
        for (const auto& [key, value] : values) group[key] = value;
        settings[section] = std::move(group);
    }
    return base::write_json(
        json::object{{"uuid", server.uuid}, {"cookie_secret", server.cookie_secret}, {"settings", settings}});
}

std::optional<std::uint64_t> number(const json::value& value, std::string_view key) {
    const auto* found = base::member(value, key);
    if (found && found->is_uint64()) return found->get_uint64();
    if (found && found->is_int64() && found->get_int64() >= 0)
        return static_cast<std::uint64_t>(found->get_int64());
    return std::nullopt;
}

/// The text between the braces, without spaces that somebody may have put in.
std::string members_of(std::string_view object) {
    const auto compact = compact_json(object).value_or("{}");
    return compact.substr(1, compact.size() - 2);
}

std::optional<Attachment> read_attachment(const json::value& value) {
    Attachment out;
    const auto digest = base::base64_decode(base::string_member(value, "digest").value_or(""));
    auto data = base::base64_decode(base::string_member(value, "data").value_or(""));
    if (!digest || !data) return std::nullopt;
    out.name = base::string_member(value, "name").value_or("");
    out.content_type = base::string_member(value, "type").value_or("");
    out.digest = *digest;
    out.revpos = number(value, "revpos").value_or(0);
    out.encoding = base::string_member(value, "encoding").value_or("");
    out.length = number(value, "length").value_or(0);
    out.data = std::make_shared<const std::string>(std::move(*data));
    return out;
}

/// A node out of pieces of text, so that a body's numbers are not read and written anew.
std::optional<RevTree::Node> read_node(std::string_view text) {
    const auto members = slice_object(text);
    if (!members) return std::nullopt;
    RevTree::Node node;
    Leaf leaf;
    bool has_leaf = false;
    for (const auto& [key, piece] : *members) {
        if (key == "rev") {
            const auto revision = parse_revision(piece.size() > 1 ? piece.substr(1, piece.size() - 2) : "");
            if (!revision) return std::nullopt;
            node.revision = *revision;
        } else if (key == "parent") {
            if (std::from_chars(piece.data(), piece.data() + piece.size(), node.parent).ec != std::errc{})
                return std::nullopt;
        } else if (key == "deleted") {
            leaf.deleted = piece == "true";
        } else if (key == "body") {
            has_leaf = true;
            leaf.body = members_of(piece);
        } else if (key == "attachments") {
            const auto list = base::parse_json(piece);
            if (!list || !list->is_array()) return std::nullopt;
            for (const auto& item : list->get_array()) {
                auto attachment = read_attachment(item);
                if (!attachment) return std::nullopt;
                leaf.attachments.push_back(std::move(*attachment));
            }
        }
    }
    if (has_leaf) node.leaf = std::make_shared<const Leaf>(std::move(leaf));
    return node;
}

bool load_document(Database& database, const Record& record) {
    const auto members = slice_object(record.value);
    if (!members) return false;
    std::uint64_t seq = 0;
    std::size_t shard = 0;
    std::vector<RevTree::Node> nodes;
    for (const auto& [key, piece] : *members) {
        if (key == "seq") std::from_chars(piece.data(), piece.data() + piece.size(), seq);
        if (key == "shard") std::from_chars(piece.data(), piece.data() + piece.size(), shard);
        if (key != "nodes") continue;
        const auto list = slice_array(piece);
        if (!list) return false;
        for (const auto text : *list) {
            auto node = read_node(text);
            if (!node || (node->parent != RevTree::none && node->parent >= list->size())) return false;
            nodes.push_back(std::move(*node));
        }
    }
    return !nodes.empty() && database.restore(record.id, shard, seq, std::move(nodes));
}

bool load_database(Server& server, const Record& record) {
    const auto value = base::parse_json(record.value);
    if (!value) return false;
    Database::Settings settings{record.database, static_cast<int>(number(*value, "shards").value_or(1)),
                                base::bool_member(*value, "partitioned"),
                                base::int_member(*value, "created_s").value_or(0)};
    if (settings.shards < 1 || settings.shards > 1024) return false;
    Position seqs;
    if (const auto* list = base::member(*value, "seqs"); list && list->is_array())
        for (const auto& seq : list->get_array())
            seqs.push_back(seq.is_int64()    ? static_cast<std::uint64_t>(seq.get_int64())
                           : seq.is_uint64() ? seq.get_uint64()
                                             : 0);
    auto& database = server.adopt(std::move(settings));
    database.restore_place(number(*value, "tag").value_or(0), seqs);
    database.security = base::string_member(*value, "security").value_or("");
    database.revs_limit = number(*value, "revs_limit").value_or(1000);
    database.purge_seq = number(*value, "purge_seq").value_or(0);
    return true;
}

bool load_server(Server& server, const Record& record) {
    const auto value = base::parse_json(record.value);
    if (!value) return false;
    server.uuid = base::string_member(*value, "uuid").value_or(server.uuid);
    server.cookie_secret = base::string_member(*value, "cookie_secret").value_or(server.cookie_secret);
    const auto* settings = base::member(*value, "settings");
    if (!settings || !settings->is_object()) return true;
    for (const auto& [section, values] : settings->get_object())
        if (values.is_object())
            for (const auto& [key, text] : values.get_object())
                if (text.is_string()) server.settings[section][key] = text.get_string();
    return true;
}

}  // namespace

void save(const Server& server, const std::function<void(Record)>& put) {
    put({Record::Kind::server, {}, {}, server_value(server)});
    for (const auto& [name, database] : server.databases) {
        put({Record::Kind::database, name, {}, database_value(*database)});
        for (const auto& [id, document] : database->documents())
            put({Record::Kind::document, name, id, document_value(document)});
        for (const auto& [id, local] : database->locals())
            put({Record::Kind::local, name, id, local_value(local)});
    }
}

void save_changes(Server& server, RecordKeeper& keeper) {
    for (const auto& name : server.dropped) keeper.drop(name);
    server.dropped.clear();
    if (server.settings_changed) keeper.put({Record::Kind::server, {}, {}, server_value(server)});
    server.settings_changed = false;
    for (const auto& [name, database] : server.databases) {
        auto changes = database->take_unsaved();
        if (changes.compacted) keeper.wipe();
        if (!changes.any) continue;
        keeper.put({Record::Kind::database, name, {}, database_value(*database)});
        for (const auto& id : changes.documents) {
            if (const auto* document = database->find(id))
                keeper.put({Record::Kind::document, name, id, document_value(*document)});
            else
                keeper.erase(Record::Kind::document, name, id);
        }
        for (const auto& id : changes.locals) {
            if (const auto it = database->locals().find(id); it != database->locals().end())
                keeper.put({Record::Kind::local, name, id, local_value(it->second)});
            else
                keeper.erase(Record::Kind::local, name, id);
        }
    }
}

bool load(Server& server, const Record& record) {
    if (record.kind == Record::Kind::server) return load_server(server, record);
    if (record.kind == Record::Kind::database) return load_database(server, record);
    auto* database = server.find(record.database);
    if (!database) return false;
    if (record.kind == Record::Kind::document) return load_document(*database, record);
    const auto members = slice_object(record.value);
    if (!members) return false;
    Database::Local local;
    for (const auto& [key, piece] : *members) {
        if (key == "revision") std::from_chars(piece.data(), piece.data() + piece.size(), local.revision);
        if (key == "body") local.body = members_of(piece);
    }
    database->set_local(record.id, std::move(local));
    return true;
}

namespace {

void erase_members(json::value& value, std::initializer_list<std::string_view> names) {
    if (auto* object = value.if_object())
        for (const auto name : names) object->erase(name);
}

/// Without what proves who somebody is: what cookies are signed with, passwords and their hashes.
Record without_secrets(Record record) {
    if (record.kind == Record::Kind::server) {
        auto value = base::parse_json(record.value).value_or(json::object{});
        erase_members(value, {"cookie_secret"});
        if (auto* settings = value.as_object().if_contains("settings")) {
            erase_members(*settings, {"admins"});
            for (auto& [section, keys] : settings->as_object())
                erase_members(keys, {"secret", "hmac_secret"});
        }
        record.value = base::write_json(value);
    } else if (record.kind == Record::Kind::document && record.database == "_users") {
        auto value = base::parse_json(record.value).value_or(json::object{});
        if (auto* nodes = value.as_object().if_contains("nodes"))
            for (auto& node : nodes->as_array())
                if (auto* body = node.as_object().if_contains("body"))
                    erase_members(*body, {"derived_key", "salt", "stored_key", "server_key", "password",
                                          "password_sha", "iterations", "password_scheme", "pbkdf2_prf"});
        record.value = base::write_json(value);
    }
    return record;
}

}  // namespace

std::string to_json(const Server& server) {
    static constexpr std::string_view kinds[] = {"server", "database", "document", "local"};
    std::string out = "{\"couchmock\":1,\"records\":[";
    save(server, [&](const Record& kept) {
        const auto record = without_secrets(kept);
        if (out.back() != '[') out += ',';
        out += fmt::format("\n{{\"kind\":\"{}\",\"database\":", kinds[static_cast<std::size_t>(record.kind)]);
        base::append_json_string(out, record.database);
        out += ",\"id\":";
        base::append_json_string(out, record.id);
        out += ",\"value\":" + record.value + '}';
    });
    return out + "\n]}";
}

bool from_json(Server& server, std::string_view text, base::Now now) {
    const auto members = slice_object(text);
    if (!members) return false;
    std::vector<Record> records;
    for (const auto& [key, piece] : *members) {
        if (key != "records") continue;
        const auto list = slice_array(piece);
        if (!list) return false;
        for (const auto item : *list) {
            const auto parts = slice_object(item);
            if (!parts || !compact_json(item)) return false;
            Record record;
            for (const auto& [name, part] : *parts) {
                if (name == "value") {
                    record.value = part;
                    continue;
                }
                const auto value = base::parse_json(part);
                if (!value || !value->is_string()) return false;
                const std::string_view string{value->get_string()};
                if (name == "database") record.database = string;
                if (name == "id") record.id = string;
                if (name == "kind")
                    record.kind = string == "database"   ? Record::Kind::database
                                  : string == "document" ? Record::Kind::document
                                  : string == "local"    ? Record::Kind::local
                                                         : Record::Kind::server;
            }
            records.push_back(std::move(record));
        }
    }
    std::vector<std::string> names;
    for (const auto& [name, database] : server.databases) names.push_back(name);
    for (const auto& name : names) server.drop(name, now);
    for (const auto& record : records)
        if (!load(server, record)) return false;
    return true;
}

}  // namespace davenport::couchmock::archive
