#include "core/audit/keys_state.h"

#include <utility>

#include "core/audit/chain.h"
#include "core/audit/segment.h"

namespace kt::audit {
namespace {

constexpr size_t kMaxKeyFile = 16 * 1024;

Status Next(SigningKey* current, SigningKey* next) {
  Result<SigningKey> fresh = SigningKey::Generate();
  if (!fresh.ok()) return fresh.status();
  *current = std::move(*next);
  *next = std::move(fresh).value();
  return Status::Ok();
}

Status ReadKey(const json::View& view, std::string_view name, SigningKey* key) {
  std::string seed = view.String(view.Find(0, name));
  Result<SigningKey> read = SigningKey::FromSeedHex(seed);
  Wipe(&seed);
  if (!read.ok()) return read.status();
  *key = std::move(read).value();
  return Status::Ok();
}

}  // namespace

Result<KeysState> KeysState::Generate(std::string lineage) {
  KeysState state;
  state.lineage = std::move(lineage);
  for (SigningKey* key :
       {&state.segment_key, &state.next_segment_key, &state.epoch_key, &state.next_epoch_key}) {
    Result<SigningKey> fresh = SigningKey::Generate();
    if (!fresh.ok()) return fresh.status();
    *key = std::move(fresh).value();
  }
  return state;
}

Result<KeysState> KeysState::Load(FileSystem* fs, int directory) {
  Result<std::string> text = ReadFile(fs, directory, std::string(kKeyFile), kMaxKeyFile);
  if (!text.ok()) {
    if (text.status().code() == StatusCode::kResourceExhausted) {
      return Status::InvalidArgument(text.status().message());
    }
    // A link or a FIFO: what is behind it may come back.
    if (text.status().code() == StatusCode::kInvalidArgument) {
      return Status::Unavailable(text.status().message());
    }
    return text.status();
  }
  KeysState state;
  json::View view;
  Status status = view.Parse(text.value(), 0, json::Limits{});
  if (status.ok()) {
    const auto read_number = [&](std::string_view name) {
      return uint64_t{view.Unsigned(view.Find(0, name), 0)};
    };
    state.lineage = view.String(view.Find(0, "lineage"));
    state.segment = read_number("segment");
    state.epoch = read_number("epoch");
    if (!IsHex(state.lineage, 16) || state.epoch == 0) {
      status = Status::InvalidArgument("audit log: the key file has no lineage");
    }
  }
  if (status.ok()) status = ReadKey(view, "segment_key", &state.segment_key);
  if (status.ok()) status = ReadKey(view, "next_segment_key", &state.next_segment_key);
  if (status.ok()) status = ReadKey(view, "epoch_key", &state.epoch_key);
  if (status.ok()) status = ReadKey(view, "next_epoch_key", &state.next_epoch_key);
  Wipe(&text.value());
  if (!status.ok()) return Status::InvalidArgument(status.message());
  return state;
}

Status KeysState::Save(FileSystem* fs, int directory) const {
  std::string text = "{\"lineage\":\"" + lineage + "\",\"segment\":" + std::to_string(segment) +
                     ",\"epoch\":" + std::to_string(epoch);
  text.reserve(1024);  // no copy of the keys is left in memory given back
  const auto add = [&](std::string_view name, const SigningKey& key) {
    std::string seed = key.SeedHex();
    ((((text += ",\"") += name) += "\":\"") += seed) += '"';
    Wipe(&seed);
  };
  add("segment_key", segment_key);
  add("next_segment_key", next_segment_key);
  add("epoch_key", epoch_key);
  add("next_epoch_key", next_epoch_key);
  text += "}\n";
  Status status = ReplaceFile(fs, directory, std::string(kKeyFile), text, 0600);
  Wipe(&text);
  return status;
}

Status KeysState::AdvanceSegment() {
  Status status = Next(&segment_key, &next_segment_key);
  if (status.ok()) ++segment;
  return status;
}

Status KeysState::AdvanceEpoch() {
  Status status = Next(&epoch_key, &next_epoch_key);
  if (status.ok()) ++epoch;
  return status;
}

Result<SigningKey> LoadRootKey(const std::string& source, FileSystem* fs, int directory,
                               bool* generated) {
  *generated = false;
  if (source.starts_with("-----BEGIN")) return SigningKey::FromPem(source);
  Result<std::string> pem = source.empty()
                                ? ReadFile(fs, directory, std::string(kRootKeyFile), kMaxKeyFile)
                                : ReadGivenFile(source, kMaxKeyFile);
  if (pem.ok()) {
    Result<SigningKey> key = SigningKey::FromPem(pem.value());
    Wipe(&pem.value());
    return key;
  }
  if (!source.empty() || pem.status().code() != StatusCode::kNotFound) return pem.status();
  Result<SigningKey> key = SigningKey::Generate();
  if (!key.ok()) return key;
  std::string text = key->ToPem();
  Status status = ReplaceFile(fs, directory, std::string(kRootKeyFile), text, 0600);
  Wipe(&text);
  if (status.ok()) {
    status = ReplaceFile(fs, directory, std::string(kRootPublicFile), key->PublicPem(), 0640);
  }
  if (!status.ok()) return status;
  *generated = true;
  return key;
}

}  // namespace kt::audit
