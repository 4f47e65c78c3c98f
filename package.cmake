# cpack -G DEB: `davenport-node` (the server, its unit, its settings) and `davenport-tools` (couchmock, chatsim, the scenarios).
if(DAVENPORT_CORES_ONLY)
  return()
endif()
install(FILES node/chatnode.yaml DESTINATION /etc/davenport COMPONENT package_node EXCLUDE_FROM_ALL)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME davenport)
set(CPACK_PACKAGE_VENDOR "Davenport maintainers")
set(CPACK_PACKAGE_CONTACT "Davenport maintainers <maintainers@davenport.example>")
set(CPACK_PACKAGE_DIRECTORY "${CMAKE_BINARY_DIR}/packages")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_COMPONENTS_ALL node package_node tools)
set(CPACK_COMPONENTS_GROUPING ONE_PER_GROUP)
set(CPACK_COMPONENT_NODE_GROUP node)
set(CPACK_COMPONENT_PACKAGE_NODE_GROUP node)
set(CPACK_COMPONENT_TOOLS_GROUP tools)
set(CPACK_STRIP_FILES ON)
set(CPACK_DAVENPORT_SOURCE "${CMAKE_CURRENT_SOURCE_DIR}")
set(CPACK_PROJECT_CONFIG_FILE "${CMAKE_CURRENT_SOURCE_DIR}/node/package/version.cmake")
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_NODE_PACKAGE_NAME davenport-node)
set(CPACK_DEBIAN_NODE_PACKAGE_DEPENDS "adduser, debconf (>= 0.5) | debconf-2.0")
set(CPACK_DEBIAN_NODE_PACKAGE_SUGGESTS "couchdb, davenport-tools")
set(CPACK_DEBIAN_NODE_DESCRIPTION "chat server whose only shared part is a CouchDB database
Any number of nodes, no list of nodes anywhere. When CouchDB is down, people at
one node go on chatting; when it is back, everybody has everything, once and in
order.")
set(CPACK_DEBIAN_NODE_PACKAGE_CONTROL_EXTRA
  "${CMAKE_CURRENT_SOURCE_DIR}/node/package/conffiles;${CMAKE_CURRENT_SOURCE_DIR}/node/package/templates;\
${CMAKE_CURRENT_SOURCE_DIR}/node/package/postinst;${CMAKE_CURRENT_SOURCE_DIR}/node/package/prerm;\
${CMAKE_CURRENT_SOURCE_DIR}/node/package/postrm")
set(CPACK_DEBIAN_TOOLS_PACKAGE_NAME davenport-tools)
set(CPACK_DEBIAN_TOOLS_DESCRIPTION "CouchDB mock with fault injection, and a chat's scenario runner
couchmock is a CouchDB in one process, for tests; chatsim plays scenarios of a
distributed chat in virtual time or on real processes, and judges them.")
include(CPack)
