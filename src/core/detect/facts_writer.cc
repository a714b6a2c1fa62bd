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

// The conditions of groups, by their place in `order`.
void Collect(const std::vector<FactorGroup>& groups, std::vector<const Condition*>* order,
             std::unordered_map<const Condition*, uint64_t>* numbers) {
  const auto add = [&](const Condition* condition) {
    if (condition == nullptr || !numbers->try_emplace(condition, order->size()).second) return;
    order->push_back(condition);
  };
  for (const FactorGroup& group : groups) {
    for (const auto& condition : group.base.conditions) add(condition.get());
    add(group.base.witness.get());
  }
}

}  // namespace

uint64_t FactsWriter::SetNumber(const ByteSet& set) {
  const auto [known, fresh] = set_numbers_.try_emplace(set, set_numbers_.size());
  if (!fresh) return known->second;
  std::string bytes;
  AppendRaw(set, &bytes);
  const std::string upper = bytes.substr(FactsFile::kHalfBytes);
  const auto [half, fresh_half] = half_numbers_.try_emplace(upper, half_numbers_.size());
  if (fresh_half) halves_ += upper;
  sets_.append(bytes, 0, FactsFile::kHalfBytes);
  sets_ += static_cast<char>(half->second);
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
  const Opening& opening = positions->opening;
  for (const ByteSet* set : {&opening.run, &opening.each, &opening.next}) append(*set);
  AppendRaw(static_cast<uint16_t>(opening.most), &bytes);
  const auto [known, fresh] = positions_numbers_.try_emplace(bytes, positions_numbers_.size() + 1);
  if (fresh) positions_ += bytes;
  return known->second;
}

uint64_t FactsWriter::ListOffset(const std::vector<FactorGroup::Text>& texts) {
  std::string list;
  AppendNumber(texts.size(), &list);
  FactorGroup::Text last{0, Factor::Start::kAnywhere, false, false};
  for (const FactorGroup::Text& text : texts) {
    size_t shared = 0;
    if (last.key != 0) {
      while (shared + 1 < kFactorBytes && shared < std::min(last.size(), text.size()) &&
             (last.key ^ text.key) >> (56 - 8 * shared) == 0) {
        ++shared;
      }
    }
    const auto stand_of = [](const FactorGroup::Text& of) {
      return static_cast<unsigned>(of.start) | (of.word_ends ? 4u : 0u) | (of.odd_blank ? 8u : 0u);
    };
    const bool same_stand = stand_of(text) == stand_of(last);
    const size_t step = shared * (kFactorBytes + 1) + text.size() - shared;
    list += static_cast<char>(step | (same_stand ? 0u : 0x80u));
    if (!same_stand) list += static_cast<char>(stand_of(text));
    for (size_t i = shared; i < text.size(); ++i) {
      list += static_cast<char>(text.key >> (56 - 8 * i));
    }
    last = text;
  }
  const auto [known, fresh] = list_offsets_.try_emplace(list, lists_.size());
  if (fresh) lists_ += list;
  return known->second;
}

void FactsWriter::AppendGroups(const std::vector<FactorGroup>& groups,
                               const ConditionNumbers& conditions, std::string* out) {
  AppendNumber(groups.size(), out);
  for (const FactorGroup& group : groups) {
    const Factor& base = group.base;
    AppendNumber(ListOffset(group.texts), out);
    AppendNumber(SetNumber(base.before), out);
    AppendNumber(base.min_before, out);
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
  AppendGroups(GroupsOf(condition.any_of), {}, out);
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
  out += static_cast<char>(facts.head.escape);
  std::vector<FactorGroup> required, beginnings;
  if (facts.required) required = GroupsOf(*facts.required);
  if (facts.beginnings) beginnings = *facts.beginnings;
  std::vector<const Condition*> order;
  ConditionNumbers numbers;
  Collect(required, &order, &numbers);
  Collect(beginnings, &order, &numbers);
  AppendNumber(order.size(), &out);
  for (const Condition* condition : order) AppendCondition(*condition, &out);
  if (facts.required) AppendGroups(required, numbers, &out);
  if (facts.beginnings) AppendGroups(beginnings, numbers, &out);
}

Result<std::string> FactsWriter::Take() && {
  if (half_numbers_.size() > 0x100 || set_numbers_.size() > 0x10000) {
    return Status::ResourceExhausted("too many sets of bytes for the format of facts");
  }
  std::string out(kFactsMagic);
  for (const size_t size : {entries_.size(), half_numbers_.size(), set_numbers_.size(),
                            positions_numbers_.size(), lists_.size(), size_t{0}}) {
    AppendRaw(static_cast<uint32_t>(size), &out);
  }
  size_t offset = out.size() + entries_.size() * FactsFile::kIndexBytes + halves_.size() +
                  sets_.size() + positions_.size() + lists_.size();
  for (const auto& [key, entry] : entries_) {
    AppendRaw(key, &out);
    AppendRaw(static_cast<uint32_t>(offset), &out);
    offset += entry.size();
  }
  out += halves_ + sets_ + positions_ + lists_;
  for (const auto& [key, entry] : entries_) out += entry;
  return out;
}

}  // namespace kt::detect
