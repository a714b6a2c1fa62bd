#include "core/audit/verify_headers.h"

#include <fcntl.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "core/audit/keys_state.h"
#include "core/audit/segment_reader.h"
#include "core/audit/segment_recovery.h"

namespace kt::audit {
namespace {

constexpr size_t kMaxSegments = 1'000'000;
constexpr size_t kMaxKeysTried = 1'000;

class Reader {
 public:
  Reader(const VerifyOptions& options, FileSystem* fs, int directory, VerifyReport* report)
      : options_(options), fs_(fs), directory_(directory), report_(*report) {}

  Result<HeaderChain> Run();

 private:
  Status ReadPruned();
  // Lines behind those of segments that are gone: the same as in the segments that follow.
  Status CheckPrunedRest(SegmentReader* reader);
  Status ReadSegments();
  // Sets chain_.finding, or adds the segment.
  Status ReadSegment(const SegmentName& name);
  // The segment from names_[from] on with which the root key's holder goes on behind damage.
  size_t ResumedAt(size_t from);
  // None: not a whole one. kInvalidArgument: something else is in the file's place.
  Result<std::optional<std::string>> FirstLine(const std::string& file, uint64_t* file_bytes);
  // False: chain_.finding says why. `names`: where later keys may be found.
  bool Check(std::string_view line, size_t padding, const SegmentName& name,
             const std::string& file, uint64_t line_number, SegmentInfo* info);
  Finding CheckHeader(const Envelope& envelope, const SegmentName& name, const SegmentInfo& info);
  Finding CheckRoot(const Envelope& envelope, const SegmentHeader& header);
  Finding CheckKey(const Envelope& envelope, const SegmentHeader& header);
  bool SignedByLaterHeader(uint64_t segment, const std::string& message,
                           std::string_view signature);
  static Finding Found(Tampering kind, uint64_t seq, std::string message) {
    return {kind, "", 1, seq, std::move(message)};
  }

  const VerifyOptions& options_;
  FileSystem* fs_;
  int directory_;
  VerifyReport& report_;
  HeaderChain chain_;
  std::vector<SegmentName> names_;
  LineParser parser_;
  Sha256 sha256_;
  uint64_t last_ = 0;  // number of the last header that was in order
  std::string lineage_;
  Hex32 key_;  // of the next header
};

Finding Reader::CheckRoot(const Envelope& envelope, const SegmentHeader& header) {
  if (!VerifySignature(header.key, std::string(kLineageContext) + std::string(envelope.hash),
                       envelope.signature)) {
    return Found(Tampering::kEdited, envelope.seq, "the root key's signature does not fit");
  }
  if (!options_.root_public.empty() && header.key != options_.root_public) {
    return Found(Tampering::kSpliced, envelope.seq,
                 "its lineage was begun by another root key, " + header.key);
  }
  if (header.previous.segment != last_) {
    return Found(Tampering::kSpliced, envelope.seq, "it does not follow the segment before it");
  }
  if (report_.root_public.empty()) report_.root_public = header.key;
  if (header.key != report_.root_public) {
    report_.notes.push_back("lineage " + std::string(envelope.lineage) +
                            " was begun by another root key, " + header.key);
  }
  report_.lineages.push_back(
      {std::string(envelope.lineage), header.reason, header.segment, envelope.seq});
  if (header.segment == 1 || options_.allow_lineage) return {};
  return Found(Tampering::kNewLineage, envelope.seq,
               "the root key began a new lineage (" + header.reason +
                   "); accept it with --allow-lineage if you know why");
}

bool Reader::SignedByLaterHeader(uint64_t segment, const std::string& message,
                                 std::string_view signature) {
  size_t tried = 0;
  for (const SegmentName& name : names_) {
    if (name.number <= segment || ++tried > kMaxKeysTried) continue;
    const auto header = ReadHeader(fs_, directory_, name, nullptr);
    if (header.ok() && (VerifySignature(header->key, message, signature) ||
                        VerifySignature(header->next_segment_key, message, signature))) {
      return true;
    }
  }
  return false;
}

Finding Reader::CheckKey(const Envelope& envelope, const SegmentHeader& header) {
  if (envelope.lineage != lineage_) {
    return Found(Tampering::kSpliced, envelope.seq, "a segment of another log or lineage");
  }
  const std::string message = std::string(kSegmentContext) + std::string(envelope.hash);
  if (header.key == key_ && VerifySignature(key_, message, envelope.signature)) return {};
  if ((header.key != key_ && VerifySignature(header.key, message, envelope.signature)) ||
      SignedByLaterHeader(header.segment, message, envelope.signature)) {
    return Found(Tampering::kResigned, envelope.seq,
                 "not signed by the key that the header before it names, but by another");
  }
  return Found(Tampering::kEdited, envelope.seq, "the header's signature does not fit");
}

Finding Reader::CheckHeader(const Envelope& envelope, const SegmentName& name,
                            const SegmentInfo& info) {
  const SegmentHeader& header = info.header;
  if (envelope.lineage != name.lineage) {
    return Found(Tampering::kSpliced, envelope.seq, "holds a segment of another log or lineage");
  }
  if (header.segment != name.number) {
    return Found(Tampering::kReordered, envelope.seq,
                 "holds segment " + std::to_string(header.segment));
  }
  return header.begins_lineage ? CheckRoot(envelope, header) : CheckKey(envelope, header);
}

bool Reader::Check(std::string_view line, size_t padding, const SegmentName& name,
                   const std::string& file, uint64_t line_number, SegmentInfo* info) {
  Finding& finding = chain_.finding;
  const auto envelope = parser_.Parse(line, padding);
  if (!envelope.ok()) {
    finding = Found(Tampering::kEdited, 0, "the header is no line of an audit log");
  } else if (sha256_.Hex(line.substr(0, envelope->hashed_bytes)) != envelope->hash) {
    finding = Found(Tampering::kEdited, envelope->seq, "the header's hash does not fit its bytes");
  } else if (auto header = SegmentHeader::Read(parser_); !header) {
    finding =
        Found(Tampering::kEdited, envelope->seq, "does not begin with a header of a known format");
  } else {
    info->header = *std::move(header);
    info->head = {envelope->seq, Hex32(envelope->hash)};
    info->prev = envelope->prev;
    info->line_bytes = line.size() + 1;
    finding = CheckHeader(envelope.value(), name, *info);
  }
  finding.file = file;
  finding.line = line_number;
  if (finding.kind != Tampering::kNone) return false;
  last_ = name.number;
  lineage_ = name.lineage;
  key_ = info->header.next_segment_key;
  return true;
}

Result<std::optional<std::string>> Reader::FirstLine(const std::string& file,
                                                     uint64_t* file_bytes) {
  const Result<Fd> fd = OpenRegular(fs_, directory_, file, O_RDONLY);
  if (!fd.ok()) return fd.status();
  FileInfo info;
  if (const int error = fs_->Stat(fd->get(), &info); error != 0) {
    return FileFailure("stat " + file, error);
  }
  *file_bytes = info.size;
  SegmentReader reader(fs_, fd->get(), kMaxLineBytes);
  std::string_view first;
  const SegmentReader::Outcome outcome = reader.Next(&first);
  if (outcome == SegmentReader::Outcome::kFailed) return reader.error();
  const bool ends = outcome == SegmentReader::Outcome::kLine;
  if (!ends && outcome != SegmentReader::Outcome::kTooLong) return std::optional<std::string>();
  return std::optional(ends ? std::string(first) : std::string());
}

Status Reader::CheckPrunedRest(SegmentReader* reader) {
  std::string_view line;
  uint64_t bytes = 0;
  SegmentReader::Outcome outcome;
  for (size_t i = 0; (outcome = reader->Next(&line)) != SegmentReader::Outcome::kEnd; ++i) {
    if (outcome == SegmentReader::Outcome::kFailed) return reader->error();
    if (i < names_.size() && outcome == SegmentReader::Outcome::kLine) {
      const auto first = FirstLine(names_[i].File(), &bytes);
      if (!first.ok() && first.status().code() != StatusCode::kInvalidArgument) {
        return first.status();
      }
      if (first.ok() && line == first.value()) continue;
    }
    chain_.finding = {Tampering::kInserted, std::string(kPrunedFile), reader->line_number(), 0,
                      "not the header of a segment that is or was there"};
    if (outcome != SegmentReader::Outcome::kLine) ++chain_.finding.line;
    break;
  }
  return Status::Ok();
}

Status Reader::ReadPruned() {
  const uint64_t first_left = names_.front().number;
  const std::string file(kPrunedFile);
  Result<Fd> fd = OpenRegular(fs_, directory_, file, O_RDONLY);
  if (fd.status().code() == StatusCode::kNotFound) return Status::Ok();
  if (fd.status().code() == StatusCode::kInvalidArgument) {
    chain_.finding = {Tampering::kEdited, file, 0, 0, "something else is in the file's place"};
    return Status::Ok();
  }
  if (!fd.ok()) return fd.status();
  SegmentReader reader(fs_, fd->get(), UINT64_MAX);
  std::string_view line;
  while (last_ + 1 < first_left) {
    const SegmentReader::Outcome outcome = reader.Next(&line);
    if (outcome == SegmentReader::Outcome::kFailed) return reader.error();
    if (outcome == SegmentReader::Outcome::kEnd) {
      chain_.finding = {Tampering::kDeleted, file, reader.line_number() + 1, 0,
                        "the header of segment " + std::to_string(last_ + 1) + " is missing"};
      return Status::Ok();
    }
    SegmentName name{last_ + 1, ""};
    if (outcome == SegmentReader::Outcome::kLine) {
      const auto envelope = parser_.Parse(line, SegmentReader::kPadding);
      if (envelope.ok()) name.lineage = envelope->lineage;
    } else {
      line = {};
    }
    SegmentInfo info;
    if (!Check(line, SegmentReader::kPadding, name, file, reader.line_number(), &info)) {
      return Status::Ok();
    }
    chain_.pruned = last_;
  }
  return CheckPrunedRest(&reader);
}

Status Reader::ReadSegment(const SegmentName& name) {
  const std::string file = name.File();
  SegmentInfo info;
  info.name = name;
  const auto line = FirstLine(file, &info.file_bytes);
  if (line.status().code() == StatusCode::kInvalidArgument) {
    chain_.finding = {Tampering::kEdited, file, 0, 0,
                      "something else is in the segment's place: no regular file"};
    return Status::Ok();
  }
  if (!line.ok()) return line.status();
  if (!line.value()) {
    chain_.finding = {Tampering::kTruncated, file, 1, 0, "cut off inside its header"};
  } else if (Check(*line.value(), 0, name, file, 1, &info)) {
    chain_.segments.push_back(std::move(info));
  }
  return Status::Ok();
}

size_t Reader::ResumedAt(size_t from) {
  for (size_t i = from; i < names_.size(); ++i) {
    const auto header = ReadHeader(fs_, directory_, names_[i], nullptr);
    if (!header.ok() || !header->begins_lineage) continue;
    const bool leaves_out = header->previous.segment == last_ && names_[i].number > last_ + 1;
    return leaves_out ? i : names_.size();
  }
  return names_.size();
}

Status Reader::ReadSegments() {
  Finding& finding = chain_.finding;
  for (size_t i = 0; i < names_.size(); ++i) {
    const std::string file = names_[i].File();
    const uint64_t number = names_[i].number;
    if (number == last_) {
      finding = {Tampering::kSpliced, file, 0, 0, "a second file of this number"};
    } else if (number != last_ + 1) {
      const std::string missing = number == last_ + 2
                                      ? "segment " + std::to_string(last_ + 1) + " is missing"
                                      : "segments " + std::to_string(last_ + 1) + " to " +
                                            std::to_string(number - 1) + " are missing";
      const uint64_t seq = chain_.segments.empty() ? 1 : 0;
      finding = {Tampering::kDeleted, file, 0, seq, missing + " before this file"};
    } else if (Status status = ReadSegment(names_[i]); !status.ok()) {
      return status;
    }
    if (finding.kind == Tampering::kNone) continue;
    const bool may_resume = options_.allow_lineage && number > last_;
    const size_t resumed = may_resume ? ResumedAt(i) : names_.size();
    if (resumed == names_.size()) return Status::Ok();
    const Finding damage = std::exchange(finding, {});
    if (Status status = ReadSegment(names_[resumed]); !status.ok()) return status;
    if (finding.kind != Tampering::kNone) return Status::Ok();
    report_.notes.push_back(damage.file + ": " + damage.message +
                            "; the root key began a new lineage behind what is damaged, of which"
                            " nothing counts");
    i = resumed;
  }
  return Status::Ok();
}

Result<HeaderChain> Reader::Run() {
  std::vector<std::string> files;
  if (const int error = fs_->List(directory_, &files); error != 0) {
    return FileFailure("list the directory", error);
  }
  names_ = SegmentsOf(files);
  if (names_.size() > kMaxSegments) return Status::ResourceExhausted("too many segments");
  if (names_.empty()) {
    const auto has = [&](std::string_view file) {
      return std::find(files.begin(), files.end(), file) != files.end();
    };
    // The very first start makes the keys before segment 1: keys that count none yet miss none.
    const auto counts_none = [&] {
      const Result<KeysState> keys = KeysState::Load(fs_, directory_);
      return keys.ok() && keys->segment == 0;
    };
    const bool was_one = has(kPrunedFile) || (has(kKeyFile) && !counts_none());
    if (!was_one && !options_.head)
      return Status::NotFound("there is no audit log in " + options_.directory);
    chain_.finding = {Tampering::kDeleted, std::string(), 0, 1, "all segments are missing"};
    return std::move(chain_);
  }
  if (Status status = ReadPruned(); !status.ok()) return status;
  if (chain_.finding.kind == Tampering::kNone) {
    if (Status status = ReadSegments(); !status.ok()) return status;
  }
  return std::move(chain_);
}

}  // namespace

Result<HeaderChain> ReadHeaders(const VerifyOptions& options, FileSystem* fs, int directory,
                                VerifyReport* report) {
  return Reader(options, fs, directory, report).Run();
}

}  // namespace kt::audit
