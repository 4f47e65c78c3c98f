# cmake --install: the programs with what belongs to them (component `runtime`), and the mock for other projects' C++ tests (component
# `development`): find_package(davenport), then link davenport::couchmock_embed and include "couchmock/embed/couchmock.hpp".
if(DAVENPORT_CORES_ONLY)
  return()
endif()
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

# ---- runtime
install(TARGETS chatnode couchmock chatsim RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}" COMPONENT runtime)
file(READ node/chatnode.service unit)
string(REPLACE "/usr/local/bin" "${CMAKE_INSTALL_FULL_BINDIR}" unit "${unit}")
file(CONFIGURE OUTPUT chatnode.service CONTENT "${unit}" @ONLY)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/chatnode.service" DESTINATION lib/systemd/system COMPONENT runtime)
install(FILES LICENSE README.md CHANGELOG.md SECURITY.md node/PROTOCOL.md node/openapi.yaml node/chatnode.yaml couchmock/faults/CONTROL.md
  DESTINATION "${CMAKE_INSTALL_DOCDIR}" COMPONENT runtime)
# chatnode has its page built in; these files are for a proxy that serves them itself.
install(DIRECTORY node/page DESTINATION "${CMAKE_INSTALL_DATADIR}/davenport" COMPONENT runtime)
install(DIRECTORY node/proxies DESTINATION "${CMAKE_INSTALL_DOCDIR}" COMPONENT runtime)
install(DIRECTORY scenarios DESTINATION "${CMAKE_INSTALL_DATADIR}/davenport" COMPONENT runtime)

# ---- development
# All that couchmock_embed links of ours, at any depth: a static library needs them to be linked.
function(davenport_closure out target)
  set(found "${${out}}")
  if(NOT target IN_LIST found)
    list(APPEND found ${target})
    get_target_property(links ${target} LINK_LIBRARIES)
    foreach(link IN LISTS links)
      string(REGEX REPLACE "^davenport::" "davenport_" link "${link}")
      if(link MATCHES "^davenport_" AND TARGET ${link})
        davenport_closure(found ${link})
      endif()
    endforeach()
  endif()
  set(${out} "${found}" PARENT_SCOPE)
endfunction()
davenport_closure(exported davenport_couchmock_embed)
list(APPEND exported davenport_options)
list(REMOVE_DUPLICATES exported)
install(TARGETS ${exported} EXPORT davenport ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT development)
install(EXPORT davenport NAMESPACE davenport:: FILE davenport-targets.cmake
  DESTINATION "${CMAKE_INSTALL_LIBDIR}/cmake/davenport" COMPONENT development)

# What couchmock/embed/couchmock.hpp includes, and no more (tests/install finds out what is missing).
foreach(header
    couchmock/core/events.hpp
    couchmock/core/mock.hpp
    couchmock/core/records.hpp
    couchmock/embed/couchmock.hpp
    couchmock/embed/mock_server.hpp
    couchmock/embed/mock_store.hpp
    node/base/http.hpp
    node/base/json.hpp
    node/base/time.hpp)
  cmake_path(GET header PARENT_PATH folder)
  install(FILES ${header} DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/davenport/${folder}" COMPONENT development)
endforeach()

file(CONFIGURE OUTPUT davenport-config.cmake @ONLY CONTENT [[
# Made by install.cmake: the libraries that davenport::couchmock_embed needs, then the target itself.
include(CMakeFindDependencyMacro)
find_dependency(Boost 1.81 COMPONENTS json url)
find_dependency(simdjson)
find_dependency(fmt)
find_dependency(OpenSSL)
find_dependency(SQLite3)
find_dependency(Threads)
find_dependency(ZLIB)
find_dependency(ICU COMPONENTS uc)
include("${CMAKE_CURRENT_LIST_DIR}/davenport-targets.cmake")
]])
write_basic_package_version_file("${CMAKE_CURRENT_BINARY_DIR}/davenport-config-version.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/davenport-config.cmake" "${CMAKE_CURRENT_BINARY_DIR}/davenport-config-version.cmake"
  DESTINATION "${CMAKE_INSTALL_LIBDIR}/cmake/davenport" COMPONENT development)
