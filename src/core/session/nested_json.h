// Edits of a text that is JSON itself (tool-call arguments), so that it still parses afterwards.
//
// Reads the text forward once, in pieces of any size, and widens each edit to whole atoms: an
// escape sequence inside a string, a bare token (a number) outside. A marker is written escaped
// inside a string, as a string in place of a bare token. An edit that would swallow a quote, a
// comma or a bracket cannot be made. A text that does not begin like JSON is plain text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kt::session {

// Bytes [begin, end) of a text become `replacement`.
struct SpanEdit {
  size_t begin, end;
  std::string replacement;
};

class NestedJson {
 public:
  // Takes the next bytes and the edits that lie in them (offsets count from the first byte ever
  // fed; in order, not overlapping). Finished edits are appended to *out. `final`: nothing
  // follows. False: an edit cannot be made without breaking the JSON; final.
  bool Feed(std::string_view bytes, std::vector<SpanEdit> edits, bool final,
            std::deque<SpanEdit>* out);
  // All before this offset is settled: no later edit will reach into it.
  size_t safe_end() const noexcept;

 private:
  enum class State : uint8_t { kStart, kPlain, kOutside, kBare, kString, kEscape, kUnicode };
  enum class Kind : uint8_t { kStructural, kPlain, kBare, kString };
  struct Open {
    size_t begin, target_end;
    Kind kind;
    std::string replacement;
  };
  bool Step(char c, std::deque<SpanEdit>* out);
  void Advance(char c);
  void AdvanceOutside(char c);
  bool CoverByte();
  void Close(size_t end, std::deque<SpanEdit>* out);
  bool AtomUnfinished() const noexcept;

  State state_ = State::kStart;
  Kind kind_ = Kind::kStructural;  // of the byte last read
  size_t offset_ = 0;              // of the next byte
  size_t atom_begin_ = 0;
  uint8_t unicode_left_ = 0;
  std::deque<SpanEdit> pending_;
  std::optional<Open> open_;
};

}  // namespace kt::session
