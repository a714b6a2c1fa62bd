// Sends one text as a stream and as a whole answer, and compares what the client gets of both.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "../policies/sample_values.h"
#include "../setting.h"
#include "stream_spelling.h"

namespace kt::session {

inline constexpr char kAll[] = "policy: {pii-detector: {entities: all, healthcare_mode: true}}\n";

// What the client says, for placeholders to stand for.
inline constexpr char kSaid[] =
    "Write to bob@acme-mail.com, pay with 5555555555554444, and \"x\\y@b.org\"";

class StreamAgainstWhole : public ::testing::Test {
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
  static Got Streamed(const Place& place, const std::vector<std::string>& units,
                      const std::vector<size_t>& cuts, int eol, size_t read_bytes,
                      const Gateway& gateway);
  inline static const Gateway* gateway_ = nullptr;
  // How the JSON of a delta becomes an event.
  inline static std::function<std::string(const std::string& json)> framed_ =
      [](const std::string& json) { return Event(json); };
};

// `deep`: arguments that hold JSON in a string of their JSON.
inline std::string Wrapped(const Place& place, const std::string& value, bool deep = false) {
  const std::string text = "Well: " + value + " \xF0\x9F\x98\x80 there.";
  if (!place.arguments) return text;
  const std::string inner = deep ? "{\"deep\":[" + json::Quote(text) + ",null]}" : text;
  return "{\"n\":17,\"to\":" + json::Quote(inner) + ",\"x\":[true]}";
}

// The strings of two answers agree, whatever their spelling.
inline void ExpectSameStrings(const std::string& whole, const std::string& rebuilt) {
  json::View expected, seen;
  ASSERT_TRUE(expected.Parse(whole, 0, Lenient()).ok());
  ASSERT_TRUE(seen.Parse(rebuilt, 0, Lenient()).ok());
  ASSERT_EQ(seen.nodes().size(), expected.nodes().size());
  for (json::NodeIndex i = 0; i < expected.nodes().size(); ++i) {
    if (expected.node(i).kind != json::Kind::kString) continue;
    ASSERT_EQ(seen.String(i), expected.String(i));
  }
}

inline void ExpectBeginsAString(const std::string& whole, const std::string& begin) {
  json::View view;
  ASSERT_TRUE(view.Parse(whole, 0, Lenient()).ok());
  bool found = false;
  for (json::NodeIndex i = 0; i < view.nodes().size() && !found; ++i) {
    found = view.node(i).kind == json::Kind::kString && view.String(i).starts_with(begin);
  }
  ASSERT_TRUE(found) << begin << "\nof: " << whole;
}

// Where pieces are judged by themselves, too, more may be found than in the whole; never less.
inline void ExpectNoMore(const std::string& whole, const Got& got) {
  for (const std::string value : policies::kSampleValues) {
    if (got.text.find(value) == got.text.npos) continue;
    const std::string quoted = json::Quote(value);
    ASSERT_NE(whole.find(quoted.substr(1, quoted.size() - 2)), whole.npos)
        << value << " in " << got.text;
  }
}

// The events behind the deltas repeat the text: each edited as they were.
inline void ExpectRepeated(const Got& got) {
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
inline Got StreamAgainstWhole::Streamed(const Place& place, const std::vector<std::string>& units,
                                        const std::vector<size_t>& cuts, int eol, size_t read_bytes,
                                        const Gateway& gateway) {
  std::string events;
  size_t from = 0;
  for (size_t i = 0; i <= cuts.size(); ++i) {
    const size_t to = i < cuts.size() ? cuts[i] : units.size();
    events += framed_(place.event(Joined(units, from, to)));
    if (i % 3 == 0) events += kNoise;
    from = to;
  }
  events += place.repeat(Joined(units, 0, units.size()));
  const std::string stream = WithLineEnds(events, eol);
  std::vector<std::string> reads;
  for (size_t at = 0; at < stream.size(); at += read_bytes) {
    reads.push_back(stream.substr(at, read_bytes));
  }
  return ReadAt(Stream(place, reads, gateway), place);
}

inline void StreamAgainstWhole::ExpectAsWhole(const Place& place, const std::string& text, int form,
                                              const std::vector<size_t>& cuts, int eol,
                                              size_t read_bytes, const Gateway& gateway) {
  SCOPED_TRACE(std::string(place.name) + ": " + text);
  const std::string whole = Whole(place, text, gateway);
  const std::vector<std::string> units = Units(text, form);
  const Got got = Streamed(place, units, cuts, eol, read_bytes, gateway);
  if (whole.find("policy_violation") != whole.npos) {
    ASSERT_EQ(got.error, "output_blocked");
    ASSERT_FALSE(got.complete);
    // The first half of a pair may have gone out alone.
    std::string_view prefix = got.text;
    if (prefix.ends_with("\xEF\xBF\xBD")) prefix.remove_suffix(3);
    ASSERT_TRUE(text.starts_with(prefix)) << got.text;
    // Nor has anything that would have been redacted.
    const Got redacted = Streamed(place, units, cuts, eol, read_bytes, *gateway_);
    ASSERT_TRUE(!redacted.complete || redacted.text.starts_with(prefix)) << got.text;
    return;
  }
  if (place.apart) return ExpectNoMore(whole, got);
  if (got.error == "output_blocked") {  // held too long to be judged
    ExpectBeginsAString(whole, got.text);
    return;
  }
  ASSERT_EQ(got.error, "");
  ASSERT_TRUE(got.complete);
  ExpectSameStrings(whole, place.whole(json::Quote(got.text)));
  ExpectRepeated(got);
  if (!place.arguments) return;
  json::View arguments;
  // Two keys may have become one marker.
  const bool parses = arguments.Parse(got.text, 0, Lenient()).ok() ||
                      arguments.refusal() == json::Refusal::kDuplicateKey;
  ASSERT_TRUE(parses) << got.text;
}

}  // namespace kt::session
