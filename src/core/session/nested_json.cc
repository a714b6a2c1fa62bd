#include "core/session/nested_json.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "core/json/edits.h"

namespace kt::session {

using Kind = NestedLexer::Kind;

// ---- edits -------------------------------------------------------------------------------------

bool NestedJson::Feed(std::string_view bytes, std::vector<SpanEdit> edits, bool final,
                      std::deque<SpanEdit>* out) {
  std::move(edits.begin(), edits.end(), std::back_inserter(pending_));
  for (const char c : bytes) {
    if (!Step(c, out)) return false;
  }
  if (!final) return true;
  finished_ = true;
  if (open_ && open_->target_end > lexer_.offset()) return false;
  if (open_) Close(lexer_.offset(), out);
  return pending_.empty();
}

size_t NestedJson::safe_end() const noexcept {
  const bool waits = lexer_.unfinished() && !finished_;
  const size_t settled = waits ? lexer_.atom_begin() : lexer_.offset();
  return open_ ? std::min(settled, open_->begin) : settled;
}

bool NestedJson::Step(char c, std::deque<SpanEdit>* out) {
  const size_t offset = lexer_.offset();
  lexer_.Step(c);
  if (lexer_.bare_ended() && open_ && open_->target_end <= offset) Close(offset, out);
  if (!CoverByte(offset)) return false;
  if (open_ && open_->target_end <= offset + 1 && !lexer_.unfinished()) Close(offset + 1, out);
  return true;
}

// Opens, extends or checks the edit that the byte just read lies in.
bool NestedJson::CoverByte(size_t offset) {
  while (!pending_.empty() && pending_.front().begin <= offset) {
    SpanEdit& edit = pending_.front();
    if (open_) {
      // Both touch one atom: one marker for both.
      open_->target_end = std::max(open_->target_end, edit.end);
      if (open_->optional && !edit.optional) open_->replacement = std::move(edit.replacement);
      open_->optional = open_->optional && edit.optional;
    } else {
      if (lexer_.at_start()) lexer_.TakeAsPlain();
      open_ = Open{lexer_.atom_begin(),         edit.end,      lexer_.kind(),
                   std::move(edit.replacement), edit.optional, lexer_.string_holds_json()};
    }
    pending_.pop_front();
  }
  if (!open_ || offset >= open_->target_end) return true;
  if (lexer_.kind() != Kind::kStructural && lexer_.kind() == open_->kind) return true;
  if (!open_->optional) return false;
  open_.reset();
  return true;
}

void NestedJson::Close(size_t end, std::deque<SpanEdit>* out) {
  std::string marker;
  switch (open_->kind) {
    case Kind::kString:
      if (open_->deeper) {
        std::string inner;
        json::AppendEscaped(open_->replacement, &inner);
        open_->replacement = std::move(inner);
      }
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

// ---- what policies see -------------------------------------------------------------------------

namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// \uXXXX. Halves of pairs each become three bytes, as in a text of its own (json/view.h).
void AppendUnicode(std::string_view digits, std::string* out) {
  unsigned code = 0;
  for (const char c : digits) {
    const int value = HexValue(c);
    if (value < 0) {
      out->append(kReplacement);
      return;
    }
    code = code * 16 + static_cast<unsigned>(value);
  }
  if (code < 0x80) {
    out->push_back(static_cast<char>(code));
  } else if (code < 0x800) {
    out->push_back(static_cast<char>(0xC0 | (code >> 6)));
    out->push_back(static_cast<char>(0x80 | (code & 0x3F)));
  } else {
    out->push_back(static_cast<char>(0xE0 | (code >> 12)));
    out->push_back(static_cast<char>(0x80 | ((code >> 6) & 0x3F)));
    out->push_back(static_cast<char>(0x80 | (code & 0x3F)));
  }
}

void AppendUnescaped(std::string_view escape, std::string* out) {
  constexpr std::string_view kNames = "bfnrt", kValues = "\b\f\n\r\t";
  const char name = escape[1];
  if (name == 'u') return AppendUnicode(escape.substr(2), out);
  const size_t known = kNames.find(name);
  out->push_back(known == std::string_view::npos ? name : kValues[known]);
}

}  // namespace

void NestedText::Append(std::string_view raw, std::string* text) {
  const size_t before = text->size();
  for (const char c : raw) {
    lexer_.Step(c);
    const bool escape = !escape_.empty() || (lexer_.kind() == Kind::kString && lexer_.unfinished());
    if (!escape) {
      text->push_back(c);
      continue;
    }
    escape_ += c;
    if (lexer_.unfinished()) continue;
    const size_t offset = offset_ + text->size() - before;
    const size_t length_before = text->size();
    AppendUnescaped(escape_, text);
    steps_.push_back({offset, text->size() - length_before, lexer_.atom_begin(), escape_.size()});
    escape_.clear();
  }
  offset_ += text->size() - before;
}

void NestedText::Finish(std::string* text) {
  text->append(escape_);
  offset_ += escape_.size();
  escape_.clear();
}

size_t NestedText::RawOf(size_t offset) const noexcept {
  const auto after = std::partition_point(steps_.begin(), steps_.end(),
                                          [&](const Step& step) { return step.offset <= offset; });
  if (after == steps_.begin()) return base_raw_ + (offset - base_offset_);
  const Step& step = *std::prev(after);
  const size_t inside = offset - step.offset;
  return inside < step.length ? step.raw : step.raw + step.raw_length + (inside - step.length);
}

void NestedText::Forget(size_t offset) {
  base_raw_ = RawOf(offset);
  base_offset_ = offset;
  while (!steps_.empty() && steps_.front().offset < offset) steps_.pop_front();
}

}  // namespace kt::session
