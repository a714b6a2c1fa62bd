// A thousand random changes of each kind to the lines of a healthy log: none is missed, none gets
// another name.
#include "tamper_fixture.h"

namespace kt::audit {
namespace {

TEST_F(Tamper, AChangedByteIsAnEdit) {
  Times([&] {
    const size_t index = Below(log_.size());
    Lines lines = Original(index);
    const size_t line = Below(lines.size());
    char& byte = lines[line][Below(lines[line].size())];
    char other = byte;
    while (other == byte || other == '\n') other = static_cast<char>(Below(256));
    byte = other;
    With(index, Join(lines), [&] { Expect(Tampering::kEdited, Name(index), line + 1); });
  });
}

TEST_F(Tamper, AChangedRecordWithItsHashComputedAnewIsAnEdit) {
  Times([&] {
    size_t index = 0, line = 0;
    PickRecord(&index, &line);
    Lines lines = Original(index);
    lines[line].replace(lines[line].find("allowed"), 7, "blocked");
    Lines first(lines.begin(), lines.begin() + static_cast<ptrdiff_t>(line) + 1);
    Rechain(&first, line);
    lines[line] = first.back();
    With(index, Join(lines), [&] { Expect(Tampering::kEdited, Name(index), line + 1); });
  });
}

TEST_F(Tamper, AChangedRecordWithAllHashesComputedAnewIsAnEdit) {
  Times([&] {
    size_t index = 0, line = 0;
    PickRecord(&index, &line);
    Lines lines = Original(index);
    lines[line].replace(lines[line].find("allowed"), 7, "blocked");
    Rechain(&lines, line);
    With(index, Join(lines), [&] { Expect(Tampering::kEdited, Name(index)); });
  });
}

TEST_F(Tamper, RecordsLeftOutWithAllHashesComputedAnewAreNotMissed) {
  Times([&] {
    size_t index = 0, line = 0;
    PickRecord(&index, &line);
    Lines lines = Original(index);
    lines.erase(lines.begin() + static_cast<ptrdiff_t>(line));
    Rechain(&lines, line);
    With(index, Join(lines), [&] {
      const Tampering kind = Judge().kind;
      ASSERT_TRUE(kind == Tampering::kEdited || kind == Tampering::kTruncated) << NameOf(kind);
    });
  });
}

TEST_F(Tamper, MissingLinesAreDeleted) {
  Times([&] {
    const size_t index = Below(log_.size());
    Lines lines = Original(index);
    const size_t line = 1 + Below(lines.size() - 2);
    const size_t count = 1 + Below(std::min<size_t>(3, lines.size() - line - 1));
    lines.erase(lines.begin() + static_cast<ptrdiff_t>(line),
                lines.begin() + static_cast<ptrdiff_t>(line + count));
    With(index, Join(lines), [&] { Expect(Tampering::kDeleted, Name(index), line + 1); });
  });
}

TEST_F(Tamper, LinesThatAreNoneOfTheLogAreInserted) {
  Times([&] {
    const size_t index = Below(log_.size());
    Lines lines = Original(index);
    const size_t line = 1 + Below(lines.size() - 1);
    const bool garbage = Below(2) == 0;
    std::string more = garbage ? std::string("{\"seq\":1}") : lines[line];
    if (!garbage) more[more.size() / 2] ^= 1;
    lines.insert(lines.begin() + static_cast<ptrdiff_t>(line), 1 + Below(3), more);
    With(index, Join(lines), [&] { Expect(Tampering::kInserted, Name(index), line + 1); });
  });
}

TEST_F(Tamper, CopiesOfOtherLinesAreInserted) {
  Times([&] {
    const size_t index = Below(log_.size()), from = Below(log_.size());
    Lines lines = Original(index);
    const size_t line = 1 + Below(lines.size() - 1);
    const std::string copy = Original(from)[1 + Below(Original(from).size() - 1)];
    if (copy == lines.back() && line + 1 == lines.size()) return;  // behind the end: nothing
    lines.insert(lines.begin() + static_cast<ptrdiff_t>(line), copy);
    With(index, Join(lines), [&] { Expect(Tampering::kInserted, Name(index)); });
  });
}

TEST_F(Tamper, AForgedLineThatHoldsOnToTheOneBeforeIsInserted) {
  Times([&] {
    const size_t index = Below(log_.size());
    Lines lines = Original(index);
    const size_t line = 1 + Below(lines.size() - 1);
    Lines forged(lines.begin(), lines.begin() + static_cast<ptrdiff_t>(line));
    size_t other = 0, record = 0;
    PickRecord(&other, &record);
    forged.push_back(Original(other)[record]);
    Rechain(&forged, line);
    lines.insert(lines.begin() + static_cast<ptrdiff_t>(line), forged.back());
    if (line + 2 == lines.size() && lines[line] == lines.back()) return;  // nothing has changed
    // Where nothing follows, nobody can say which of the two is the original.
    const size_t expected = line + 2 == lines.size() ? 0 : line + 1;
    With(index, Join(lines), [&] { Expect(Tampering::kInserted, Name(index), expected); });
  });
}

TEST_F(Tamper, SwappedLinesAreReordered) {
  Times([&] {
    const size_t index = Below(log_.size());
    Lines lines = Original(index);
    const size_t a = 1 + Below(lines.size() - 1), b = 1 + Below(lines.size() - 1);
    if (a == b) return;
    std::swap(lines[a], lines[b]);
    With(index, Join(lines),
         [&] { Expect(Tampering::kReordered, Name(index), std::min(a, b) + 1); });
  });
}

TEST_F(Tamper, MovedLinesAreReordered) {
  Times([&] {
    const size_t index = Below(log_.size());
    Lines lines = Original(index);
    const size_t from = 1 + Below(lines.size() - 1), to = 1 + Below(lines.size() - 1);
    if (from == to) return;
    const std::string line = lines[from];
    lines.erase(lines.begin() + static_cast<ptrdiff_t>(from));
    lines.insert(lines.begin() + static_cast<ptrdiff_t>(to), line);
    With(index, Join(lines),
         [&] { Expect(Tampering::kReordered, Name(index), std::min(from, to) + 1); });
  });
}

TEST_F(Tamper, LinesOfAnotherLogAreSpliced) {
  Times([&] {
    const size_t index = Below(log_.size()), from = Below(other_.size());
    Lines lines = Original(index);
    const Lines& theirs = std::next(other_.begin(), static_cast<ptrdiff_t>(from))->second;
    const size_t line = 1 + Below(lines.size() - 1), begin = 1 + Below(theirs.size() - 1);
    const size_t count = 1 + Below(std::min<size_t>(5, theirs.size() - begin));
    const auto at = lines.begin() + static_cast<ptrdiff_t>(line);
    if (Below(2) == 0) {
      lines.erase(at, at + static_cast<ptrdiff_t>(std::min(count, lines.size() - line)));
    }
    lines.insert(lines.begin() + static_cast<ptrdiff_t>(line),
                 theirs.begin() + static_cast<ptrdiff_t>(begin),
                 theirs.begin() + static_cast<ptrdiff_t>(begin + count));
    With(index, Join(lines), [&] { Expect(Tampering::kSpliced, Name(index), line + 1); });
  });
}

// The thief of today's key changes yesterday's record, chains anew, and signs with what he has.
TEST_F(Tamper, ASignatureBehindAMereRecordIsAnEdit) {
  Times([&] {
    size_t index = 0, line = 0;
    PickRecord(&index, &line);
    Lines lines = Original(index);
    lines[line].pop_back();
    lines[line] += ",\"signature\":\"" + std::string(128, '0') + "\"}";
    // A last line that grew ends behind the segment's end: it or the one before it is named.
    const size_t expected = line + 1 == lines.size() ? 0 : line + 1;
    With(index, Join(lines), [&] { Expect(Tampering::kEdited, Name(index), expected); });
  });
}

}  // namespace
}  // namespace kt::audit
