#include "core/detect/classifier.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <initializer_list>

namespace kt::detect {
namespace {

constexpr std::string_view kMagic = "KTLC";
constexpr uint32_t kVersion = 3, kHeads = 2, kSettings = 6, kGateSettings = 3;
constexpr size_t kHeaderBytes = 16 + kHeads * kSettings * 4;
constexpr size_t kGateAt = kHeaderBytes + size_t{kFeatureCount} * kHeads;
constexpr size_t kGateWeightsAt = kGateAt + kHeads * kGateSettings * 4;
constexpr size_t kFileBytes = kGateWeightsAt + size_t{kGateCount} * kHeads + 8;
static_assert(kFileBytes <= 256 * 1024);
constexpr float kLogitOfOperatingPoint = 1.3862944f;  // 0.8

template <typename T>
T ReadLittle(std::string_view bytes, size_t at) {
  T value = 0;
  for (size_t i = sizeof(T); i-- > 0;)
    value = static_cast<T>(value << 8 | static_cast<unsigned char>(bytes[at + i]));
  return value;
}

template <typename T>
void AppendLittle(T value, std::string* out) {
  for (size_t i = 0; i < sizeof(T); ++i) out->push_back(static_cast<char>(value >> (8 * i)));
}

uint64_t Fnv1a(std::string_view bytes) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash;
}

// Most of the growth falls on the first windows, since a request's false positives are bounded by
// the sum over its windows, and the highest scores of harmless texts end soon.
float Growth(uint32_t window) {
  constexpr float kKnee = 2.7725887f;  // ln 16
  constexpr float kBeyond = 0.15f;
  const float x = std::log1p(static_cast<float>(window));
  return x < kKnee ? x : kKnee + kBeyond * (x - kKnee);
}

bool AllUsable(std::initializer_list<float> values) {
  return std::all_of(values.begin(), values.end(),
                     [](float v) { return std::isfinite(v) && std::abs(v) <= 1e6f; });
}

bool IsUsable(const HeadSettings& h) {
  return AllUsable({h.scale, h.bias, h.prior, h.operating_point, h.slope, h.drift}) &&
         h.prior >= 0 && h.slope > 0 && h.drift >= 0;
}

// Two int8 of each entry, made positive, in the halves of one number.
template <typename Entry>
std::vector<Entry> ReadEntries(std::string_view bytes, size_t at, size_t count) {
  const auto biased = [&](size_t i) {
    return static_cast<uint32_t>(static_cast<signed char>(bytes[i]) + 128);
  };
  std::vector<Entry> entries(count);
  for (size_t i = 0; i < count; ++i) {
    const size_t from = at + i * kHeads;
    entries[i] = static_cast<Entry>(biased(from) | biased(from + 1) << 4 * sizeof(Entry));
  }
  return entries;
}

// (words + prior)^0.75
float Length(uint32_t words, float prior) {
  const float length = std::max(1.0f, static_cast<float>(words) + prior);
  const float root = std::sqrt(length);
  return root * std::sqrt(root);
}

}  // namespace

float Classifier::LengthGrowth(uint32_t window) {
  return Growth(window);
}

Result<std::unique_ptr<const Classifier>> Classifier::Parse(std::string_view bytes) {
  if (bytes.size() != kFileBytes)
    return Status::InvalidArgument("classifier weights: " + std::to_string(kFileBytes) +
                                   " bytes expected, " + std::to_string(bytes.size()) + " found");
  if (bytes.substr(0, 4) != kMagic || ReadLittle<uint32_t>(bytes, 4) != kVersion ||
      ReadLittle<uint32_t>(bytes, 8) != kFeatureBits || ReadLittle<uint32_t>(bytes, 12) != kHeads)
    return Status::InvalidArgument("classifier weights: not a file of this version");
  if (ReadLittle<uint64_t>(bytes, kFileBytes - 8) != Fnv1a(bytes.substr(0, kFileBytes - 8)))
    return Status::InvalidArgument("classifier weights: the checksum does not match");
  std::unique_ptr<Classifier> result(new Classifier);
  const auto number = [&](size_t at) {
    return std::bit_cast<float>(ReadLittle<uint32_t>(bytes, at));
  };
  for (size_t h = 0; h < kHeads; ++h) {
    float values[kSettings];
    for (size_t i = 0; i < kSettings; ++i) values[i] = number(16 + (h * kSettings + i) * 4);
    result->heads_[h] = {values[0], values[1], values[2], values[3], values[4], values[5]};
    const size_t gate = kGateAt + h * kGateSettings * 4;
    GateSettings& g = result->gate_[h];
    g = {number(gate), number(gate + 4), number(gate + 8)};
    if (!IsUsable(result->heads_[h]) || !AllUsable({g.scale, g.bias, g.limit}))
      return Status::InvalidArgument("classifier weights: a setting is out of range");
  }
  result->entries_ = ReadEntries<uint16_t>(bytes, kHeaderBytes, kFeatureCount);
  result->gate_entries_ = ReadEntries<uint32_t>(bytes, kGateWeightsAt, kGateCount);
  for (size_t h = 0; h < kHeads; ++h) {
    for (uint32_t words = 0; words <= kBlockCodePoints; ++words)
      result->gate_per_length_[h].push_back(result->gate_[h].scale /
                                            Length(words, result->heads_[h].prior));
  }
  // As many as 1 MB has. The logarithms of the rest were 4 % of what a text of that size costs.
  constexpr uint32_t kKnownGrowth = 4608;
  for (uint32_t i = 0; i < kKnownGrowth; ++i) result->growth_.push_back(Growth(i));
  return std::unique_ptr<const Classifier>(std::move(result));
}

std::string Classifier::Serialize(const HeadSettings (&heads)[2],
                                  const std::vector<int8_t>& weights, const Gate& gate) {
  std::string out(kMagic);
  for (const uint32_t value : {kVersion, kFeatureBits, kHeads}) AppendLittle(value, &out);
  for (const HeadSettings& h : heads)
    for (const float value : {h.scale, h.bias, h.prior, h.operating_point, h.slope, h.drift})
      AppendLittle(std::bit_cast<uint32_t>(value), &out);
  for (const int8_t w : weights) out.push_back(static_cast<char>(w));
  for (const GateSettings& g : gate.heads)
    for (const float value : {g.scale, g.bias, g.limit})
      AppendLittle(std::bit_cast<uint32_t>(value), &out);
  for (size_t i = 0; i < size_t{kGateCount} * kHeads; ++i)
    out.push_back(i < gate.weights.size() ? static_cast<char>(gate.weights[i]) : '\0');
  AppendLittle(Fnv1a(out), &out);
  return out;
}

Classifier::Sums Classifier::AddBlock(std::string_view text, WordContext* context,
                                      size_t* bytes) const {
  // Words and grams of two blocks, each entry below 2^16: the sums of a window fit.
  static_assert(uint64_t{internal::kMaxBlockBytes} * (kFeaturesPerWord * 2 + 2) << 16 < uint64_t{1}
                                                                                            << 32);
  uint32_t both = 0, injection = 0, gram_both = 0, gram_injection = 0;
  const uint16_t* entries = entries_.data();
  const auto word = [&](uint32_t a, uint32_t b, uint32_t c) {
    const uint32_t x = entries[a], y = entries[b], z = entries[c];
    both += x + y + z;
    injection += (x & 0xFF) + (y & 0xFF) + (z & 0xFF);
  };
  const auto gram = [&](uint32_t a) {
    const uint32_t x = entries[a];
    gram_both += x;
    gram_injection += x & 0xFF;
  };
  const BlockCounts counts = BlockFeatures(text, context, word, gram);
  *bytes = counts.bytes;
  return {2 * both + gram_both, 2 * injection + gram_injection, static_cast<uint32_t>(counts.words),
          static_cast<uint32_t>(counts.grams)};
}

Classifier::Values Classifier::Raw(const Sums& sums) const {
  const float offset = 128.0f * (2 * kFeaturesPerWord * static_cast<float>(sums.words) +
                                 static_cast<float>(sums.grams));
  const float values[2] = {static_cast<float>(sums.injection) - offset,
                           static_cast<float>((sums.both - sums.injection) >> 8) - offset};
  const float share =
      std::min(1.0f, static_cast<float>(sums.grams) / static_cast<float>(kEnoughGrams));
  Values raw;
  for (size_t h = 0; h < 2; ++h) {
    const HeadSettings& head = heads_[h];
    raw.head[h] =
        head.bias + head.scale * 0.5f * share * values[h] / Length(sums.words, head.prior);
  }
  return raw;
}

bool Classifier::Spared(const Block& a, const Block& b, Values* estimate) const {
  if (!a.gated || !b.gated) return false;
  const GateSums sums = a.gate + b.gate;
  const auto offset = static_cast<int32_t>(128 * sums.words);
  const int32_t values[2] = {static_cast<int32_t>(sums.both & 0xFFFF) - offset,
                             static_cast<int32_t>(sums.both >> 16) - offset};
  for (size_t h = 0; h < 2; ++h) {
    estimate->head[h] =
        gate_[h].bias + gate_per_length_[h][sums.words] * static_cast<float>(values[h]);
  }
  return estimate->head[0] < gate_[0].limit && estimate->head[1] < gate_[1].limit;
}

void Classifier::NextBlock(std::string_view text, const Block& last, char byte_before, bool gate,
                           Block* block) const {
  const auto before = static_cast<unsigned char>(byte_before);
  if (last.full) {
    block->before = last.after;
  } else {
    const bool letter = static_cast<unsigned char>((before | 0x20) - 'a') < 26;
    block->before = {};
    block->before.in_word = letter || static_cast<unsigned char>(before - '0') < 10;
  }
  block->full = false;
  // A text of one block is judged by all features in any case.
  const bool only = last.bytes == 0 && text.size() <= kBlockCodePoints;
  block->gated = gate && !only &&
                 AddGateBlock(text, block->before.in_word, gate_entries_.data(), &block->gate);
  block->bytes = std::min(kBlockCodePoints, text.size());
  if (!block->gated) Fill(text, block);
}

void Classifier::Fill(std::string_view text, Block* block) const {
  if (block->full) return;
  block->full = true;
  block->after = block->before;
  block->sums = AddBlock(text, &block->after, &block->bytes);
}

float Classifier::GrowthOf(uint32_t window) const {
  return window < growth_.size() ? growth_[window] : Growth(window);
}

// `last_text` begins with the block before, `text` with the present one; a text's only block stands
// alone, with an empty one before it.
Classifier::Values Classifier::Judge(std::string_view last_text, Block* last, std::string_view text,
                                     Block* block, uint32_t window) const {
  Values values;
  const bool alone = last->bytes == 0;
  if (alone || !Spared(*last, *block, &values)) {
    if (!alone && !last->full) {
      Fill(last_text, last);
      if (!block->full) block->before = last->after;
    }
    Fill(text, block);
    values = Raw(last->sums + block->sums);
  }
  const float growth = GrowthOf(window);
  for (size_t h = 0; h < 2; ++h)
    values.head[h] -= heads_[h].operating_point + heads_[h].drift * growth;
  return values;
}

Scores Classifier::ToScores(const Values& values) const {
  const auto score = [&](size_t h) {
    const float x = heads_[h].slope * values.head[h];
    return 1.0f / (1.0f + std::exp(-(x + kLogitOfOperatingPoint)));
  };
  return {score(0), score(1)};
}

Scores Classifier::Score(std::string_view text, uint32_t* windows, Gating gating) const {
  if (text.empty()) return {};
  const bool gate = gating == Gating::kAlways || text.size() >= kLongTextBytes;
  Values best{{-1e9f, -1e9f}};
  Block blocks[2];
  Block *last = &blocks[0], *block = &blocks[1];
  for (size_t at = 0, last_at = 0, count = 0; at < text.size(); ++count) {
    const std::string_view rest = text.substr(at);
    NextBlock(rest, *last, at == 0 ? ' ' : text[at - 1], gate, block);
    const size_t end = at + block->bytes;
    if (count > 0 || end == text.size()) {
      const Values values = Judge(text.substr(last_at), last, rest, block, (*windows)++);
      for (size_t h = 0; h < 2; ++h) best.head[h] = std::max(best.head[h], values.head[h]);
    }
    std::swap(last, block);
    last_at = at;
    at = end;
  }
  return ToScores(best);
}

// Leaves out what lies before the last block, but for the byte that tells where a word begins.
void WindowScorer::Forget() {
  if (at_.begin > 0) at_.byte_before = pending_[at_.begin - 1];
  pending_.erase(0, at_.begin);
  at_.begin = 0;
}

void WindowScorer::Add(std::string_view piece) {
  if (!marked_) Forget();
  pending_.append(piece);
}

void WindowScorer::Mark() {
  Forget();
  mark_ = at_;
  marked_bytes_ = pending_.size();
  marked_ = true;
}

void WindowScorer::Rewind() {
  at_ = mark_;
  pending_.resize(marked_bytes_);
}

bool WindowScorer::Next(WindowScore* out) {
  for (;;) {
    const size_t at = at_.begin + at_.last.bytes;
    const std::string_view text = std::string_view(pending_).substr(at);
    if (BlockBytes(text, !at_.finished) == 0) return false;
    const char before = at > 0 ? pending_[at - 1] : at_.byte_before;
    Classifier::Block block;
    classifier_->NextBlock(text, at_.last, before, true, &block);
    const bool first = at_.blocks++ == 0;
    const bool judged = !first || (at_.finished && block.bytes == text.size());
    if (judged) {
      const std::string_view last_text = std::string_view(pending_).substr(at_.begin);
      out->scores = classifier_->ToScores(
          classifier_->Judge(last_text, &at_.last, text, &block, at_.windows++));
    }
    at_.end_bytes += block.bytes;
    at_.begin = at;
    at_.last = block;
    if (!judged) continue;
    out->end_bytes = at_.end_bytes;
    return true;
  }
}

}  // namespace kt::detect
