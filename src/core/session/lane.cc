#include "core/session/lane.h"

#include <algorithm>
#include <iterator>

#include "core/session/segment_edits.h"

namespace kt::session {
namespace {

// Dropping old text moves the rest: done only when there is this much of it.
constexpr size_t kTrimBytes = 2048;

}  // namespace

Lane::Lane(const openai::Segment& segment, uint32_t choice)
    : key_(segment.lane),
      choice_(choice),
      group_(segment.group),
      role_(segment.role),
      text_class_(segment.text_class),
      saying_(segment.saying) {
  if (segment.json_inside) nested_ = std::make_unique<Nested>();
}

// Only lanes of plain text are ever joined.
Lane::Lane(const Lane& other, Joined)
    : key_(0),
      choice_(other.choice_),
      group_(other.group_),
      role_(other.role_),
      text_class_(other.text_class_),
      saying_(other.saying_),
      text_(other.text_),
      base_(other.base_),
      judged_(other.judged_),
      settled_(other.settled_),
      end_(other.end_),
      cleared_(other.cleared_),
      edits_(other.edits_),
      joined_(true),
      pieces_{{0, other.end_}} {}

std::pair<size_t, size_t> Lane::Append(std::string_view text, bool seam, bool apart) {
  const size_t begin = end_;
  if (seam) since_seam_ = 0;
  since_seam_ += text.size();
  end_ += text.size();
  if (joined_ && !seam && !pieces_.empty()) {
    pieces_.back().second = end_;
  } else if (joined_ || apart) {
    pieces_.push_back({begin, end_});
  }
  if (nested_) {
    nested_->raw.append(text);
    nested_->text.Append(text, &text_);
  } else {
    text_.append(text);
  }
  return {begin, end_};
}

std::optional<policy::Block> Lane::Judge(policy::ChainRun& chain, Placeholders& placeholders,
                                         bool final, size_t to) {
  if (closed_) return std::nullopt;
  closed_ = final;
  if (final && nested_) nested_->text.Finish(&text_);
  const size_t from = judged_ - base_;
  size_t cleared = from;
  found_.clear();
  // Without nested JSON an offset in the lane is one in what policies see.
  const std::string_view text = std::string_view(text_).substr(0, to - std::min(to, base_));
  const bool prose = text_class_ == openai::TextClass::kText && !joined_;
  auto* scorer = prose ? &scorer_ : nullptr;
  const auto count_as = CountsAll() ? std::optional(saying_) : std::nullopt;
  if (auto block =
          chain.JudgeDelta(text, from, final, role_, &cleared, &found_, scorer, count_as)) {
    closed_ = false;  // nothing was judged for good
    return block;
  }
  if (!CountsAll()) CountRest(chain);
  if (!Settle(std::clamp(cleared, from, text.size()), placeholders, final)) {
    return UnfitBlock(chain, policy::Phase::kOutput, 0);
  }
  Trim();
  return std::nullopt;
}

void Lane::CountRest(policy::ChainRun& chain) const {
  const auto offset = [&](size_t at) {
    return nested_ ? nested_->text.RawOf(base_ + at) : base_ + at;
  };
  for (const policy::TextEdit& edit : found_) {
    const auto holds = [&, begin = offset(edit.begin), end = offset(edit.end)](const auto& piece) {
      return piece.first <= begin && end <= piece.second;
    };
    if (std::none_of(pieces_.begin(), pieces_.end(), holds))
      chain.CountRedactions({&edit, 1}, saying_);
  }
}

policy::ChainRun::Text Lane::Whole() {
  if (nested_) nested_->text.Finish(&text_);
  return {{text_, role_, text_class_, policy::Phase::kOutput},
          text_class_ == openai::TextClass::kText,
          nested_ ? 0 : group_,
          false,
          CountsAll(),
          saying_};
}

bool Lane::TakeWhole(policy::ChainRun& chain, std::vector<policy::TextEdit> edits,
                     Placeholders& placeholders) {
  closed_ = true;
  found_ = std::move(edits);
  if (!CountsAll()) CountRest(chain);
  return Settle(text_.size(), placeholders, true);
}

// Takes over the chain's edits of text_[judged, cleared). All of them lie before what may begin a
// placeholder, since an edit leaves none. Values come back in each text by itself: halves of a
// placeholder in two of them are none, as in a whole answer.
bool Lane::Settle(size_t cleared, Placeholders& placeholders, bool final) {
  const bool is_text = text_class_ != openai::TextClass::kIdentifier;
  if (!is_text && !found_.empty()) return false;
  std::vector<SpanEdit> spans;
  spans.reserve(found_.size());
  for (policy::TextEdit& edit : found_) {
    spans.push_back({edit.begin, edit.end, std::move(edit.replacement)});
  }
  judged_ = base_ + cleared;
  size_t settled = cleared;
  if (is_text && !joined_)
    settled = placeholders.Restore(text_, settled_ - base_, cleared, final, &spans);
  settled_ = base_ + settled;
  for (SpanEdit& span : spans) {
    span.begin += base_;
    span.end += base_;
  }
  if (nested_) return SettleNested(std::move(spans), final);
  cleared_ = settled_;
  std::move(spans.begin(), spans.end(), std::back_inserter(edits_));
  return true;
}

bool Lane::SettleNested(std::vector<SpanEdit> spans, bool final) {
  Nested& nested = *nested_;
  for (SpanEdit& span : spans) {
    span.begin = nested.text.RawOf(span.begin);
    span.end = nested.text.RawOf(span.end);
  }
  const size_t raw_end = final ? end_ : nested.text.RawOf(settled_);
  const std::string_view fresh = std::string_view(nested.raw).substr(0, raw_end - nested.raw_base);
  if (!nested.edits.Feed(fresh, std::move(spans), final, &edits_)) return false;
  nested.raw.erase(0, fresh.size());
  nested.raw_base = raw_end;
  cleared_ = std::min(raw_end, nested.edits.safe_end());
  nested.text.Forget(settled_);
  return true;
}

void Lane::Close() {
  closed_ = true;
  Trim();
}

void Lane::Trim() {
  const size_t settled = settled_ - base_;
  if (closed_ && settled == text_.size()) {
    base_ += settled;
    std::string().swap(text_);
    scorer_.reset();
    return;
  }
  if (settled < kTrimBytes) return;
  std::erase_if(pieces_, [&](const auto& piece) { return piece.second <= judged_; });
  size_t drop = settled - policy::kStreamContextBytes;
  while (drop > 0 && (static_cast<unsigned char>(text_[drop]) & 0xC0) == 0x80) --drop;
  text_.erase(0, drop);
  base_ += drop;
}

void Lane::TakeEdits(size_t begin, size_t end, std::vector<SpanEdit>* out) {
  while (!edits_.empty() && edits_.front().begin < end) {
    SpanEdit& edit = edits_.front();
    if (edit.end > begin) {
      const bool begins_here = edit.begin >= begin;
      out->push_back({std::max(edit.begin, begin) - begin, std::min(edit.end, end) - begin,
                      begins_here ? edit.replacement : std::string()});
      out->back().before = std::max(edit.begin, begin) - edit.begin;
      out->back().behind = edit.end - std::min(edit.end, end);
    }
    if (edit.end > end) return;  // it goes on in the next piece
    edits_.pop_front();
  }
}

}  // namespace kt::session
