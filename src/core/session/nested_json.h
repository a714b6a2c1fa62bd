// A text that is JSON itself (tool-call arguments): what policies see of it, and edits after which
// it still parses. Both read the text forward once, in pieces of any size.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
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
  unsigned strings = 0;   // of a finished edit: how many strings in strings it was escaped for
  // Of an edit that was cut where a piece of the text begins or ends: how much of it is outside.
  size_t before = 0, behind = 0;
};

// A text as the string that it stood in says it. What is no escape sequence stays.
std::string ResolveEscapes(std::string_view text);

// The way back from a text whose escape sequences are resolved to the raw bytes. Offsets count from
// the beginning of each.
class RawMap {
 public:
  explicit RawMap(size_t raw = 0) : base_raw_(raw) {}
  // `length` bytes of the text from `offset` on come of `raw_length` raw bytes from `raw` on. In
  // order; between such steps one byte is one byte.
  void Add(size_t offset, size_t length, size_t raw, size_t raw_length);
  // Where what yields the byte `offset` begins; an offset inside a resolved escape is that of the
  // escape. Precondition: `offset` is not before that of the last Forget.
  size_t RawOf(size_t offset) const noexcept;
  // The ways back before `offset` are not asked for any more.
  void Forget(size_t offset);

 private:
  struct Step {
    size_t offset, length, raw, raw_length;
  };
  std::vector<Step> steps_;
  size_t forgotten_ = 0;               // of steps_
  size_t base_offset_ = 0, base_raw_;  // before the first step
};

// The text with the escapes of its strings resolved, so that no rule is blinded by a \n or \u0040
// in front of or inside a value; and the way back to the raw bytes.
class NestedText {
 public:
  // Appends what policies see of the next raw bytes to *text. An unfinished escape sequence waits.
  void Append(std::string_view raw, std::string* text);
  // Nothing follows: what waits is appended as it is.
  void Finish(std::string* text);

  size_t RawOf(size_t offset) const noexcept { return map_.RawOf(offset); }
  void Forget(size_t offset) { map_.Forget(offset); }

 private:
  NestedLexer lexer_;
  std::string escape_;  // the unfinished one
  size_t offset_ = 0;   // of the next byte of the text
  RawMap map_;
};

// Widens each edit of the raw text to whole atoms: an escape sequence inside a string, a bare token
// (a number) outside. A marker is written escaped inside a string, as a string in place of a bare
// token. An edit that would swallow a quote, a comma or a bracket cannot be made.
// A string that holds JSON in its turn is edited in the same way, at every level; what only looks
// like JSON, and cannot take the edit as such, takes it as a plain string.
class NestedJson {
 public:
  NestedJson();
  ~NestedJson();
  NestedJson(NestedJson&&) noexcept;
  NestedJson& operator=(NestedJson&&) noexcept;

  // Takes the next bytes and the edits that lie in them (offsets count from the first byte ever
  // fed; in order, not overlapping). Finished edits are appended to *out. `final`: nothing
  // follows. False: an edit that is not optional cannot be made without breaking the JSON; final.
  bool Feed(std::string_view bytes, std::vector<SpanEdit> edits, bool final,
            std::list<SpanEdit>* out);
  // All before this offset is settled: no later edit will reach into it.
  size_t safe_end() const noexcept;

 private:
  struct Open {
    size_t begin, target_end;
    NestedLexer::Kind kind;
    std::string replacement;
    bool optional;
  };
  struct Inner;  // the present string, as JSON

  bool Step(char c, std::list<SpanEdit>* out);
  bool StepPlain(size_t offset, std::list<SpanEdit>* out);
  bool CoverByte(size_t offset);
  static void Join(SpanEdit edit, size_t* end, std::string* replacement, bool* optional);
  bool HasOpen() const noexcept;
  bool StepInner(char c, std::list<SpanEdit>* out);
  bool BeginInner(std::string_view bytes);
  bool EndInner(std::list<SpanEdit>* out);
  bool FeedInner(bool ended, std::list<SpanEdit>* out);
  void Close(size_t end, std::list<SpanEdit>* out);

  NestedLexer lexer_;
  bool finished_ = false, in_string_ = false;
  std::list<SpanEdit> pending_;
  std::optional<Open> open_;
  std::string atom_;  // the present one, of a string
  std::unique_ptr<Inner> inner_;
};

}  // namespace kt::session
