// A chain built as a configuration would, and one text judged by it.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/policies/registry.h"

namespace kt::policies {

inline config::PolicyConfig ConfigWith(const std::vector<std::string>& kinds) {
  config::PolicyConfig config;
  for (const std::string& kind : kinds) config.chain.emplace_back().kind = kind;
  return config;
}

inline std::unique_ptr<const policy::Chain> Build(const config::PolicyConfig& config,
                                                  const BuildOptions& options = {},
                                                  std::vector<std::string>* warnings = nullptr) {
  std::vector<std::string> ignored;
  auto chain = BuildChain(config, options, warnings == nullptr ? &ignored : warnings);
  EXPECT_TRUE(chain.ok()) << chain.status().message();
  return chain.ok() ? std::move(chain).value() : nullptr;
}

struct Verdict {
  bool blocked = false, escalate = false;
  std::string code, message;  // of the block, or of the last outcome that has one
  std::string text;           // with the edits applied
  double score = -1;
};

inline std::string Edited(std::string_view text, const std::vector<policy::TextEdit>& edits,
                          size_t begin, size_t end) {
  std::string out;
  for (const policy::TextEdit& edit : edits) {
    out.append(text.substr(begin, edit.begin - begin)).append(edit.replacement);
    begin = edit.end;
  }
  return out.append(text.substr(begin, end - begin));
}

inline Verdict Judge(const policy::Chain& chain, std::string_view text,
                     policy::Phase phase = policy::Phase::kInput,
                     openai::Role role = openai::Role::kUser) {
  policy::ChainRun run(chain, {});
  policy::ChainRun::Text unit;
  unit.unit.text = text;
  unit.unit.phase = phase;
  unit.unit.role = role;
  std::vector<std::vector<policy::TextEdit>> edits;
  const auto block = run.Judge(phase, {&unit, 1}, &edits);
  Verdict verdict;
  for (const policy::PolicyOutcome& outcome : run.outcomes()) {
    if (!outcome.reason_code.empty()) verdict.code = outcome.reason_code;
    verdict.score = std::max(verdict.score, outcome.score);
  }
  if (block) {
    verdict.blocked = true;
    verdict.escalate = block->escalate;
    verdict.code = block->reason_code;
    verdict.message = block->message;
  }
  verdict.text = Edited(text, edits[0], 0, text.size());
  return verdict;
}

// The text as a stream in pieces of `step` bytes; what came out before a block.
inline std::string Streamed(const policy::Chain& chain, std::string_view text, size_t step,
                            bool* blocked = nullptr) {
  policy::ChainRun run(chain, {});
  std::string out;
  size_t from = 0;
  for (size_t end = 0; end < text.size();) {
    end = std::min(end + step, text.size());
    std::vector<policy::TextEdit> edits;
    size_t cleared = 0;
    const auto block = run.JudgeDelta(text.substr(0, end), from, end == text.size(),
                                      openai::Role::kAssistant, &cleared, &edits);
    if (blocked != nullptr) *blocked = block.has_value();
    if (block) break;
    out += Edited(text, edits, from, cleared);
    from = cleared;
  }
  return out;
}

// pii-detector with its default types.
inline const policy::Chain& PiiChain() {
  static const policy::Chain* const chain = Build(ConfigWith({"pii-detector"})).release();
  return *chain;
}
inline std::string RedactedByPii(std::string_view text) {
  return Judge(PiiChain(), text).text;
}

struct Redaction {
  const char* text;
  const char* redacted;
};

}  // namespace kt::policies
