// Texts that are one for the reader: no value gets through in the pieces that they are.
#include <functional>

#include "life.h"

namespace kt::session {
namespace {

class JoinedTexts : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    gateway_ = MakeGateway(Yaml(OneTarget(), "[pii-detector, audit-logger]")).release();
    reversible_ = MakeGateway(Yaml(OneTarget(), "[pii-detector, audit-logger]",
                                   "policy: {pii-detector: {redaction: {marker_format: "
                                   "reversible}}}\n"))
                      .release();
    buffered_ =
        MakeGateway(Yaml(OneTarget(), "[{pii-detector: {streaming_mode: buffered}}, audit-logger]"))
            .release();
  }
  static void TearDownTestSuite() {
    delete gateway_;
    delete reversible_;
    delete buffered_;
    gateway_ = reversible_ = buffered_ = nullptr;
  }
  static std::string Forwarded(const Gateway& gateway, const std::string& body,
                               const char* path = "/v1/chat/completions") {
    Life life(gateway, path);
    life.Send(body);
    EXPECT_FALSE(life.Try().empty()) << life.output;
    return std::string(life.request.body);
  }
  static std::string Streamed(const std::vector<std::string>& events, const char* path,
                              const Gateway& gateway = *gateway_) {
    Life life(gateway, path);
    life.Send(std::string(path) == "/v1/responses" ? R"({"model":"m","input":"Hi","stream":true})"
                                                   : StreamChat())
        .AnswerStream(events);
    EXPECT_TRUE(life.session().finished());
    redactions_ = life.session().redactions();
    return life.output;
  }
  static const Gateway *gateway_, *reversible_, *buffered_;
  static uint64_t redactions_;
};
const Gateway* JoinedTexts::gateway_ = nullptr;
const Gateway* JoinedTexts::reversible_ = nullptr;
const Gateway* JoinedTexts::buffered_ = nullptr;
uint64_t JoinedTexts::redactions_ = 0;

const char* const kValues[] = {"jane.doe@acme-mail.com", "4111 1111 1111 1111", "ssn 536-90-4399",
                               "DE89 3704 0044 0532 0130 00",
                               "zonk_x7Kq02LmZt81pQ93vWx5Rb7Yc2Dh64Js"};

// All strings of JSON under one of the keys, in order.
std::string Strings(const std::string& text, std::initializer_list<const char*> keys) {
  json::View view;
  EXPECT_TRUE(view.Parse(text, 0, {}).ok()) << text;
  std::string out;
  for (json::NodeIndex i = 0; i < view.nodes().size(); ++i) {
    if (view.node(i).kind != json::Kind::kString) continue;
    for (const char* key : keys) {
      if (view.KeyEquals(i, key)) out += view.String(i);
    }
  }
  return out;
}

std::string TextParts(const std::vector<std::string>& texts, const char* type = "text") {
  std::string parts;
  for (const std::string& text : texts) {
    if (!parts.empty()) parts += ',';
    parts += std::string(R"({"type":")") + type + R"(","text":)" + json::Quote(text) + "}";
  }
  return "[" + parts + "]";
}

std::vector<std::string> CutOnce(const std::string& text, size_t cut) {
  return {text.substr(0, cut), text.substr(cut)};
}

std::string ChatParts(const std::string& parts) {
  return R"({"model":"m","messages":[{"role":"user","content":)" + parts + "}]}";
}

// ---- whole texts -------------------------------------------------------------------------------

TEST_F(JoinedTexts, AValueInThePartsOfAMessageAtEveryCut) {
  for (const std::string value : kValues) {
    const std::string text = "It is " + value + " there.";
    const std::string whole = Strings(Forwarded(*gateway_, Chat(text)), {"content"});
    ASSERT_NE(whole, text);
    for (size_t cut = 1; cut < text.size(); ++cut) {
      const auto parts = CutOnce(text, cut);
      EXPECT_EQ(Strings(Forwarded(*gateway_, ChatParts(TextParts(parts))), {"text"}), whole) << cut;
      EXPECT_EQ(Strings(Forwarded(*gateway_,
                                  R"({"model":"m","input":[{"role":"user","content":)" +
                                      TextParts(parts, "input_text") + "}]}",
                                  "/v1/responses"),
                        {"text"}),
                whole)
          << cut;
    }
    for (const size_t size : {3u, 4u, 7u}) {
      EXPECT_EQ(Strings(Forwarded(*gateway_, ChatParts(TextParts(Pieces(text, size)))), {"text"}),
                whole)
          << size;
    }
    // With a line for each letter this is a text that is spelled out: more of it may go.
    const std::string spelled =
        Strings(Forwarded(*gateway_, ChatParts(TextParts(Pieces(text, 1)))), {"text"});
    EXPECT_EQ(spelled.find(value.substr(value.size() - 4)), std::string::npos) << spelled;
  }
}

TEST_F(JoinedTexts, APartIsJudgedByItselfToo) {
  EXPECT_EQ(
      Strings(Forwarded(*gateway_, ChatParts(TextParts({"4111111111111111", "22"}))), {"text"}),
      "[CREDIT_CARD]22");
  EXPECT_EQ(
      Strings(Forwarded(*gateway_, ChatParts(TextParts({"x1", "4111111111111111"}))), {"text"}),
      "x1[CREDIT_CARD]");
}

TEST_F(JoinedTexts, WhatNamesAValueMayStandInThePartBefore) {
  const std::string text = "bank account: 000123456789";
  EXPECT_EQ(Strings(Forwarded(*gateway_, ChatParts(TextParts(CutOnce(text, 14)))), {"text"}),
            "bank account: [BANK_ACCOUNT]");
}

TEST_F(JoinedTexts, OfLongPartsOnlyTheEndsAreReadAgain) {
  std::string filler;
  while (filler.size() < 40'000) filler += "one word after the other, ";
  for (size_t cut = 0; cut < 22; ++cut) {
    const std::string value = kEmail;
    const auto parts = TextParts({filler + value.substr(0, cut), value.substr(cut) + " " + filler,
                                  filler + "4111 1111", " 1111 1111 " + filler});
    EXPECT_EQ(Strings(Forwarded(*gateway_, ChatParts(parts)), {"text"}),
              filler + "[EMAIL] " + filler + filler + "[CREDIT_CARD] " + filler);
  }
}

TEST_F(JoinedTexts, OtherTextsAreNoneWithTheirNeighbours) {
  for (
      const std::string body :
      {R"({"model":"m","messages":[{"role":"user","content":"4111 1111"},)"
       R"({"role":"user","content":" 1111 1111"}]})",
       R"({"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"4111 1111"}]},)"
       R"({"role":"user","content":[{"type":"text","text":" 1111 1111"}]}]})"}) {
    EXPECT_EQ(Forwarded(*gateway_, body), body);
  }
}

TEST_F(JoinedTexts, HarmlessPartsKeepTheirBytes) {
  const std::string body = ChatParts(
      TextParts({"Look at version 4111 1111", "", "of it", "at 10.0.0.1 or 12:30", "\n\nThanks"}));
  EXPECT_EQ(Forwarded(*gateway_, body), body);
}

TEST_F(JoinedTexts, AReversibleValueIsRestoredWhole) {
  for (size_t cut = 1; cut < 22; ++cut) {
    Life life(*reversible_);
    life.Send(ChatParts(TextParts(CutOnce(kEmail, cut))));
    EXPECT_FALSE(life.Try().empty());
    EXPECT_EQ(Strings(std::string(life.request.body), {"text"}), "[EMAIL_1]");
    life.Head(200, "application/json");
    life.Body(JsonAnswer("I wrote to [EMAIL_1]."));
    life.End();
    EXPECT_EQ(Strings(life.output, {"content"}), std::string("I wrote to ") + kEmail + ".");
    EXPECT_EQ(life.session().redactions(), 1u);
  }
}

TEST_F(JoinedTexts, AnInjectionInTheParts) {
  const auto gateway = MakeGateway(Yaml(OneTarget(), "[prompt-injection, audit-logger]"));
  const std::string attack = kInjection;
  for (const size_t cut : {8u, 20u, 30u, 40u}) {
    Life life(*gateway);
    life.Send(ChatParts(TextParts(CutOnce(attack, cut))));
    EXPECT_EQ(life.status(), 409) << cut;
  }
}

TEST_F(JoinedTexts, EachPartMayStandOnALineOfItsOwn) {
  const auto seen = [](const std::vector<std::string>& parts) {
    return Strings(Forwarded(*gateway_, ChatParts(TextParts(parts))), {"text"});
  };
  EXPECT_EQ(seen({"card 4111 1111", "1111 1111 ok"}), "card [CREDIT_CARD] ok");
  EXPECT_EQ(seen({"4111 1111", "1111 1111"}), "[CREDIT_CARD]");
  EXPECT_EQ(seen({"DE89", "3704", "0044", "0532", "0130", "00", "."}), "[IBAN].");
  EXPECT_EQ(seen({"my bank account:", "000123456789"}), "my bank account:[BANK_ACCOUNT]");
  EXPECT_EQ(seen({"card: 4111", "1111", "1111", "1111", ". "}), "card: [CREDIT_CARD]. ");
  for (const std::vector<std::string>& clean :
       {std::vector<std::string>{"4111 1111", "and", "1111 1111"},
        {"jane.doe@", "acme", "mail"},
        {"x1", "y2", "z3"}}) {
    std::string whole;
    for (const std::string& part : clean) whole += part;
    EXPECT_EQ(seen(clean), whole);
  }
  const auto gateway = MakeGateway(Yaml(OneTarget(), "[prompt-injection, audit-logger]"));
  std::vector<std::string> words;
  for (const char c : std::string(" ") + kInjection) {
    if (c == ' ') {
      words.emplace_back();
    } else {
      words.back() += c;
    }
  }
  Life life(*gateway);
  life.Send(ChatParts(TextParts(words)));
  EXPECT_EQ(life.status(), 409);
}

TEST_F(JoinedTexts, AValueInPartsThatStandApartIsRestoredWithABlank) {
  Life life(*reversible_);
  life.Send(ChatParts(TextParts({"card 4111 1111", "1111 1111"})));
  EXPECT_FALSE(life.Try().empty());
  EXPECT_EQ(Strings(std::string(life.request.body), {"text"}), "card [CREDIT_CARD_1]");
  life.Head(200, "application/json");
  life.Body(JsonAnswer("It is [CREDIT_CARD_1]."));
  life.End();
  EXPECT_EQ(Strings(life.output, {"content"}), "It is 4111 1111 1111 1111.");
}

TEST_F(JoinedTexts, PartsInAPartAreOneTextToo) {
  const std::string inner = TextParts({"It is 4111 1111", " 1111 1111."});
  const std::string seen =
      Forwarded(*gateway_, ChatParts(R"([{"type":"tool_result","tool_use_id":"t","content":)" +
                                     inner + R"(},{"type":"text","text":"Thanks"}])"));
  EXPECT_EQ(Strings(seen, {"text"}), "It is [CREDIT_CARD].Thanks");
}

// A worker does nothing else meanwhile: with each value looking at each part it was ten seconds.
TEST_F(JoinedTexts, ManyPartsWithAValueEach) {
  constexpr size_t kParts = 90'000;
  std::string parts, expected;
  for (size_t i = 0; i < kParts; ++i) {
    parts += i == 0 ? "[\"a@b-mail.co \"" : ",\"a@b-mail.co \"";
    expected += i == 0 ? "[\"[EMAIL] \"" : ",\"[EMAIL] \"";
  }
  EXPECT_TRUE(Forwarded(*gateway_, ChatParts(parts + "]")) == ChatParts(expected + "]"));
}

TEST_F(JoinedTexts, TheMessagesOfAnAnswer) {
  for (const std::string value : kValues) {
    const std::string text = "It is " + value + " there.";
    for (size_t cut = 1; cut < text.size(); ++cut) {
      const auto pieces = CutOnce(text, cut);
      const auto message = [](const std::string& piece) {
        return R"({"type":"message","content":)" + TextParts({piece}, "output_text") + "}";
      };
      Life life(*gateway_, "/v1/responses");
      life.Send(R"({"model":"m","input":"Hi"})")
          .AnswerJson(R"({"id":"r","object":"response","output":[)" + message(pieces[0]) +
                      R"(,{"type":"function_call","name":"f","arguments":"{}"},)" +
                      message(pieces[1]) + "]}");
      const std::string seen = Strings(life.output, {"text"});
      EXPECT_EQ(seen.find(value), std::string::npos) << cut;
      EXPECT_TRUE(seen.starts_with("It is [") || seen.starts_with("It is ssn [")) << seen;
      EXPECT_TRUE(seen.ends_with("] there.")) << seen;
    }
  }
}

// ---- streams -----------------------------------------------------------------------------------

std::string Named(const std::string& type, int output, int part, const std::string& more) {
  return "event: " + type + "\ndata: {\"type\":\"" + type + R"(","item_id":"m","output_index":)" +
         std::to_string(output) + R"(,"content_index":)" + std::to_string(part) + "," + more +
         "}\n\n";
}
std::string TextDelta(const std::string& text, int output, int part) {
  return Named("response.output_text.delta", output, part, "\"delta\":" + json::Quote(text));
}
std::vector<std::string> Ends(const std::string& text, int output, int part) {
  const std::string shown = R"({"type":"output_text","text":)" + json::Quote(text) + "}";
  return {Named("response.output_text.done", output, part, "\"text\":" + json::Quote(text)),
          Named("response.content_part.done", output, part, "\"part\":" + shown),
          Named("response.output_item.done", output, part,
                R"("item":{"type":"message","content":[)" + shown + "]}")};
}
const char kCompleted[] =
    "event: response.completed\n"
    R"(data: {"type":"response.completed","response":{"id":"r","output":[]}})"
    "\n\n";

// What each kind of event says, put together.
std::map<std::string, std::string> Said(const std::string& output) {
  std::map<std::string, std::string> said;
  for (const std::string& data : Read(output).data) {
    json::View view;
    EXPECT_TRUE(view.Parse(data, 0, {}).ok());
    said[view.String(view.Find(0, "type"))] += Strings(data, {"text", "delta"});
  }
  return said;
}

TEST_F(JoinedTexts, AValueOverTheMessagesAndPartsOfAStreamAtEveryCut) {
  for (const std::string value : kValues) {
    const std::string text = "It is " + value + " there.";
    for (size_t cut = 1; cut < text.size(); ++cut) {
      for (const bool other_output : {false, true}) {
        for (const size_t size : {1, 4, 100}) {
          for (const bool ends : {false, true}) {
            std::vector<std::string> events;
            for (int i = 0; i < 2; ++i) {
              const std::string part = CutOnce(text, cut)[static_cast<size_t>(i)];
              const int output = other_output ? i : 0, index = other_output ? 0 : i;
              for (const std::string& piece : Pieces(part, size)) {
                events.push_back(TextDelta(piece, output, index));
              }
              if (!ends) continue;
              for (const std::string& end : Ends(part, output, index)) events.push_back(end);
            }
            events.push_back(kCompleted);
            for (const Gateway* gateway : {gateway_, buffered_}) {
              const std::string output = Streamed(events, "/v1/responses", *gateway);
              EXPECT_NE(output.find(kCompleted), std::string::npos) << output;
              for (const auto& [type, seen] : Said(output)) {
                if (type == "response.completed") continue;
                EXPECT_TRUE(seen.starts_with("It is [") || seen.starts_with("It is ssn ["))
                    << type << " cut " << cut << ": " << seen;
                EXPECT_TRUE(seen.ends_with("] there.")) << type << " cut " << cut << ": " << seen;
              }
            }
          }
        }
      }
    }
  }
}

TEST_F(JoinedTexts, ManyHarmlessPartsKeepTheirBytes) {
  std::vector<std::string> events;
  std::string all;
  for (int i = 0; i < 40; ++i) {
    std::string text;
    for (const std::string word :
         {"Well, ", "here ", "is 4111 ", "more", " of it: ", "10", "/12"}) {
      events.push_back(TextDelta(word, i / 3, i % 3));
      text += word;
    }
    for (const std::string& end : Ends(text, i / 3, i % 3)) events.push_back(end);
  }
  events.push_back(kCompleted);
  for (const std::string& event : events) all += event;
  EXPECT_EQ(Streamed(events, "/v1/responses"), all);
  EXPECT_EQ(Streamed({all}, "/v1/responses"), all);
  EXPECT_EQ(redactions_, 0u);
}

TEST_F(JoinedTexts, PartsThatTakeTurns) {
  const std::string value = "4111111111111111";
  std::vector<std::string> events;
  for (size_t i = 0; i < value.size(); ++i) {
    events.push_back(TextDelta(value.substr(i, 1), 0, static_cast<int>(i % 2)));
  }
  events.push_back(kCompleted);
  EXPECT_EQ(Said(Streamed(events, "/v1/responses"))["response.output_text.delta"], "[CREDIT_CARD]");
  EXPECT_EQ(redactions_, 1u);
}

TEST_F(JoinedTexts, TheCallsOfAStreamAreTextsOfTheirOwn) {
  std::vector<std::string> events;
  for (int i = 0; i < 2; ++i) {
    events.push_back(Named("response.function_call_arguments.delta", i, 0,
                           "\"delta\":" + json::Quote("\"4111 1111\"")));
  }
  events.push_back(kCompleted);
  std::string all;
  for (const std::string& event : events) all += event;
  EXPECT_EQ(Streamed(events, "/v1/responses"), all);
}

TEST_F(JoinedTexts, ThePartsOfAChatStreamThatNameThemselves) {
  const std::string text = std::string("Mail ") + kEmail + " now";
  for (size_t cut = 1; cut < text.size(); ++cut) {
    std::string events = kRole;
    for (int i = 0; i < 2; ++i) {
      events += Event(Delta(R"({"content":[{"type":"text","index":)" + std::to_string(i) +
                            ",\"text\":" + json::Quote(CutOnce(text, cut)[static_cast<size_t>(i)]) +
                            "}]}"));
    }
    const Seen seen = Read(Streamed({events + Finish() + kDone}, "/v1/chat/completions"));
    EXPECT_TRUE(seen.done);
    std::string said;
    for (const std::string& data : seen.data) {
      if (data != "[DONE]") said += Strings(data, {"text"});
    }
    EXPECT_EQ(said, "Mail [EMAIL] now") << cut;
  }
}

}  // namespace
}  // namespace kt::session
