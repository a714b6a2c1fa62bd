// What a value must look like to be taken for what its field says it is. A field that is opaque by
// name is opaque only while its value has that shape: otherwise a client could carry a prompt past
// the policies in it.
#pragma once

#include <string>
#include <string_view>

namespace kt::openai {

// An API word: `type`, `finish_reason`, `object`: at most 48 of [A-Za-z0-9_.-]; ten digits, a date
// and a version, are as many as one has, and capitals with digits are short ("PCM16").
bool IsWord(std::string_view value) noexcept;
// An id of the provider's: at most 128 of [A-Za-z0-9_.:|/+=-]. LiteLLM makes longer ones: of a
// response or its items and files a prefix ("resp_") and up to 1 KB of base64, in which it keeps
// whom it asked; of a tool call, behind "__thought__", the signature of what Gemini thought:
// sealed, of any length.
bool IsId(std::string_view value) noexcept;
// A model name: as an id, also '@', at most 256.
bool IsModelName(std::string_view value) noexcept;
// Base64 or base64url, padding at the end only, any length.
bool IsBase64(std::string_view value) noexcept;
// Base64 of a picture: what it begins with says so. A word or a number is no picture.
bool IsBase64Image(std::string_view value) noexcept;
// Base64 that is long enough to be a sound, which need not begin with anything of its own.
bool IsBase64Sound(std::string_view value) noexcept;
// Values of `role` that the API knows.
bool IsKnownRole(std::string_view value) noexcept;
// Values of `tool_choice` and `function_call` that name no tool.
bool IsToolChoiceWord(std::string_view value) noexcept;

// A key as readers take it that do not look at its case (in Go, in .NET): small letters, and those
// two other characters that they take for an s and a k.
std::string FoldKey(std::string_view key);

// What a media string holds: "image", "audio", "video", "file"; empty when it is no media and so
// must be read as text. A `data:` URL counts when its payload is base64 and its media type is one
// that no model reads as text: not text/plain, not SVG. Document types also need the first bytes
// of a PDF or a ZIP archive (office documents).
std::string_view MediaKind(std::string_view value) noexcept;
// Base64 without a `data:` prefix that begins like a PDF or a ZIP archive.
bool IsBase64Document(std::string_view value) noexcept;

}  // namespace kt::openai
