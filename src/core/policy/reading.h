// One text made ready for all policies: its plain form (detect/normalize.h), what it says once
// decoded (detect/decode_views.h), the rules that match in either, and the classifier's scores.
// Made once for a text; policies only look at it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "core/base/status.h"
#include "core/detect/classifier.h"
#include "core/detect/decode_views.h"
#include "core/detect/matcher.h"
#include "core/detect/normalize.h"
#include "core/detect/work_budget.h"
#include "core/policy/passage_cache.h"

namespace kt::policy {

// One view of a text. Offsets of the matches are those of `text`.
struct ViewReading {
  detect::ViewKind kind;
  unsigned kinds = 0;  // ViewBit of this view and of the one that it was found in
  std::string_view text;
  std::vector<detect::Match> matches;
  detect::Scores scores;
  size_t covered = 0;  // bytes of the plain text that were written in another form
};

class Reading {
 public:
  // The normalised text; the raw one where that is the same.
  std::string_view plain() const noexcept { return plain_; }
  std::string_view raw() const noexcept { return raw_; }
  bool folded() const noexcept { return deep_ != nullptr && !deep_->normalized.identical(); }

  // What the rules found in the plain text and in what its tokens decode to, as spans of the raw
  // text, in the matcher's order. A match in a decoded token is the whole token.
  std::span<const detect::Match> matches() const noexcept { return matches_; }
  // Of the plain text only, as spans of it.
  std::span<const detect::Match> plain_matches() const noexcept {
    return deep_ == nullptr ? std::span<const detect::Match>(matches_) : deep_->plain_matches;
  }
  // Without kSpelled, which is read for its values only.
  std::span<const ViewReading> views() const noexcept {
    return deep_ == nullptr ? std::span<const ViewReading>() : deep_->views;
  }
  // Raw bytes of a span of the plain text, begin < end.
  detect::ByteSpan Raw(size_t begin, size_t end) const noexcept;
  // The other way: the first plain offset that came from the raw offset or from behind it.
  size_t PlainOf(size_t raw) const noexcept;

  // Nothing was found in it or measured, and it is its own plain form.
  bool says_nothing() const noexcept { return matches_.empty() && deep_ == nullptr && !scores_; }

  // What it says is not asked any more: gives back buffers larger than ordinary texts need.
  void Trim();
  // Streams: leaves out what reaches beyond a raw offset.
  void DropMatchesAfter(size_t raw);

  // The view in which most of the text is written; null: it is written plainly.
  const ViewReading* main_view() const noexcept;

  // The classifier's of the plain text, 0 where a main view stands for it; nothing when no policy
  // asked.
  const std::optional<detect::Scores>& scores() const noexcept { return scores_; }
  // Streams: adds the plain text of raw[from, to) to `scorer`, and gives the highest scores of the
  // windows that are complete with it.
  void HearDelta(size_t from, size_t to, bool final, detect::WindowScorer* scorer);
  // Of a part of this text or of a view, as if that many windows of the request had been judged
  // before. Precondition: scores().
  detect::Scores ScorePart(std::string_view part, uint32_t windows) const;
  // Of the request when this text had been judged.
  uint32_t windows() const noexcept { return windows_; }

 private:
  friend class Reader;
  // What a view says once it is normalised and decoded in its turn.
  struct Inner {
    detect::NormalizedText normalized;
    detect::DecodedViews decoded;
  };
  struct Deep {
    detect::NormalizedText normalized;
    detect::DecodedViews decoded;
    std::vector<detect::Match> plain_matches;
    std::vector<ViewReading> views;
    std::vector<std::unique_ptr<Inner>> inner;  // texts of `views`
  };

  static constexpr size_t kKeptBytes = 64 * 1024, kKeptMatches = 256;

  static void Trim(std::unique_ptr<Deep>* deep);

  std::string_view raw_, plain_;
  std::vector<detect::Match> matches_;
  std::unique_ptr<Deep> deep_;  // of a text that is not its own plain form, or has views
  std::optional<detect::Scores> scores_;
  const detect::Classifier* classifier_ = nullptr;
  uint32_t windows_ = 0;  // of the request when this text had been judged
};

// Makes readings; keeps the buffers of those that had nothing to keep.
class Reader {
 public:
  struct Options {
    detect::Scope scope = detect::Scope::kInput;
    unsigned views = detect::kTokenViews;
    const detect::Classifier* classifier = nullptr;  // null: no scores
    uint32_t* windows = nullptr;                     // of the request so far; with a classifier
    bool final = true;                               // nothing follows
    PassageCache* passages = nullptr;                // null: every passage is looked into
    PassageCache::Circumstances circumstances = {};  // of `passages`
  };
  Reader() = default;
  explicit Reader(const detect::Matcher& matcher) : matcher_(&matcher) {}

  // Whose rules are looked for from now on, in texts that are judged together; outlives the calls
  // of Read and ReadDelta that follow.
  void Use(const detect::Matcher& matcher) {
    matcher_ = &matcher;
    budget_ = {};
  }
  void Trim();  // as Reading::Trim

  // `raw` must outlive *out. A failure (a limit of the normaliser, the views or the matcher) leaves
  // *out without matches: the text was not judged.
  Status Read(std::string_view raw, const Options& options, Reading* out);

  // As if Read had found these matches of the raw text, and nothing else was in it.
  void Recall(std::string_view raw, std::span<const detect::Match> matches, Reading* out);

  // Streams: reads raw[from, …) with what comes before as context, of which the last
  // kStreamContextBytes are enough. Sets *cut: what is before it is judged for good, whatever
  // follows; only matches that lie in [from, *cut) are reported. `final`: nothing follows.
  Status ReadDelta(std::string_view raw, size_t from, bool final, Reading* out, size_t* cut);

 private:
  void Clear(std::string_view raw, Reading* out);
  Status Prepare(std::string_view raw, unsigned views, Reading* out);
  Status MatchPlain(const Options& options, Reading* out);
  Status MatchViews(const Options& options, size_t from, Reading* out);
  Status MatchGroups(const detect::View& view, const Options& options, bool spans, Reading* reading,
                     ViewReading* out);
  Status MatchSpelled(const detect::View& view, const Options& options, Reading* out);
  Status ReadInner(const Options& options, Reading* out);
  size_t HoldFrom(const Reading& reading, size_t from, size_t stable) const;
  size_t HoldSpelled(std::string_view text) const;
  void Score(const Options& options, Reading* out) const;

  const detect::Matcher* matcher_ = nullptr;
  detect::WorkBudget budget_;
  std::unique_ptr<Reading::Deep> spare_;
  std::vector<detect::Match> found_;
};

// What a stream must show of the text before: a word with its surroundings for the normaliser, an
// escape's for the views, the names of ids for the rules.
inline constexpr size_t kStreamContextBytes = 640;

}  // namespace kt::policy
