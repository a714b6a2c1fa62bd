// A value of every type that is shipped, in every place of a stream, cut at every character, under
// every spelling that the wire allows: the client gets what a whole answer would have held.
#include <cstdlib>
#include <functional>
#include <random>

#include "../detect/regex_sampler.h"
#include "../policies/chain_fixture.h"
#include "../policies/sample_values.h"
#include "core/detect/utf8.h"
#include "life.h"

namespace kt::session {
namespace {

constexpr char kAll[] = "policy: {pii-detector: {entities: all, healthcare_mode: true}}\n";

// What the client says, for placeholders to stand for.
constexpr char kSaid[] =
    "Write to bob@acme-mail.com, pay with 5555555555554444, and \"x\\y@b.org\"";

// How a place of a stream spells one piece, and how a whole answer holds the whole text.
struct Place {
  const char* name;
  const char* path;
  std::function<std::string(const std::string& quoted)> event;   // the JSON of a delta
  std::function<std::string(const std::string& quoted)> repeat;  // events after all deltas
  std::function<std::string(const std::string& quoted)> whole;   // a whole answer
  std::vector<const char*> at;                                   // the path to a delta's text
  bool arguments = false;                                        // the text is wrapped in JSON
};

std::string ChatDelta(const std::string& delta) {
  return Delta(delta);
}

Place ChatPlace(const char* name, const std::string& before, const std::string& after,
                std::vector<const char*> at, bool arguments = false) {
  return {name,
          "/v1/chat/completions",
          [=](const std::string& quoted) { return ChatDelta(before + quoted + after); },
          [](const std::string&) { return Finish() + kDone; },
          [=](const std::string& quoted) {
            return R"({"id":"1","choices":[{"index":0,"message":)" + before + quoted + after +
                   R"(,"finish_reason":"stop"}]})";
          },
          std::move(at),
          arguments};
}

std::string Typed(const std::string& type, const std::string& more) {
  return "event: " + type + "\ndata: {\"type\":\"" + type +
         R"(","item_id":"i1","output_index":0,"content_index":0,"summary_index":0,)" + more +
         "}\n\n";
}

Place ResponsesPlace(const char* name, const std::string& stem, const std::string& member,
                     const std::string& before, const std::string& after, bool part,
                     bool arguments = false) {
  const auto item = [=](const std::string& quoted) { return before + quoted + after; };
  return {
      name,
      "/v1/responses",
      [=](const std::string& quoted) {
        return R"({"type":")" + stem +
               R"(.delta","item_id":"i1","output_index":0,"content_index":0,"summary_index":0,"delta":)" +
               quoted + "}";
      },
      [=](const std::string& quoted) {
        std::string events = Typed(stem + ".done", "\"" + member + "\":" + quoted);
        if (part) {
          events +=
              Typed("response.content_part.done", R"("part":{"type":"x","text":)" + quoted + "}");
        }
        events += Typed("response.output_item.done", "\"item\":" + item(quoted));
        return events +
               "event: response.completed\ndata: {\"type\":\"response.completed\","
               "\"response\":{\"id\":\"r\",\"output\":[" +
               item(quoted) + "]}}\n\n";
      },
      [=](const std::string& quoted) {
        return R"({"id":"r","object":"response","output":[)" + item(quoted) + "]}";
      },
      {"delta"},
      arguments};
}

const std::vector<Place>& Places() {
  static const std::vector<Place> places = {
      ChatPlace("content", R"({"content":)", "}", {"choices", "delta", "content"}),
      ChatPlace("reasoning_content", R"({"reasoning_content":)", "}",
                {"choices", "delta", "reasoning_content"}),
      ChatPlace("refusal", R"({"refusal":)", "}", {"choices", "delta", "refusal"}),
      ChatPlace("unknown", R"({"x_vendor":)", "}", {"choices", "delta", "x_vendor"}),
      ChatPlace("part", R"({"content":[{"type":"text","text":)", "}]}",
                {"choices", "delta", "content", "text"}),
      ChatPlace("audio transcript", R"({"audio":{"transcript":)", "}}",
                {"choices", "delta", "audio", "transcript"}),
      ChatPlace("arguments", R"({"tool_calls":[{"index":0,"function":{"arguments":)", "}}]}",
                {"choices", "delta", "tool_calls", "function", "arguments"}, true),
      ChatPlace("function_call", R"({"function_call":{"arguments":)", "}}",
                {"choices", "delta", "function_call", "arguments"}, true),
      ChatPlace("custom input", R"({"tool_calls":[{"index":0,"custom":{"input":)", "}}]}",
                {"choices", "delta", "tool_calls", "custom", "input"}),
      {"completions text",
       "/v1/completions",
       [](const std::string& quoted) {
         return R"({"id":"c","choices":[{"index":0,"text":)" + quoted +
                R"(,"finish_reason":null}]})";
       },
       [](const std::string&) {
         return Event(R"({"choices":[{"index":0,"text":"","finish_reason":"stop"}]})") + kDone;
       },
       [](const std::string& quoted) {
         return R"({"id":"c","choices":[{"index":0,"text":)" + quoted +
                R"(,"finish_reason":"stop"}]})";
       },
       {"choices", "text"}},
      ResponsesPlace("output_text", "response.output_text", "text",
                     R"({"type":"message","id":"i1","content":[{"type":"output_text","text":)",
                     "}]}", true),
      ResponsesPlace("responses refusal", "response.refusal", "refusal",
                     R"({"type":"message","id":"i1","content":[{"type":"refusal","refusal":)",
                     "}]}", true),
      ResponsesPlace("summary", "response.reasoning_summary_text", "text",
                     R"({"type":"reasoning","id":"i1","summary":[{"type":"summary_text","text":)",
                     "}]}", false),
      ResponsesPlace("responses arguments", "response.function_call_arguments", "arguments",
                     R"({"type":"function_call","id":"i1","call_id":"c","name":"f","arguments":)",
                     "}", false, true),
      ResponsesPlace("mcp arguments", "response.mcp_call_arguments", "arguments",
                     R"({"type":"mcp_call","id":"i1","name":"f","arguments":)", "}", false, true),
      ResponsesPlace("custom tool input", "response.custom_tool_call_input", "input",
                     R"({"type":"custom_tool_call","id":"i1","name":"f","input":)", "}", false),
      ResponsesPlace("code", "response.code_interpreter_call_code", "code",
                     R"({"type":"code_interpreter_call","id":"i1","code":)", "}", false),
  };
  return places;
}

// ---- spellings ---------------------------------------------------------------------------------

// The code points of a text; those beyond the BMP as their two halves, when `halves`.
std::vector<std::string> Units(const std::string& text, int form) {
  std::vector<std::string> units;
  for (const std::string& one : Pieces(text, 1)) {
    std::string plain = json::Quote(one);
    plain = plain.substr(1, plain.size() - 2);
    const auto lead = static_cast<unsigned char>(one[0]);
    uint32_t code = lead;
    if (lead >= 0xF0)
      code = lead & 0x07;
    else if (lead >= 0xE0)
      code = lead & 0x0F;
    else if (lead >= 0xC0)
      code = lead & 0x1F;
    for (size_t i = 1; i < one.size(); ++i) code = code << 6 | (one[i] & 0x3F);
    const auto escape = [&](uint32_t unit, bool upper) {
      char out[16];
      std::snprintf(out, sizeof out, upper ? "\\u%04X" : "\\u%04x", unit);
      units.emplace_back(out);
    };
    if (form == 0 || (form == 2 && units.size() % 2 == 0)) {
      units.push_back(plain);
    } else if (one == "/") {
      units.emplace_back("\\/");
    } else if (code >= 0x10000) {
      escape(0xD800 + ((code - 0x10000) >> 10), true);
      escape(0xDC00 + ((code - 0x10000) & 0x3FF), false);
    } else {
      escape(code, form == 1);
    }
  }
  return units;
}

std::string Joined(const std::vector<std::string>& units, size_t from, size_t to) {
  std::string out = "\"";
  for (size_t i = from; i < to; ++i) out += units[i];
  return out + "\"";
}

// Every line end of `events` becomes `eol`; 3: each another.
std::string WithLineEnds(const std::string& events, int eol) {
  static const char* const kEnds[] = {"\n", "\r\n", "\r"};
  std::string out;
  size_t lines = 0;
  for (const char c : events) {
    if (c != '\n') {
      out += c;
      continue;
    }
    const bool blank = !out.empty() && (out.back() == '\n' || out.back() == '\r');
    // CR and a blank LF line behind it would be one line end.
    out += eol < 3 ? kEnds[eol] : (blank ? "\r\n" : kEnds[lines++ % 3]);
  }
  return out;
}

const char kNoise[] = ": ping\n\n";

// ---- what the client gets ----------------------------------------------------------------------

std::string StringAt(const json::View& view, json::NodeIndex node,
                     std::span<const char* const> path) {
  if (node == json::kNoNode) return "";
  if (view.node(node).kind == json::Kind::kArray) {
    std::string out;
    for (json::NodeIndex i = node + 1; i < view.node(node).after; i = view.node(i).after) {
      out += StringAt(view, i, path);
    }
    return out;
  }
  if (path.empty()) return view.String(node);
  return StringAt(view, view.Find(node, path.front()), path.subspan(1));
}

struct Got {
  std::string text, error, last;
  bool complete = false;
  std::vector<std::string> data;
};

json::Limits Lenient() {
  json::Limits limits;
  limits.lone_surrogates = json::LoneSurrogates::kKeep;
  return limits;
}

Got ReadAt(const std::string& stream, const Place& place) {
  Got got;
  if (stream.starts_with("{")) {  // nothing had gone out: a status
    json::View view;
    EXPECT_TRUE(view.Parse(stream, 0, {}).ok());
    got.error = view.String(view.Find(view.Find(0, "error"), "code"));
    return got;
  }
  sse::Splitter splitter(1 << 24);
  splitter.Feed(stream);
  sse::Event event;
  for (;;) {
    const auto next = splitter.Next(&event);
    if (!next.ok() || !next.value()) break;
    if (!event.has_data) continue;
    got.data.emplace_back(event.data);
    if (event.data == "[DONE]") {
      got.complete = true;
      continue;
    }
    json::View view;
    EXPECT_TRUE(view.Parse(event.data, 0, Lenient()).ok()) << event.data;
    if (view.Find(0, "error") != json::kNoNode) {
      got.error = view.String(view.Find(view.Find(0, "error"), "code"));
    }
    got.text += StringAt(view, 0, place.at);
    got.complete = got.complete || view.Equals(view.Find(0, "type"), "response.completed");
    got.last = event.data;
  }
  got.text = detect::PairHalves(got.text);
  return got;
}

class StreamHostile : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    gateway_ = MakeGateway(Yaml(OneTarget(), "[pii-detector, audit-logger]", kAll)).release();
  }
  static void TearDownTestSuite() {
    delete gateway_;
    gateway_ = nullptr;
  }
  static std::string Request(const Place& place, bool stream) {
    const std::string path = place.path;
    const std::string more = stream ? R"(,"stream":true)" : "";
    if (path == "/v1/chat/completions") return Chat(kSaid, more);
    const std::string says = path == "/v1/responses" ? "input" : "prompt";
    return R"({"model":"m",")" + says + "\":" + json::Quote(kSaid) + more + "}";
  }
  static std::string Whole(const Place& place, const std::string& text,
                           const Gateway& gateway = *gateway_) {
    Life life(gateway, place.path);
    life.Send(Request(place, false)).AnswerJson(place.whole(json::Quote(text)));
    return life.output;
  }
  static std::string Stream(const Place& place, const std::vector<std::string>& reads,
                            const Gateway& gateway) {
    Life life(gateway, place.path);
    life.Send(Request(place, true)).AnswerStream(reads);
    EXPECT_TRUE(life.session().finished());
    return life.output;
  }
  static void ExpectAsWhole(const Place& place, const std::string& text, int form,
                            const std::vector<size_t>& cuts, int eol, size_t read_bytes,
                            const Gateway& gateway = *gateway_);
  // A random text of `parts`, spelt and cut at random, in a random place.
  static void ExpectRandomAsWhole(const std::vector<std::string>& parts, std::mt19937* random,
                                  const Gateway& gateway = *gateway_);
  static const Gateway* gateway_;
};
const Gateway* StreamHostile::gateway_ = nullptr;

// Texts that hold a value: those above, and for each rule one that its expression gives.
const std::vector<std::string>& Texts() {
  static const std::vector<std::string>* const texts = [] {
    auto* made = new std::vector<std::string>();
    for (const char* value : policies::kSampleValues) made->push_back(value);
    config::PolicyConfig config = policies::ConfigWith({"pii-detector"});
    config.pii_detector.entities = {"all"};
    config.pii_detector.healthcare_mode = true;
    const auto chain = policies::Build(config);
    detect::RegexSampler sampler(11);
    for (detect::RuleId id = 0; id < chain->matcher().size(); ++id) {
      const detect::Rule& rule = chain->matcher().rule(id);
      if (!rule.output) continue;
      const detect::RegexNode tree =
          std::move(detect::ParseRegex(rule.pattern, rule.ignore_case)).value();
      for (int i = 0; i < 60; ++i) {
        std::string value = sampler.Sample(tree);
        if (value.size() > 120 || value.find('\0') != value.npos) continue;
        const std::string text = "See " + value + " there.";
        if (policies::Judge(*chain, text, policy::Phase::kOutput).text == text) continue;
        made->push_back(std::move(value));
        break;
      }
    }
    return made;
  }();
  return *texts;
}

// `deep`: arguments that hold JSON in a string of their JSON.
std::string Wrapped(const Place& place, const std::string& value, bool deep = false) {
  const std::string text = "Well: " + value + " \xF0\x9F\x98\x80 there.";
  if (!place.arguments) return text;
  const std::string inner = deep ? "{\"deep\":[" + json::Quote(text) + ",null]}" : text;
  return "{\"n\":17,\"to\":" + json::Quote(inner) + ",\"x\":[true]}";
}

// The strings of two answers agree, whatever their spelling.
void ExpectSameStrings(const std::string& whole, const std::string& rebuilt) {
  json::View expected, seen;
  ASSERT_TRUE(expected.Parse(whole, 0, Lenient()).ok());
  ASSERT_TRUE(seen.Parse(rebuilt, 0, Lenient()).ok());
  ASSERT_EQ(seen.nodes().size(), expected.nodes().size());
  for (json::NodeIndex i = 0; i < expected.nodes().size(); ++i) {
    if (expected.node(i).kind != json::Kind::kString) continue;
    ASSERT_EQ(seen.String(i), expected.String(i));
  }
}

// The events behind the deltas repeat the text: each edited as they were.
void ExpectRepeated(const Got& got) {
  for (const std::string& data : got.data) {
    if (data.find(".done") == data.npos && data.find(".completed") == data.npos) continue;
    json::View event;
    ASSERT_TRUE(event.Parse(data, 0, Lenient()).ok());
    for (json::NodeIndex i = 0; i < event.nodes().size(); ++i) {
      if (event.node(i).kind != json::Kind::kString) continue;
      const std::string seen = event.String(i);
      if (seen.find(' ') == seen.npos) continue;
      ASSERT_EQ(seen, got.text);
    }
  }
}

// `cuts`: where the deltas end, in units of the spelling.
void StreamHostile::ExpectAsWhole(const Place& place, const std::string& text, int form,
                                  const std::vector<size_t>& cuts, int eol, size_t read_bytes,
                                  const Gateway& gateway) {
  SCOPED_TRACE(std::string(place.name) + ": " + text);
  const std::string whole = Whole(place, text, gateway);
  const std::vector<std::string> units = Units(text, form);
  std::string events;
  size_t from = 0;
  for (size_t i = 0; i <= cuts.size(); ++i) {
    const size_t to = i < cuts.size() ? cuts[i] : units.size();
    events += Event(place.event(Joined(units, from, to)));
    if (i % 3 == 0) events += kNoise;
    from = to;
  }
  events += place.repeat(Joined(units, 0, units.size()));
  const std::string stream = WithLineEnds(events, eol);
  std::vector<std::string> reads;
  for (size_t at = 0; at < stream.size(); at += read_bytes) {
    reads.push_back(stream.substr(at, read_bytes));
  }
  const Got got = ReadAt(Stream(place, reads, gateway), place);
  if (whole.find("policy_violation") != whole.npos) {
    ASSERT_EQ(got.error, "output_blocked");
    ASSERT_FALSE(got.complete);
    // The first half of a pair may have gone out alone.
    std::string_view prefix = got.text;
    if (prefix.ends_with("\xEF\xBF\xBD")) prefix.remove_suffix(3);
    ASSERT_TRUE(text.starts_with(prefix)) << got.text;
    return;
  }
  ASSERT_EQ(got.error, "");
  ASSERT_TRUE(got.complete);
  ExpectSameStrings(whole, place.whole(json::Quote(got.text)));
  ExpectRepeated(got);
  if (!place.arguments) return;
  json::View arguments;
  ASSERT_TRUE(arguments.Parse(got.text, 0, Lenient()).ok()) << got.text;
}

TEST_F(StreamHostile, EveryValueInEveryPlaceAtEveryCut) {
  ASSERT_GT(Texts().size(), 120u);
  std::mt19937 random(5);
  for (const std::string& value : Texts()) {
    for (const Place& place : Places()) {
      const std::string text = Wrapped(place, value);
      ASSERT_NE(Whole(place, text), place.whole(json::Quote(text))) << value;
      const int form = static_cast<int>(random() % 3);
      const size_t units = Units(text, form).size();
      // All cuts in the first place; in the others some, not the same for each value.
      const size_t step = &place == &Places()[0] ? 1 : 5;
      for (size_t cut = 1 + random() % step; cut < units; cut += step) {
        ExpectAsWhole(place, text, form, {cut}, static_cast<int>(random() % 4), SIZE_MAX / 2);
        if (HasFatalFailure()) FAIL() << "cut " << cut << " form " << form;
      }
    }
  }
}

// To look further than a build should: KT_SEED, KT_ROUNDS.
uint32_t Setting(const char* name, uint32_t otherwise) {
  const char* given = std::getenv(name);
  return given != nullptr ? static_cast<uint32_t>(std::strtoul(given, nullptr, 10)) : otherwise;
}

const char* const kFillers[] = {
    " ",     "",   ", ", "\n",           "x",  "1",       "-", ".",
    "@",     "%",  "&",  "\\",           "\"", "/",       "é", "e\xCC\x81",
    "ssn ",  "+",  "id", "\xE2\x80\x8B", "=",  "http://", "(", "\xF0\x9F\x98\x80",
    "key: ", "  ", "\t", "aGVs",         "_",  "[",       "]"};

void StreamHostile::ExpectRandomAsWhole(const std::vector<std::string>& parts, std::mt19937* random,
                                        const Gateway& gateway) {
  const auto below = [random](size_t n) { return (*random)() % n; };
  const Place& place = Places()[below(Places().size())];
  std::string value;
  for (size_t i = 0, n = 1 + below(6); i < n; ++i) {
    if (below(3) > 0) value += kFillers[below(std::size(kFillers))];
    value += parts[below(parts.size())];
    if (below(3) > 0) value += kFillers[below(std::size(kFillers))];
  }
  const bool deep = below(2) == 0;
  const std::string text = Wrapped(place, value, deep);
  const int form = static_cast<int>(below(3));
  const size_t units = Units(text, form).size();
  std::vector<size_t> cuts;
  const size_t longest = 1 + below(below(2) == 0 ? 3 : 40);
  for (size_t at = below(longest) + 1; at < units; at += 1 + below(longest)) cuts.push_back(at);
  ExpectAsWhole(place, text, form, cuts, static_cast<int>(below(4)), 1 + below(2000), gateway);
}

TEST_F(StreamHostile, TextsOfManyValuesInPiecesOfAnySize) {
  std::mt19937 random(Setting("KT_SEED", 23));
  for (size_t round = 0, rounds = Setting("KT_ROUNDS", 3000); round < rounds; ++round) {
    ExpectRandomAsWhole(Texts(), &random);
    if (HasFatalFailure()) FAIL() << "round " << round;
  }
}

TEST_F(StreamHostile, EverySettingOfMarkersAndActions) {
  std::vector<std::string> parts = Texts();
  for (const char* part : {"[EMAIL_1]", "[CREDIT_CARD_1]", "[EMAIL_2]", "[EMAIL_", "[[EMAIL_1]]",
                           "EMAIL_1", "[EMAIL_11]", "[email_1]"}) {
    for (int i = 0; i < 12; ++i) parts.emplace_back(part);
  }
  const std::string pii = "[pii-detector, audit-logger]";
  const auto with = [](const std::string& settings) {
    return "policy: {pii-detector: {entities: all, " + settings + "}}\n";
  };
  const std::pair<std::string, std::string> configs[] = {
      {pii, with("redaction: {marker_format: reversible}")},
      {pii, with("redaction: {marker_format: asterisk, preserve_length: true}")},
      {pii, with("redaction: {marker_format: partial, preserve_length: true}")},
      {pii, with("redaction: {marker_format: partial}")},
      {pii, with("redaction: {custom_markers: {EMAIL_ADDRESS: '<é & co>'}}")},
      {"[{pii-detector: {stage: output}}, audit-logger]", with("action: block")},
      {pii, with("action: log")},
      {"[{pii-detector: {streaming_mode: buffered}}, audit-logger]",
       with("redaction: {marker_format: reversible}")},
      {"[safety-filter, dlp-filter, pii-detector, audit-logger]",
       "policy: {dlp-filter: {blocked_terms: [Zonk], detect_patterns: ['acme-[a-z]+']}}\n"},
  };
  for (const auto& [chain, policy] : configs) {
    const auto gateway = MakeGateway(Yaml(OneTarget(), chain, policy));
    std::mt19937 random(Setting("KT_SEED", 29));
    for (size_t round = 0, rounds = Setting("KT_ROUNDS", 600); round < rounds; ++round) {
      ExpectRandomAsWhole(parts, &random, *gateway);
      if (HasFatalFailure()) FAIL() << "round " << round << " of " << policy;
    }
  }
}

}  // namespace
}  // namespace kt::session
