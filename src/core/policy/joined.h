// Texts that are one for who reads them, such as the parts of a message: each is judged by itself,
// and what stands on both sides of where two of them meet is judged as one text. A value may so
// neither hide in pieces nor hide behind its neighbour. Of long texts only the ends that meet are
// read again. Providers put the texts of a request together as they are, or each on a line of its
// own: where no blank stands between two of them they are judged with one, too. A line end would do
// for phrases, but groups of digits are looked for between blanks.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "core/policy/chain.h"

namespace kt::policy {

class JoinedTexts {
 public:
  // Finds the groups of *texts (ChainRun::Text::group) and appends the joined texts to it. They
  // refer to this object. `longest`: of a match, in bytes.
  void AppendTo(std::vector<ChainRun::Text>* texts, size_t longest);
  bool empty() const noexcept { return joins_.empty(); }

  // The text, of those that were given, where an offset of text `index` lies; *offset becomes one
  // in it.
  size_t Origin(size_t index, size_t* offset) const noexcept;
  // Takes the edits of the joined texts off the end of *edits and merges them into those of the
  // texts that they were made of.
  void Fold(std::vector<std::vector<TextEdit>>* edits) const;

 private:
  struct Piece {
    size_t text;  // index
    size_t from;  // offset in it
    size_t at;    // offset in the joined text
    size_t size;
    size_t end() const noexcept { return at + size; }
  };
  struct Join {
    std::string text;
    std::vector<Piece> pieces;
    size_t sure_begin, sure_end;  // between them no match depends on what was left out
  };
  // `apart`: a blank goes between texts that none divides.
  void JoinGroup(const std::vector<ChainRun::Text>& texts, const std::vector<size_t>& group,
                 size_t longest, bool apart);
  void Begin(size_t sure_begin);
  void Append(size_t text, size_t from, std::string_view bytes, bool apart);
  void FoldEdit(const Join& join, TextEdit edit, std::vector<std::vector<TextEdit>>* edits) const;

  size_t given_ = 0;  // texts
  std::vector<Join> joins_;
};

}  // namespace kt::policy
