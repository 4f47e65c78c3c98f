# Read by cpack: a package of a release bears its version; one that was made between two releases says how many commits after the beginning, and which,
# so that apt takes it for newer than the last release and than every package before it.
find_program(GIT git)
execute_process(COMMAND "${GIT}" -C "${CPACK_DAVENPORT_SOURCE}" describe --tags --exact-match HEAD OUTPUT_VARIABLE tag ERROR_QUIET RESULT_VARIABLE untagged)
execute_process(COMMAND "${GIT}" -C "${CPACK_DAVENPORT_SOURCE}" rev-list --count HEAD OUTPUT_VARIABLE count OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
execute_process(COMMAND "${GIT}" -C "${CPACK_DAVENPORT_SOURCE}" rev-parse --short=9 HEAD OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
if(untagged AND NOT failed)
  set(CPACK_DEBIAN_PACKAGE_VERSION "${CPACK_PACKAGE_VERSION}+${count}.g${commit}")
endif()
