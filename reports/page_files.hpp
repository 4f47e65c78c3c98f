#pragma once

#include <string_view>

/// The files of reports/page, embedded at build time.
namespace davenport::reports {

std::string_view page_html();   ///< with {{title}}, {{style}}, {{script}} and {{results}} to be filled in
std::string_view page_style();  ///< the chart library's, then ours
std::string_view page_script();

}  // namespace davenport::reports
