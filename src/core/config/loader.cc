#include "core/config/loader.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <exception>

#include "core/base/status.h"
#include "core/base/text.h"
#include "core/config/diagnostics.h"
#include "core/config/merge.h"
#include "core/config/sections.h"
#include "core/config/yaml_tree.h"

namespace kt::config {

namespace {

constexpr std::string_view kCurrentShape =
    "the current shape is: pack: {name, version, enabled}, policies: {chain: [<kind>, ...]}, "
    "policy: {<kind>: {...}}, providers: {targets: [...]}";

// Documented sections of the reference gateway that change what a request meets.
constexpr std::string_view kLaterSections[] = {
    "agents", "cache",  "consumer_groups", "history",           "includes",    "learning",
    "loads",  "memory", "model_listing",   "provider_fallback", "rate_limits", "reviews",
};

// `version: '1'` with policies as a list: none of its keys means what it says here, so one error
// instead of one for each.
bool RefuseListDialect(const YamlNode& root, Diagnostics* diagnostics) {
  const YamlNode* version = root.Find("version");
  const YamlNode* policies = root.Find("policies");
  const bool list = policies != nullptr && policies->kind == YamlNode::Kind::kList;
  if (!list && (version == nullptr || root.Find("pack") != nullptr)) return false;
  const YamlNode& at = version != nullptr ? *version : *policies;
  diagnostics->Error(at, version != nullptr ? "version" : "policies",
                     "the list dialect of older tutorials (version: '1') is not accepted",
                     std::string(kCurrentShape));
  return true;
}

void ReadDocument(MapReader& root, PolicyConfig* config, std::vector<TestCase>* tests) {
  ReadPack(root.Require("pack"), &config->pack);
  ReadChain(root.Require("policies"), &config->chain, &config->audit_logger);
  ReadPolicyBlocks(root, config);
  ReadProviders(root.Get("providers"), &config->providers);
  ReadSizeLimits(root.Get("size_limits"), &config->size_limits);
  ReadTesting(root.Get("testing"), tests);
  for (const std::string_view section : kLaterSections) root.NotYet(section);
  root.Misplaced("chain", "it belongs to policies.chain");
  root.Misplaced("targets", "it belongs to providers.targets");
  root.Misplaced("strategy", "it belongs to providers.strategy");
  root.Misplaced("routing", "it belongs to providers.routing");
  root.Misplaced("fallback", "it belongs to providers.fallback");
  root.Misplaced("retry", "it belongs to providers.retry");
  root.Misplaced("retry_policy", "it belongs to providers.retry_policy");
  root.Misplaced("circuit_breaker", "it belongs to providers.circuit_breaker");
  root.Misplaced("model_groups", "it belongs to providers.model_groups");
  root.Misplaced("version", "it belongs to pack.version");
  root.Misplaced("name", "it belongs to pack.name");
}

// False: this file has nothing that could be validated.
bool ParseFile(const SourceFile& file, YamlNode* root, Diagnostics* diagnostics) {
  std::vector<YamlError> errors;
  const bool parsed = ParseYaml(file.text, file.name, root, &errors);
  for (YamlError& error : errors) {
    diagnostics->AddOfParser(
        {file.name, error.line, error.column, std::move(error.path), std::move(error.reason), ""});
  }
  if (root->kind == YamlNode::Kind::kMap) return !RefuseListDialect(*root, diagnostics);
  if (parsed && root->kind == YamlNode::Kind::kNull) {
    diagnostics->Add({file.name, 0, 0, "", "the file is empty", std::string(kCurrentShape)});
  } else if (parsed) {
    diagnostics->Error(*root, "", "expected a map at the top", std::string(kCurrentShape));
  }
  return false;
}

std::string Sha256Hex(const std::vector<SourceFile>& files) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  bool ok = context != nullptr && EVP_DigestInit_ex(context, EVP_sha256(), nullptr) == 1;
  for (const SourceFile& file : files) {
    ok = ok && EVP_DigestUpdate(context, file.text.data(), file.text.size()) == 1;
  }
  ok = ok && EVP_DigestFinal_ex(context, digest, &size) == 1;
  EVP_MD_CTX_free(context);
  if (!ok) return {};
  return HexEncode(std::string_view(reinterpret_cast<const char*>(digest), size));
}

std::shared_ptr<const PolicyConfig> LoadInto(const std::vector<SourceFile>& files,
                                             Diagnostics* diagnostics,
                                             std::vector<TestCase>* tests) {
  YamlNode merged;
  bool complete = !files.empty();
  for (size_t i = 0; i < files.size(); ++i) {
    YamlNode root;
    complete = ParseFile(files[i], &root, diagnostics) && complete;
    if (i == 0) {
      merged = std::move(root);
    } else {
      Merge(std::move(root), &merged);
    }
  }
  if (files.empty()) diagnostics->Add({"", 0, 0, "", "no configuration file is given", ""});
  if (!complete) return nullptr;
  auto config = std::make_shared<PolicyConfig>();
  Value(&merged, "", diagnostics).Map([&](MapReader& root) {
    ReadDocument(root, config.get(), tests);
  });
  config->sha256 = Sha256Hex(files);
  if (config->sha256.empty()) {
    diagnostics->Add({files[0].name, 0, 0, "", "SHA-256 is not available", ""});
  }
  return config;
}

// Without blocking on a FIFO, and no more than one byte over what the parser accepts.
Status ReadFile(const std::string& name, std::string* text) {
  constexpr size_t kMaxBytes = (1u << 20) + 1;
  const int fd = open(name.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return Status::NotFound(std::string("cannot be opened: ") + std::strerror(errno));
  struct stat info;
  if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
    close(fd);
    return Status::InvalidArgument("is not a regular file");
  }
  char buffer[16384];
  ssize_t n = 0;
  while (text->size() < kMaxBytes) {
    n = read(fd, buffer, sizeof(buffer));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    text->append(buffer, static_cast<size_t>(n));
  }
  const int error = errno;
  close(fd);
  if (n < 0) return Status::Unavailable(std::string("cannot be read: ") + std::strerror(error));
  return Status::Ok();
}

// Test suites have no say in what the gateway does: one that is wrong does not keep it from
// starting. `kt policy test` takes these warnings for what they are.
void DemoteTests(LoadResult* result) {
  const auto tests =
      std::stable_partition(result->errors.begin(), result->errors.end(),
                            [](const Diagnostic& error) { return !IsOfTesting(error); });
  result->warnings.insert(result->warnings.end(), tests, result->errors.end());
  result->errors.erase(tests, result->errors.end());
}

}  // namespace

LoadResult Load(const std::vector<SourceFile>& files) {
  LoadResult result;
  try {
    Diagnostics diagnostics;
    result.draft = LoadInto(files, &diagnostics, &result.tests);
    std::move(diagnostics).Take(files, &result.errors, &result.warnings);
    if (result.draft != nullptr) DemoteTests(&result);
    if (result.errors.empty()) result.config = result.draft;
  } catch (const std::exception&) {  // only memory can run out
    result.config = result.draft = nullptr;
    result.errors.assign(1, Diagnostic{"", 0, 0, "", "out of memory", ""});
  }
  return result;
}

LoadResult LoadFiles(const std::vector<std::string>& names) {
  std::vector<SourceFile> files;
  LoadResult result;
  for (const std::string& name : names) {
    SourceFile file{name, ""};
    if (Status status = ReadFile(name, &file.text); !status.ok()) {
      result.errors.push_back({name, 0, 0, "", status.message(), ""});
    }
    files.push_back(std::move(file));
  }
  return result.errors.empty() ? Load(files) : result;
}

}  // namespace kt::config
