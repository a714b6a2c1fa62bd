#include "core/policy/chain_buffers.h"

#include <algorithm>

namespace kt::policy {
namespace {

constexpr size_t kKeptTexts = 16, kKeptMatches = 256;

template <typename Value>
void TrimTo(size_t kept, std::vector<Value>* values) {
  if (values->capacity() > kept) std::vector<Value>().swap(*values);
}

}  // namespace

void ChainBuffers::Trim(size_t texts) {
  reader.Trim();
  if (judged.size() > kKeptTexts) {
    std::vector<JudgedText>().swap(judged);
  } else {
    for (size_t i = 0; i < std::min(texts, judged.size()); ++i) judged[i].reading.Trim();
  }
  joined.reset();
  TrimTo(kKeptTexts, &with_joined);
  TrimTo(kKeptMatches, &own_matches);
  TrimTo(kKeptMatches, &found_matches);
}

}  // namespace kt::policy
