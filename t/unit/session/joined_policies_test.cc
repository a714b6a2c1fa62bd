// Two policies over the parts of an answer: where what one of them finds in a part overlaps what is
// found in the joined text, streams and whole answers still say the same.
#include "life.h"

namespace kt::session {
namespace {

using Parts = std::vector<std::string>;

std::string Response(const Parts& parts) {
  std::string content;
  for (const std::string& part : parts) {
    content += (content.empty() ? "" : ",") + std::string(R"({"type":"output_text","text":)") +
               json::Quote(part) + "}";
  }
  return R"({"id":"r","object":"response","output":[{"type":"message","id":"i","content":[)" +
         content + "]}]}";
}

constexpr char kAsks[] = R"({"model":"m","input":"Hi")";

Parts Whole(const Gateway& gateway, const Parts& parts) {
  Life life(gateway, "/v1/responses");
  life.Send(std::string(kAsks) + "}").AnswerJson(Response(parts));
  json::View view;
  EXPECT_TRUE(view.Parse(life.output, 0, {}).ok());
  const json::NodeIndex list = view.Find(view.Find(0, "output") + 1, "content");
  Parts out;
  for (json::NodeIndex i = list + 1; i < view.node(list).after; i = view.node(i).after) {
    out.push_back(view.String(view.Find(i, "text")));
  }
  return out;
}

Parts Streamed(const Gateway& gateway, const Parts& parts, size_t size) {
  std::string events;
  for (size_t part = 0; part < parts.size(); ++part) {
    for (const std::string& piece : Pieces(parts[part], size)) {
      events += Event(
          R"({"type":"response.output_text.delta","item_id":"i","output_index":0,"content_index":)" +
          std::to_string(part) + R"(,"delta":)" + json::Quote(piece) + "}");
    }
  }
  events += Event(R"({"type":"response.completed","response":)" + Response(parts) + "}");
  Life life(gateway, "/v1/responses");
  life.Send(std::string(kAsks) + R"(,"stream":true})").AnswerStream({events});
  Parts out(parts.size());
  ForEachData(life.output, {}, [&](std::string_view, const json::View* view) {
    if (!view->Equals(view->Find(0, "type"), "response.output_text.delta")) return;
    out.at(view->Unsigned(view->Find(0, "content_index"), 0)) +=
        view->String(view->Find(0, "delta"));
  });
  return out;
}

struct Case {
  Parts parts, edited;
};

void ExpectAlike(const std::string& redaction, const std::string& terms, const Case& one) {
  for (const char* chain :
       {"[pii-detector, dlp-filter, audit-logger]", "[dlp-filter, pii-detector, audit-logger]"}) {
    const auto gateway =
        MakeGateway(Yaml(OneTarget(), chain,
                         "policy:\n  pii-detector: {redaction: {marker_format: " + redaction +
                             "}}\n  dlp-filter: {blocked_terms: [" + terms + "]}\n"));
    EXPECT_EQ(Whole(*gateway, one.parts), one.edited) << chain;
    for (const size_t size : {1, 2, 3, 7, 11, 100}) {
      EXPECT_EQ(Streamed(*gateway, one.parts, size), one.edited) << chain << size;
    }
  }
}

// "e.doe" is not what the reader reads.
TEST(JoinedPolicies, TheMarkerIsThatOfWhatIsJoined) {
  ExpectAlike("label", "e.doe", {{"To jan", "e.doe", "@acme-mail.com."}, {"To [EMAIL]", "", "."}});
  ExpectAlike("label", "jane", {{"To x.", "jane", "@acme-mail.com."}, {"To [EMAIL]", "", "."}});
}

TEST(JoinedPolicies, WhatGoesOnDoesNotSwallowTheNextMarker) {
  ExpectAlike(
      "label", "acme",
      {{"a jane.doe@acme-ma", "il.comxbob@acme-mail.com", "."}, {"a [EMAIL]", "[EMAIL]", "."}});
}

TEST(JoinedPolicies, WhatAMarkerShowsIsShownBesideParts) {
  ExpectAlike("partial", "Heron",
              {{"a 4111 1111 1111 1111, ", "jane@internal.ac", "me.corp, b"},
               {"a ****1111, ", "****corp", ", b"}});
}

// A client's own values come back with all that was taken away for them, once.
TEST(JoinedPolicies, OfValuesThatOverlapOverPartsNothingGetsLost) {
  const auto gateway =
      MakeGateway(Yaml(OneTarget(), "[pii-detector, audit-logger]",
                       "policy:\n  pii-detector: {redaction: {marker_format: reversible}}\n"));
  for (const Parts& parts :
       {Parts{"xj a n e @", " a c m e . c o m, 1j a n ", "e @ a c m e . c o m", "é@bob@ac", "me"},
        Parts{" j a n e @ a c", " m e . c o m", "é bo", "b@acm", "e-mail.c", "om"},
        Parts{" jane.doe@acm", "e-mai", "l.com[ jane@internal.acme.cor", "p", "- j a n e @ a c m e",
              " . ", "c o m]"},
        Parts{" bob@acme-mail", ".com-éjan", "e.doe@acme-mail.com \nj ", "a n e @ a c m e . c o m"},
        Parts{"1bob@acme-mail.", "comx@jane.doe@acme-mail.", "com ["},
        Parts{"jan", "e@inte", "r", "nal.", "acm", "e.corp1xjane@internal.acme.co", "rp-é"}}) {
    std::string said, sent, content;
    for (const std::string& part : parts) {
      said += part;
      content += (content.empty() ? "" : ",") + std::string(R"({"type":"text","text":)") +
                 json::Quote(part) + "}";
    }
    Life life(*gateway);
    life.Send(R"({"model":"m","messages":[{"role":"user","content":[)" + content + "]}]}");
    json::View view;
    ASSERT_TRUE(view.Parse(life.session().forwarded_body(), 0, {}).ok());
    const json::NodeIndex list = view.Find(view.Find(0, "messages") + 1, "content");
    for (json::NodeIndex i = list + 1; i < view.node(list).after; i = view.node(i).after) {
      sent += view.String(view.Find(i, "text"));
    }
    EXPECT_NE(sent, said);
    life.AnswerJson(JsonAnswer(sent));
    json::View answer;
    ASSERT_TRUE(answer.Parse(life.output, 0, {}).ok());
    const json::NodeIndex choice = answer.Find(0, "choices") + 1;
    // Where parts stand apart a blank may have come between them.
    const auto letters = [](std::string text) {
      std::erase(text, ' ');
      return text;
    };
    EXPECT_EQ(letters(answer.String(answer.Find(answer.Find(choice, "message"), "content"))),
              letters(said))
        << sent;
  }
}

}  // namespace
}  // namespace kt::session
