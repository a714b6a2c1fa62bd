#include "core/session/nested_lexer.h"

namespace kt::session {
namespace {

bool IsBlank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}
bool IsBare(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
         c == '+' || c == '.';
}
bool BeginsJson(char c) {
  return c == '{' || c == '[' || c == '"' || c == '-' || (c >= '0' && c <= '9');
}

}  // namespace

void NestedLexer::Step(char c) noexcept {
  bare_ended_ = state_ == State::kBare && !IsBare(c);
  if (bare_ended_) state_ = State::kOutside;
  if (!unfinished()) atom_begin_ = offset_;
  switch (state_) {
    case State::kStart:
      Begin(c);
      break;
    case State::kOutside:
      Outside(c);
      break;
    case State::kString:
      String(c);
      break;
    case State::kEscape:
      state_ = c == 'u' ? State::kUnicode : State::kString;
      unicode_left_ = 4;
      break;
    case State::kUnicode:
      if (--unicode_left_ == 0) state_ = State::kString;
      break;
    case State::kPlain:
    case State::kBare:
      break;
  }
  ++offset_;
}

void NestedLexer::TakeAsPlain() noexcept {
  state_ = State::kPlain;
  kind_ = Kind::kPlain;
}

void NestedLexer::Begin(char c) noexcept {
  if (IsBlank(c)) return;
  if (BeginsJson(c)) return Outside(c);
  TakeAsPlain();
}

bool NestedLexer::MayFollow(char c) const noexcept {
  const bool value_ended = last_ == 'a' || last_ == '"' || last_ == '}' || last_ == ']';
  switch (c) {
    case ':':
      return last_ == '"';
    case ',':
      return value_ended && depth_ > 0;
    case '}':
      return depth_ > 0 && (value_ended || last_ == '{');
    case ']':
      return depth_ > 0 && (value_ended || last_ == '[');
    case '"':
      return !value_ended;
    case '{':
    case '[':
      return !value_ended && last_ != '{';
    default:
      break;
  }
  const bool begins = c == '-' || (c >= '0' && c <= '9') || c == 't' || c == 'f' || c == 'n';
  return begins && !value_ended && last_ != '{';
}

void NestedLexer::Outside(char c) noexcept {
  kind_ = IsBare(c) ? Kind::kBare : Kind::kStructural;
  state_ = State::kOutside;
  if (IsBlank(c)) return;
  plausible_ = plausible_ && MayFollow(c);
  if (c == '{' || c == '[') ++depth_;
  if ((c == '}' || c == ']') && depth_ > 0) --depth_;
  last_ = IsBare(c) ? 'a' : c;
  if (IsBare(c)) state_ = State::kBare;
  if (c == '"') state_ = State::kString;
}

void NestedLexer::String(char c) noexcept {
  kind_ = c == '"' ? Kind::kStructural : Kind::kString;
  if (c == '"') state_ = State::kOutside;
  if (c == '\\') state_ = State::kEscape;
}

}  // namespace kt::session
