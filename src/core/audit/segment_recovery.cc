#include "core/audit/segment_recovery.h"

#include <fcntl.h>

#include <algorithm>
#include <charconv>

#include "core/audit/segment_reader.h"

namespace kt::audit {
namespace {

// "<ring>.<number>" of a record.
void NoteOrigin(const std::string& origin, RingNumbers* rings) {
  const size_t dot = origin.find('.');
  if (dot == std::string::npos) return;
  const auto ring = ParseRingName(std::string_view(origin).substr(0, dot));
  uint64_t number = 0;
  std::from_chars(origin.data() + dot + 1, origin.data() + origin.size(), number);
  if (ring) (*rings)[*ring] = std::max((*rings)[*ring], number);
}

void NoteLine(const LineParser& parser, SegmentState* state) {
  state->ends_sealed = false;
  if (!parser.String("event").starts_with(kOwnEvents)) {
    NoteOrigin(parser.String("origin"), &state->rings);
    return;
  }
  if (auto checkpoint = Checkpoint::Read(parser)) {
    state->last_ts_us = checkpoint->ts_us;
    state->last_checkpoint = std::move(checkpoint);
    state->ends_sealed = true;
  }
}

}  // namespace

const Hex32& SegmentState::epoch_key() const {
  return last_checkpoint ? last_checkpoint->next_key : header.epoch_key;
}

uint64_t SegmentState::epoch() const {
  return last_checkpoint ? last_checkpoint->epoch + 1 : header.epoch;
}

Result<SegmentState> ReadSegment(FileSystem* fs, int fd) {
  FileInfo info;
  if (const int error = fs->Stat(fd, &info); error != 0)
    return FileFailure("stat a segment", error);
  SegmentState state;
  state.file_bytes = info.size;
  SegmentReader reader(fs, fd, info.size);
  LineParser parser;
  Sha256 sha256;
  std::string_view line;
  SegmentReader::Outcome outcome;
  while ((outcome = reader.Next(&line)) == SegmentReader::Outcome::kLine) {
    const Result<Envelope> parsed = parser.Parse(line, SegmentReader::kPadding);
    if (!parsed.ok()) break;
    const Envelope& envelope = parsed.value();
    if (sha256.Hex(line.substr(0, envelope.hashed_bytes)) != envelope.hash) break;
    if (reader.line_number() == 1) {
      auto header = SegmentHeader::Read(parser);
      if (!header) break;
      state.header = *std::move(header);
      state.rings = state.header.rings;
      state.last_ts_us = state.header.ts_us;
      state.ends_sealed = true;
    } else if (envelope.seq != state.head.seq + 1 || envelope.prev != state.head.hash) {
      break;
    } else {
      NoteLine(parser, &state);
    }
    state.head = {envelope.seq, Hex32(envelope.hash)};
    state.bytes = reader.end();
    if (state.ends_sealed) state.checkpoint_bytes = state.bytes;
  }
  if (outcome == SegmentReader::Outcome::kFailed) return reader.error();
  if (state.bytes == 0) return Status::NotFound("audit log: a segment has no header");
  state.torn = outcome == SegmentReader::Outcome::kTorn;
  return state;
}

Result<SegmentHeader> ReadHeader(FileSystem* fs, int directory, const SegmentName& name,
                                 std::string* line) {
  Result<Fd> fd = OpenRegular(fs, directory, name.File(), O_RDONLY);
  if (!fd.ok()) return fd.status();
  SegmentReader reader(fs, fd->get(), kMaxLineBytes);
  std::string_view first;
  LineParser parser;
  if (reader.Next(&first) == SegmentReader::Outcome::kLine &&
      parser.Parse(first, SegmentReader::kPadding).ok()) {
    if (auto header = SegmentHeader::Read(parser)) {
      if (line != nullptr) *line = first;
      return *std::move(header);
    }
  }
  if (!reader.error().ok()) return reader.error();
  return Status::NotFound("audit log: " + name.File() + " has no header");
}

}  // namespace kt::audit
