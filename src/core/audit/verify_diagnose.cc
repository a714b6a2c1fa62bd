#include "core/audit/verify_diagnose.h"

#include <fcntl.h>

#include <algorithm>
#include <vector>

#include "core/audit/segment.h"
#include "core/audit/segment_reader.h"

namespace kt::audit {
namespace {

constexpr size_t kMaxLines = 100'000;
constexpr uint64_t kMaxBytes = 128ull << 20;
constexpr size_t kMaxKeys = 2'000;

// A line as it presents itself.
struct Claim {
  bool sound = false;  // well-formed, and its own hash fits
  bool same_lineage = false;
  uint64_t seq = 0;
  Hex32 prev, hash;
};

std::vector<Claim> ReadClaims(FileSystem* fs, int fd, const Break& at) {
  std::vector<Claim> claims;
  SegmentReader reader(fs, fd, at.offset + kMaxBytes, at.offset);
  LineParser parser;
  Sha256 sha256;
  std::string_view line;
  while (claims.size() < kMaxLines) {
    const SegmentReader::Outcome outcome = reader.Next(&line);
    if (outcome != SegmentReader::Outcome::kLine && outcome != SegmentReader::Outcome::kTorn) break;
    Claim& claim = claims.emplace_back();
    const auto envelope = parser.Parse(line, SegmentReader::kPadding);
    if (envelope.ok()) {
      claim.seq = envelope->seq;
      claim.prev = envelope->prev;
      claim.hash = envelope->hash;
      claim.same_lineage = envelope->lineage == at.lineage;
      claim.sound = sha256.Hex(line.substr(0, envelope->hashed_bytes)) == claim.hash;
    }
    if (outcome == SegmentReader::Outcome::kTorn) break;
  }
  return claims;
}

struct Diagnosis {
  const Break& at;
  const std::vector<Claim>& claims;  // claims[0] is the line that is not in order

  uint64_t expected() const { return at.before.seq + 1; }
  const Claim* next() const { return claims.size() > 1 ? &claims[1] : nullptr; }
  // Some later line is the one that should stand here.
  bool ExpectedFollows() const {
    return std::any_of(claims.begin() + 1, claims.end(), [&](const Claim& claim) {
      return claim.sound && claim.seq == expected() && claim.prev == at.before.hash;
    });
  }
  bool NumberFollows(uint64_t seq) const {
    return std::any_of(claims.begin() + 1, claims.end(),
                       [&](const Claim& claim) { return claim.seq == seq; });
  }
  uint64_t LastNumber() const {
    uint64_t last = 0;
    for (size_t i = 1; i < claims.size(); ++i) last = std::max(last, claims[i].seq);
    return last;
  }
  bool CopyFollows(const Hex32& hash) const {
    return std::any_of(claims.begin() + 1, claims.end(),
                       [&](const Claim& claim) { return claim.hash == hash; });
  }
  // The line behind the first one holds on to it, so it is an original.
  bool NextHoldsOn() const { return next() != nullptr && next()->prev == claims[0].hash; }
};

Finding Found(Tampering kind, uint64_t line, uint64_t seq, std::string message) {
  return {kind, "", line, seq, std::move(message)};
}

Finding WrongNumber(const Diagnosis& d, uint64_t line) {
  const Claim& bad = d.claims[0];
  const uint64_t expected = d.expected();
  if (bad.seq > expected) {
    if (d.NumberFollows(expected)) {
      if (d.CopyFollows(bad.hash) || bad.seq > d.LastNumber() + 1) {
        return Found(Tampering::kInserted, line, bad.seq, "a copy of a later record");
      }
      return Found(Tampering::kReordered, line, bad.seq,
                   "record " + std::to_string(expected) + " comes only behind it");
    }
    if (bad.prev == d.at.before.hash || (d.next() != nullptr && d.next()->seq == expected + 1)) {
      return Found(Tampering::kEdited, line, expected, "its number was changed");
    }
    return Found(Tampering::kDeleted, line, expected,
                 "records " + std::to_string(expected) + " to " + std::to_string(bad.seq - 1) +
                     " are missing before this line");
  }
  if (bad.seq == d.at.before.seq && bad.prev == d.at.before_prev) {
    if (d.NextHoldsOn()) {
      return Found(Tampering::kInserted, d.at.line, bad.seq,
                   "two records claim one place; the next one holds on to the other");
    }
    return Found(Tampering::kInserted, line, bad.seq, "two records claim one place");
  }
  if (d.next() != nullptr && d.next()->seq == expected + 1 && !d.NumberFollows(expected)) {
    return Found(Tampering::kEdited, line, expected, "replaced by another record");
  }
  return Found(Tampering::kInserted, line, bad.seq, "an older record out of its place");
}

}  // namespace

Finding DiagnoseBreak(FileSystem* fs, int fd, const Break& at) {
  const std::vector<Claim> claims = ReadClaims(fs, fd, at);
  const uint64_t line = at.line + 1, expected = at.before.seq + 1;
  if (claims.empty()) return Found(Tampering::kEdited, line, expected, "a line without end");
  const Diagnosis d{at, claims};
  const Claim& bad = claims[0];
  if (!bad.sound) {
    if (d.ExpectedFollows()) {
      return Found(Tampering::kInserted, line, expected,
                   "a line that is no record of this log, before that record");
    }
    return Found(Tampering::kEdited, line, expected,
                 bad.hash.empty() ? "no line of an audit log" : "its hash does not fit its bytes");
  }
  if (!bad.same_lineage) {
    return Found(Tampering::kSpliced, line, expected, "a record of another log or lineage");
  }
  if (bad.seq != expected) return WrongNumber(d, line);
  // The right number, but it holds on to another predecessor.
  if (d.NextHoldsOn() || d.next() == nullptr) {
    return Found(Tampering::kEdited, at.line, at.before.seq,
                 "the record behind it was written behind other bytes; its own hash was computed "
                 "anew");
  }
  return Found(Tampering::kEdited, line, expected, "changed, and its hash computed anew");
}

bool SignedByLaterKey(FileSystem* fs, int fd, uint64_t offset, std::string_view message,
                      std::string_view signature) {
  SegmentReader reader(fs, fd, offset + kMaxBytes, offset);
  LineParser parser;
  std::string_view line;
  size_t keys = 0;
  while (keys < kMaxKeys && reader.Next(&line) == SegmentReader::Outcome::kLine) {
    if (line.find("\"next_key\"") == std::string_view::npos) continue;
    if (!parser.Parse(line, SegmentReader::kPadding).ok()) continue;
    const auto checkpoint = Checkpoint::Read(parser);
    if (!checkpoint) continue;
    keys += 2;
    if (VerifySignature(checkpoint->key, message, signature) ||
        VerifySignature(checkpoint->next_key, message, signature)) {
      return true;
    }
  }
  return false;
}

bool SignedByNewerKey(const KeysOfLog& keys, const SegmentInfo& from, std::string_view message,
                      std::string_view signature) {
  for (const SegmentInfo& info : keys.segments) {
    if (info.header.segment > from.header.segment &&
        VerifySignature(info.header.epoch_key, message, signature)) {
      return true;
    }
  }
  if (keys.file && (VerifySignature(keys.file->epoch_key.public_hex(), message, signature) ||
                    VerifySignature(keys.file->next_epoch_key.public_hex(), message, signature))) {
    return true;
  }
  const std::string newest = keys.segments.back().name.File();
  const Result<Fd> fd = OpenRegular(keys.fs, keys.directory, newest, O_RDONLY);
  return fd.ok() && SignedByLaterKey(keys.fs, fd->get(), 0, message, signature);
}

}  // namespace kt::audit
