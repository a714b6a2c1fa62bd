#include <algorithm>
#include <cstring>

#include "core/json/edits.h"
#include "core/openai/echo_parts.h"

namespace kt::openai {
namespace {

constexpr uint32_t kDimensions = 8;
constexpr uint32_t kMaxDimensions = 4096;

// Numbers in [-1, 1) with an exact short decimal form, so that both encodings say the same.
std::vector<float> Vector(std::string_view text, uint32_t dimensions) {
  uint64_t state = 0xCBF29CE484222325u;
  for (const char c : text) state = (state ^ static_cast<unsigned char>(c)) * 0x100000001B3u;
  std::vector<float> vector(dimensions);
  for (float& value : vector) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    value = static_cast<float>(static_cast<int>(state >> 56) - 128) / 128;
  }
  return vector;
}

std::string Decimal(float value) {
  const int scaled = static_cast<int>(value * 128);
  const int parts = std::abs(scaled) * 78125;  // in units of 1/10,000,000
  std::string digits = std::to_string(parts % 10'000'000);
  digits.insert(0, 7 - digits.size(), '0');
  return (scaled < 0 ? "-" : "") + std::to_string(parts / 10'000'000) + "." + digits;
}

std::string AsArray(const std::vector<float>& vector) {
  std::string out = "[";
  for (const float value : vector) out += (out.size() > 1 ? "," : "") + Decimal(value);
  return out + "]";
}

std::string LittleEndian(const std::vector<float>& vector) {
  std::string bytes;
  for (const float value : vector) {
    uint32_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    for (int shift = 0; shift < 32; shift += 8) {
      bytes.push_back(static_cast<char>(bits >> shift & 0xFF));
    }
  }
  return bytes;
}

std::string Base64(std::string_view bytes) {
  constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t group = 0;
    const size_t n = std::min<size_t>(3, bytes.size() - i);
    for (size_t k = 0; k < 3; ++k) {
      group = group << 8 | (k < n ? static_cast<unsigned char>(bytes[i + k]) : 0u);
    }
    for (size_t k = 0; k < 4; ++k)
      out.push_back(k <= n ? kDigits[group >> (18 - 6 * k) & 63] : '=');
  }
  return out;
}

}  // namespace

EchoAnswer EchoEmbeddings(const EchoRequest& request) {
  const json::View& view = request.view;
  const bool base64 = view.Equals(view.Find(0, "encoding_format"), "base64");
  const uint32_t dimensions = std::clamp<uint32_t>(
      view.Unsigned(view.Find(0, "dimensions"), kDimensions), 1, kMaxDimensions);
  std::string data;
  for (size_t i = 0; i < request.texts.size(); ++i) {
    const std::vector<float> vector = Vector(request.texts[i], dimensions);
    if (i != 0) data += ",";
    data += "{\"object\":\"embedding\",\"index\":" + std::to_string(i) + ",\"embedding\":" +
            (base64 ? json::Quote(Base64(LittleEndian(vector))) : AsArray(vector)) + "}";
  }
  const std::string tokens = std::to_string(request.prompt_tokens);
  return JsonAnswer("{\"object\":\"list\",\"data\":[" + data +
                    "],\"model\":\"echo\",\"usage\":{\"prompt_tokens\":" + tokens +
                    ",\"total_tokens\":" + tokens + "}}");
}

EchoAnswer EchoModels(const EchoRequest& request) {
  return JsonAnswer(
      "{\"object\":\"list\",\"data\":[{\"id\":\"echo\",\"object\":\"model\",\"created\":" +
      std::to_string(request.created_unix_seconds) + ",\"owned_by\":\"echo\"}]}");
}

}  // namespace kt::openai
