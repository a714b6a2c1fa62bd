// What a ChainRun needs while it judges. Nothing in it outlasts a call, so that one thread may keep
// one for all of its runs: a stream that waits for its next event holds none of this.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "core/detect/matcher.h"
#include "core/policy/chain.h"
#include "core/policy/joined.h"
#include "core/policy/reading.h"
#include "core/policy/verdict_cache.h"

namespace kt::policy {

// One of the texts that are judged together.
struct JudgedText {
  Reading reading;
  bool failed = false;  // the text could not be read or matched
  // The text's place in the cache. kKnown: it passed before, and was not read; what those found who
  // had something to say of it is in `reading`.
  enum class Cached : uint8_t { kNot, kKnown, kIfPassed } cached = Cached::kNot;
  VerdictCache::Key key;
  uint64_t spoke = 0;  // the entries that had something to say, as bits; not of kNot
  VerdictCache::Passed passed;
};

struct ChainBuffers {
  Reader reader;
  std::vector<JudgedText> judged;
  std::unique_ptr<JoinedTexts> joined;  // once there were some
  std::vector<ChainRun::Text> with_joined;
  std::vector<std::vector<TextEdit>> delta_edits;  // of the one text of a delta
  std::vector<detect::Match> own_matches;          // of one policy
  std::vector<detect::Match> found_matches;        // to or from the cache

  // A call that judged so many texts is over: gives back what is larger than ordinary ones need.
  void Trim(size_t texts);
};

// Does that at the end of a call, however it ends.
class TrimAfter {
 public:
  TrimAfter(ChainBuffers* buffers, size_t texts) : buffers_(buffers), texts_(texts) {}
  ~TrimAfter() { buffers_->Trim(texts_); }
  TrimAfter(const TrimAfter&) = delete;
  TrimAfter& operator=(const TrimAfter&) = delete;

 private:
  ChainBuffers* const buffers_;
  const size_t texts_;
};

}  // namespace kt::policy
