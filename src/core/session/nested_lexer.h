// The atoms of a JSON text, byte by byte: an escape sequence or a single byte inside a string, a
// bare token (number, literal) or a structural byte outside. A text that does not begin like JSON
// is plain. Checks nothing: what is no JSON is cut into atoms all the same.
#pragma once

#include <cstddef>
#include <cstdint>

namespace kt::session {

class NestedLexer {
 public:
  enum class Kind : uint8_t { kStructural, kPlain, kBare, kString };

  // Reads one byte; the functions below then speak of it.
  void Step(char c) noexcept;
  // Nothing but blanks has come, and it is to count as plain text.
  void TakeAsPlain() noexcept;

  size_t offset() const noexcept { return offset_; }  // bytes read
  Kind kind() const noexcept { return kind_; }
  size_t atom_begin() const noexcept { return atom_begin_; }
  // The atom needs more bytes, or may get more.
  bool unfinished() const noexcept {
    return state_ == State::kBare || state_ == State::kEscape || state_ == State::kUnicode;
  }
  // What has come may be the beginning of a JSON text, as far as a look at neighbours tells: a log
  // line in brackets or a template in braces is none for long. Of texts that begin with a bracket.
  bool plausible() const noexcept { return plausible_; }
  bool at_start() const noexcept { return state_ == State::kStart; }
  // A bare token ended just before this byte.
  bool bare_ended() const noexcept { return bare_ended_; }

 private:
  enum class State : uint8_t { kStart, kPlain, kOutside, kBare, kString, kEscape, kUnicode };
  void Begin(char c) noexcept;
  bool MayFollow(char c) const noexcept;
  void Outside(char c) noexcept;
  void String(char c) noexcept;

  State state_ = State::kStart;
  Kind kind_ = Kind::kStructural;
  size_t offset_ = 0, atom_begin_ = 0;
  uint8_t unicode_left_ = 0;
  bool bare_ended_ = false;
  bool plausible_ = true;
  size_t depth_ = 0;  // of brackets
  char last_ = '\0';  // outside of strings: the last byte that is no blank, 'a' for a bare token
};

}  // namespace kt::session
