// The grammar of RFC 8259 over the token positions of one text: builds the nodes of a View.
#pragma once

#include <string_view>
#include <vector>

#include "core/json/duplicate_keys.h"
#include "core/json/index.h"
#include "core/json/view.h"

namespace kt::json {

struct SharedParser::Impl {
  Refusal refusal = Refusal::kNone;
  const char* reason = "";
  uint32_t position = 0;  // byte at which it was refused

  // Fills *nodes; false with refusal, reason and position set otherwise.
  bool Run(std::string_view text, size_t padding, const Limits& limits, std::vector<Node>* nodes);

 private:
  struct Open {
    NodeIndex node;
    uint32_t members;
    uint64_t kinds_of_keys;  // a bit for each kind (KindOfKey) that a key of it was of
    char closer;
    bool alike;  // two keys may be the same
  };

  bool Start(std::string_view text, size_t padding, const Limits& limits, std::vector<Node>* nodes);
  bool Walk();
  bool AddNode(NodeIndex parent, uint32_t position);
  bool Value();
  bool Container(Node* node, char opener);
  bool Key(Open* object);
  bool Member();
  bool AfterValue();
  bool Close();
  bool String(uint32_t begin, uint32_t end, bool* escaped);
  bool Escapes(size_t begin, size_t close, bool* escaped);
  size_t Backslash(size_t from) noexcept;
  bool Scalar(Node* node);
  bool Fail(Refusal why, const char* what, size_t at);

  uint32_t Token(uint32_t i) const noexcept { return i < count_ ? tokens_[i] : size_; }
  char ByteAt(uint32_t i) const noexcept { return i < count_ ? text_[tokens_[i]] : '\0'; }
  uint32_t TokenEnd(uint32_t i) const noexcept;

  TokenIndex index_;
  DuplicateKeys duplicates_;
  std::vector<Open> open_;

  std::string_view text_;
  Limits limits_;
  std::vector<Node>* nodes_ = nullptr;
  const uint32_t* tokens_ = nullptr;
  uint32_t count_ = 0, size_ = 0;
  uint32_t next_ = 0;  // the token that is read next
  uint32_t strings_ = 0;
  size_t backslash_ = 0;  // the first one at or behind where it was last asked for
};

}  // namespace kt::json
