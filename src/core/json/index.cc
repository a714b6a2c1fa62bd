#include "core/json/index.h"

#include <simdjson.h>

#include <algorithm>
#include <bit>

namespace kt::json {
namespace {

using Stage = simdjson::internal::dom_parser_implementation;

// Four bytes of index for each byte of text, of which only those of tokens are ever touched.
constexpr size_t kKeptCapacity = 128 * 1024;
constexpr size_t kSmallestCapacity = 512;

}  // namespace

struct TokenIndex::Impl {
  std::unique_ptr<Stage> stage;
  size_t capacity = 0;
  std::string padded;

  bool Reserve(size_t bytes) {
    if (bytes <= capacity) return true;
    const size_t wanted = std::max(kSmallestCapacity, std::bit_ceil(bytes));
    capacity = 0;
    stage.reset();
    const auto error = simdjson::get_active_implementation()->create_dom_parser_implementation(
        std::min<size_t>(wanted, simdjson::SIMDJSON_MAXSIZE_BYTES), 1, stage);
    if (error != simdjson::SUCCESS) return false;
    capacity = wanted;
    return true;
  }
};

TokenIndex::TokenIndex() : impl_(std::make_unique<Impl>()) {}
TokenIndex::~TokenIndex() = default;

TokenIndex::Outcome TokenIndex::Build(std::string_view text, size_t padding) {
  if (text.empty()) return Outcome::kInvalidJson;
  if (text.size() >= simdjson::SIMDJSON_MAXSIZE_BYTES) return Outcome::kInternal;
  if (!impl_->Reserve(text.size())) return Outcome::kInternal;
  const char* bytes = text.data();
  if (padding < simdjson::SIMDJSON_PADDING) {
    impl_->padded.reserve(text.size() + simdjson::SIMDJSON_PADDING);
    impl_->padded.assign(text);
    impl_->padded.append(simdjson::SIMDJSON_PADDING, '\0');
    bytes = impl_->padded.data();
  }
  const auto error = impl_->stage->stage1(reinterpret_cast<const uint8_t*>(bytes), text.size(),
                                          simdjson::stage1_mode::regular);
  switch (error) {
    case simdjson::SUCCESS:
      return Outcome::kOk;
    case simdjson::UTF8_ERROR:
    case simdjson::EMPTY:
    case simdjson::UNCLOSED_STRING:
    case simdjson::UNESCAPED_CHARS:
      // The other errors are reported before the encoding is looked at.
      return simdjson::validate_utf8(text) ? Outcome::kInvalidJson : Outcome::kInvalidUtf8;
    default:
      return Outcome::kInternal;
  }
}

const uint32_t* TokenIndex::tokens() const noexcept {
  return impl_->stage->structural_indexes.get();
}

uint32_t TokenIndex::size() const noexcept {
  return impl_->stage->n_structural_indexes;
}

void TokenIndex::Trim() {
  if (impl_->capacity > kKeptCapacity) {
    impl_->stage.reset();
    impl_->capacity = 0;
  }
  if (impl_->padded.capacity() > kKeptCapacity) std::string().swap(impl_->padded);
}

}  // namespace kt::json
