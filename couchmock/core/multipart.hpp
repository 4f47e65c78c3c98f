#pragma once

#include "couchmock/core/database.hpp"
#include "node/base/http.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace davenport::couchmock {

/// One part of a multipart body.
struct BodyPart {
    base::Headers headers;
    std::string_view body;  ///< points into the whole
};

/// The parameter `boundary` of a multipart content type.
std::optional<std::string> boundary_of(std::string_view content_type);

/// The parts of a multipart body, of any kind. Nothing when it does not end as it should.
std::optional<std::vector<BodyPart>> split_multipart(std::string_view body, std::string_view boundary);

/// The value of `name="..."` in a header like Content-Disposition.
std::optional<std::string> header_parameter(std::string_view header, std::string_view name);

/// A document with its attachments as multipart/related: the JSON, then each attachment that it says
/// `follows`, as it is kept.
std::string write_related(std::string_view json, const std::vector<Attachment>& attachments,
                          std::uint64_t since_depth, std::string_view boundary);

/// Whether an Accept header lets a client be sent `type`; none lets everything.
bool accepts(std::string_view accept, std::string_view type);

}  // namespace davenport::couchmock
