// A keyed hash of 128 bits, by which what was judged is known again without being kept. The keys
// are random, and known to this process only: nobody can make two texts that share a hash.
//
// Poly1305 under one key for all texts is a keyed universal hash: two texts of 1 MB share one with
// a chance below 2^-86. It is the fastest that OpenSSL has on every processor, but linear: who
// learns by time which texts make room for which, learns bits of its key. So what is asked for in a
// table is enciphered, which tells nothing but whether two are the same.
//
// Not thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string_view>

#include "core/base/status.h"

namespace kt::policy {

class KeyedHash {
 public:
  using Value = std::array<uint64_t, 2>;

  // kInternal: OpenSSL has no such hash.
  static Result<std::unique_ptr<KeyedHash>> Make();
  ~KeyedHash();
  KeyedHash(const KeyedHash&) = delete;
  KeyedHash& operator=(const KeyedHash&) = delete;

  // Of the parts in a row; their lengths are not part of it. Linear: see above. False: it cannot be
  // computed.
  bool Of(std::initializer_list<std::string_view> parts, Value* out) noexcept;
  // Each by itself. False: it cannot be done.
  bool Encipher(std::span<Value> blocks) noexcept;

 private:
  struct Contexts;
  explicit KeyedHash(std::unique_ptr<Contexts> contexts) noexcept;
  const std::unique_ptr<Contexts> contexts_;
};

}  // namespace kt::policy
