// The positions in a JSON text at which a token begins: simdjson's first stage, and nothing else of
// it. Only index.cc includes simdjson.
//
// simdjson picks the best instruction set of the machine at run time for this stage. Its second
// stages (DOM, on-demand) are not used: on-demand validates only what a caller visits, neither
// keeps the spans of keys nor sees duplicates, and its code would be compiled for the baseline
// machine. The walk over the positions is ours (parser.cc).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace kt::json {

class TokenIndex {
 public:
  enum class Outcome : uint8_t {
    kOk,
    kInvalidJson,  // empty, an unclosed string, a control character in a string
    kInvalidUtf8,
    kInternal,  // out of memory, or a text of 4 GiB and more
  };

  TokenIndex();
  ~TokenIndex();

  // Precondition of tokens(): kOk. Then the text is valid UTF-8, its strings are closed and hold
  // no control characters, and tokens are: each of {}[]:, outside strings, each string's opening
  // quote, and the first byte of each other run of bytes that are not blank.
  Outcome Build(std::string_view text, size_t padding);
  const uint32_t* tokens() const noexcept;
  uint32_t size() const noexcept;
  // Gives back buffers larger than what an ordinary request needs.
  void Trim();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace kt::json
