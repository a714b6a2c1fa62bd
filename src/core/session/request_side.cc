#include <algorithm>
#include <iterator>

#include "core/base/text.h"
#include "core/session/impl.h"
#include "core/session/models_list.h"

namespace kt::session {
namespace {

constexpr size_t kMaxPathSegments = 64;

bool IsMultipart(std::string_view content_type) {
  constexpr std::string_view kMultipart = "multipart/";
  const std::string_view type = Trim(content_type);
  return EqualsIgnoreCase(type.substr(0, kMultipart.size()), kMultipart);
}

// In these the bytes of ASCII mean ASCII: what a text hides in others, nobody reads as a value.
bool ReadsAsJudged(std::string_view charset) {
  constexpr std::string_view kNames[] = {"utf-8",      "utf8",   "us-ascii",    "ascii",
                                         "iso-8859-1", "latin1", "windows-1252"};
  return std::any_of(std::begin(kNames), std::end(kNames),
                     [&](std::string_view name) { return EqualsIgnoreCase(charset, name); });
}

// A body is judged as UTF-8. May a server decode it as something else, UTF-7 or UTF-16 say, in
// which the same bytes are another text?
bool NamesOtherCharset(std::string_view content_type) {
  constexpr std::string_view kCharset = "charset";
  for (size_t i = 0; i + kCharset.size() <= content_type.size(); ++i) {
    if (!EqualsIgnoreCase(content_type.substr(i, kCharset.size()), kCharset)) continue;
    std::string_view value = Trim(content_type.substr(i + kCharset.size()));
    if (!value.starts_with('=')) return true;
    value = Trim(value.substr(1));
    value = Trim(value.substr(0, value.find_first_of(";,")));
    if (value.size() > 1 && value.front() == '"' && value.back() == '"') {
      value = value.substr(1, value.size() - 2);
    }
    if (!ReadsAsJudged(value)) return true;
  }
  return false;
}

bool IsRead(std::string_view method) {
  return method == "GET" || method == "HEAD";
}

// A path that is passed on without being known must not climb out of the target's base path.
bool IsPlainPath(std::string_view path) {
  for (size_t i = 0; i < kMaxPathSegments; ++i) {
    const size_t slash = path.find('/');
    const std::string_view segment = path.substr(0, slash);
    if (segment == "." || segment == "..") return false;
    if (slash == std::string_view::npos) return true;
    path.remove_prefix(slash + 1);
  }
  return false;
}

Error ErrorOf(json::Refusal refusal) {
  switch (refusal) {
    case json::Refusal::kInvalidUtf8:
      return Error::kInvalidUtf8;
    case json::Refusal::kDuplicateKey:
      return Error::kDuplicateKey;
    case json::Refusal::kTooDeep:
    case json::Refusal::kTooManyStrings:
      return Error::kBodyTooLarge;
    case json::Refusal::kInternal:
      return Error::kInternal;
    default:
      return Error::kInvalidJson;
  }
}

// "The body is no valid JSON: key expected at byte 12."
std::string Explain(json::Refusal refusal, const std::string& reason) {
  switch (refusal) {
    case json::Refusal::kInvalidJson:
      return "The body is no valid JSON: " + reason + ".";
    case json::Refusal::kDuplicateKey:
      return "The body names a key twice in one object: " + reason + ".";
    case json::Refusal::kInvalidUtf8:
      return "The body is not accepted as UTF-8: " + reason + ".";
    case json::Refusal::kTooDeep:
    case json::Refusal::kTooManyStrings:
      return "The body is over the limit of this gateway: " + reason + ".";
    default:
      return {};
  }
}

// "The body is over the limit of this gateway: 12 bytes (size_limits.max_body_bytes)."
std::string Over(uint64_t limit, std::string_view what, std::string_view key) {
  return "The body is over the limit of this gateway: " + std::to_string(limit) +
         std::string(what) + " (size_limits." + std::string(key) + ").";
}

class Facts final : public policy::RequestFacts {
 public:
  Facts(const RequestHead& head, std::string_view path, std::string_view model)
      : head_(head), path_(path), model_(model) {}
  std::string_view path() const override { return path_; }
  std::string_view model() const override { return model_; }
  bool HeaderEquals(std::string_view lower_name, std::string_view value) const override {
    return head_.header_equals && head_.header_equals(lower_name, value);
  }

 private:
  const RequestHead& head_;
  std::string_view path_, model_;
};

}  // namespace

// ---- the head ----------------------------------------------------------------------------------

void Session::Impl::OnHead() {
  if (client.decided() || !Acceptable()) return;
  if (endpoint == openai::Endpoint::kModels) return AnswerModels();
}

// Checks what the head alone tells. False: refused, or it passes ungoverned.
bool Session::Impl::Acceptable() {
  const config::PolicyConfig& config = gateway.config();
  const bool models = endpoint == openai::Endpoint::kModels;
  if (!config.pack.enabled) return Refuse(Error::kPackDisabled), false;
  if (endpoint == openai::Endpoint::kUnknown && !options.pass_unknown_endpoint) {
    return Refuse(Error::kUnsupportedEndpoint), false;
  }
  const bool read = IsRead(head.method);
  const bool stock_read = read && !options.routed && !HasBody();
  if (endpoint != openai::Endpoint::kUnknown) {
    if (stock_read && (models || head.method == "HEAD")) return Pass(false), false;
    if (!stock_read && (models ? !read : head.method != "POST")) {
      Reply reply = MakeReply(Error::kMethodNotAllowed, head.request_id);
      reply.headers.push_back({"allow", models ? "GET, HEAD" : "POST"});
      error_code = "method_not_allowed";
      return Answer(std::move(reply)), false;
    }
  }
  if (models) return true;
  const bool anonymous = config.audit_logger.present && config.audit_logger.hipaa_audit_controls &&
                         Trim(head.user_id).empty();
  if (anonymous) return Refuse(Error::kUserIdRequired), false;
  if (head.content_length && *head.content_length > config.size_limits.max_body_bytes) {
    return RefuseBodySize(), false;
  }
  if (endpoint == openai::Endpoint::kUnknown) {
    if (!IsPlainPath(head.path)) return Refuse(Error::kUnsupportedEndpoint), false;
    return Pass(true), false;
  }
  if (stock_read) return Pass(true), false;  // of answers that the upstream has kept, unread
  // Of two the upstream may take the other one.
  if (head.content_headers_repeat) {
    constexpr char kOnce[] = "Content-Type and Content-Encoding may come once each.";
    return Refuse(Error::kUnsupportedContentType, kOnce), false;
  }
  if (!IsIdentity(head.content_encoding)) return Refuse(Error::kUnsupportedEncoding), false;
  if (IsMultipart(head.content_type)) return Refuse(Error::kUnsupportedContentType), false;
  if (NamesOtherCharset(head.content_type)) {
    constexpr char kUtf8[] = "Bodies are read as UTF-8; Content-Type names another charset.";
    return Refuse(Error::kUnsupportedContentType, kUtf8), false;
  }
  return true;
}

// A body that no policy reads must not pass because its method usually has none.
bool Session::Impl::HasBody() const {
  if (head.content_length && *head.content_length > 0) return true;
  return head.header && head.header("transfer-encoding").has_value();
}

void Session::Impl::Pass(bool recorded) {
  passed = true;
  passed_on_record = recorded;
  if (recorded) NoteUnscanned({"endpoint"});
}

void Session::Impl::AnswerModels() {
  Reply reply;
  reply.body = ModelsList(gateway.config().providers, gateway.targets());
  Answer(std::move(reply));
}

// ---- the body ----------------------------------------------------------------------------------

void Session::Impl::OnRequest(std::string_view bytes, size_t padding, uint64_t) {
  if (client.decided()) return;
  body = bytes;
  if (bytes.size() > gateway.config().size_limits.max_body_bytes) return RefuseBodySize();
  if (passed || !Read(padding)) return;
  reached_chain = true;
  NoteUnscanned(request.unscanned);
  Judge();
  work.texts.Trim();
}

void Session::Impl::RefuseBodySize() {
  const uint64_t limit = gateway.config().size_limits.max_body_bytes;
  Refuse(Error::kBodyTooLarge, Over(limit, " bytes", "max_body_bytes"));
}

bool Session::Impl::Read(size_t padding) {
  if (const Status parsed = view.Parse(body, padding, json::Limits()); !parsed.ok()) {
    const json::Refusal refusal = view.refusal();
    return Refuse(ErrorOf(refusal), Explain(refusal, parsed.message())), false;
  }
  openai::RequestError error;
  if (!openai::MapRequest(view, endpoint, &request, &error)) {
    error_code = error.code;
    Answer(MakeBadRequest(error.code, error.message, error.param, head.request_id));
    return false;
  }
  const uint64_t max_text = gateway.config().size_limits.max_text_bytes;
  if (request.text_bytes > max_text) {
    return Refuse(Error::kBodyTooLarge, Over(max_text, " bytes of text", "max_text_bytes")), false;
  }
  return true;
}

void Session::Impl::Judge() {
  chain.Select(Facts(head, openai::EndpointUri(endpoint), request.model));
  block = work.texts.Judge(chain, policy::Phase::kInput, view, request.segments, &placeholders);
  NoteJudged(policy::Phase::kInput, request.text_bytes);
  if (block) {
    const auto info =
        MakeBlockInfo(*block, policy::Phase::kInput, PlaceOf(block->text_index), head.request_id);
    return Answer(MakeBlockReply(info, options.block_status));
  }
  if (!work.texts.edited()) return;
  work.texts.Write(&request_edits);
  json::Edits edits = request_edits;
  edits.Apply(body, &forwarded);
}

std::string Session::Impl::PlaceOf(size_t segment) const {
  if (segment >= request.segments.size()) return {};
  const openai::Segment& found = request.segments[segment];
  // A key that is itself the finding must not be named.
  const json::NodeIndex node = found.is_key ? view.node(found.node).parent : found.node;
  return node == json::kNoNode ? std::string() : view.Path(node);
}

}  // namespace kt::session
