#include "core/sse/lines.h"
#include "core/sse/splitter.h"

namespace kt::sse {
namespace {

// Bytes of the line end at the beginning of `bytes`, which begins with CR or LF.
size_t LineEndLength(std::string_view bytes) noexcept {
  return bytes.starts_with("\r\n") ? 2 : 1;
}

void AppendDataLines(std::string_view data, std::string_view line_end, std::string* out) {
  while (true) {
    const size_t end = FindLineEnd(data, 0);
    out->append("data: ").append(data.substr(0, end)).append(line_end);
    if (end == data.size()) return;
    data.remove_prefix(end + LineEndLength(data.substr(end)));
  }
}

}  // namespace

void AppendEvent(std::string_view name, std::string_view data, std::string* out) {
  if (!name.empty()) out->append("event: ").append(name).append("\n");
  AppendDataLines(data, "\n", out);
  out->push_back('\n');
}

void AppendWithData(std::string_view raw, std::string_view data, std::string* out) {
  bool written = false;
  while (!raw.empty()) {
    const size_t end = FindLineEnd(raw, 0);
    const std::string_view line = raw.substr(0, end);
    const size_t length = end == raw.size() ? end : end + LineEndLength(raw.substr(end));
    const bool marked = line.starts_with(kByteOrderMark);
    const Field field = ParseField(marked ? line.substr(kByteOrderMark.size()) : line);
    if (field.name != "data") {
      out->append(raw.substr(0, length));
    } else if (!written) {
      if (marked) out->append(kByteOrderMark);
      AppendDataLines(data, raw.substr(end, length - end), out);
      written = true;
    }
    raw.remove_prefix(length);
  }
}

}  // namespace kt::sse
