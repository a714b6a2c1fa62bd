#include "core/session/nested_json.h"

#include <algorithm>
#include <iterator>

#include "core/json/edits.h"

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

bool NestedJson::Feed(std::string_view bytes, std::vector<SpanEdit> edits, bool final,
                      std::deque<SpanEdit>* out) {
  std::move(edits.begin(), edits.end(), std::back_inserter(pending_));
  for (const char c : bytes) {
    if (!Step(c, out)) return false;
  }
  if (!final) return true;
  if (open_ && open_->target_end > offset_) return false;
  if (open_) Close(offset_, out);
  state_ = State::kPlain;
  return pending_.empty();
}

size_t NestedJson::safe_end() const noexcept {
  const size_t settled = AtomUnfinished() ? atom_begin_ : offset_;
  return open_ ? std::min(settled, open_->begin) : settled;
}

bool NestedJson::AtomUnfinished() const noexcept {
  return state_ == State::kBare || state_ == State::kEscape || state_ == State::kUnicode;
}

bool NestedJson::Step(char c, std::deque<SpanEdit>* out) {
  const bool bare_ends = state_ == State::kBare && !IsBare(c);
  if (bare_ends) {
    if (open_ && open_->target_end <= offset_) Close(offset_, out);
    state_ = State::kOutside;
  }
  Advance(c);
  if (!CoverByte()) return false;
  ++offset_;
  if (open_ && open_->target_end <= offset_ && !AtomUnfinished()) Close(offset_, out);
  return true;
}

// Opens, extends or checks the edit that the byte just read lies in.
bool NestedJson::CoverByte() {
  while (!pending_.empty() && pending_.front().begin <= offset_) {
    SpanEdit& edit = pending_.front();
    if (open_) {
      // Both touch one atom: one marker for both.
      open_->target_end = std::max(open_->target_end, edit.end);
    } else {
      if (state_ == State::kStart) {
        state_ = State::kPlain;
        kind_ = Kind::kPlain;
        atom_begin_ = offset_;
      }
      open_ = Open{atom_begin_, edit.end, kind_, std::move(edit.replacement)};
    }
    pending_.pop_front();
  }
  if (!open_ || offset_ >= open_->target_end) return true;
  return kind_ != Kind::kStructural && kind_ == open_->kind;
}

void NestedJson::Advance(char c) {
  switch (state_) {
    case State::kStart:
      if (IsBlank(c)) {
        kind_ = Kind::kStructural;
      } else if (BeginsJson(c)) {
        AdvanceOutside(c);
      } else {
        state_ = State::kPlain;
        Advance(c);
      }
      return;
    case State::kPlain:
      kind_ = Kind::kPlain;
      atom_begin_ = offset_;
      return;
    case State::kOutside:
      AdvanceOutside(c);
      return;
    case State::kBare:
      return;
    case State::kString:
      kind_ = c == '"' ? Kind::kStructural : Kind::kString;
      atom_begin_ = offset_;
      if (c == '"') state_ = State::kOutside;
      if (c == '\\') state_ = State::kEscape;
      return;
    case State::kEscape:
      state_ = c == 'u' ? State::kUnicode : State::kString;
      unicode_left_ = 4;
      return;
    case State::kUnicode:
      if (--unicode_left_ == 0) state_ = State::kString;
      return;
  }
}

void NestedJson::AdvanceOutside(char c) {
  atom_begin_ = offset_;
  kind_ = IsBare(c) ? Kind::kBare : Kind::kStructural;
  state_ = State::kOutside;
  if (IsBare(c)) state_ = State::kBare;
  if (c == '"') state_ = State::kString;
}

void NestedJson::Close(size_t end, std::deque<SpanEdit>* out) {
  std::string marker;
  switch (open_->kind) {
    case Kind::kString:
      json::AppendEscaped(open_->replacement, &marker);
      break;
    case Kind::kBare:
      marker = json::Quote(open_->replacement);
      break;
    default:
      marker = std::move(open_->replacement);
      break;
  }
  out->push_back({open_->begin, end, std::move(marker)});
  open_.reset();
}

}  // namespace kt::session
