#include "core/detect/facts_writer.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace kt::detect {
namespace {

void AppendNumber(uint64_t number, std::string* out) {
  for (; number >= 0x80; number >>= 7) *out += static_cast<char>(number | 0x80);
  *out += static_cast<char>(number);
}

template <typename T>
void AppendRaw(const T& value, std::string* out) {
  char bytes[sizeof value];
  std::memcpy(bytes, &value, sizeof value);
  out->append(bytes, sizeof bytes);
}

// Of numbers of which the largest means "not bounded".
uint64_t Bounded(size_t bytes) noexcept {
  return bytes == kAnywhereBefore ? 0 : uint64_t{bytes} + 1;
}

bool SharesBase(const Factor& a, const Factor& b) {
  return a.before == b.before && a.max_before == b.max_before && a.min_digits == b.min_digits &&
         a.lead_digits == b.lead_digits && a.min_run == b.min_run && a.run == b.run &&
         a.conditions == b.conditions && a.positions == b.positions && a.witness == b.witness;
}

// Its conditions by their place in `order`.
void Collect(const std::vector<Factor>& factors, std::vector<const Condition*>* order,
             std::unordered_map<const Condition*, uint64_t>* numbers) {
  const auto add = [&](const Condition* condition) {
    if (condition == nullptr || !numbers->try_emplace(condition, order->size()).second) return;
    order->push_back(condition);
  };
  for (const Factor& factor : factors) {
    for (const auto& condition : factor.conditions) add(condition.get());
    add(factor.witness.get());
  }
}

}  // namespace

uint64_t FactsWriter::SetNumber(const ByteSet& set) {
  const auto [known, fresh] = set_numbers_.try_emplace(set, sets_.size());
  if (fresh) sets_.push_back(set);
  return known->second;
}

uint64_t FactsWriter::PositionsNumber(const Positions* positions) {
  if (positions == nullptr) return 0;
  std::string bytes;
  const auto append = [&](const ByteSet& set) {
    AppendRaw(static_cast<uint16_t>(SetNumber(set)), &bytes);
  };
  for (const ByteSet& set : positions->behind) append(set);
  for (const ByteSet& set : positions->ahead) append(set);
  const auto [known, fresh] = positions_numbers_.try_emplace(bytes, positions_numbers_.size() + 1);
  if (fresh) positions_ += bytes;
  return known->second;
}

uint64_t FactsWriter::ListOffset(const std::vector<Factor>& factors, size_t begin, size_t end) {
  std::string list;
  AppendNumber(end - begin, &list);
  std::string_view last;
  unsigned last_stand = 0;
  for (size_t i = begin; i < end; ++i) {
    const Factor& factor = factors[i];
    const std::string_view bytes = factor.bytes;
    const auto same = std::mismatch(last.begin(), last.end(), bytes.begin(), bytes.end()).first;
    const size_t shared = std::min<size_t>(static_cast<size_t>(same - last.begin()), 7);
    const unsigned stand = static_cast<unsigned>(factor.start) | (factor.word_ends ? 4u : 0u) |
                           (factor.odd_blank ? 8u : 0u);
    const size_t step = shared * (kFactorBytes + 1) + bytes.size() - shared;
    list += static_cast<char>(step | (stand == last_stand ? 0u : 0x80u));
    if (stand != last_stand) list += static_cast<char>(stand);
    list += bytes.substr(shared);
    last = bytes;
    last_stand = stand;
  }
  const auto [known, fresh] = list_offsets_.try_emplace(list, lists_.size());
  if (fresh) lists_ += list;
  return known->second;
}

void FactsWriter::AppendFactors(const std::vector<Factor>& factors,
                                const ConditionNumbers& conditions, std::string* out) {
  AppendNumber(factors.size(), out);
  for (size_t begin = 0, end = 0; begin < factors.size(); begin = end) {
    const Factor& base = factors[begin];
    while (end < factors.size() && SharesBase(base, factors[end])) ++end;
    AppendNumber(ListOffset(factors, begin, end), out);
    AppendNumber(SetNumber(base.before), out);
    AppendNumber(Bounded(base.max_before), out);
    AppendNumber(static_cast<uint64_t>(base.min_digits), out);
    AppendNumber(static_cast<uint64_t>(base.lead_digits), out);
    AppendNumber(base.min_run, out);
    AppendNumber(SetNumber(base.run), out);
    AppendNumber(PositionsNumber(base.positions.get()), out);
    AppendNumber(base.witness ? conditions.at(base.witness.get()) + 1 : 0, out);
    AppendNumber(base.conditions.size(), out);
    for (const auto& condition : base.conditions) {
      AppendNumber(conditions.at(condition.get()), out);
    }
  }
}

void FactsWriter::AppendCondition(const Condition& condition, std::string* out) {
  AppendNumber(SetNumber(condition.run), out);
  AppendNumber(condition.run_bytes, out);
  AppendNumber(Bounded(condition.back), out);
  AppendNumber(Bounded(condition.ahead), out);
  AppendFactors(condition.any_of, {}, out);
}

void FactsWriter::Add(const Rule& rule, const RuleFacts& facts) {
  const auto [entry, fresh] =
      entries_.try_emplace(FactsKeyOf(rule.pattern, rule.ignore_case, rule.group));
  if (!fresh) return;
  std::string& out = entry->second;
  out += static_cast<char>((facts.derived ? 1 : 0) | (facts.required ? 2 : 0) |
                           (facts.beginnings ? 4 : 0));
  AppendNumber(facts.longest ? uint64_t{*facts.longest} + 1 : 0, &out);
  AppendNumber(SetNumber(facts.alphabet), &out);
  AppendNumber(facts.head.pattern.size(), &out);
  out += facts.head.pattern;
  AppendNumber(facts.head.group_bytes, &out);
  std::vector<const Condition*> order;
  ConditionNumbers numbers;
  for (const auto& factors : {facts.required, facts.beginnings}) {
    if (factors) Collect(*factors, &order, &numbers);
  }
  AppendNumber(order.size(), &out);
  for (const Condition* condition : order) AppendCondition(*condition, &out);
  if (facts.required) AppendFactors(*facts.required, numbers, &out);
  if (facts.beginnings) AppendFactors(*facts.beginnings, numbers, &out);
}

std::string FactsWriter::Take() && {
  std::string out(kFactsMagic);
  for (const size_t size :
       {entries_.size(), sets_.size(), positions_numbers_.size(), lists_.size()}) {
    AppendRaw(static_cast<uint32_t>(size), &out);
  }
  size_t offset = out.size() + entries_.size() * FactsFile::kIndexBytes +
                  sets_.size() * FactsFile::kSetBytes + positions_.size() + lists_.size();
  for (const auto& [key, entry] : entries_) {
    AppendRaw(key, &out);
    AppendRaw(static_cast<uint32_t>(offset), &out);
    offset += entry.size();
  }
  for (const ByteSet& set : sets_) AppendRaw(set, &out);
  out += positions_ + lists_;
  for (const auto& [key, entry] : entries_) out += entry;
  return out;
}

}  // namespace kt::detect
