# Embeds the files of a folder into a target through .incbin. `table` is the symbol of their list: a
# KtEmbeddedFile (see who reads it) for each, then one of nulls.
function(kt_embed_directory target directory table_symbol)
  file(GLOB files CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${directory}/*)
  list(FILTER files EXCLUDE REGEX "\\.md$")
  set(body "")
  set(table "")
  set(index 0)
  foreach(file ${files})
    get_filename_component(name ${file} NAME)
    string(APPEND body "kt_n${index}: .string \"${name}\"\nkt_d${index}: .incbin \"${file}\"\nkt_e${index}: .byte 0\n")
    string(APPEND table "  .quad kt_n${index}, kt_d${index}, kt_e${index}\n")
    math(EXPR index "${index} + 1")
  endforeach()
  string(REPLACE "/" "_" flat ${directory})
  set(out ${CMAKE_BINARY_DIR}/embedded_${flat}.S)
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
  set_source_files_properties(${out} PROPERTIES OBJECT_DEPENDS "${files}"
    COMPILE_OPTIONS "-Wno-error")
endfunction()
