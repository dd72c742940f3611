# The shipped rule files as C++, so that hosts have them without a file and without yaml-cpp.
# A change in rules/ runs the configure step again.

file(GLOB CEXPR_RULE_FILES CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/rules/*.yaml)
list(SORT CEXPR_RULE_FILES)
set_property(DIRECTORY ${PROJECT_SOURCE_DIR} APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
                                                            ${CEXPR_RULE_FILES})

set(CEXPR_SHIPPED_SOURCE ${PROJECT_BINARY_DIR}/generated/shipped_texts.cpp)
set(CEXPR_SHIPPED_CONTENT
    "// From rules/*.yaml, by cpp/cmake/embed_rules.cmake.
#include \"rules/shipped/shipped_texts.hpp\"

namespace cexpr::rules::detail {

const std::vector<ShippedText>& shipped_texts() {
  static const std::vector<ShippedText> texts = {
")
foreach(file ${CEXPR_RULE_FILES})
  get_filename_component(name ${file} NAME_WE)
  file(READ ${file} text)
  # Lines of comments are emptied, not taken out: places in messages stay those of the file.
  string(REGEX REPLACE "\n *#[^\n]*" "\n" text "\n${text}")
  string(SUBSTRING "${text}" 1 -1 text)
  string(APPEND CEXPR_SHIPPED_CONTENT "      {\"${name}\", R\"rules(${text})rules\"},\n")
endforeach()
string(APPEND CEXPR_SHIPPED_CONTENT "  };
  return texts;
}

}  // namespace cexpr::rules::detail
")

# Written only when it differs, so that nothing is compiled again for nothing.
set(CEXPR_SHIPPED_BEFORE "")
if(EXISTS ${CEXPR_SHIPPED_SOURCE})
  file(READ ${CEXPR_SHIPPED_SOURCE} CEXPR_SHIPPED_BEFORE)
endif()
if(NOT "${CEXPR_SHIPPED_BEFORE}" STREQUAL "${CEXPR_SHIPPED_CONTENT}")
  file(WRITE ${CEXPR_SHIPPED_SOURCE} "${CEXPR_SHIPPED_CONTENT}")
endif()
