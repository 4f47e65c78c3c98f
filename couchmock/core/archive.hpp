#pragma once

#include "couchmock/core/records.hpp"
#include "couchmock/core/server.hpp"

#include <functional>
#include <optional>

/// A server's memory as records, and back.
namespace davenport::couchmock::archive {

/// All of it, each database before its documents.
void save(const Server& server, const std::function<void(Record)>& put);

/// What changed since the last time, to its keeper.
void save_changes(Server& server, RecordKeeper& keeper);

/// Takes one record in. False when it can't be read. Seqs and revisions are those of before, so feeds go on
/// where they were.
bool load(Server& server, const Record& record);

/// The whole as one JSON text, and back; what is there already is gone then. False when it can't be read.
std::string to_json(const Server& server);
bool from_json(Server& server, std::string_view json, base::Now now);

}  // namespace davenport::couchmock::archive
