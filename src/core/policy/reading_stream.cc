// Reading what has arrived of a stream: what may leave, and what has to wait.
#include <algorithm>

#include "core/policy/plain_writing.h"
#include "core/policy/reading.h"
#include "core/policy/reading_groups.h"

namespace kt::policy {
namespace {

using detect::ByteSpan;
using detect::Match;

// Four bytes by themselves: "\xF0\x9F\x98\x80". More backslashes count as one.
constexpr size_t kLongestEscape = 16;

// "&#6" is read as it is, and may go on as "&#65;".
bool IsOpenEntity(std::string_view escape) noexcept {
  return escape.starts_with("&#") && escape.back() != ';';
}

}  // namespace

void Reading::HearDelta(size_t from, size_t to, bool final, detect::WindowScorer* scorer) {
  const size_t begin = PlainOf(from), end = to >= raw_.size() ? plain_.size() : PlainOf(to);
  scorer->Add(plain_.substr(begin, std::max(begin, end) - begin));
  if (final) scorer->Finish();
  detect::Scores best;
  for (detect::WindowScore window; scorer->Next(&window);) {
    best.injection = std::max(best.injection, window.scores.injection);
    best.safety = std::max(best.safety, window.scores.safety);
  }
  scores_ = best;
}

// The plain offset up to which nothing that follows can change what was found.
size_t Reader::HoldFrom(const Reading& reading, size_t from, size_t stable) const {
  const std::string_view text = reading.plain_.substr(0, stable);
  size_t hold = std::min(matcher_->HoldFrom(text, from), stable);
  const size_t token = detect::ViewHoldFrom(text, from);
  hold = std::min({hold, token, std::max(from, HoldSpelled(text))});
  // An escape that is not complete may go on with the value in front of it.
  const detect::OpenHexByte open = detect::FindOpenHexByte(text);
  const size_t sign =
      std::min(text.find_first_of("%&\\", std::max(from, token)), std::max(from, open.begin));
  if (sign < text.size()) hold = std::min(hold, matcher_->HoldFrom(text.substr(0, sign), from));
  if (reading.deep_ == nullptr) return hold;
  for (const detect::View& view : reading.deep_->decoded.views()) {
    if (view.kind != detect::ViewKind::kEscapes) continue;
    // Only the last surroundings may reach the end of the text, or an escape that may belong to
    // them.
    size_t part = 0, begin = 0;
    while (part < view.parts.size()) {
      begin = view.parts[part].at;
      GroupEnd(view, &part);
    }
    if (view.parts.back().end < std::min(stable, token)) continue;
    std::string_view group = std::string_view(view.text).substr(begin);
    const auto hold_alive = [&](size_t cut) {
      const size_t live = matcher_->HoldFrom(group.substr(0, cut), 0);
      if (live >= cut) return;
      const ByteSpan raw = view.Raw(begin + live, begin + live + 1, reading.deep_->normalized);
      hold = std::min(hold, std::max(from, reading.PlainOf(raw.begin)));
    };
    const detect::ViewPart& last = view.parts.back();
    if (last.origin == detect::PartOrigin::kSame) {
      for (const size_t cut : {open.begin, open.gap, stable}) {
        if (cut < last.end && cut >= last.begin) hold_alive(last.at + (cut - last.begin) - begin);
      }
    } else if (last.begin < stable && last.end >= stable &&
               (IsOpenEntity(text.substr(last.begin)) || last.begin == open.begin)) {
      hold = std::min(hold, std::max<size_t>(from, last.begin));
      hold_alive(last.at - begin);
    }
    for (size_t cut = group.size();;) {
      hold_alive(cut);
      size_t next = group.substr(0, cut).find_last_of("%&\\");
      if (next == group.npos || group.size() - next > kLongestEscape) break;
      while (next > 0 && group[next] == '\\' && group[next - 1] == '\\') --next;
      cut = next;
    }
  }
  return hold;
}

Status Reader::ReadDelta(std::string_view raw, size_t from, bool final, Reading* out, size_t* cut) {
  *cut = from;
  const Options options{detect::Scope::kOutput, detect::kTokenViews, nullptr, nullptr, final};
  if (Status s = Prepare(raw, options.views | detect::kEveryEscape, out); !s.ok()) return s;
  const auto normalized = [&]() -> const detect::NormalizedText& {
    return out->deep_ != nullptr ? out->deep_->normalized : spare_->normalized;
  };
  size_t stable = final ? out->plain_.size() : normalized().stable_text();
  size_t stable_raw = final ? raw.size() : normalized().stable_raw();
  // What may still change, such as half a pair, must not look like the end of an escape.
  if (stable < out->plain_.size() && out->deep_ != nullptr &&
      !out->deep_->decoded.views().empty()) {
    if (Status s = Prepare(raw.substr(0, stable_raw), options.views | detect::kEveryEscape, out);
        !s.ok()) {
      return s;
    }
    stable = out->plain_.size();
  }
  const size_t plain_from = out->PlainOf(from);
  const std::string_view plain = out->plain_.substr(0, stable);
  size_t hold = stable;
  PlainWriting writing(*out, stable);
  Status status = matcher_->FindAll(plain, plain_from, options.scope, &out->matches_, nullptr,
                                    &budget_, &writing);
  if (status.ok() && !final && stable > plain_from) {
    hold = std::min(HoldFrom(*out, plain_from, stable), writing.open());
    // A mark that follows would belong to the match, and a letter may deny it.
    for (const Match& match : out->matches_) {
      if (match.end == stable) hold = std::min(hold, match.whole_begin);
    }
  }
  if (status.ok()) status = MatchViews(options, from, out);
  if (!status.ok()) return status;
  if (final) {
    *cut = raw.size();
  } else if (hold >= stable) {
    *cut = std::max(from, stable_raw);
  } else {
    *cut = std::max(from, out->folded() ? normalized().RawBegin(hold) : hold);
  }
  return Status::Ok();
}

}  // namespace kt::policy
