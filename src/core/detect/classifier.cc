#include "core/detect/classifier.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

namespace kt::detect {
namespace {

constexpr std::string_view kMagic = "KTLC";
constexpr uint32_t kVersion = 2, kHeads = 2, kSettings = 6;
constexpr size_t kHeaderBytes = 16 + kHeads * kSettings * 4;
constexpr size_t kFileBytes = kHeaderBytes + size_t{kFeatureCount} * kHeads + 8;
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

bool IsUsable(const HeadSettings& head) {
  for (const float value :
       {head.scale, head.bias, head.prior, head.operating_point, head.slope, head.drift})
    if (!std::isfinite(value) || std::abs(value) > 1e6f) return false;
  return head.prior >= 0 && head.slope > 0 && head.drift >= 0;
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
  for (size_t h = 0; h < kHeads; ++h) {
    float values[kSettings];
    for (size_t i = 0; i < kSettings; ++i)
      values[i] = std::bit_cast<float>(ReadLittle<uint32_t>(bytes, 16 + (h * kSettings + i) * 4));
    result->heads_[h] = {values[0], values[1], values[2], values[3], values[4], values[5]};
    if (!IsUsable(result->heads_[h]))
      return Status::InvalidArgument("classifier weights: a setting is out of range");
  }
  result->entries_.resize(kFeatureCount);
  const auto biased = [&](size_t at) {
    return static_cast<uint16_t>(static_cast<signed char>(bytes[at]) + 128);
  };
  for (size_t i = 0; i < kFeatureCount; ++i) {
    const size_t at = kHeaderBytes + i * kHeads;
    result->entries_[i] = static_cast<uint16_t>(biased(at) | biased(at + 1) << 8);
  }
  return std::unique_ptr<const Classifier>(std::move(result));
}

std::string Classifier::Serialize(const HeadSettings (&heads)[2],
                                  const std::vector<int8_t>& weights) {
  std::string out(kMagic);
  for (const uint32_t value : {kVersion, kFeatureBits, kHeads}) AppendLittle(value, &out);
  for (const HeadSettings& h : heads)
    for (const float value : {h.scale, h.bias, h.prior, h.operating_point, h.slope, h.drift})
      AppendLittle(std::bit_cast<uint32_t>(value), &out);
  for (const int8_t w : weights) out.push_back(static_cast<char>(w));
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

void Classifier::Raw(const Sums& sums, float* injection, float* safety) const {
  const float offset = 128.0f * (2 * kFeaturesPerWord * static_cast<float>(sums.words) +
                                 static_cast<float>(sums.grams));
  const float values[2] = {static_cast<float>(sums.injection) - offset,
                           static_cast<float>((sums.both - sums.injection) >> 8) - offset};
  float raw[2];
  for (size_t h = 0; h < 2; ++h) {
    const HeadSettings& head = heads_[h];
    const float length = std::max(1.0f, static_cast<float>(sums.words) + head.prior);
    const float root = std::sqrt(length);
    raw[h] = head.bias + head.scale * 0.5f * values[h] / (root * std::sqrt(root));
  }
  *injection = raw[0];
  *safety = raw[1];
}

Scores Classifier::Judge(const Sums& sums, uint32_t window) const {
  float raw[2];
  Raw(sums, &raw[0], &raw[1]);
  const float growth = Growth(window);
  const auto score = [&](const HeadSettings& head, float value) {
    const float x = head.slope * (value - head.operating_point - head.drift * growth);
    return 1.0f / (1.0f + std::exp(-(x + kLogitOfOperatingPoint)));
  };
  return {score(heads_[0], raw[0]), score(heads_[1], raw[1])};
}

Scores Classifier::Score(std::string_view text, uint32_t* windows) const {
  Scores best;
  WordContext context;
  Sums last;
  for (size_t at = 0, blocks = 0; at < text.size(); ++blocks) {
    size_t bytes;
    const Sums sums = AddBlock(text.substr(at), &context, &bytes);
    at += bytes;
    if (blocks > 0 || at == text.size()) {
      const Scores scores = Judge(last + sums, (*windows)++);
      best.injection = std::max(best.injection, scores.injection);
      best.safety = std::max(best.safety, scores.safety);
    }
    last = sums;
  }
  return best;
}

void WindowScorer::Add(std::string_view piece) {
  pending_.erase(0, judged_);
  judged_ = 0;
  pending_.append(piece);
}

bool WindowScorer::Next(WindowScore* out) {
  for (;;) {
    const std::string_view text = std::string_view(pending_).substr(judged_);
    if (BlockBytes(text, !finished_) == 0) return false;
    size_t bytes;
    const Classifier::Sums sums = classifier_->AddBlock(text, &context_, &bytes);
    judged_ += bytes;
    end_bytes_ += bytes;
    const Classifier::Sums window = last_ + sums;
    last_ = sums;
    if (blocks_++ == 0 && bytes != text.size()) continue;
    out->end_bytes = end_bytes_;
    out->scores = classifier_->Judge(window, windows_++);
    return true;
  }
}

}  // namespace kt::detect
