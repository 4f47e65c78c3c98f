# cmake --install: a chat server (component `node`), the tools for tests (component `tools`), and the mock for other projects' C++ tests
# (component `development`): find_package(davenport), then link davenport::couchmock_embed and include "couchmock/embed/couchmock.hpp".
if(DAVENPORT_CORES_ONLY)
  return()
endif()
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

# ---- node: what a chat server needs
install(TARGETS chatnode RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}" COMPONENT node)
# The unit names the program by its path, which is known when it is installed: a package's is another than that of `cmake --install`.
install(CODE "
  file(READ \"${CMAKE_CURRENT_SOURCE_DIR}/node/chatnode.service\" unit)
  string(REPLACE /usr/local/bin \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_BINDIR}\" unit \"\${unit}\")
  file(WRITE \"${CMAKE_CURRENT_BINARY_DIR}/chatnode.service\" \"\${unit}\")" COMPONENT node)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/chatnode.service" DESTINATION lib/systemd/system COMPONENT node)
install(FILES README.md CHANGELOG.md SECURITY.md node/OPERATING.md node/PROTOCOL.md node/openapi.yaml node/chatnode.yaml
  DESTINATION "${CMAKE_INSTALL_DATADIR}/doc/davenport-node" COMPONENT node)
install(FILES LICENSE DESTINATION "${CMAKE_INSTALL_DATADIR}/doc/davenport-node" RENAME copyright COMPONENT node)
# chatnode has its page built in; these files are for a proxy that serves them itself.
install(DIRECTORY node/page DESTINATION "${CMAKE_INSTALL_DATADIR}/davenport" COMPONENT node)
install(DIRECTORY node/proxies DESTINATION "${CMAKE_INSTALL_DATADIR}/doc/davenport-node" COMPONENT node)
install(DIRECTORY node/monitoring DESTINATION "${CMAKE_INSTALL_DATADIR}/davenport" COMPONENT node)

foreach(program chatnode couchmock chatsim)
  set(component tools)
  if(program STREQUAL chatnode)
    set(component node)
  endif()
  install(FILES node/package/completions.bash DESTINATION "${CMAKE_INSTALL_DATADIR}/bash-completion/completions" RENAME ${program}
    COMPONENT ${component})
endforeach()

# ---- tools: the mock and the scenario runner
install(TARGETS couchmock chatsim RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}" COMPONENT tools)
install(FILES README.md CHANGELOG.md couchmock/TESTING.md couchmock/faults/CONTROL.md scenarios/REFERENCE.md scenarios/TUTORIAL.md
  DESTINATION "${CMAKE_INSTALL_DATADIR}/doc/davenport-tools" COMPONENT tools)
install(DIRECTORY couchmock/examples DESTINATION "${CMAKE_INSTALL_DATADIR}/doc/davenport-tools" COMPONENT tools)
install(FILES LICENSE DESTINATION "${CMAKE_INSTALL_DATADIR}/doc/davenport-tools" RENAME copyright COMPONENT tools)
install(DIRECTORY scenarios DESTINATION "${CMAKE_INSTALL_DATADIR}/davenport" COMPONENT tools)

# Manual pages: of each program and subcommand from its own help, and of the documents where lowdown is installed (`./dev package` installs it).
find_package(Python3 QUIET COMPONENTS Interpreter)
find_program(LOWDOWN lowdown)
if(Python3_FOUND)
  set(page_chatnode "serve a distributed chat whose only shared part is a CouchDB database")
  set(page_couchmock "a CouchDB in one process, with fault injection")
  set(page_chatsim "play scenarios of a distributed chat, and judge them")
  foreach(program chatnode couchmock chatsim)
    set(component tools)
    if(program STREQUAL chatnode)
      set(component node)
    endif()
    set(folder "${CMAKE_CURRENT_BINARY_DIR}/man/${component}")
    set(page "${folder}/${program}.1")
    add_custom_command(OUTPUT "${page}" DEPENDS ${program} "${CMAKE_CURRENT_SOURCE_DIR}/node/package/man_pages.py" VERBATIM
      COMMAND Python3::Interpreter "${CMAKE_CURRENT_SOURCE_DIR}/node/package/man_pages.py" "$<TARGET_FILE:${program}>" "${folder}" "${page_${program}}")
    list(APPEND pages "${page}")
  endforeach()
  function(davenport_document_page document component name)
    set(page "${CMAKE_CURRENT_BINARY_DIR}/man/${component}/${name}.7")
    string(TOUPPER "${name}" title)
    add_custom_command(OUTPUT "${page}" DEPENDS "${document}" VERBATIM
      COMMAND "${CMAKE_COMMAND}" -E make_directory "${CMAKE_CURRENT_BINARY_DIR}/man/${component}"
      COMMAND "${LOWDOWN}" -s -T man -M "title=${title}" -M section=7 -M "source=Davenport ${PROJECT_VERSION}" -o "${page}" "${CMAKE_CURRENT_SOURCE_DIR}/${document}")
    set(pages ${pages} "${page}" PARENT_SCOPE)
  endfunction()
  if(LOWDOWN)
    davenport_document_page(node/OPERATING.md node davenport-operating)
    davenport_document_page(node/PROTOCOL.md node davenport-protocol)
    davenport_document_page(scenarios/TUTORIAL.md tools davenport-tutorial)
    davenport_document_page(scenarios/REFERENCE.md tools davenport-scenarios)
    davenport_document_page(couchmock/TESTING.md tools couchmock-testing)
    davenport_document_page(couchmock/faults/CONTROL.md tools couchmock-control)
  endif()
  add_custom_target(davenport_man DEPENDS ${pages})
  foreach(component node tools)
    foreach(section 1 7)
      install(DIRECTORY "${CMAKE_CURRENT_BINARY_DIR}/man/${component}/" DESTINATION "${CMAKE_INSTALL_MANDIR}/man${section}" COMPONENT ${component}
        OPTIONAL FILES_MATCHING PATTERN "*.${section}")
    endforeach()
  endforeach()
endif()

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
    couchmock/core/config.hpp
    couchmock/core/events.hpp
    couchmock/core/records.hpp
    couchmock/embed/couchmock.hpp
    couchmock/embed/mock_server.hpp
    couchmock/embed/mock_store.hpp
    couchmock/mock/mock.hpp
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
find_dependency(ICU COMPONENTS uc i18n)
find_dependency(PkgConfig)
pkg_check_modules(duktape REQUIRED IMPORTED_TARGET duktape)
include("${CMAKE_CURRENT_LIST_DIR}/davenport-targets.cmake")
]])
write_basic_package_version_file("${CMAKE_CURRENT_BINARY_DIR}/davenport-config-version.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/davenport-config.cmake" "${CMAKE_CURRENT_BINARY_DIR}/davenport-config-version.cmake"
  DESTINATION "${CMAKE_INSTALL_LIBDIR}/cmake/davenport" COMPONENT development)
