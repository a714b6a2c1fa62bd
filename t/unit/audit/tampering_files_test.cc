// Changes of whole segments, ends and signatures of a healthy log: none is missed, none gets
// another name.
#include "tamper_fixture.h"

namespace kt::audit {
namespace {

TEST_F(Tamper, MissingSegmentsAreDeleted) {
  for (size_t index = 0; index + 1 < log_.size(); ++index) {
    std::filesystem::remove(directory_ / Name(index));
    Expect(Tampering::kDeleted, Name(index + 1));
    WriteFile(directory_ / Name(index), Join(Original(index)));
  }
}

TEST_F(Tamper, SwappedSegmentsAreReordered) {
  for (size_t a = 0; a < log_.size(); ++a) {
    for (size_t b = a + 1; b < log_.size(); ++b) {
      WriteFile(directory_ / Name(a), Join(Original(b)));
      With(b, Join(Original(a)), [&] { Expect(Tampering::kReordered, Name(a)); });
      WriteFile(directory_ / Name(a), Join(Original(a)));
    }
  }
}

TEST_F(Tamper, AMissingEndIsTruncated) {
  Times([&] {
    const size_t index = Below(log_.size());
    const std::string text = Join(Original(index));
    With(index, text.substr(0, Below(text.size())),
         [&] { Expect(Tampering::kTruncated, Name(index)); });
  });
}

TEST_F(Tamper, MissingNewestSegmentsAreTruncated) {
  for (size_t index = log_.size() - 1; index > 0; --index) {
    std::filesystem::remove(directory_ / Name(index));
    Expect(Tampering::kTruncated, Name(index - 1));
  }
}

TEST_F(Tamper, SegmentsOfAnotherLogAreSpliced) {
  for (size_t index = 0; index < log_.size(); ++index) {
    const auto theirs = std::next(other_.begin(), static_cast<ptrdiff_t>(index));
    With(index, Join(theirs->second), [&] { Expect(Tampering::kSpliced, Name(index)); });
    // Under the other log's name too.
    std::filesystem::remove(directory_ / Name(index));
    WriteFile(directory_ / theirs->first, Join(theirs->second));
    Expect(Tampering::kSpliced);
    std::filesystem::remove(directory_ / theirs->first);
    WriteFile(directory_ / Name(index), Join(Original(index)));
  }
}

TEST_F(Tamper, ALaterKeysSignatureIsNamed) {
  const auto thief = SigningKey::FromSeedHex(keys_);
  ASSERT_TRUE(thief.ok());
  Times([&] {
    size_t index = 0, line = 0;
    do {
      PickRecord(&index, &line);
    } while (std::none_of(Original(index).begin() + static_cast<ptrdiff_t>(line),
                          Original(index).end(), IsSigned));
    Lines lines = Original(index);
    lines[line].replace(lines[line].find("allowed"), 7, "blocked");
    const bool states_it = Below(2) == 0;
    for (size_t i = line; i < lines.size() && states_it; ++i) {
      const size_t at = lines[i].find("\"key\":\"");
      if (at != std::string::npos) lines[i].replace(at + 7, 64, thief.value().public_hex());
    }
    Rechain(&lines, line, &thief.value());
    With(index, Join(lines), [&] { Expect(Tampering::kResigned, Name(index)); });
  });
}

TEST_F(Tamper, AnOlderCopyIsRolledBack) {
  VerifyOptions options;
  LineParser parser;
  const auto head = parser.Parse(Original(3).back(), 0);
  options.head = ChainHead{head->seq, Hex32(head->hash)};
  Expect(Tampering::kNone, "", 0, options);
  options.now_us = kNoon;  // young enough that nothing is overdue
  Times([&] {
    const size_t index = 1 + Below(3);
    Lines lines = Original(index);
    lines.resize(1 + Below(lines.size() - 1));
    for (size_t i = index + 1; i < 4; ++i) std::filesystem::remove(directory_ / Name(i));
    With(index, Join(lines), [&] { Expect(Tampering::kRolledBack, "", 0, options); });
    for (size_t i = index + 1; i < 4; ++i) WriteFile(directory_ / Name(i), Join(Original(i)));
  });
}

// A header with other members, signed anew; all behind it chained anew.
TEST_F(Tamper, AHeaderSignedByAnotherKeyThatItNamesIsResigned) {
  const auto thief = SigningKey::Generate();
  for (size_t index = 1; index < log_.size(); ++index) {
    Lines lines = Original(index);
    Resign(&lines, index, thief.value(), true, kSegmentContext);
    With(index, Join(lines), [&] { Expect(Tampering::kResigned, Name(index), 1); });
  }
}

TEST_F(Tamper, AHeaderSignedByAnotherKeyThatItHidesIsAnEdit) {
  const auto thief = SigningKey::Generate();
  for (size_t index = 1; index < log_.size(); ++index) {
    Lines lines = Original(index);
    Resign(&lines, index, thief.value(), false, kSegmentContext);
    With(index, Join(lines), [&] { Expect(Tampering::kEdited, Name(index), 1); });
  }
}

TEST_F(Tamper, AFirstHeaderSignedByAnotherRootKeyIsSpliced) {
  const auto thief = SigningKey::Generate();
  Lines lines = Original(0);
  Resign(&lines, 0, thief.value(), true, kLineageContext);
  With(0, Join(lines), [&] { Expect(Tampering::kSpliced, Name(0), 1); });
}

}  // namespace
}  // namespace kt::audit
