// The linear classifier of prompt-injection and safety-filter: two heads over one pass of hashed
// features (features.h), int8 weights read from policies/classifier.bin, which scripts/train
// writes. A score is one signal of a policy, beside its rules; what is in policies/classifier.md
// says how good it is.
//
// Windows: two neighbouring blocks of 256 code points (so 512, step 256); a text of one block is
// one window. A window's raw value is  bias + scale * share * sum / (words + prior)^0.75,  where a
// gram counts half of a word's features, and share = min(1, grams / kEnoughGrams): a few words are
// too little for a verdict, and what is an attack among them is for rules. Its score is
//   sigmoid(slope * (raw - operating_point - drift * growth(k)) + ln 4),
// k being the number of windows judged before in the same request or stream, and growth(k) being
// ln(1 + k) up to ln 16 and 15 % of what goes beyond: the more is judged,
// the more a window must show, so that false positives hold per request and not per window, while
// a stream needs to know nothing of what follows. 0.8 is the operating point. A text's score is its
// highest window's.
//
// In long texts a window is judged by all features only where the gate (gate.h) lets it pass; else
// its raw value is the gate's estimate, which lies below the gate's limit.
//
// Input: normalised UTF-8 (see features.h); any bytes are safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/status.h"
#include "core/detect/features.h"
#include "core/detect/gate.h"

namespace kt::detect {

struct Scores {
  float injection = 0, safety = 0;  // 0 to 1; 0 for a text without a window
};

// About as many as a text has bytes: "Write to her." has 12.
inline constexpr uint32_t kEnoughGrams = 40;

// What one head needs beside its weights. All finite.
struct HeadSettings {
  float scale = 1, bias = 0;   // weight = scale * int8
  float prior = 0;             // words added to a window's own: short texts say less
  float operating_point = 0;   // the raw value that becomes 0.8 in a request's first window
  float slope = 1, drift = 0;  // slope > 0, drift >= 0
};

struct Gate {
  GateSettings heads[2];        // the default lets everything pass
  std::vector<int8_t> weights;  // kGateCount * heads, entry by entry; empty: all 0
};

// Short texts are judged by all features: their scores are compared with one another, while a long
// text is asked for the one place that matters. Answers are always gated, since the begin of a
// stream must be judged before it is known how long it will be.
enum class Gating : uint8_t { kLongTexts, kAlways };
inline constexpr size_t kLongTextBytes = 1024;

// Immutable, shared by all requests.
class Classifier {
 public:
  // Format, little-endian:
  //   0  "KTLC"  4  u32 version  8  u32 kFeatureBits  12  u32 heads (2: injection, safety)
  //  16  heads * 6 float32: HeadSettings in the order of its members
  //  64  kFeatureCount * heads int8, feature by feature
  //      heads * 3 float32: GateSettings;  kGateCount * heads int8
  //      u64 FNV-1a of all bytes before
  // kInvalidArgument says what is wrong. The bytes are copied.
  static Result<std::unique_ptr<const Classifier>> Parse(std::string_view bytes);
  static std::string Serialize(const HeadSettings (&heads)[2], const std::vector<int8_t>& weights,
                               const Gate& gate = {});

  // growth(k) of the header: for the trainer, which calibrates `drift`.
  static float LengthGrowth(uint32_t window);

  // Score of a whole text. *windows counts the windows of the request so far (0 at its begin) and
  // is advanced: pass the same counter for all texts of a request, in the order of the request.
  // No allocation.
  Scores Score(std::string_view text, uint32_t* windows, Gating gating = Gating::kLongTexts) const;

 private:
  friend class WindowScorer;
  // Sums of biased weights over the words of one block, or of two.
  struct Sums {
    uint32_t both = 0;       // of entries: injection + 256 * safety; twice for words
    uint32_t injection = 0;  // of the lower byte
    uint32_t words = 0, grams = 0;
    Sums operator+(const Sums& o) const {
      return {both + o.both, injection + o.injection, words + o.words, grams + o.grams};
    }
  };
  // Of a window or the highest of several, by head: raw - operating_point - drift * growth.
  struct Values {
    float head[2];
  };
  // One block of a text.
  struct Block {
    size_t bytes = 0;
    bool gated = false, full = false;  // which sums there are
    GateSums gate;
    Sums sums;
    WordContext before, after;  // of the words; `after` of full ones
  };
  Classifier() = default;
  Sums AddBlock(std::string_view text, WordContext* context, size_t* bytes) const;
  // The next block of a text, which begins `text`. `gate`: the gate may spare it.
  void NextBlock(std::string_view text, const Block& last, char byte_before, bool gate,
                 Block* block) const;
  void Fill(std::string_view text, Block* block) const;
  Values Raw(const Sums& sums) const;
  // The gate's estimate of two blocks; false when they must be judged by all features.
  bool Spared(const Block& a, const Block& b, Values* estimate) const;
  Values Judge(std::string_view last_text, Block* last, std::string_view text, Block* block,
               uint32_t window) const;
  float GrowthOf(uint32_t window) const;
  Scores ToScores(const Values& values) const;

  HeadSettings heads_[2];
  GateSettings gate_[2];
  std::vector<uint16_t> entries_;          // (injection + 128) | (safety + 128) << 8
  std::vector<uint32_t> gate_entries_;     // as AddGateBlock wants them
  std::vector<float> gate_per_length_[2];  // the gate's scale by a window's length, by its words
  std::vector<float> growth_;              // of the first windows
};

struct WindowScore {
  size_t end_bytes = 0;  // of the text added so far: where the window ends
  Scores scores;
};

// The same for a text that comes in pieces: the same windows with the same numbers as
// Classifier::Score, each as soon as what it depends on has arrived (kBlockLookahead bytes behind
// its end). Holds at most what has been added and not been judged, about one block.
class WindowScorer {
 public:
  // `classifier` must outlive this. windows: judged before in the same stream (another choice).
  explicit WindowScorer(const Classifier& classifier, uint32_t windows = 0)
      : classifier_(&classifier) {  // as Gating::kAlways
    at_.windows = windows;
  }

  // After each Add and after Finish, call Next until it returns false.
  void Add(std::string_view piece);
  void Finish() { at_.finished = true; }
  bool Next(WindowScore* out);
  uint32_t windows() const noexcept { return at_.windows; }

  // Rewind takes back what was added, finished and judged since the last Mark, as often as wanted.
  // Precondition of Rewind: there was a Mark. Until the next Mark all that is added is held.
  void Mark();
  void Rewind();

 private:
  struct Position {
    Classifier::Block last;
    char byte_before = ' ';
    size_t begin = 0;      // of last in pending_
    size_t end_bytes = 0;  // judged, of all that was added
    uint32_t windows = 0, blocks = 0;
    bool finished = false;
  };
  void Forget();

  const Classifier* classifier_;
  std::string pending_;  // from the last block on (of the mark's, if there is one)
  Position at_, mark_;
  size_t marked_bytes_ = 0;  // of pending_
  bool marked_ = false;
};

}  // namespace kt::detect
