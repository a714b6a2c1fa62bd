#include "core/session/placeholders.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "core/detect/utf8.h"

namespace kt::session {
namespace {

// A body of the largest size holds fewer values than numbers of so many digits.
constexpr size_t kMaxDigits = 8;

// "EMAIL" of "[EMAIL]"; empty when it is no label that can be told from what follows it.
std::string_view LabelOf(std::string_view marker) {
  if (marker.size() < 3 || marker.front() != '[' || marker.back() != ']') return {};
  const std::string_view label = marker.substr(1, marker.size() - 2);
  return label.find_first_of("[]") == std::string_view::npos ? label : std::string_view();
}

// The n of "[LABEL_n]", written as we write it; 0: something else.
uint32_t ReadNumber(std::string_view digits) {
  if (digits.empty() || digits.size() > kMaxDigits || digits.front() == '0') return 0;
  uint32_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return error == std::errc() && end == digits.data() + digits.size() ? number : 0;
}

}  // namespace

// ---- request -----------------------------------------------------------------------------------

void Placeholders::UseLabels(const std::vector<policy::TextEdit>& edits) {
  for (const policy::TextEdit& edit : edits) {
    const std::string_view label = edit.restorable ? LabelOf(edit.replacement) : std::string_view();
    if (!label.empty() && labels_.find(label) == labels_.end()) labels_.emplace(label, Label());
  }
}

void Placeholders::Reserve(std::string_view text) {
  if (labels_.empty()) return;
  for (size_t open = text.find('['); open != std::string_view::npos;) {
    const size_t stop = text.find_first_of("[]", open + 1);
    if (stop == std::string_view::npos) return;
    const std::string_view inside = text.substr(open + 1, stop - open - 1);
    open = text[stop] == '[' ? stop : text.find('[', stop);
    const size_t line = inside.rfind('_');
    if (text[stop] != ']' || line == std::string_view::npos) continue;
    const auto label = labels_.find(inside.substr(0, line));
    const uint32_t number = ReadNumber(inside.substr(line + 1));
    if (label == labels_.end() || number == 0) continue;
    label->second.reserved.push_back(number);
    label->second.sorted = false;
  }
}

uint32_t Placeholders::NextNumber(Label* label) {
  std::vector<uint32_t>& reserved = label->reserved;
  if (!std::exchange(label->sorted, true)) std::sort(reserved.begin(), reserved.end());
  while (std::binary_search(reserved.begin(), reserved.end(), label->next)) ++label->next;
  return label->next++;
}

void Placeholders::Number(std::string_view text, const std::vector<unsigned>& escaped,
                          std::vector<policy::TextEdit>* edits) {
  for (size_t i = 0; i < edits->size(); ++i) {
    policy::TextEdit& edit = (*edits)[i];
    const std::string_view name = edit.restorable ? LabelOf(edit.replacement) : std::string_view();
    const auto label = labels_.find(name);
    if (name.empty() || label == labels_.end()) continue;
    std::string value(text.substr(edit.begin, edit.end - edit.begin));
    for (unsigned n = i < escaped.size() ? escaped[i] : 0; n > 0; --n) {
      value = ResolveEscapes(value);
    }
    value = detect::PairHalves(value + edit.rest);
    auto [known, fresh] = label->second.number_of_value.try_emplace(value, 0);
    if (fresh) known->second = NextNumber(&label->second);
    std::string placeholder = "[" + label->first + "_" + std::to_string(known->second) + "]";
    edit.replacement = placeholder;
    longest_ = std::max(longest_, placeholder.size());
    if (fresh) values_.emplace(std::move(placeholder), std::move(value));
  }
}

// ---- answer ------------------------------------------------------------------------------------

void Placeholders::BeginAnswer(size_t max_bytes) noexcept {
  may_come_back_ = max_bytes;
  exceeded_ = false;
}

bool Placeholders::Take(size_t bytes) noexcept {
  exceeded_ = exceeded_ || bytes > may_come_back_;
  if (!exceeded_) may_come_back_ -= bytes;
  return !exceeded_;
}

bool Placeholders::TakeAgain(const std::vector<SpanEdit>& edits) noexcept {
  size_t bytes = 0;
  for (const SpanEdit& edit : edits) {
    bytes += edit.replacement.size() - std::min(edit.replacement.size(), edit.end - edit.begin);
  }
  return Take(bytes);
}

// `tail` begins with '[' and holds no other bracket.
bool Placeholders::MayContinue(std::string_view tail) const {
  if (tail.size() >= longest_) return false;
  const auto next = values_.lower_bound(tail);
  return next != values_.end() && next->first.starts_with(tail);
}

size_t Placeholders::Restore(std::string_view text, size_t begin, size_t end, bool final,
                             std::vector<SpanEdit>* spans) {
  if (values_.empty()) return end;
  const std::string_view judged = text.substr(0, end);
  std::vector<SpanEdit> all;
  auto edit = spans->begin();
  size_t settled = end;
  for (size_t at = judged.find('[', begin); at != std::string_view::npos;) {
    const size_t stop = judged.find_first_of("[]", at + 1);
    const bool closed = stop != std::string_view::npos && judged[stop] == ']';
    const size_t after = closed ? stop + 1 : std::min(stop, end);
    for (; edit != spans->end() && edit->end <= at; ++edit) all.push_back(std::move(*edit));
    const bool touched = edit != spans->end() && edit->begin < after;
    if (stop == std::string_view::npos) {
      if (!final && !touched && MayContinue(judged.substr(at))) settled = at;
      break;
    }
    if (closed && !touched && after - at <= longest_) {
      const auto value = values_.find(judged.substr(at, after - at));
      if (value != values_.end() && Take(value->second.size())) {
        all.push_back({at, after, value->second, true});
      }
    }
    at = judged.find('[', closed ? after : stop);
  }
  std::move(edit, spans->end(), std::back_inserter(all));
  *spans = std::move(all);
  return settled;
}

}  // namespace kt::session
