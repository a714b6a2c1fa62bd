// Span edits on a text: collected in any order, applied once, the rest byte for byte as it was.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kt::json {

class Edits {
 public:
  // Replaces bytes [begin, end) by `bytes`, which the caller has escaped for its place.
  // begin == end inserts.
  void Replace(uint32_t begin, uint32_t end, std::string bytes);
  bool empty() const noexcept { return edits_.empty(); }
  void clear() noexcept { edits_.clear(); }
  // Appends the edited text to `out`. Where edits overlap, the one that begins first wins and
  // takes in the others' spans: the union of the spans is replaced by its bytes.
  void Apply(std::string_view text, std::string* out);

 private:
  struct Edit {
    uint32_t begin, end;
    std::string bytes;
  };
  std::vector<Edit> edits_;
};

// Appends `text` (valid UTF-8) to `out`, escaped for the inside of a JSON string, without quotes.
void AppendEscaped(std::string_view text, std::string* out);
// A quoted JSON string.
std::string Quote(std::string_view text);

}  // namespace kt::json
