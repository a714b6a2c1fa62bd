# Embeds files into a target through .incbin. `table` is the symbol of their list: a KtEmbeddedFile
# (see who reads it) for each, then one of nulls.
function(kt_embed_files target table_symbol)
  set(body "")
  set(table "")
  set(index 0)
  foreach(file ${ARGN})
    get_filename_component(name ${file} NAME)
    string(APPEND body "kt_n${index}: .string \"${name}\"\nkt_d${index}: .incbin \"${file}\"\nkt_e${index}: .byte 0\n")
    string(APPEND table "  .quad kt_n${index}, kt_d${index}, kt_e${index}\n")
    math(EXPR index "${index} + 1")
  endforeach()
  set(out ${CMAKE_BINARY_DIR}/${table_symbol}.S)
  file(CONFIGURE OUTPUT ${out} CONTENT
"  .section .rodata
@body@
  .section .data.rel.ro, \"aw\"
  .balign 8
  .globl @table_symbol@
  .hidden @table_symbol@
@table_symbol@:
@table@  .quad 0, 0, 0
  .section .note.GNU-stack, \"\", %progbits
" @ONLY)
  target_sources(${target} PRIVATE ${out})
  set_source_files_properties(${out} PROPERTIES OBJECT_DEPENDS "${ARGN}"
    COMPILE_OPTIONS "-Wno-error")
endfunction()

# The files of a folder. YAML: a program `yaml FILE OUT` that writes what is embedded in place of a
# YAML file.
function(kt_embed_directory target directory table_symbol)
  cmake_parse_arguments(A "" "YAML" "" ${ARGN})
  file(GLOB files CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${directory}/*)
  list(FILTER files EXCLUDE REGEX "\\.md$")
  string(REPLACE "/" "_" flat ${directory})
  set(embedded "")
  foreach(file ${files})
    get_filename_component(name ${file} NAME)
    if(A_YAML AND name MATCHES "\\.yaml$")
      set(written ${CMAKE_BINARY_DIR}/embedded_${flat}/${name})
      add_custom_command(OUTPUT ${written}
        COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_BINARY_DIR}/embedded_${flat}
        COMMAND ${A_YAML} ${file} ${written} DEPENDS ${A_YAML} ${file})
      set(file ${written})
    endif()
    list(APPEND embedded ${file})
  endforeach()
  kt_embed_files(${target} ${table_symbol} ${embedded})
endfunction()
