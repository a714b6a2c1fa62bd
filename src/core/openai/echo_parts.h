// The parts of the `echo` provider. Private to openai/.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/json/view.h"
#include "core/openai/echo.h"
#include "core/openai/endpoint.h"

namespace kt::openai {

struct EchoRequest {
  const json::View& view;
  Endpoint endpoint;
  std::string request_id;
  long long created_unix_seconds;
  bool stream;
  bool include_usage;
  std::vector<std::string> texts;  // one for each choice or prompt
  uint64_t prompt_tokens;
  uint64_t completion_tokens;
};

// What is echoed.
std::string LastUserMessage(const json::View& view, Endpoint endpoint);
std::vector<std::string> Prompts(const json::View& view);
// Cut into pieces of 1 to 8 characters (code points), the same each time.
std::vector<std::string_view> CutIntoPieces(std::string_view text);
// About as many as a tokenizer gives; the same each time.
uint64_t CountTokens(std::string_view text) noexcept;

EchoAnswer EchoChoices(const EchoRequest& request);  // chat completions and completions
EchoAnswer EchoResponses(const EchoRequest& request);
EchoAnswer EchoEmbeddings(const EchoRequest& request);
EchoAnswer EchoModels(const EchoRequest& request);

EchoAnswer JsonAnswer(std::string body);
// An answer whose pieces are events; the caller appends them.
EchoAnswer StreamAnswer();

}  // namespace kt::openai
