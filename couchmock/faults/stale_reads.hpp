#pragma once

#include "couchmock/faults/request_info.hpp"
#include "node/base/http.hpp"
#include "node/base/time.hpp"

#include <functional>
#include <map>
#include <string>
#include <string_view>

/// Reads at a replica that lags behind: what was just written is not found.
namespace davenport::couchmock {

/// When each document was written, by id.
using WrittenAt = std::map<std::string, base::Time, std::less<>>;

/// Notes what a write (PUT of a document, _bulk_docs) is about to write.
void note_written(WrittenAt& written, const RequestInfo& info, std::string_view body, base::Time now);

/// Whether the request asks for documents by their ids (GET of one, POST of keys to _all_docs), and all of
/// them were written after `horizon`.
bool hides(const WrittenAt& written, const RequestInfo& info, std::string_view body, base::Time horizon);

/// What a store answers to such a request that has none of them.
base::HttpResponse not_found(const RequestInfo& info, std::string_view body);

}  // namespace davenport::couchmock
