# davenport::version: what `--version` prints, with the commit that was built. It is written anew at each build, and compiled anew only
# when the commit changed.
#   As a script: cmake -DOUT=FILE -DSOURCE=DIR -DVERSION=X.Y.Z -P version.cmake
if(CMAKE_SCRIPT_MODE_FILE)
  execute_process(COMMAND git -C "${SOURCE}" rev-parse --short=12 HEAD OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE
    RESULT_VARIABLE failed ERROR_QUIET)
  set(text "${VERSION}")
  if(NOT failed)
    set(text "${VERSION} (${commit})")
  endif()
  file(CONFIGURE OUTPUT "${OUT}" @ONLY CONTENT [[
// Made by version.cmake.
#include "node/base/version.hpp"

namespace davenport::base {

const char* version() { return "@text@"; }

}  // namespace davenport::base
]])
  return()
endif()

add_custom_target(davenport_version_stamp VERBATIM BYPRODUCTS "${CMAKE_CURRENT_BINARY_DIR}/version.cpp"
  COMMAND "${CMAKE_COMMAND}" "-DOUT=${CMAKE_CURRENT_BINARY_DIR}/version.cpp" "-DSOURCE=${PROJECT_SOURCE_DIR}" "-DVERSION=${PROJECT_VERSION}"
    -P "${CMAKE_CURRENT_LIST_DIR}/version.cmake")
add_library(davenport_version STATIC "${CMAKE_CURRENT_BINARY_DIR}/version.cpp")
add_dependencies(davenport_version davenport_version_stamp)
target_link_libraries(davenport_version PRIVATE davenport_options)
