// Values in base64 that is wrapped into lines, behind what puts its first line out of step.
#include "../detect/base64.h"
#include "stream_against_whole.h"

namespace kt::session {
namespace {

class StreamEncoded : public StreamAgainstWhole {};

TEST_F(StreamEncoded, WrappedBase64AtEveryCut) {
  // From the first line into the last: an address that ends in one of the next is decoded with it.
  const std::string local(40, 'q'), domain = "acme-mail-of-a-long-name.example.com";
  const std::string said = "It is S3274011, they said, and my mail is " + local + "@" + domain +
                           ", or ask at bob@acme-mail.com about all that is left to say of it";
  const Place& place = Places()[0];
  int redacted = 0;
  for (const size_t width : {60u, 64u, 76u}) {
    const std::string lines = detect::WrappedBase64Of(said, width, width == 64 ? "\r\n" : "\n");
    for (const std::string before : {"", "é", "Mail: é", "x", "to/", "data:"}) {
      const std::string text = before + lines + " there.";
      if (Whole(place, text) != place.whole(json::Quote(text))) ++redacted;
      const size_t units = Units(text, 0).size();
      for (size_t cut = 1; cut < units; ++cut) {
        ExpectAsWhole(place, text, 0, {cut}, 0, SIZE_MAX / 2);
        if (HasFatalFailure()) FAIL() << "cut " << cut << " of " << text;
      }
    }
  }
  EXPECT_EQ(redacted, 18);
}

}  // namespace
}  // namespace kt::session
