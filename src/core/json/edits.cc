#include "core/json/edits.h"

#include <algorithm>
#include <utility>

namespace kt::json {
namespace {

constexpr char kHexDigits[] = "0123456789abcdef";

}  // namespace

void Edits::Replace(uint32_t begin, uint32_t end, std::string bytes) {
  edits_.push_back({begin, std::max(begin, end), std::move(bytes)});
}

void Edits::Apply(std::string_view text, std::string* out) {
  // Insertions go before a replacement that begins at the same byte, or it would swallow them.
  std::stable_sort(edits_.begin(), edits_.end(), [](const Edit& a, const Edit& b) {
    if (a.begin != b.begin) return a.begin < b.begin;
    return a.begin == a.end && b.begin != b.end;
  });
  size_t at = 0;
  for (size_t i = 0; i < edits_.size();) {
    const Edit& first = edits_[i];
    const size_t begin = std::min<size_t>(first.begin, text.size());
    size_t end = first.end;
    for (++i; i < edits_.size() && edits_[i].begin < end; ++i) {
      end = std::max<size_t>(end, edits_[i].end);
    }
    out->append(text, at, begin - at);
    out->append(first.bytes);
    at = std::min(end, text.size());
  }
  out->append(text, at, text.size() - at);
}

void AppendEscaped(std::string_view text, std::string* out) {
  size_t plain = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c != '"' && c != '\\') continue;
    out->append(text, plain, i - plain);
    plain = i + 1;
    out->push_back('\\');
    switch (c) {
      case '"':
      case '\\':
        out->push_back(static_cast<char>(c));
        break;
      case '\n':
        out->push_back('n');
        break;
      case '\r':
        out->push_back('r');
        break;
      case '\t':
        out->push_back('t');
        break;
      default:
        out->append("u00");
        out->push_back(kHexDigits[c >> 4]);
        out->push_back(kHexDigits[c & 15]);
    }
  }
  out->append(text, plain, text.size() - plain);
}

std::string Quote(std::string_view text) {
  std::string out = "\"";
  AppendEscaped(text, &out);
  out.push_back('"');
  return out;
}

}  // namespace kt::json
