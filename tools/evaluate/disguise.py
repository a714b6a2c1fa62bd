"""Texts in the disguises that attackers use; harmless texts get the same ones."""

import base64
import codecs

LOOK_ALIKE = str.maketrans("aeopcyxi", "аеорсухі")
LEET = str.maketrans("oieastbOIEASTB", "01345780134578")

DISGUISES = {
    "zero width": lambda text: "\u200b".join(text),
    "look-alikes": lambda text: text.translate(LOOK_ALIKE),
    "full width": lambda text: "".join(
        chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text
    ),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "hex": lambda text: text.encode().hex(),
    "percent": lambda text: "".join(f"%{byte:02x}" for byte in text.encode()),
    "leet": lambda text: text.translate(LEET),
    "spaced": lambda text: " ".join(text),
    "rot13": lambda text: codecs.encode(text, "rot13"),
    "reversed": lambda text: text[::-1],
    "upper case": str.upper,
}
