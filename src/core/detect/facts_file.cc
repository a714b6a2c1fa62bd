#include "core/detect/facts_file.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

namespace kt::detect {
namespace {

template <typename T>
T Load(const char* from) noexcept {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

// Reads on until something is missing; from then on nothing but zeros.
class Cursor {
 public:
  explicit Cursor(std::string_view bytes) noexcept : rest_(bytes) {}
  bool ok() const noexcept { return ok_; }
  void Fail() noexcept {
    ok_ = false;
    rest_ = {};
  }
  unsigned Byte() noexcept {
    if (rest_.empty()) return Fail(), 0;
    const auto byte = static_cast<unsigned char>(rest_.front());
    rest_.remove_prefix(1);
    return byte;
  }
  uint64_t Number() noexcept {
    uint64_t number = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const unsigned byte = Byte();
      number |= uint64_t{byte & 0x7F} << shift;
      if (byte < 0x80) return number;
    }
    return Fail(), 0;
  }
  std::string_view Bytes(uint64_t size) noexcept {
    if (size > rest_.size()) return Fail(), std::string_view();
    const std::string_view bytes = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return bytes;
  }
  size_t left() const noexcept { return rest_.size(); }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

size_t Unbounded(uint64_t number) noexcept {
  return number == 0 ? kAnywhereBefore : number - 1;
}

}  // namespace

// One entry.
class FactsReader {
 public:
  FactsReader(const FactsFile& file, size_t begin)
      : file_(file), cursor_(file.bytes_.substr(begin)) {}

  bool Read(RuleFacts* facts) {
    const unsigned known = cursor_.Byte();
    facts->derived = known & 1;
    const uint64_t longest = cursor_.Number();
    if (longest != 0) facts->longest = longest - 1;
    facts->alphabet = Set(cursor_.Number());
    facts->head.pattern = cursor_.Bytes(cursor_.Number());
    facts->head.group_bytes = cursor_.Number();
    facts->head.escape = static_cast<uint8_t>(cursor_.Byte());
    for (uint64_t left = cursor_.Number(); left > 0 && cursor_.ok(); --left) ReadCondition();
    if (known & 2) ReadFactors(&facts->required.emplace());
    if (known & 4) ReadGroups(&facts->beginnings.emplace());
    return cursor_.ok();
  }

 private:
  static constexpr size_t kGroupNumbers = 10;  // that each group has at least

  ByteSet Set(uint64_t number) {
    if (number >= file_.sets_) return cursor_.Fail(), ByteSet();
    using Half = std::array<uint64_t, 2>;
    static_assert(sizeof(ByteSet) == 2 * sizeof(Half));
    const char* set = file_.bytes_.data() + file_.sets_begin_ + number * FactsFile::kSetBytes;
    const auto half = static_cast<unsigned char>(set[FactsFile::kHalfBytes]);
    if (half >= file_.halves_) return cursor_.Fail(), ByteSet();
    const char* upper = file_.bytes_.data() + file_.halves_begin_ + half * FactsFile::kHalfBytes;
    return std::bit_cast<ByteSet>(std::array<Half, 2>{Load<Half>(set), Load<Half>(upper)});
  }

  std::shared_ptr<const Positions> ReadPositions() {
    const uint64_t number = cursor_.Number();
    if (number == 0) return nullptr;
    if (number > file_.positions_) return cursor_.Fail(), nullptr;
    const char* from =
        file_.bytes_.data() + file_.positions_begin_ + (number - 1) * FactsFile::kPositionsBytes;
    auto positions = std::make_shared<Positions>();
    const auto next = [&] { return Set(Load<uint16_t>(std::exchange(from, from + 2))); };
    for (ByteSet& set : positions->behind) set = next();
    for (ByteSet& set : positions->ahead) set = next();
    Opening& opening = positions->opening;
    for (ByteSet* set : {&opening.run, &opening.each, &opening.next}) *set = next();
    opening.most = Load<uint16_t>(from);
    return positions;
  }

  std::shared_ptr<const Condition> ConditionOf(uint64_t number) {
    if (number < conditions_.size()) return conditions_[number];
    return cursor_.Fail(), nullptr;
  }

  void ReadCondition() {
    auto condition = std::make_shared<Condition>();
    condition->run = Set(cursor_.Number());
    condition->run_bytes = cursor_.Number();
    condition->back = Unbounded(cursor_.Number());
    condition->ahead = Unbounded(cursor_.Number());
    ReadFactors(&condition->any_of);
    conditions_.push_back(std::move(condition));
  }

  void ReadFactors(std::vector<Factor>* out) {
    std::vector<FactorGroup> groups;
    ReadGroups(&groups);
    size_t size = 0;
    for (const FactorGroup& group : groups) size += group.texts.size();
    out->reserve(size);
    for (const FactorGroup& group : groups) {
      for (const FactorGroup::Text& text : group.texts) out->push_back(group.FactorOf(text));
    }
  }

  void ReadGroups(std::vector<FactorGroup>* out) {
    const uint64_t size = cursor_.Number();
    if (size > cursor_.left() / kGroupNumbers) return cursor_.Fail();
    out->resize(size);
    for (FactorGroup& group : *out) {
      if (!cursor_.ok()) return;
      ReadGroup(&group);
    }
  }

  void ReadGroup(FactorGroup* group) {
    const uint64_t list = cursor_.Number();
    Factor& base = group->base;
    base.before = Set(cursor_.Number());
    base.min_before = cursor_.Number();
    base.max_before = Unbounded(cursor_.Number());
    base.min_digits = static_cast<int>(cursor_.Number());
    base.lead_digits = static_cast<int>(cursor_.Number());
    base.min_run = cursor_.Number();
    base.run = Set(cursor_.Number());
    base.positions = ReadPositions();
    if (const uint64_t witness = cursor_.Number(); witness != 0) {
      base.witness = ConditionOf(witness - 1);
    }
    for (uint64_t left = cursor_.Number(); left > 0 && cursor_.ok(); --left) {
      base.conditions.push_back(ConditionOf(cursor_.Number()));
    }
    const size_t lists = file_.lists_end_ - file_.lists_begin_;
    if (!cursor_.ok() || list >= lists) return cursor_.Fail();
    ReadTexts(Cursor(file_.bytes_.substr(file_.lists_begin_ + list, lists - list)), &group->texts);
  }

  void ReadTexts(Cursor list, std::vector<FactorGroup::Text>* out) {
    const uint64_t count = list.Number();
    if (count == 0 || count > list.left()) return cursor_.Fail();
    out->reserve(count);
    uint64_t key = 0;
    size_t size = 0;
    unsigned stand = 0;
    for (uint64_t i = 0; i < count; ++i) {
      const unsigned step = list.Byte();
      if (step & 0x80) stand = list.Byte();
      const size_t shared = (step & 0x7F) / (kFactorBytes + 1);
      const std::string_view rest = list.Bytes((step & 0x7F) % (kFactorBytes + 1));
      if (shared > size || shared + rest.size() > kFactorBytes) return cursor_.Fail();
      key = shared == 0 ? 0 : key & ~uint64_t{0} << (64 - 8 * shared);
      key |= KeyOfBytes(rest) >> 8 * shared;
      size = shared + rest.size();
      // No byte of a literal is 0.
      const bool valid = key != 0 && size == kFactorBytes - __builtin_ctzll(key) / 8;
      if (!list.ok() || !valid || (stand & 3) == 3) return cursor_.Fail();
      out->push_back(
          {key, static_cast<Factor::Start>(stand & 3), (stand & 4) != 0, (stand & 8) != 0});
    }
  }

  const FactsFile& file_;
  Cursor cursor_;
  std::vector<std::shared_ptr<const Condition>> conditions_;
};

// Two sums of which each differs for nearly any two texts. What asks for keys are the shipped packs
// alone, of which a test compares each with what is derived.
FactsKey FactsKeyOf(std::string_view pattern, bool ignore_case, int group) noexcept {
  uint64_t a = pattern.size() << 8 | static_cast<uint64_t>(group) << 1 | (ignore_case ? 1 : 0);
  uint64_t b = ~a;
  for (size_t at = 0; at < pattern.size(); at += 8) {
    uint64_t word = 0;
    std::memcpy(&word, pattern.data() + at, std::min<size_t>(8, pattern.size() - at));
    a = (a ^ word) * 0x9E3779B97F4A7C15u;
    a ^= a >> 29;
    b = std::rotl(b + word, 23) * 0xD6E8FEB86659FD93u;
  }
  return {a, b ^ b >> 32};
}

FactsFile::FactsFile(std::string_view bytes) noexcept {
  if (bytes.size() < kHeaderBytes || !bytes.starts_with(kFactsMagic)) return;
  const auto count = [&](size_t index) -> size_t {
    return Load<uint32_t>(bytes.data() + kFactsMagic.size() + 4 * index);
  };
  halves_begin_ = kHeaderBytes + count(0) * kIndexBytes;
  sets_begin_ = halves_begin_ + count(1) * kHalfBytes;
  positions_begin_ = sets_begin_ + count(2) * kSetBytes;
  lists_begin_ = positions_begin_ + count(3) * kPositionsBytes;
  lists_end_ = lists_begin_ + count(4);
  if (lists_end_ > bytes.size()) return;
  bytes_ = bytes;
  rules_ = count(0);
  halves_ = count(1);
  sets_ = count(2);
  positions_ = count(3);
}

std::unique_ptr<RuleFacts> FactsFile::Find(const Rule& rule) const {
  const FactsKey key = FactsKeyOf(rule.pattern, rule.ignore_case, rule.group);
  size_t begin = 0, end = rules_;
  const auto entry = [this](size_t i) { return bytes_.data() + kHeaderBytes + i * kIndexBytes; };
  while (begin < end) {
    const size_t middle = begin + (end - begin) / 2;
    if (Load<FactsKey>(entry(middle)) < key) {
      begin = middle + 1;
    } else {
      end = middle;
    }
  }
  if (begin == rules_ || Load<FactsKey>(entry(begin)) != key) return nullptr;
  const size_t offset = Load<uint32_t>(entry(begin) + sizeof key);
  if (offset < lists_end_ || offset >= bytes_.size()) return nullptr;
  auto facts = std::make_unique<RuleFacts>();
  return FactsReader(*this, offset).Read(facts.get()) ? std::move(facts) : nullptr;
}

}  // namespace kt::detect
