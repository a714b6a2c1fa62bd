#include "core/detect/decode_views.h"

#include <algorithm>

#include "core/detect/views_internal.h"

namespace kt::detect {

ByteSpan View::Raw(size_t begin, size_t end, const NormalizedText& source) const noexcept {
  const auto after = [&](size_t offset) {
    return std::upper_bound(parts.begin(), parts.end(), offset,
                            [](size_t o, const ViewPart& part) { return o < part.at; });
  };
  const auto last = after(end - 1);
  ByteSpan raw{source.raw().size(), 0};
  for (auto part = after(begin) - 1; part != last; ++part) {
    const size_t size = part->end - part->begin;
    const size_t from = std::min(begin > part->at ? begin - part->at : 0, size);
    const size_t to = std::min(end - part->at, size);
    ByteSpan at{part->begin, part->end};
    if (part->origin == PartOrigin::kSame) at = {part->begin + from, part->begin + to};
    if (part->origin == PartOrigin::kReversed) at = {part->end - to, part->end - from};
    if (at.begin == at.end) continue;
    if (part->origin != PartOrigin::kWholeRaw) {
      at = {source.RawBegin(at.begin), source.RawEnd(at.end)};
    }
    raw = {std::min(raw.begin, at.begin), std::max(raw.end, at.end)};
  }
  return raw.begin < raw.end ? raw : ByteSpan{0, source.raw().size()};
}

size_t View::CoveredBytes() const noexcept {
  size_t bytes = 0;
  if (kind == ViewKind::kSpelled) return bytes;
  for (const ViewPart& part : parts) {
    // Surroundings of an escape are as they were; leet is spelt byte by byte.
    const bool kept = kind == ViewKind::kEscapes && part.origin == PartOrigin::kSame;
    if (!kept) bytes += part.end - part.begin;
  }
  return bytes;
}

class ViewBuilder {
 public:
  ViewBuilder(const NormalizedText& source, unsigned kinds, DecodedViews* out)
      : text_(source.text()), source_(source), kinds_(kinds), out_(*out) {}

  Status Build() {
    out_.used_ = 0;
    out_.candidates_.clear();
    found_ = views::FindCandidates(text_, WantedFlags(), &out_.candidates_);
    if ((found_ & views::kToken) != 0) Tokens();
    const auto& candidates = out_.candidates_;
    const bool every = (kinds_ & kEveryEscape) != 0;
    One(ViewKind::kEscapes, views::kEscape,
        [&](auto* sink) { views::DecodeEscapes(text_, candidates, every, sink); });
    // Tags are dropped by the normalisation: without a change there were none.
    if (Wants(ViewKind::kTags) && !source_.identical()) {
      views::Sink sink(ViewKind::kTags, Next());
      views::DecodeTags(source_.raw(), &sink);
      Take(sink);
    }
    // It has a bound of its own, whatever the text.
    const size_t total = total_;
    One(ViewKind::kSpelled, views::kSpelled,
        [&](auto* sink) { views::DecodeRows(text_, candidates, sink); });
    total_ = total;
    One(ViewKind::kLeet, views::kLeet, [&](auto* sink) { views::Unleet(text_, candidates, sink); });
    One(ViewKind::kSpaced, views::kSpaced,
        [&](auto* sink) { views::Unspace(text_, candidates, sink); });
    One(ViewKind::kRot13, views::kRot13,
        [&](auto* sink) { views::Unrotate(text_, candidates, sink); });
    One(ViewKind::kReversed, views::kReversed,
        [&](auto* sink) { views::Unreverse(text_, candidates, sink); });
    if (total_ > kViewTimes * source_.raw().size() + kViewSlackBytes) {
      out_.used_ = 0;
      return Status::ResourceExhausted("the text decodes to several times itself");
    }
    return Status::Ok();
  }

 private:
  bool Wants(ViewKind kind) const noexcept { return (kinds_ & ViewBit(kind)) != 0; }
  unsigned WantedFlags() const noexcept {
    unsigned flags = 0;
    if (Wants(ViewKind::kBase64) || Wants(ViewKind::kHex)) flags |= views::kToken;
    if (Wants(ViewKind::kEscapes)) flags |= views::kEscape;
    if (Wants(ViewKind::kSpelled)) flags |= views::kSpelled;
    if (Wants(ViewKind::kLeet)) flags |= views::kLeet;
    if (Wants(ViewKind::kSpaced)) flags |= views::kSpaced;
    if (Wants(ViewKind::kRot13)) flags |= views::kRot13;
    if (Wants(ViewKind::kReversed)) flags |= views::kReversed;
    return flags;
  }

  View* Next() noexcept { return &out_.views_[out_.used_]; }
  void Take(const views::Sink& sink) noexcept {
    total_ += sink.size();
    if (sink.size() > 0) ++out_.used_;
  }
  template <typename Decode>
  void One(ViewKind kind, unsigned flag, Decode decode) {
    if (!Wants(kind) || (found_ & flag) == 0) return;
    views::Sink sink(kind, Next());
    decode(&sink);
    Take(sink);
  }
  // Both kinds come out of one pass over the tokens.
  void Tokens() {
    View* const first = Next();
    View* const second = first + 1;
    views::Sink base64(ViewKind::kBase64, first), hex(ViewKind::kHex, second);
    views::DecodeTokens(text_, out_.candidates_, Wants(ViewKind::kBase64) ? &base64 : nullptr,
                        Wants(ViewKind::kHex) ? &hex : nullptr);
    if (base64.size() == 0 && hex.size() > 0) std::swap(*first, *second);
    total_ += base64.size() + hex.size();
    out_.used_ += (first->text.empty() ? 0u : 1u) + (second->text.empty() ? 0u : 1u);
  }

  const std::string_view text_;
  const NormalizedText& source_;
  const unsigned kinds_;
  DecodedViews& out_;
  unsigned found_ = 0;
  size_t total_ = 0;
};

size_t DecodedViews::held_bytes() const noexcept {
  size_t bytes = candidates_.capacity() * sizeof(uint64_t);
  for (const View& view : views_) {
    bytes += view.text.capacity() + view.parts.capacity() * sizeof(ViewPart);
  }
  return bytes;
}

Status BuildViews(const NormalizedText& text, unsigned kinds, DecodedViews* out) {
  return ViewBuilder(text, kinds, out).Build();
}

namespace {

// Where base64 begins that is wrapped into lines and has come to the line at `last`, or to the line
// end before; text.size(): it is none. The first line is the first that decodes, as in
// DecodeTokens: what stands in front of it may have the form of one.
size_t WrappedFrom(std::string_view text, size_t from, size_t last) noexcept {
  size_t first = text.size();
  for (size_t at = last, end = last;;) {
    end = at;
    const auto drop = [&](char c) {
      const bool there = end > from && text[end - 1] == c;
      if (there) --end;
      return there;
    };
    const bool line_feed = drop('\n');
    const bool carriage_return = drop('\r');
    if (!line_feed && (!carriage_return || at != text.size())) break;
    size_t begin = end;
    while (begin > from && views::IsTokenChar(text[begin - 1])) --begin;
    if (end - begin < views::kMinWrappedLine) break;
    at = begin;
    const std::string_view line = text.substr(begin, end - begin);
    if (views::MayDecode(line)) {
      first = begin;
      continue;
    }
    // Or its last part.
    const size_t part = line.find_last_of(views::kTokenSigns) + 1;
    const bool wraps = part > 0 && line.size() - part >= views::kMinWrappedLine;
    if (wraps && views::MayDecode(line.substr(part))) first = begin + part;
  }
  return first;
}

}  // namespace

size_t ViewHoldFrom(std::string_view text, size_t from) noexcept {
  const auto may_go_on = [](char c) {
    return views::IsTokenChar(c) || c == '%' || c == '&' || c == '#' || c == ';' || c == '\\' ||
           c == '=' || c == '{' || c == '}';
  };
  size_t begin = text.size();
  while (begin > from && may_go_on(text[begin - 1])) --begin;
  size_t token = text.size();
  while (token > begin && views::IsTokenChar(text[token - 1])) --token;
  const size_t wrapped = WrappedFrom(text, from, begin);
  if (wrapped < begin) return wrapped;
  // A long word that is no encoding needs no hold.
  if (token != begin || views::MayDecode(text.substr(begin))) return begin;
  // Then only its last part counts, as in DecodeTokens.
  const size_t sign = text.find_last_of(views::kTokenSigns);
  if (sign == text.npos || sign < begin) return text.size();
  return views::MayDecode(text.substr(sign + 1)) ? sign + 1 : text.size();
}

}  // namespace kt::detect
