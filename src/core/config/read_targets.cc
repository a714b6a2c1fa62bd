#include <algorithm>
#include <set>

#include "core/base/text.h"
#include "core/config/header_rules.h"
#include "core/config/provider_table.h"
#include "core/config/sections.h"
#include "core/config/url.h"

namespace kt::config {

namespace {

constexpr size_t kMaxTargets = 256;
constexpr size_t kMaxHeaders = 32;
constexpr double kMinSeconds = 0.001, kMaxSeconds = 86400;

constexpr std::string_view kEndpointTypes[] = {"chat", "completion", "embedding"};

// Into logs, metrics and a response header.
bool IsTargetId(std::string_view id) {
  return std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("._:/@-").find(c) != std::string_view::npos;
  });
}

void ReadId(const Value& value, Target* target) {
  std::string id;
  if (!value.Text(&id, {.max_bytes = 128})) return;
  if (!IsTargetId(id)) {
    return value.Fail("must consist of letters, digits and . _ : / @ -");
  }
  target->id = std::move(id);
}

void FailUnknownProvider(const Value& value, std::string_view name) {
  if (IsLaterProvider(name)) {
    return value.Fail("the provider \"" + std::string(name) + "\" is not supported yet",
                      "openai-compatible with a base_url works where it offers that API");
  }
  std::vector<std::string_view> names;
  for (const ProviderInfo& info : AllProviders()) names.push_back(info.name);
  const std::string_view near = Nearest(name, names);
  value.Fail("unknown provider \"" + Printable(name) + "\"",
             near.empty() ? "for any other server use openai-compatible with a base_url"
                          : std::string(near));
}

// `<provider>` or `<provider>:<type>:<model>`; the model may hold colons.
const ProviderInfo* ReadProvider(const Value& value, Target* target) {
  std::string text;
  if (!value.Text(&text, {.max_bytes = 512})) return nullptr;
  const size_t first = text.find(':');
  target->provider = text.substr(0, first);
  const ProviderInfo* info = FindProvider(target->provider);
  if (info == nullptr) {
    FailUnknownProvider(value, target->provider);
    return nullptr;
  }
  target->echo = info->name == kEchoProvider;
  target->stream_usage = info->stream_usage;
  if (first == std::string::npos) return info;
  const size_t second = text.find(':', first + 1);
  if (second == std::string::npos || second + 1 == text.size()) {
    value.Fail("expected <provider>, or <provider>:<chat|completion|embedding>:<model>");
    return info;
  }
  const std::string type = text.substr(first + 1, second - first - 1);
  const auto known = std::find(std::begin(kEndpointTypes), std::end(kEndpointTypes), type);
  if (known == std::end(kEndpointTypes)) {
    value.Fail("the type \"" + Printable(type) + "\" is not one of chat, completion, embedding",
               std::string(Nearest(type, kEndpointTypes)));
    return info;
  }
  target->endpoint_type = type;
  target->model = text.substr(second + 1);
  return info;
}

void ReadModel(const Value& value, Target* target) {
  std::string model;
  if (!value.Text(&model, {.max_bytes = 512})) return;
  if (!target->model.empty() && target->model != model) {
    value.Warn("replaces the model that the provider shorthand names");
  }
  target->model = std::move(model);
}

// An empty path means the API root: the provider's own on its own host, else /v1.
void ReadBaseUrl(const Value& value, const MapReader& map, const ProviderInfo& info,
                 Target* target) {
  if (target->echo) {
    if (value.present()) value.Fail("echo is inside the gateway and has no URL", "remove it");
    return;
  }
  Url own;
  if (!info.base_url.empty()) own = ParseUrl(info.base_url).value();
  if (!value.present()) {
    if (info.base_url.empty()) {
      map.diagnostics()->Error(map.node(), map.PathOf("base_url"),
                               "is required with the provider \"" + target->provider + "\"");
    }
    target->base_url = std::move(own);
    return;
  }
  std::string text;
  if (!value.Text(&text, {.max_bytes = 2048})) return;
  Result<Url> url = ParseUrl(text);
  if (!url.ok()) return value.Fail(url.status().message());
  const bool own_host = url->host == own.host;
  if (url->path.empty()) url->path = own_host ? own.path : "/v1";
  target->base_url = std::move(url).value();
}

void ReadSecret(const Value& ref, const Value& base_url, const ProviderInfo& info, Target* target) {
  if (target->echo) {
    if (ref.present()) ref.Fail("echo needs no key", "remove it");
    return;
  }
  if (ref.present()) return ReadSecretRef(ref, &target->secret_key_ref);
  target->secret_key_ref.env = info.key_variable;
  if (info.key_variable.empty() || !base_url.present() || target->base_url.host.empty()) return;
  if (target->base_url.host != ParseUrl(info.base_url)->host) {
    base_url.Warn("the key in " + target->secret_key_ref.env + " is sent to this host, which is " +
                      "not the provider's own",
                  "name the key in secret_key_ref if that is meant");
  }
}

void CheckPlaintext(const Value& base_url, const Target& target) {
  if (!base_url.present() || target.base_url.host.empty() || target.base_url.tls) return;
  if (target.secret_key_ref.empty() || IsLoopback(target.base_url.host)) return;
  if (target.allow_plaintext) {
    base_url.Warn("the key and all texts travel unencrypted");
  } else {
    base_url.Fail("http to another host would send the key unencrypted",
                  "use https, or set allow_plaintext: true");
  }
}

void ReadFixedHeader(const YamlNode& key, const Value& value, Target* target) {
  const std::string& name = key.scalar;
  if (!IsHeaderName(name)) return value.Fail("is not a header name");
  if (target->headers.size() == kMaxHeaders) return value.Fail("more than 32 headers");
  const HeaderUse use =
      EqualsIgnoreCase(name, target->api_key_header) ? HeaderUse::kCredential : UseOfHeader(name);
  switch (use) {
    case HeaderUse::kCredential:
      return value.Fail("a header that carries a credential",
                        "use secret_key_ref with api_key_header");
    case HeaderUse::kHop:
      return value.Fail("a header of the connection, not of the request");
    case HeaderUse::kOwn:
      return value.Fail("the gateway writes this header itself");
    case HeaderUse::kFree:
      break;
  }
  for (const auto& [known, ignored] : target->headers) {
    if (EqualsIgnoreCase(known, name)) {
      return value.Fail("is given twice (header names ignore case)");
    }
  }
  std::string text;
  if (!value.Text(&text, {.min_bytes = 0})) return;
  if (!IsHeaderValue(text)) return value.Fail("begins or ends with a blank");
  target->headers.emplace_back(name, std::move(text));
}

void ReadHeaders(MapReader& map, Target* target) {
  const Value header = map.Get("api_key_header");
  std::string name;
  if (header.Text(&name, {.max_bytes = 128})) {
    const HeaderUse use = UseOfHeader(name);
    if (!IsHeaderName(name)) {
      header.Fail("is not a header name");
    } else if (use == HeaderUse::kHop || use == HeaderUse::kOwn) {
      header.Fail("is a header with another meaning");
    } else {
      target->api_key_header = std::move(name);
    }
  }
  map.Get("api_key_prefix").Text(&target->api_key_prefix, {.min_bytes = 0, .max_bytes = 64});
  map.Get("headers").Map([target](MapReader& headers) {
    headers.Each(
        [target](const YamlNode& key, const Value& value) { ReadFixedHeader(key, value, target); });
  });
}

void ReadTimeouts(MapReader& map, Target* target) {
  map.Get("timeout_seconds").Number(kMinSeconds, kMaxSeconds, &target->timeout_seconds);
  target->stream_timeout_seconds = target->timeout_seconds;
  map.Get("stream_timeout_seconds")
      .Number(kMinSeconds, kMaxSeconds, &target->stream_timeout_seconds);
  double idle = 0;
  if (map.Get("stream_idle_timeout_seconds").Number(kMinSeconds, kMaxSeconds, &idle)) {
    target->stream_idle_timeout_seconds = idle;
  }
}

void ReadPricing(const Value& value, std::optional<Pricing>* pricing) {
  constexpr double kMaxUsd = 1e6;
  Pricing read;
  const bool given = value.Map([&read](MapReader& map) {
    map.Require("prompt").Number(0, kMaxUsd, &read.prompt);
    map.Require("completion").Number(0, kMaxUsd, &read.completion);
    read.cached_prompt = read.prompt;  // never cheaper by accident
    map.Get("cached_prompt").Number(0, kMaxUsd, &read.cached_prompt);
  });
  if (given) *pricing = read;
}

// A path of the file system; whether the file is there is asked where it is read.
void ReadPath(const Value& value, std::string* path) {
  std::string text;
  if (!value.Text(&text, {.max_bytes = 1024})) return;
  if (text[0] != '/') return value.Fail("must be an absolute path");
  *path = std::move(text);
}

void ReadClientCertificate(const Value& certificate, const Value& key, Target* target) {
  ReadPath(certificate, &target->client_certificate);
  ReadPath(key, &target->client_certificate_key);
  if (!certificate.present() && !key.present()) return;
  const Value& given = certificate.present() ? certificate : key;
  if (!certificate.present()) given.Fail("client_certificate is missing beside it");
  if (!key.present()) given.Fail("client_certificate_key is missing beside it");
  const bool plain = !target->base_url.host.empty() && !target->base_url.tls;
  if (plain || target->echo) given.Fail("a client certificate needs an https base_url");
}

void RefuseOtherFormat(const Value& value) {
  std::string format;
  if (value.Text(&format, {.max_bytes = 64}) && format != "openai") {
    value.Fail("the wire format \"" + Printable(format) + "\" is not supported yet",
               "only openai is");
  }
}

void ReadTarget(MapReader& map, Target* target) {
  ReadId(map.Require("id"), target);
  const ProviderInfo* info = ReadProvider(map.Require("provider"), target);
  ReadModel(map.Get("model"), target);
  const Value base_url = map.Get("base_url");
  const Value secret = map.Get("secret_key_ref");
  map.Get("allow_plaintext").Bool(&target->allow_plaintext);
  if (info != nullptr) {
    ReadBaseUrl(base_url, map, *info, target);
    ReadSecret(secret, base_url, *info, target);
    CheckPlaintext(base_url, *target);
  }
  ReadHeaders(map, target);
  ReadTimeouts(map, target);
  RefuseOtherFormat(map.Get("format"));
  RefuseOtherFormat(map.Get("provider_type"));
  map.Get("description").Text(&target->description, {.min_bytes = 0, .multiline = true});
  map.Get("weight").Number(0, 1e6, &target->weight);
  ReadPricing(map.Get("pricing"), &target->pricing);
  map.Get("stream_usage").Bool(&target->stream_usage);
  ReadClientCertificate(map.Get("client_certificate"), map.Get("client_certificate_key"), target);
  ReadHealthProbe(map.Get("health_probe"), &target->health_probe);
  constexpr std::string_view kNamedKey =
      "keys are named, never written: secret_key_ref: {env: NAME}";
  map.Misplaced("api_key", kNamedKey);
  map.Misplaced("secret_key", kNamedKey);
}

// `echo` answers with the user's own text: beside a real provider it would stand in for it.
void CheckEcho(const Value& list, const std::vector<Target>& targets) {
  const auto is_echo = [](const Target& t) { return t.echo; };
  const auto echo = std::find_if(targets.begin(), targets.end(), is_echo);
  if (echo == targets.end()) return;
  if (std::all_of(targets.begin(), targets.end(), is_echo)) {
    return list.Warn("echo answers with the user's own text: for trying out, never for production");
  }
  const size_t index = static_cast<size_t>(echo - targets.begin());
  const YamlNode& node = list.node().items[index];
  const YamlNode* provider = node.Find("provider");
  list.diagnostics()->Error(provider == nullptr ? node : *provider,
                            list.path() + "[" + std::to_string(index) + "].provider",
                            "echo beside a real target", "use it alone");
}

}  // namespace

void ReadTargets(const Value& value, std::vector<Target>* targets) {
  std::set<std::string> ids;
  const bool is_list = value.List(kMaxTargets, [&](const Value& item) {
    Target target;
    target.mark = item.mark();
    item.Map([&target](MapReader& map) { ReadTarget(map, &target); });
    if (!target.id.empty() && !ids.insert(target.id).second) {
      const YamlNode* id = item.node().Find("id");
      item.diagnostics()->Error(*id, item.path() + ".id", "another target has this id");
    }
    targets->push_back(std::move(target));
  });
  if (!is_list) return;
  if (targets->empty()) return value.Fail("must not be empty");
  CheckEcho(value, *targets);
}

}  // namespace kt::config
