// Passages of requests in which the rules of a chain found nothing: a text that is new as a whole
// is often one of a template, or a document with another question before it.
//
// What is kept of a passage is a keyed hash of 128 bits (keyed_hash.h) over it, the passages beside
// it, the chain and the client, and where rules without a bound have to look again; never the text.
// As with whole texts (verdict_cache.h) nobody can find out from outside what is kept.
//
// Owned by one process, not thread-safe. Bounded. Memory is taken as it is used.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "core/base/status.h"
#include "core/detect/passages.h"
#include "core/policy/keyed_hash.h"
#include "core/policy/recent_table.h"

namespace kt::policy {

class PassageCache {
 public:
  // Whose rules look at it, and for whom.
  struct Circumstances {
    uint64_t chain = 0;  // Chain::id
    std::string_view caller = {};
  };

  // `passages`: how many are kept, at least; 56 bytes each. kInternal: OpenSSL has no such hash.
  static Result<std::unique_ptr<PassageCache>> Make(size_t passages);

  // The passages of a request's text, with those marked that are known. Valid until the next call.
  // nullptr: it is too short, or no hash can be computed; it is judged as a whole.
  detect::Passages* Begin(const Circumstances& circumstances, std::string_view text);
  // The rules were looked for in that text: keeps those that turned out to be clean.
  void Keep() noexcept;

 private:
  using Key = KeyedHash::Value;
  PassageCache() = default;
  bool SetKeys(const Circumstances& circumstances, std::string_view text);

  std::unique_ptr<KeyedHash> hash_;
  RecentTable<detect::Passages::Places> table_;
  // Of the present text.
  detect::Passages passages_;
  std::vector<Key> hashes_, keys_;
};

}  // namespace kt::policy
