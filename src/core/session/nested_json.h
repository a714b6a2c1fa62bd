// A text that is JSON itself (tool-call arguments): what policies see of it, and edits after which
// it still parses. Both read the text forward once, in pieces of any size.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/session/nested_lexer.h"

namespace kt::session {

// Bytes [begin, end) of a text become `replacement`.
struct SpanEdit {
  size_t begin, end;
  std::string replacement;
  bool optional = false;  // left out where it cannot be made
};

// The text with the escapes of its strings resolved, so that no rule is blinded by a \n or \u0040
// in front of or inside a value; and the way back to the raw bytes.
class NestedText {
 public:
  // Appends what policies see of the next raw bytes to *text. An unfinished escape sequence waits.
  void Append(std::string_view raw, std::string* text);
  // Nothing follows: what waits is appended as it is.
  void Finish(std::string* text);

  // The raw offset of what yields the byte `offset` of the text (all offsets count from the
  // beginning); an offset inside a resolved escape is that of the escape. Precondition: `offset`
  // is not before that of the last Forget.
  size_t RawOf(size_t offset) const noexcept;
  // The ways back before `offset` are not asked for any more.
  void Forget(size_t offset);

 private:
  struct Step {  // text bytes [offset, offset + length) come of raw bytes [raw, raw + raw_length)
    size_t offset, length, raw, raw_length;
  };
  NestedLexer lexer_;
  std::string escape_;  // the unfinished one
  size_t offset_ = 0;   // of the next byte of the text
  std::deque<Step> steps_;
  size_t base_offset_ = 0, base_raw_ = 0;  // before the first step, one byte is one byte
};

// Widens each edit of the raw text to whole atoms: an escape sequence inside a string, a bare token
// (a number) outside. A marker is written escaped inside a string (twice where that string holds
// JSON in its turn), as a string in place of a bare token. An edit that would swallow a quote, a
// comma or a bracket cannot be made.
class NestedJson {
 public:
  // Takes the next bytes and the edits that lie in them (offsets count from the first byte ever
  // fed; in order, not overlapping). Finished edits are appended to *out. `final`: nothing
  // follows. False: an edit that is not optional cannot be made without breaking the JSON; final.
  bool Feed(std::string_view bytes, std::vector<SpanEdit> edits, bool final,
            std::deque<SpanEdit>* out);
  // All before this offset is settled: no later edit will reach into it.
  size_t safe_end() const noexcept;

 private:
  struct Open {
    size_t begin, target_end;
    NestedLexer::Kind kind;
    std::string replacement;
    bool optional, deeper;
  };
  bool Step(char c, std::deque<SpanEdit>* out);
  bool CoverByte(size_t offset);
  void Close(size_t end, std::deque<SpanEdit>* out);

  NestedLexer lexer_;
  bool finished_ = false;
  std::deque<SpanEdit> pending_;
  std::optional<Open> open_;
};

}  // namespace kt::session
