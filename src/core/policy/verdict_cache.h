// Texts that a chain let go on, so that what comes again is not judged again: clients send a
// conversation anew with every turn, and agents do so all day.
//
// What is kept of a text is a keyed hash of 128 bits (keyed_hash.h) over its bytes and over
// everything else that its verdict depends on, and the scores it got; where values were found that
// are redacted or recorded, which rules found them and where, never what they are. Nobody can find
// out from outside what is kept, not even by what makes room for what. `caller` is part of what is
// hashed: how fast an answer comes tells nobody what others have sent.
//
// Of the texts that are not known, passages may be (passage_cache.h).
//
// Owned by one process, not thread-safe. Bounded. Memory is taken as it is used.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "core/base/status.h"
#include "core/detect/matcher.h"
#include "core/policy/found_table.h"
#include "core/policy/keyed_hash.h"
#include "core/policy/passage_cache.h"
#include "core/policy/recent_table.h"

namespace kt::policy {

class VerdictCache {
 public:
  // Shorter texts are judged as fast as they are found.
  static constexpr size_t kMinBytes = 64;

  // What the verdict on a text depends on beside its bytes.
  struct Circumstances {
    uint64_t chain = 0;     // Chain::id
    uint64_t selected = 0;  // its entries that take part, as bits
    uint32_t windows = 0;   // of the request, judged by the classifier before this text
    uint8_t role = 0, text_class = 0;
    bool joined = false;
  };
  // The text passed. `scores`: of the policies that give one.
  struct Passed {
    static constexpr size_t kScores = 3;
    uint32_t windows = 0;  // of this text
    uint8_t score_count = 0;
    std::array<uint8_t, kScores> entries{};  // of the chain
    std::array<double, kScores> scores{};
    // False: there is no room for it.
    bool AddScore(size_t entry, double score) noexcept;
    double ScoreOf(size_t entry) const noexcept;  // negative: it gave none
  };
  // The text went on, and some policies had something to say of it.
  struct Found {
    Passed passed;
    uint64_t entries = 0;  // of the chain, those policies, as bits
  };
  using Key = KeyedHash::Value;

  // `texts`: how many are kept, at least, 56 bytes each; a quarter as many passages; and a
  // sixteenth as many texts in which something was found, 80 bytes each, with as many values in all
  // of them as there are `texts`, 20 bytes each. kInternal: OpenSSL has no such hash.
  static Result<std::unique_ptr<VerdictCache>> Make(size_t texts);

  // False: it cannot be computed, the text has to be judged.
  bool KeyOf(const Circumstances& circumstances, std::string_view caller, std::string_view text,
             Key* out) noexcept;
  // Valid until the next Add. nullptr: not known.
  const Passed* Find(const Key& key) noexcept { return table_.Find(key); }
  // `matches`: what the rules of those policies found.
  const Found* FindFound(const Key& key, std::vector<detect::Match>* matches) {
    return found_.Find(key, matches);
  }
  void Add(const Key& key, const Passed& passed) noexcept { table_.Add(key, passed); }
  // Nothing is kept of a text in which too many were found: a quarter of all.
  void AddFound(const Key& key, const Found& found,
                std::span<const detect::Match> matches) noexcept {
    found_.Add(key, found, matches);
  }
  PassageCache& passages() noexcept { return *passages_; }

 private:
  VerdictCache() = default;

  std::unique_ptr<KeyedHash> hash_;
  RecentTable<Passed> table_;
  FoundTable<Found> found_;
  std::unique_ptr<PassageCache> passages_;
};

}  // namespace kt::policy
