// Streams of `responses` with many items and parts, one after the other or mixed, with values over
// the parts and messages: the deltas, the texts that come once more as a whole and the response at
// the end say what a whole answer would have held, however the bytes are read.
#include <random>

#include "stream_against_whole.h"

namespace kt::session {
namespace {

const char* const kValues[] = {
    "jane.doe@acme-mail.com", "4111 1111 1111 1111",    "536-90-4399",
    "john@example.com",       "DE89370400440532013000", "+44 20 7946 0018"};
const char* const kWords[] = {
    "it was", "late", "é", "\xF0\x9F\x98\x80", "x = 1;", " ", ", ", "\n", "\\", "\"",
    "The",    "end.", "**"};

struct Part {
  std::string type, text;  // type: of a part of a message or summary; "": the text of a call
  size_t said = 0;
};
struct Kind {
  const char *type, *parts;  // parts: the key of the list; "": a call
  const char *stem, *key;    // of the deltas; of a call's text
};
const Kind kKinds[] = {
    {"message", "content", "", ""},
    {"message", "content", "", ""},
    {"reasoning", "summary", "response.reasoning_summary_text", ""},
    {"function_call", "", "response.function_call_arguments", "arguments"},
    {"mcp_call", "", "response.mcp_call_arguments", "arguments"},
    {"custom_tool_call", "", "response.custom_tool_call_input", "input"},
    {"code_interpreter_call", "", "response.code_interpreter_call_code", "code"},
};

struct Item {
  const Kind* kind;
  std::vector<Part> parts;

  bool is_call() const { return *kind->parts == '\0'; }
  std::string KeyOf(const Part& part) const {
    if (is_call()) return kind->key;
    return part.type == "refusal" ? "refusal" : "text";
  }
  std::string PartJson(const Part& part) const {
    return R"({"type":")" + part.type + "\",\"" + KeyOf(part) + "\":" + json::Quote(part.text) +
           "}";
  }
  std::string Json() const {
    std::string out = std::string(R"({"type":")") + kind->type + R"(","id":"i","name":"f",)";
    if (is_call()) return out + "\"" + kind->key + "\":" + json::Quote(parts[0].text) + "}";
    std::string list;
    for (const Part& part : parts) list += (list.empty() ? "" : ",") + PartJson(part);
    return out + "\"" + kind->parts + "\":[" + list + "]}";
  }
  std::string Stem(const Part& part) const {
    return *kind->stem != '\0' ? kind->stem : "response." + part.type;
  }
};

using Texts = std::map<std::string, std::string>;  // by where they are said, item and part

std::string At(size_t item, size_t part) {
  return std::to_string(item) + "." + std::to_string(part);
}

// The texts of the items of an answer.
void ReadOutput(const json::View& view, json::NodeIndex output, const std::string& where,
                Texts* texts) {
  ASSERT_NE(output, json::kNoNode);
  for (json::NodeIndex i = output + 1; i < view.node(output).after; i = view.node(i).after) {
    const size_t item = view.node(i).position;
    for (const char* key : {"arguments", "input", "code"}) {
      const json::NodeIndex text = view.Find(i, key);
      if (text != json::kNoNode) (*texts)[where + At(item, 0)] = view.String(text);
    }
    for (const char* key : {"content", "summary"}) {
      const json::NodeIndex parts = view.Find(i, key);
      if (parts == json::kNoNode) continue;
      for (json::NodeIndex p = parts + 1; p < view.node(parts).after; p = view.node(p).after) {
        (*texts)[where + At(item, view.node(p).position)] =
            view.String(view.Find(p, "text")) + view.String(view.Find(p, "refusal"));
      }
    }
  }
}

void ReadStream(const std::string& stream, Texts* texts) {
  ForEachData(stream, {}, [&](std::string_view, const json::View* view) {
    ASSERT_NE(view, nullptr);
    const std::string type = view->String(view->Find(0, "type"));
    const uint32_t part = view->Unsigned(view->Find(0, "content_index"),
                                         view->Unsigned(view->Find(0, "summary_index"), 0));
    const std::string at = At(view->Unsigned(view->Find(0, "output_index"), 99), part);
    if (type == "response.completed") {
      ReadOutput(*view, view->Find(view->Find(0, "response"), "output"), "end ", texts);
    } else if (type.ends_with("_part.done")) {
      const json::NodeIndex done = view->Find(0, "part");
      (*texts)["part " + at] =
          view->String(view->Find(done, "text")) + view->String(view->Find(done, "refusal"));
    } else {
      (*texts)["delta " + at] += view->String(view->Find(0, "delta"));
      for (const char* key : {"text", "refusal", "arguments", "input", "code"}) {
        if (view->Find(0, key) == json::kNoNode) continue;
        (*texts)["done " + at] = view->String(view->Find(0, key));
      }
    }
  });
}

class StreamItems : public StreamAgainstWhole {
 protected:
  size_t Below(size_t n) { return random_() % n; }
  std::string RandomText(bool values) {
    std::string text;
    for (size_t i = Below(6); i > 0; --i) {
      text += values && Below(3) == 0 ? " " + std::string(kValues[Below(std::size(kValues))]) + " "
                                      : kWords[Below(std::size(kWords))];
      if (Below(2) == 0) text += " ";
    }
    return text;
  }
  void MakeItems(bool values);
  std::string Answer() const;
  std::string Named(const std::string& type, const std::string& more) const {
    return (named_ ? "event: " + type + "\n" : "") + "data: {\"type\":\"" + type + "\"," + more +
           "}\n\n";
  }
  std::string PlaceOf(size_t item, size_t part) const {
    const std::string key = items_[item].kind->parts, index = std::to_string(part);
    return R"("item_id":"i","output_index":)" + std::to_string(item) +
           (key == "content"   ? ",\"content_index\":" + index
            : key == "summary" ? ",\"summary_index\":" + index
                               : "");
  }
  std::string Delta(size_t item, size_t part);
  std::string Done(size_t item, size_t part) const;
  std::string RandomStream(bool mixed);
  void ExpectAsWhole(const std::string& stream, bool values, bool mixed);

  std::mt19937 random_{Setting("KT_SEED", 5)};
  std::vector<Item> items_;
  bool named_ = false;
};

void StreamItems::MakeItems(bool values) {
  items_.clear();
  std::string rest;  // of a value that began in the part before
  for (size_t i = 1 + Below(4); i > 0; --i) {
    Item& item = items_.emplace_back(Item{&kKinds[Below(std::size(kKinds))], {}});
    for (size_t p = item.is_call() ? 1 : 1 + Below(3); p > 0; --p) {
      Part& part = item.parts.emplace_back();
      part.text = RandomText(values);
      if (item.is_call()) {
        if (item.KeyOf(part) == "arguments") {
          part.text = R"({"a":[1,true],"to":)" + json::Quote(part.text) + "}";
        }
        continue;
      }
      part.type = *item.kind->stem != '\0' ? "summary_text"
                  : Below(4) == 0          ? "refusal"
                                           : "output_text";
      part.text = rest + part.text;
      rest.clear();
      if (values && Below(3) == 0) {
        const std::string value = kValues[Below(std::size(kValues))];
        const size_t cut = 1 + Below(value.size() - 1);
        part.text += " " + value.substr(0, cut);
        // Numbers behind what looks like a row of them are none of their own.
        rest = value.substr(cut) + " and ";
      }
    }
  }
}

std::string StreamItems::Answer() const {
  std::string list;
  for (const Item& item : items_) list += (list.empty() ? "" : ",") + item.Json();
  return R"({"id":"r","object":"response","output":[)" + list + "]}";
}

std::string StreamItems::Delta(size_t item, size_t at) {
  static constexpr size_t kLongest[] = {1, 3, 9, 60};
  Part& part = items_[item].parts[at];
  const std::string piece =
      Pieces(part.text.substr(part.said), 1 + Below(kLongest[Below(4)])).front();
  part.said += piece.size();
  return Named(items_[item].Stem(part) + ".delta",
               PlaceOf(item, at) + ",\"delta\":" + json::Quote(piece) +
                   (Below(2) == 0 ? R"(,"obfuscation":"aB")" : ""));
}

std::string StreamItems::Done(size_t item, size_t at) const {
  const Item& own = items_[item];
  const Part& part = own.parts[at];
  std::string events = Named(own.Stem(part) + ".done", PlaceOf(item, at) + ",\"" + own.KeyOf(part) +
                                                           "\":" + json::Quote(part.text));
  if (!own.is_call()) {
    const std::string type = *own.kind->stem != '\0' ? "response.reasoning_summary_part.done"
                                                     : "response.content_part.done";
    events += Named(type, PlaceOf(item, at) + ",\"part\":" + own.PartJson(part));
  }
  if (at + 1 < own.parts.size()) return events;
  return events + Named("response.output_item.done",
                        "\"output_index\":" + std::to_string(item) + ",\"item\":" + own.Json());
}

// `mixed`: the items take turns.
std::string StreamItems::RandomStream(bool mixed) {
  std::string stream = Named("response.created", R"("response":{"id":"r","output":[]})");
  std::vector<size_t> part(items_.size());
  std::vector<size_t> open;
  for (size_t i = 0; i < items_.size(); ++i) open.push_back(i);
  while (!open.empty()) {
    const size_t turn = mixed ? Below(open.size()) : 0, item = open[turn];
    const Part& own = items_[item].parts[part[item]];
    for (size_t n = 1 + Below(4); n > 0 && own.said < own.text.size(); --n) {
      stream += Delta(item, part[item]);
    }
    if (own.said < own.text.size()) continue;
    stream += Done(item, part[item]);
    if (++part[item] == items_[item].parts.size()) {
      open.erase(open.begin() + static_cast<ptrdiff_t>(turn));
    }
  }
  return stream + Named("response.completed", "\"response\":" + Answer());
}

void StreamItems::ExpectAsWhole(const std::string& stream, bool values, bool mixed) {
  Life answer(*gateway_, "/v1/responses");
  answer.Send(R"({"model":"m","input":"Hi"})").AnswerJson(Answer());
  json::View view;
  ASSERT_TRUE(view.Parse(answer.output, 0, {}).ok());
  Texts whole;
  ReadOutput(view, view.Find(0, "output"), "", &whole);
  std::string first;
  for (const size_t size : {stream.size(), size_t{1}, size_t{7}, 1 + Below(900)}) {
    std::vector<std::string> reads;
    for (size_t at = 0; at < stream.size(); at += size) reads.push_back(stream.substr(at, size));
    Life life(*gateway_, "/v1/responses");
    life.Send(R"({"model":"m","input":"Hi","stream":true})").AnswerStream(reads);
    if (first.empty()) first = life.output;
    ASSERT_EQ(life.output, first);
    ASSERT_TRUE(values || life.output == stream) << life.output;
  }
  Texts streamed;
  ReadStream(first, &streamed);
  for (const auto& [at, text] : whole) {
    ASSERT_EQ(streamed["end " + at], text);
    // Of items that take turns a value may lie over texts that are no neighbours in the whole.
    if (mixed) continue;
    ASSERT_EQ(streamed["delta " + at], text);
    ASSERT_EQ(streamed["done " + at], text);
    ASSERT_TRUE(streamed.count("part " + at) == 0 || streamed["part " + at] == text) << text;
  }
  for (const auto& [at, text] : streamed) {
    for (const char* value : kValues) ASSERT_EQ(text.find(value), text.npos) << at << ": " << text;
  }
}

TEST_F(StreamItems, EverySayingOfATextIsThatOfTheWholeAnswer) {
  for (uint32_t round = 0; round < Setting("KT_ROUNDS", 200); ++round) {
    const bool values = round % 3 != 0, mixed = Below(3) == 0;
    named_ = Below(2) == 0;
    MakeItems(values);
    const std::string stream = RandomStream(mixed);
    ExpectAsWhole(stream, values, mixed);
    if (HasFatalFailure()) FAIL() << "round " << round << ":\n" << stream;
  }
}

}  // namespace
}  // namespace kt::session
