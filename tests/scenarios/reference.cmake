# What programs say of their own languages: the schema for editors, the reference of scenario files, the faults in CONTROL.md. With RENEW
# the files are written; without it a difference is an error.
function(keep file text)
  if(RENEW)
    file(WRITE "${file}" "${text}")
    return()
  endif()
  file(READ "${file}" kept)
  if(NOT kept STREQUAL text)
    message(SEND_ERROR "${file} is not what the programs say: ./dev hashes --renew writes it anew")
  endif()
endfunction()

execute_process(COMMAND ${CHATSIM} schema OUTPUT_VARIABLE text COMMAND_ERROR_IS_FATAL ANY)
keep(${SOURCE}/scenarios/scenario.schema.json "${text}")
execute_process(COMMAND ${CHATSIM} explain OUTPUT_VARIABLE text COMMAND_ERROR_IS_FATAL ANY)
keep(${SOURCE}/scenarios/REFERENCE.md "# The language of scenario files

Made by `chatsim explain`, which also tells of one key alone: `chatsim explain timeline`. Editors complete and check with scenario.schema.json.


${text}")

if(COUCHMOCK)
  set(begin "<!-- made of fault_table.cpp: couchmock --faults -->")
  set(end "<!-- end -->")
  execute_process(COMMAND ${COUCHMOCK} --faults OUTPUT_VARIABLE text COMMAND_ERROR_IS_FATAL ANY)
  file(READ ${SOURCE}/couchmock/faults/CONTROL.md control)
  string(FIND "${control}" "${begin}" from)
  string(FIND "${control}" "${end}" to)
  string(SUBSTRING "${control}" 0 ${from} before)
  string(SUBSTRING "${control}" ${to} -1 after)
  keep(${SOURCE}/couchmock/faults/CONTROL.md "${before}${begin}\n${text}${after}")
endif()
