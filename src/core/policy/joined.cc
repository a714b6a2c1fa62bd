#include "core/policy/joined.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

#include "core/base/ascii.h"
#include "core/policy/merge.h"

namespace kt::policy {
namespace {

// Where a text may be cut at or after `at`: behind a blank that is not far, else at a code point.
size_t CutAt(std::string_view text, size_t at) noexcept {
  constexpr size_t kFar = 64;
  const size_t blank = text.substr(0, at + kFar).find_first_of(" \t\r\n", at);
  if (blank != text.npos) return blank + 1;
  while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) ++at;
  return at;
}

// Somewhere in the group a text begins right where another one ends.
bool Touch(const std::vector<ChainRun::Text>& texts, const std::vector<size_t>& group) noexcept {
  for (size_t i = 1; i < group.size(); ++i) {
    if (IsBlank(texts[group[i - 1]].unit.text.back())) continue;
    if (!IsBlank(texts[group[i]].unit.text.front())) return true;
  }
  return false;
}

}  // namespace

void JoinedTexts::AppendTo(std::vector<ChainRun::Text>* texts, size_t longest) {
  given_ = texts->size();
  joins_.clear();
  std::map<uint64_t, std::vector<size_t>> groups;  // few texts have one
  for (size_t i = 0; i < given_; ++i) {
    const ChainRun::Text& text = (*texts)[i];
    if (text.group != 0 && !text.unit.text.empty()) groups[text.group].push_back(i);
  }
  for (const auto& [key, group] : groups) {
    if (group.size() < 2) continue;
    JoinGroup(*texts, group, longest, false);
    const bool request = (*texts)[group.front()].unit.phase == Phase::kInput;
    if (request && Touch(*texts, group)) JoinGroup(*texts, group, longest, true);
  }
  for (const Join& join : joins_) {
    ChainRun::Text& text = texts->emplace_back((*texts)[join.pieces.front().text]);
    text.unit.text = join.text;
    text.joined = true;
  }
}

void JoinedTexts::Begin(size_t sure_begin) {
  joins_.emplace_back().sure_begin = sure_begin;
}

void JoinedTexts::Append(size_t text, size_t from, std::string_view bytes, bool apart) {
  Join& join = joins_.back();
  const bool divided = join.text.empty() || IsBlank(join.text.back()) || IsBlank(bytes.front());
  if (apart && !divided) join.text += ' ';
  join.pieces.push_back({text, from, join.text.size(), bytes.size()});
  join.text.append(bytes);
}

// One joined text for all of the group, but for the middle of long texts.
void JoinedTexts::JoinGroup(const std::vector<ChainRun::Text>& texts,
                            const std::vector<size_t>& group, size_t longest, bool apart) {
  const size_t around = longest + kStreamContextBytes;
  Begin(0);
  for (size_t i = 0; i < group.size(); ++i) {
    const std::string_view text = texts[group[i]].unit.text;
    const bool first = i == 0, last = i + 1 == group.size();
    const size_t head = first ? 0 : around, tail = last ? 0 : around;
    if (text.size() <= head + tail + around) {
      Append(group[i], 0, text, apart);
      if (last) joins_.back().sure_end = joins_.back().text.size();
      continue;
    }
    if (!first) {
      Append(group[i], 0, text.substr(0, CutAt(text, head)), apart);
      Join& join = joins_.back();
      join.sure_end = join.text.size() - kStreamContextBytes;
    }
    if (last) return;
    const size_t from = CutAt(text, text.size() - tail);
    if (first) joins_.pop_back();
    Begin(kStreamContextBytes);
    Append(group[i], from, text.substr(from), apart);
  }
}

size_t JoinedTexts::Origin(size_t index, size_t* offset) const noexcept {
  if (index < given_) return index;
  const std::vector<Piece>& pieces = joins_[index - given_].pieces;
  auto piece = std::prev(pieces.end());
  while (piece != pieces.begin() && piece->at > *offset) --piece;
  *offset = piece->from + (*offset - piece->at);
  return piece->text;
}

void JoinedTexts::FoldEdit(const Join& join, TextEdit edit,
                           std::vector<std::vector<TextEdit>>* edits) const {
  TextEdit* begun = nullptr;
  size_t told = 0;  // up to where the first part's `rest` reaches
  const auto behind = [](size_t offset, const Piece& piece) { return offset < piece.end(); };
  auto at = std::upper_bound(join.pieces.begin(), join.pieces.end(), edit.begin, behind);
  for (; at != join.pieces.end() && at->at < edit.end; ++at) {
    const Piece& piece = *at;
    const size_t begin = std::max(edit.begin, piece.at), end = std::min(edit.end, piece.end());
    if (begin >= end) continue;
    TextEdit part = edit;
    part.begin = piece.from + (begin - piece.at);
    part.end = piece.from + (end - piece.at);
    if (end - begin < edit.end - edit.begin) part.shown = 0;  // it stands in another part
    if (begun != nullptr) {
      begun->rest.append(join.text, told, end - told);  // with what divides them
      part.replacement.clear();
      part.restorable = false;
      part.continues = true;
    }
    told = end;
    std::vector<TextEdit>& into = (*edits)[piece.text];
    const auto within = [&](const TextEdit& own) {
      const bool of_more = own.continues || !own.rest.empty();  // than this text
      return own.begin >= part.begin && own.end <= part.end && (part.continues || !of_more);
    };
    std::erase_if(into, within);  // one marker stands for all of it, that of what is joined
    into.push_back(std::move(part));
    if (begun == nullptr) begun = &into.back();
  }
}

void JoinedTexts::Fold(std::vector<std::vector<TextEdit>>* edits) const {
  std::vector<std::vector<TextEdit>> joined(
      std::make_move_iterator(edits->begin() + static_cast<ptrdiff_t>(given_)),
      std::make_move_iterator(edits->end()));
  edits->resize(given_);
  for (size_t i = 0; i < joined.size(); ++i) {
    const Join& join = joins_[i];
    for (TextEdit& edit : joined[i]) {
      if (edit.begin < join.sure_begin || edit.end > join.sure_end) continue;
      FoldEdit(join, std::move(edit), edits);
    }
    for (const Piece& piece : join.pieces) MergeEdits(&(*edits)[piece.text]);
  }
}

}  // namespace kt::policy
