// The readers of the parts of policy-config.yaml. Each takes its section of the merged tree, fills
// its part of the configuration and reports what is wrong; none of them stops at an error.
#pragma once

#include "core/config/policy_config.h"
#include "core/config/reader.h"
#include "core/config/testing.h"

namespace kt::config {

void ReadPack(const Value& value, Pack* pack);

// `policies`: the chain, audit-logger moved to its end. Sets audit->present.
void ReadChain(const Value& value, std::vector<ChainEntry>* chain, AuditLogger* audit);

// `policy` of the document: the blocks. `config->chain` is read before.
void ReadPolicyBlocks(MapReader& root, PolicyConfig* config);
void ReadPiiDetector(MapReader& map, PiiDetector* pii, Places* places);
// Notes where each entry of a list stands; `path` is the list's own, whatever its name here.
void NotePlaces(const Value& list, const std::string& path, Places* places);

void ReadProviders(const Value& value, Providers* providers);
// `providers.targets`.
void ReadTargets(const Value& value, std::vector<Target>* targets);
// `providers.fallback`, `retry`, `circuit_breaker`.
void ReadFallback(const Value& value, Fallback* fallback);
void ReadRetry(const Value& value, Retry* retry);
void ReadCircuitBreaker(const Value& value, CircuitBreaker* breaker);
void ReadHealthProbe(const Value& value, std::optional<HealthProbe>* probe);
void ReadModelGroups(const Value& value, const std::vector<Target>& targets,
                     std::vector<ModelGroup>* groups);

void ReadSizeLimits(const Value& value, SizeLimits* limits);

// `testing`. Whatever is wrong with it, *cases gets what could be read.
void ReadTesting(const Value& value, std::vector<TestCase>* cases);

// {env} | {file} | {store}, exactly one.
void ReadSecretRef(const Value& value, SecretRef* ref);

// The policy kinds that exist, and those that are documented and come later.
bool IsPolicyKind(std::string_view kind);
bool IsLaterPolicyKind(std::string_view kind);
// The existing kind that `word` probably means; empty: none.
std::string_view NearestPolicyKind(std::string_view word);

}  // namespace kt::config
