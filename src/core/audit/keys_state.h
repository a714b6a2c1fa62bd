// The private keys that sign a log from now on, and their file in the directory (0600). A key
// leaves the file when it has signed: what it has signed cannot be signed anew by a later thief.
//
// The file holds each next key beside the present one. So a crash between a signed line and the
// file's replacement costs nothing: the line names the next key, which is there.
#pragma once

#include <cstdint>
#include <string>

#include "core/audit/file_system.h"
#include "core/audit/keys.h"
#include "core/base/status.h"

namespace kt::audit {

struct KeysState {
  std::string lineage;
  uint64_t segment = 0;                      // the number of the newest header that was signed
  SigningKey segment_key, next_segment_key;  // for the next header, and the one after it
  uint64_t epoch = 1;                        // counts checkpoints of the lineage
  SigningKey epoch_key, next_epoch_key;      // for the next checkpoint, and the one after it

  // Four new keys.
  static Result<KeysState> Generate(std::string lineage);
  // kNotFound: there is no file; kInvalidArgument: it does not hold keys.
  static Result<KeysState> Load(FileSystem* fs, int directory);
  Status Save(FileSystem* fs, int directory) const;

  // Drops the key that has signed. On failure (no randomness) nothing has changed.
  Status AdvanceSegment();
  Status AdvanceEpoch();
};

// The root key: from PEM text, a PEM file, or, where `source` is empty, root.key in the directory;
// made there when missing, with *generated set.
Result<SigningKey> LoadRootKey(const std::string& source, FileSystem* fs, int directory,
                               bool* generated);

}  // namespace kt::audit
