#include "core/session/nested_json.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "core/json/edits.h"

namespace kt::session {

using Kind = NestedLexer::Kind;

namespace {

// The first byte of a string that may hold JSON: an escape may stand for any other.
constexpr std::string_view kMayBegin = "{[ \t\r\n\\";

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

std::string ResolveEscapes(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const size_t length = text[0] != '\\' ? 1 : text.substr(0, 2) == "\\u" ? 6 : 2;
    if (length == 1 || length > text.size()) {
      out.push_back(text[0]);
      text.remove_prefix(1);
    } else {
      AppendUnescaped(text.substr(0, length), &out);
      text.remove_prefix(length);
    }
  }
  return out;
}

// ---- edits -------------------------------------------------------------------------------------

struct NestedJson::Inner {
  explicit Inner(size_t raw) : map(raw) {}

  NestedJson json;
  RawMap map;
  size_t size = 0;               // of the string so far, its escapes resolved
  std::string bytes;             // of that, what `json` has not got yet
  std::optional<SpanEdit> edit;  // the present one, by raw offsets
  size_t edit_begin = 0;
  bool begun = false;  // with a bracket: nothing but blanks has come before
};

NestedJson::NestedJson() = default;
NestedJson::~NestedJson() = default;
NestedJson::NestedJson(NestedJson&&) noexcept = default;
NestedJson& NestedJson::operator=(NestedJson&&) noexcept = default;

bool NestedJson::Feed(std::string_view bytes, std::vector<SpanEdit> edits, bool final,
                      std::list<SpanEdit>* out) {
  std::move(edits.begin(), edits.end(), std::back_inserter(pending_));
  for (const char c : bytes) {
    if (!Step(c, out)) return false;
  }
  if (inner_ && !inner_->edit && !FeedInner(final, out)) return false;
  if (!final) return true;
  finished_ = true;
  if (inner_ && inner_->edit) return false;
  if (open_ && open_->target_end > lexer_.offset()) return false;
  if (open_) Close(lexer_.offset(), out);
  return pending_.empty();
}

size_t NestedJson::safe_end() const noexcept {
  const bool waits = lexer_.unfinished() && !finished_;
  size_t settled = waits ? lexer_.atom_begin() : lexer_.offset();
  if (open_) settled = std::min(settled, open_->begin);
  if (!inner_) return settled;
  if (inner_->edit) settled = std::min(settled, inner_->map.RawOf(inner_->edit_begin));
  return std::min(settled, inner_->map.RawOf(inner_->json.safe_end()));
}

bool NestedJson::HasOpen() const noexcept {
  return open_ || (inner_ && (inner_->edit || inner_->json.HasOpen()));
}

bool NestedJson::Step(char c, std::list<SpanEdit>* out) {
  const size_t offset = lexer_.offset();
  lexer_.Step(c);
  const bool string = lexer_.kind() == Kind::kString;
  const bool begins = string && !in_string_;
  in_string_ = string;
  if (inner_ && !string && !EndInner(out)) return false;
  const bool taken = open_ || (!pending_.empty() && pending_.front().begin <= offset);
  if (begins && kMayBegin.find(c) != kMayBegin.npos && !taken) {
    inner_ = std::make_unique<Inner>(offset);
  }
  if (inner_) return StepInner(c, out);
  return StepPlain(offset, out);
}

bool NestedJson::StepPlain(size_t offset, std::list<SpanEdit>* out) {
  if (lexer_.bare_ended() && open_ && open_->target_end <= offset) Close(offset, out);
  if (!CoverByte(offset)) return false;
  if (open_ && open_->target_end <= offset + 1 && !lexer_.unfinished()) Close(offset + 1, out);
  return true;
}

// One marker for edits that touch one atom.
void NestedJson::Join(SpanEdit edit, size_t* end, std::string* replacement, bool* optional) {
  *end = std::max(*end, edit.end);
  if (*optional && !edit.optional) *replacement = std::move(edit.replacement);
  *optional = *optional && edit.optional;
}

// Opens, extends or checks the edit that the byte just read lies in.
bool NestedJson::CoverByte(size_t offset) {
  while (!pending_.empty() && pending_.front().begin <= offset) {
    SpanEdit& edit = pending_.front();
    if (open_) {
      Join(std::move(edit), &open_->target_end, &open_->replacement, &open_->optional);
    } else {
      if (lexer_.at_start()) lexer_.TakeAsPlain();
      open_ = Open{lexer_.atom_begin(), edit.end, lexer_.kind(), std::move(edit.replacement),
                   edit.optional};
    }
    pending_.pop_front();
  }
  if (!open_ || offset >= open_->target_end) return true;
  if (lexer_.kind() != Kind::kStructural && lexer_.kind() == open_->kind) return true;
  if (!open_->optional) return false;
  open_.reset();
  return true;
}

void NestedJson::Close(size_t end, std::list<SpanEdit>* out) {
  std::string marker;
  unsigned strings = 0;
  switch (open_->kind) {
    case Kind::kString:
      strings = 1;
      json::AppendEscaped(open_->replacement, &marker);
      break;
    case Kind::kBare:
      marker = json::Quote(open_->replacement);
      break;
    default:
      marker = std::move(open_->replacement);
      break;
  }
  out->push_back({open_->begin, end, std::move(marker), false, strings});
  open_.reset();
}

// A byte of a string that may hold JSON. What precedes an edit is fed before it, and each edit as
// soon as its end is known: what becomes of it does not depend on how the text came in pieces.
bool NestedJson::StepInner(char c, std::list<SpanEdit>* out) {
  Inner& inner = *inner_;
  atom_ += c;
  if (lexer_.unfinished()) return true;
  const size_t end = lexer_.offset();
  while (!pending_.empty() && pending_.front().begin < end) {
    if (inner.edit) {
      Join(std::move(pending_.front()), &inner.edit->end, &inner.edit->replacement,
           &inner.edit->optional);
    } else {
      if (!FeedInner(false, out)) return false;
      inner.edit = std::move(pending_.front());
      inner.edit_begin = inner.size;
    }
    pending_.pop_front();
  }
  const size_t before = inner.bytes.size();
  if (atom_.size() == 1) {
    inner.bytes += c;
  } else {
    AppendUnescaped(atom_, &inner.bytes);
    inner.map.Add(inner.size, inner.bytes.size() - before, lexer_.atom_begin(), atom_.size());
  }
  inner.size += inner.bytes.size() - before;
  atom_.clear();
  if (!inner.begun && !BeginInner(std::string_view(inner.bytes).substr(before))) {
    return StepPlain(end - 1, out);
  }
  return !inner.edit || inner.edit->end > end || FeedInner(false, out);
}

// What has come of a string that may hold JSON. False: it does not, and is a plain one.
bool NestedJson::BeginInner(std::string_view bytes) {
  inner_->begun = bytes == "{" || bytes == "[";
  const bool blank = bytes == " " || bytes == "\t" || bytes == "\r" || bytes == "\n";
  if (inner_->begun || blank) return true;
  if (inner_->edit) {
    SpanEdit& edit = *inner_->edit;
    open_ = Open{inner_->map.RawOf(inner_->edit_begin), edit.end, Kind::kString,
                 std::move(edit.replacement), edit.optional};
  }
  inner_.reset();
  return false;
}

// The closing quote.
bool NestedJson::EndInner(std::list<SpanEdit>* out) {
  if (inner_->edit && !inner_->edit->optional) return false;
  inner_->edit.reset();
  const bool fits = FeedInner(true, out);
  inner_.reset();
  atom_.clear();
  return fits;
}

// Gives the inner JSON what it has not got yet. When that turns out to be none, or cannot take the
// edit, the string is a plain one from there on. False: an edit would get lost.
bool NestedJson::FeedInner(bool ended, std::list<SpanEdit>* out) {
  Inner& inner = *inner_;
  std::vector<SpanEdit> edits;
  if (inner.edit) {
    edits.push_back({inner.edit_begin, inner.size, inner.edit->replacement, inner.edit->optional});
  }
  const bool carries = inner.json.HasOpen();
  std::list<SpanEdit> found;
  bool fits = inner.json.Feed(inner.bytes, std::move(edits), ended, &found);
  inner.bytes.clear();
  if (inner.edit && !carries) fits = fits && inner.json.lexer_.plausible();
  if (!fits && carries) return false;
  if (!fits) {
    found.clear();
    if (inner.edit) found.push_back({inner.edit_begin, inner.size, inner.edit->replacement});
  }
  for (SpanEdit& edit : found) {
    std::string marker;
    json::AppendEscaped(edit.replacement, &marker);
    out->push_back({inner.map.RawOf(edit.begin), inner.map.RawOf(edit.end), std::move(marker),
                    false, edit.strings + 1});
  }
  inner.edit.reset();
  if (fits) {
    inner.map.Forget(inner.json.safe_end());
  } else {
    inner_.reset();
  }
  return true;
}

// ---- what policies see -------------------------------------------------------------------------

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
    map_.Add(offset, text->size() - length_before, lexer_.atom_begin(), escape_.size());
    escape_.clear();
  }
  offset_ += text->size() - before;
}

void NestedText::Finish(std::string* text) {
  text->append(escape_);
  offset_ += escape_.size();
  escape_.clear();
}

void RawMap::Add(size_t offset, size_t length, size_t raw, size_t raw_length) {
  steps_.push_back({offset, length, raw, raw_length});
}

size_t RawMap::RawOf(size_t offset) const noexcept {
  const auto begin = steps_.begin() + static_cast<ptrdiff_t>(forgotten_);
  const auto after = std::partition_point(begin, steps_.end(),
                                          [&](const Step& step) { return step.offset <= offset; });
  if (after == begin) return base_raw_ + (offset - base_offset_);
  const Step& step = *std::prev(after);
  const size_t inside = offset - step.offset;
  return inside < step.length ? step.raw : step.raw + step.raw_length + (inside - step.length);
}

void RawMap::Forget(size_t offset) {
  base_raw_ = RawOf(offset);
  base_offset_ = offset;
  while (forgotten_ < steps_.size() && steps_[forgotten_].offset < offset) ++forgotten_;
  // Only when more is forgotten than is left: so moving costs no more than adding did.
  if (2 * forgotten_ < steps_.size()) return;
  steps_.erase(steps_.begin(), steps_.begin() + static_cast<ptrdiff_t>(forgotten_));
  forgotten_ = 0;
}

}  // namespace kt::session
