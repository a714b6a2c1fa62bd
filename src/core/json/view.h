// A strict, read-only view of one JSON text: every value with its byte span, in document order.
//
// Strict means: valid UTF-8 without BOM, RFC 8259 grammar, nothing behind the value, no duplicate
// keys (after unescaping), bounded depth and number of strings. What passes is what policies see
// and, edited by spans (json/edits.h), what is sent: no second parser can read it differently.
//
// A view borrows the text: it must outlive the view and stay unchanged. Not thread-safe; meant to
// be reused, since it keeps its buffers.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/status.h"

namespace kt::json {

// Why a text was refused; the session maps these to the API's error codes.
enum class Refusal : uint8_t {
  kNone,
  kInvalidJson,
  kInvalidUtf8,  // also: a byte order mark, and a lone surrogate escape where not allowed
  kDuplicateKey,
  kTooDeep,
  kTooManyStrings,  // or values of any kind
  kInternal,
};

enum class LoneSurrogates : uint8_t {
  kRefuse,  // requests
  // Answers: each decoded as three bytes of its own (WTF-8), so that the halves of a character can
  // be put together again where two texts make one; alone they stand for U+FFFD.
  kKeep,
};

struct Limits {
  uint32_t max_depth = 64;
  uint32_t max_strings = 100'000;   // values and keys together
  uint32_t max_values = 2'000'000;  // of any kind: bounds the memory that a text of numbers takes
  LoneSurrogates lone_surrogates = LoneSurrogates::kRefuse;
};

enum class Kind : uint8_t { kObject, kArray, kString, kNumber, kTrue, kFalse, kNull };

using NodeIndex = uint32_t;
inline constexpr NodeIndex kNoNode = UINT32_MAX;

struct Node {
  Kind kind;
  bool escaped;  // a string that holds at least one backslash
  bool key_escaped;
  uint32_t begin, end;  // bytes [begin, end) of the text; a string's span includes its quotes
  uint32_t key_begin, key_end;  // the member's key with quotes; both 0 outside objects
  NodeIndex parent;             // kNoNode for the root
  NodeIndex after;    // first node behind this node's subtree; children are [index + 1, after)
  uint32_t position;  // 0-based position among its siblings
};

// A string without its escapes, and the way back to the bytes it came from.
class Decoded {
 public:
  // Valid while this object is neither changed nor moved.
  std::string_view text() const noexcept { return owned_ ? std::string_view(storage_) : text_; }
  // The raw byte span [first, second) of the JSON text that yields decoded bytes [begin, end).
  // Precondition: begin <= end <= text().size(). A span that cuts an escape sequence is widened to
  // the whole sequence.
  std::pair<uint32_t, uint32_t> RawSpan(size_t begin, size_t end) const noexcept;
  // What it keeps for the next string.
  size_t held_bytes() const noexcept {
    return storage_.capacity() + steps_.capacity() * sizeof(Step);
  }

 private:
  friend class View;
  // An escape sequence: decoded bytes [decoded, decoded + decoded_length) come from raw bytes
  // [raw, raw + raw_length). Plain bytes, one for one, follow up to the next step.
  struct Step {
    uint32_t decoded, raw;
    uint32_t decoded_length, raw_length;
  };
  std::string_view text_;  // of a string without escapes
  std::string storage_;    // of one with escapes
  bool owned_ = false;
  uint32_t raw_begin_ = 0;
  std::vector<Step> steps_;
};

// What only Parse needs: its buffers, and nothing of a text once Parse has returned, however it
// ended. So one is enough for all views of a thread. It keeps what texts of up to 128 KB need.
class SharedParser {
 public:
  SharedParser() noexcept;
  ~SharedParser();

 private:
  friend class View;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

class View {
 public:
  // Parses by `parser`, which outlives it, or by one of its own.
  explicit View(SharedParser* parser = nullptr);
  ~View();
  View(View&&) noexcept;
  View& operator=(View&&) noexcept;

  // Parses `text`. `padding`: readable bytes behind text (the parser reads, but does not use, up
  // to 64 of them); with fewer the text is copied once. Texts of 4 GiB and more are refused. On
  // failure nodes() is empty, refusal() says why, and the status message where ("at byte 17"),
  // without quoting the text.
  Status Parse(std::string_view text, size_t padding, const Limits& limits);
  Refusal refusal() const noexcept { return refusal_; }

  std::string_view text() const noexcept { return text_; }
  const std::vector<Node>& nodes() const noexcept { return nodes_; }
  const Node& node(NodeIndex i) const noexcept { return nodes_[i]; }
  bool empty() const noexcept { return nodes_.empty(); }
  // Forgets the text, and gives back room that ordinary ones do not need.
  void Trim() noexcept;

  // The member `key` of object `object`, or kNoNode (also when `object` is kNoNode or no object).
  NodeIndex Find(NodeIndex object, std::string_view key) const noexcept;
  // The same for several keys in one pass over the members.
  template <size_t kKeys>
  std::array<NodeIndex, kKeys> FindEach(NodeIndex object,
                                        const std::string_view (&keys)[kKeys]) const noexcept {
    std::array<NodeIndex, kKeys> found;
    FindEach(object, keys, found.data());
    return found;
  }
  // Decodes a string value (or, with DecodeKey, the key of a member). For a string without escapes
  // `out` refers to text() and nothing is copied. `out` is reusable.
  void Decode(NodeIndex string, Decoded* out) const;
  void DecodeKey(NodeIndex member, Decoded* out) const;
  // Convenience for cold paths: a decoded copy; empty when `i` is kNoNode or no string.
  std::string String(NodeIndex i) const;
  // True when string `i` equals `value`, without a copy.
  bool Equals(NodeIndex i, std::string_view value) const;
  // Present and not null.
  bool IsGiven(NodeIndex i) const noexcept { return i != kNoNode && node(i).kind != Kind::kNull; }
  // The key of a member as it is written, escapes and all; empty outside objects.
  std::string_view RawKey(NodeIndex i) const noexcept {
    const Node& member = node(i);
    if (member.key_end == 0) return {};
    return text().substr(member.key_begin + 1, member.key_end - member.key_begin - 2);
  }
  bool KeyEquals(NodeIndex i, std::string_view key) const noexcept;
  // An integer value in [0, UINT32_MAX], or `otherwise`.
  uint32_t Unsigned(NodeIndex i, uint32_t otherwise) const noexcept;
  // "messages[7].content": for error messages; keys longer than 64 bytes are cut, unusual bytes
  // in keys become '?'.
  std::string Path(NodeIndex i) const;

 private:
  void FindEach(NodeIndex object, std::span<const std::string_view> keys,
                NodeIndex* found) const noexcept;
  void DecodeSpan(uint32_t begin, uint32_t end, bool escaped, Decoded* out) const;

  SharedParser* parser_;
  std::unique_ptr<SharedParser> own_parser_;  // once it was needed
  std::string_view text_;
  std::vector<Node> nodes_;
  Refusal refusal_ = Refusal::kNone;
};

}  // namespace kt::json
