# Runs clang-tidy (.clang-tidy says on what) over sources of build BUILD: those that differ from where main and this branch part, or, on
# main itself, from the commit before; with ALL=ON over every one that is compiled.
#   cmake -DCLANG_TIDY=... -DSOURCE=... -DBUILD=... [-DALL=ON] -P tidy.cmake
cmake_minimum_required(VERSION 3.25)

# git(OUT arguments...): what git prints, without the last newline; empty when it fails.
function(git out)
  execute_process(COMMAND git ${ARGN} WORKING_DIRECTORY "${SOURCE}" OUTPUT_VARIABLE told RESULT_VARIABLE code ERROR_QUIET)
  if(NOT code EQUAL 0)
    set(told "")
  endif()
  string(STRIP "${told}" told)
  set(${out} "${told}" PARENT_SCOPE)
endfunction()

# A test copies a string more for its reader's sake: the product alone.
set(product "node/*.cpp" "couchmock/*.cpp" "sim/*.cpp" "reports/*.cpp")
if(ALL)
  git(files ls-files -- ${product})
else()
  git(here rev-parse HEAD)
  set(base "")
  foreach(main origin/main main)
    git(common merge-base HEAD ${main})
    if(common AND NOT common STREQUAL here)
      set(base "${common}")
      break()
    endif()
  endforeach()
  if(NOT base)
    git(base rev-parse HEAD~1)
  endif()
  if(NOT base)
    message("there is no commit before HEAD to compare with (a shallow clone?): nothing to do")
    return()
  endif()
  git(files diff --name-only --diff-filter=d ${base} -- ${product})
endif()

# Only what this build compiles: a mutant, say, is no source of it. A build in batches names no sources, so here it is configured without.
execute_process(COMMAND "${CMAKE_COMMAND}" -S "${SOURCE}" -B "${BUILD}/tidy/plain" -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_UNITY_BUILD=OFF
  RESULT_VARIABLE code OUTPUT_VARIABLE told ERROR_VARIABLE told)
if(NOT code EQUAL 0)
  message(FATAL_ERROR "${told}")
endif()
file(READ "${BUILD}/tidy/plain/compile_commands.json" commands)
set(compiled "")
string(REPLACE "\n" ";" files "${files}")
foreach(file IN LISTS files)
  string(FIND "${commands}" "\"${SOURCE}/${file}\"" at)
  if(NOT at EQUAL -1)
    list(APPEND compiled "${file}")
  endif()
endforeach()
list(LENGTH compiled count)
message("${count} sources")
if(count EQUAL 0)
  return()
endif()
# A minute of two processors for some six sources: after a large change the nightly run looks at the rest.
set(most 16)
if(NOT ALL AND count GREATER most)
  list(SUBLIST compiled 0 ${most} compiled)
  message("only the first ${most} are looked at; all of them with ctest -L nightly -R tidy")
endif()

# The database without what clang cannot read: g++'s precompiled headers, and the names of warnings that only g++ has.
string(REGEX REPLACE " -Wno-error=[a-z-]+" "" commands "${commands}")
string(REGEX REPLACE " -Winvalid-pch -include [^ \"]*cmake_pch\\.hxx" "" commands "${commands}")
file(WRITE "${BUILD}/tidy/compile_commands.json" "${commands}")

# Two at a time, as many as CI has processors; xargs ends with 123 when one of them found something.
list(JOIN compiled "\n" lines)
file(WRITE "${BUILD}/tidy/sources" "${lines}\n")
execute_process(COMMAND xargs -n 1 -P 2 "${CLANG_TIDY}" -p "${BUILD}/tidy" --quiet --warnings-as-errors=*
  INPUT_FILE "${BUILD}/tidy/sources" WORKING_DIRECTORY "${SOURCE}" RESULT_VARIABLE code OUTPUT_VARIABLE told ERROR_VARIABLE noise)
if(NOT code EQUAL 0)
  if(told STREQUAL "")
    set(told "${noise}")
  endif()
  message(FATAL_ERROR "${told}")
endif()
