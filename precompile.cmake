# davenport_precompile(TARGET): gives a target the precompiled header, and the optimisation, of its kind.
#
# A header pays when most units of a room include it. A unit also pays for what it does not use: g++ instantiates in each unit what a
# precompiled header left pending (CPU seconds: simdjson 0.6, Boost.JSON 0.2, fmt 0.1). So there are four kinds:
#   json   the mock, the checkers, the scenario language: every target that is not named below
#   node   with simdjson: the node's core and shell, and what drives them
#   wire   with Asio: what has sockets
#   cold   at -O1 in release builds: what works once a run and needs no speed
# Beast and CLI11 are in none: two and four units include them.
set(davenport_kind_node base node_core node_net sim_client sim_orchestrator sim_virtual)
set(davenport_kind_wire wire couchmock_net couchmock_embed)
set(davenport_kind_cold reports node_program chatnode couchmock sim_process chatsim)

set(davenport_headers_json
  <algorithm> <chrono> <cstdint> <deque> <functional> <map> <memory> <optional> <set> <string> <string_view> <unordered_map>
  <utility> <variant> <vector> <boost/json.hpp> <boost/unordered/unordered_flat_map.hpp> <fmt/format.h>)
set(davenport_headers_node ${davenport_headers_json} <boost/container/small_vector.hpp> <simdjson.h>)
set(davenport_headers_wire ${davenport_headers_json} <boost/asio/connect.hpp> <boost/asio/io_context.hpp> <boost/asio/ip/tcp.hpp>
  <boost/asio/post.hpp> <boost/asio/steady_timer.hpp> <boost/asio/write.hpp>)
set(davenport_headers_cold ${davenport_headers_json})

set(davenport_optimisation_cold $<$<CONFIG:Release>:-O1>)
set(davenport_definitions_wire BOOST_ASIO_SEPARATE_COMPILATION)  # as davenport_wire has it

set(suffix gch)
if(CMAKE_CXX_COMPILER_ID MATCHES Clang)
  set(suffix pch)
  add_compile_options("SHELL:-Xclang -fno-pch-timestamp")  # as ccache's manual asks for
endif()
file(CONFIGURE OUTPUT precompiled.cpp CONTENT "// Nothing: a target that only makes a precompiled header needs a source.\n")
foreach(kind json node wire cold)
  set(maker davenport_precompiled_${kind})
  add_library(${maker} OBJECT EXCLUDE_FROM_ALL "${CMAKE_CURRENT_BINARY_DIR}/precompiled.cpp")
  target_link_libraries(${maker} PRIVATE Boost::json simdjson::simdjson fmt::fmt davenport_options)
  target_compile_options(${maker} PRIVATE ${davenport_optimisation_${kind}})
  target_compile_definitions(${maker} PRIVATE ${davenport_definitions_${kind}})
  target_precompile_headers(${maker} PRIVATE ${davenport_headers_${kind}})
  # A compiler makes other bytes of the same header each time, so ccache would never know it again. With this file beside it, ccache takes the
  # file's content for the header's (CCACHE_PCH_EXTSUM): all that the header depends on.
  string(SHA256 sum "${kind};${davenport_headers_${kind}};${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION};${CMAKE_BUILD_TYPE};\
${CMAKE_CXX_FLAGS};${CMAKE_CXX_FLAGS_DEBUG};${CMAKE_CXX_FLAGS_RELEASE};${CMAKE_CXX_FLAGS_RELWITHDEBINFO};${DAVENPORT_SANITIZE};\
${DAVENPORT_WERROR};${PROJECT_VERSION};${Boost_VERSION};${simdjson_VERSION};${fmt_VERSION}")
  file(CONFIGURE OUTPUT "CMakeFiles/${maker}.dir/cmake_pch.hxx.${suffix}.sum" CONTENT "${sum}\n")
endforeach()

function(davenport_precompile target)
  string(REGEX REPLACE "^davenport_" "" name ${target})
  set(kind json)
  foreach(other node wire cold)
    if(name IN_LIST davenport_kind_${other})
      set(kind ${other})
    endif()
  endforeach()
  target_compile_options(${target} PRIVATE ${davenport_optimisation_${kind}})
  target_precompile_headers(${target} REUSE_FROM davenport_precompiled_${kind})
endfunction()
