// `reversible` against a small model of it: random values of the client's, random answers with
// placeholders, near misses of placeholders and values of the answer's own, streamed and whole.
#include <algorithm>
#include <map>

#include "core/session/workspace.h"
#include "random_streams.h"

namespace kt::session {
namespace {

constexpr char kMadeUp[] = "made.up@elsewhere.org";
constexpr size_t kEmails = 12;  // so that some numbers are the beginnings of others

// What makes a value hard to put back.
const char* const kHard[] = {
    "\"",  "\\",   "\n", "\t", "\xF0\x9F\x98\x80", "é",           "[", "]", "/", "u", "0", "\x01",
    "\\n", "\\\"", "{}", "'",  "[EMAIL_1]",        "\xE2\x80\xA8"};
const char* const kFillers[] = {" ", " ",   " ",   "x", ", ", "\n", "é",  "\xF0\x9F\x98\x80",
                                "_", "1",   "`",   "*", "(",  "\"", "\\", "] ",
                                "[", "[EM", "_1]", "<", ">",  "\t", "/",  ":"};
// Written in another way: the model has changed them, and they stay.
const char* const kNearMisses[] = {"[email_1]",
                                   "[EMAIL_1 ]",
                                   "[ EMAIL_1]",
                                   "[EMAIL _1]",
                                   "[EMAIL_01]",
                                   "[EMAIL_0]",
                                   "[EMAIL_+1]",
                                   "[EMAIL_99]",
                                   "[EMAIL_4294967297]",
                                   "[EMAIL]",
                                   "[EMAIL_]",
                                   "<EMAIL_1>",
                                   "&#91;EMAIL_1&#93;",
                                   "\\[EMAIL_1\\]",
                                   "\\u005bEMAIL_1\\u005d",
                                   "%5BEMAIL_1%5D",
                                   "[EMAIL\xE2\x80\x8B_1]",
                                   "\xEF\xBC\xBB"
                                   "EMAIL_1\xEF\xBC\xBD",
                                   "[EMAIL_1",
                                   "EMAIL_1]"};

class RestoredValues : public RandomStreams {
 protected:
  RestoredValues() : RandomStreams(31) {}

  struct Asked {
    std::string content;
    std::vector<std::string> values;           // all that may come back
    std::map<std::string, std::string> known;  // placeholder -> value
  };
  Asked Ask();
  std::string Answer();
  std::string Sent(const Place& place, const std::string& content, bool stream) const;
  static std::string Restored(const Asked& asked, const std::string& text);
  SessionOptions Options() {
    SessionOptions options;
    options.workspace = &workspace_;
    return options;
  }

  size_t requests_ = 0;
  Workspace workspace_;
};

// The numbers as they are promised: by first appearance, equal for equal values, without those
// that the client wrote itself.
RestoredValues::Asked RestoredValues::Ask() {
  Asked asked;
  const std::string mine = "r" + std::to_string(++requests_);
  std::vector<std::pair<std::string, std::string>> found;  // label, value
  for (size_t i = 0, n = 1 + Below(2 * kEmails); i < n; ++i) {
    if (Below(3) > 0) {
      found.emplace_back("EMAIL", mine + "n" + std::to_string(Below(kEmails)) + "@acme-mail.com");
    } else {
      std::string value = "~~" + mine + ":";
      for (size_t k = Below(6); k > 0; --k) value += OneOf(kHard);
      found.emplace_back("CUSTOM", value + "~~");
    }
    asked.content += "- " + found.back().second + " ";
    if (Below(6) == 0) asked.content += "[EMAIL_" + std::to_string(1 + Below(kEmails)) + "] ";
  }
  std::map<std::string, uint32_t> next;
  std::map<std::string, std::string> of_value;
  for (const auto& [label, value] : found) {
    if (of_value.count(value) != 0) continue;
    std::string placeholder;
    do {
      placeholder = "[" + label + "_" + std::to_string(++next[label]) + "]";
    } while (asked.content.find(placeholder) != std::string::npos);
    of_value[value] = placeholder;
    asked.known[placeholder] = value;
    asked.values.push_back(value);
  }
  return asked;
}

std::string RestoredValues::Answer() {
  std::string text;
  for (size_t i = 0, n = 1 + Below(14); i < n; ++i) {
    switch (Below(8)) {
      case 0:
        text += OneOf(kNearMisses);
        break;
      case 1:
        text += std::string(" ") + kMadeUp + " ";
        break;
      case 2:
        text += OneOf(kFillers);
        break;
      default:
        text += std::string(Below(4) == 0 ? "[CUSTOM_" : "[EMAIL_") +
                std::to_string(1 + Below(kEmails + 3)) + "]";
        break;
    }
    if (Below(2) == 0) text += OneOf(kFillers);
  }
  return text;
}

std::string RestoredValues::Sent(const Place& place, const std::string& content,
                                 bool stream) const {
  const std::string path = place.path, more = stream ? R"(,"stream":true)" : "";
  if (path == "/v1/chat/completions") return Chat(content, more);
  const std::string says = path == "/v1/responses" ? "input" : "prompt";
  return R"({"model":"m",")" + says + "\":" + json::Quote(content) + more + "}";
}

std::string RestoredValues::Restored(const Asked& asked, const std::string& text) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    if (text.compare(at, sizeof(kMadeUp) - 1, kMadeUp) == 0) {
      out += "[EMAIL]";
      at += sizeof(kMadeUp) - 1;
      continue;
    }
    if (text[at] == '[') {
      const auto known = asked.known.find(text.substr(at, text.find(']', at) + 1 - at));
      if (known != asked.known.end()) {
        out += known->second;
        at += known->first.size();
        continue;
      }
    }
    out += text[at++];
  }
  return out;
}

std::string Member(const std::string& object, std::string_view key) {
  json::View view;
  EXPECT_TRUE(view.Parse(object, 0, {}).ok()) << object;
  return view.String(view.Find(0, key));
}

// The pattern says how a value begins: by "~~[^~]+~~" alone what lies between two values is one,
// too, and behind an escape, where a view begins anew, it is found as such.
std::string Reversible() {
  return Yaml(OneTarget(), "[pii-detector, audit-logger]",
              "policy:\n  pii-detector:\n    entities: [EMAIL_ADDRESS]\n"
              "    detect_patterns: ['~~r[^~]{1,60}~~']\n"
              "    redaction: {marker_format: reversible}\n");
}

TEST_F(RestoredValues, ComeBackWhereTheirPlaceholdersStandAndNowhereElse) {
  const auto gateway = MakeGateway(Reversible());
  Asked other = Ask();
  size_t restored = 0;
  for (size_t round = 0, rounds = Setting("KT_ROUNDS", 600); round < rounds; ++round) {
    const Place& place = Places()[Below(Places().size())];
    if (place.apart) continue;  // a piece may hold half a placeholder
    const Asked asked = Ask();
    const std::string text = Answer();
    SCOPED_TRACE(std::string(place.name) + "\n" + asked.content + "\n" + text);
    const std::string expected = Restored(asked, text);
    restored += expected != text ? 1 : 0;
    const bool deep = Below(2) == 0;
    const std::string inner = deep ? "{\"deep\":" + json::Quote(text) + "}" : text;
    const std::string said = place.arguments ? "{\"to\":" + json::Quote(inner) + "}" : text;
    const auto seen = [&](const std::string& got) {
      if (!place.arguments) return got;
      const std::string to = Member(got, "to");
      return deep ? Member(to, "deep") : to;
    };

    Life whole(*gateway, place.path, Options());
    whole.Send(Sent(place, asked.content, false));
    for (const std::string& value : asked.values) {
      const std::string quoted = json::Quote(value);
      ASSERT_EQ(whole.session().forwarded_body().find(quoted.substr(1, quoted.size() - 2)),
                std::string_view::npos)
          << value;
    }
    whole.AnswerJson(place.whole(json::Quote(said)));

    const int form = static_cast<int>(Below(3));
    const std::vector<std::string> units = Units(said, form);
    const std::vector<size_t> cuts = Cuts(units.size());
    const std::string events = EventsOf(place, units, cuts);
    Life stream(*gateway, place.path, Options());
    stream.Send(Sent(place, asked.content, true));
    std::vector<std::string> reads;
    const size_t size = 1 + Below(900);
    for (size_t at = 0; at < events.size(); at += size) reads.push_back(events.substr(at, size));
    stream.AnswerStream(reads);
    const Got got = ReadAt(stream.output, place);
    ASSERT_EQ(got.error, "");
    ASSERT_TRUE(got.complete);
    ASSERT_EQ(seen(got.text), expected);
    ExpectSameStrings(whole.output, place.whole(json::Quote(got.text)));
    ExpectRepeated(got);
    if (HasFatalFailure()) FAIL() << "round " << round;
    for (const std::string& value : other.values) {
      if (std::count(asked.values.begin(), asked.values.end(), value) != 0) continue;
      ASSERT_EQ(whole.output.find(value), std::string::npos) << value;
      ASSERT_EQ(stream.output.find(value), std::string::npos) << value;
    }
    other = asked;
  }
  EXPECT_GT(restored, Setting("KT_ROUNDS", 600) / 2);
}

// Deltas of the choices come in any order, several in one event.
TEST_F(RestoredValues, OfInterleavedChoicesStayWithTheirChoice) {
  const auto gateway = MakeGateway(Reversible());
  for (size_t round = 0, rounds = Setting("KT_ROUNDS", 200); round < rounds; ++round) {
    const Asked asked = Ask();
    const size_t n = 1 + Below(4);
    std::vector<std::string> texts;
    std::vector<std::vector<std::string>> pieces(n);
    std::string whole_choices;
    for (size_t i = 0; i < n; ++i) {
      texts.push_back(Answer());
      pieces[i] = Pieces(texts[i], 1 + Below(9));
      whole_choices += (i > 0 ? "," : "") + std::string(R"({"index":)") + std::to_string(i) +
                       R"(,"message":{"role":"assistant","content":)" + json::Quote(texts[i]) +
                       R"(},"finish_reason":"stop"})";
    }
    std::string events;
    std::vector<size_t> next(n, 0);
    for (size_t open = n; open > 0;) {
      std::string choices;
      for (size_t i = 0; i < n; ++i) {
        if (next[i] > pieces[i].size() || Below(2) == 0) continue;
        const bool ends = next[i] == pieces[i].size();
        choices += (choices.empty() ? "" : ",") + std::string(R"({"index":)") + std::to_string(i) +
                   R"(,"delta":{)" +
                   (ends ? std::string() : "\"content\":" + json::Quote(pieces[i][next[i]])) +
                   (ends ? R"(},"finish_reason":"stop"})" : "}}");
        ++next[i];
        open -= ends ? 1 : 0;
      }
      if (!choices.empty()) events += Event("{\"choices\":[" + choices + "]}");
    }
    Life stream(*gateway, "/v1/chat/completions", Options());
    stream.Send(Chat(asked.content, R"(,"stream":true,"n":)" + std::to_string(n)));
    stream.AnswerStream({events + kDone});
    const Seen seen = Read(stream.output);
    ASSERT_TRUE(seen.done) << seen.error_code;
    Life whole(*gateway, "/v1/chat/completions", Options());
    whole.Send(Chat(asked.content))
        .AnswerJson("{\"id\":\"1\",\"choices\":[" + whole_choices + "]}");
    json::View view;
    ASSERT_TRUE(view.Parse(whole.output, 0, {}).ok());
    json::NodeIndex choice = view.Find(0, "choices") + 1;
    for (uint32_t i = 0; i < n; ++i, choice = view.node(choice).after) {
      const std::string expected = Restored(asked, texts[i]);
      ASSERT_EQ(seen.text.at(i), expected) << "round " << round << "\n" << texts[i];
      ASSERT_EQ(view.String(view.Find(view.Find(choice, "message"), "content")), expected);
    }
  }
}

}  // namespace
}  // namespace kt::session
