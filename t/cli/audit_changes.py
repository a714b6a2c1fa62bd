"""Changes inside one file of an audit log: (random, its bytes, another log's) -> its new bytes."""

import hashlib
import json
import re


def record(number, **more):
    members = {"ts": "2026-09-21T14:13:20.000000Z", "request_id": f"r{number}",
               "pack": {"name": "support", "version": "1.0.0", "sha256": "a" * 64},
               "verdict": "allowed", "target": "écho \"1\" / 2", "status": 200,
               "prompt_tokens": 10, "cost_usd": 0.0001, "user_id": None, **more}  # fmt: skip
    return json.dumps(members)


def lines_of(data):
    return data.splitlines(keepends=True) or [b""]


def flip_bit(rng, data, other):
    at = rng.randrange(len(data))
    return data[:at] + bytes([data[at] ^ (1 << rng.randrange(8))]) + data[at + 1:]


def set_byte(rng, data, other):
    at = rng.randrange(len(data))
    return data[:at] + bytes([rng.randrange(256)]) + data[at + 1:]


def delete_bytes(rng, data, other):
    at = rng.randrange(len(data))
    return data[:at] + data[at + rng.choice([1, 2, 16, 500]):]


def insert_bytes(rng, data, other):
    at = rng.randrange(len(data) + 1)
    what = rng.choice([b"\0", b"\n", b"\r\n", b" ", b"\t", b"{}\n", b"\xef\xbb\xbf", b"x" * 70000,
                       b"\xff", bytes(4096)])  # fmt: skip
    return data[:at] + what + data[at:]


def truncate(rng, data, other):
    return data[:rng.randrange(len(data))]


def truncate_at_line(rng, data, other):
    lines = lines_of(data)
    return b"".join(lines[:rng.randrange(len(lines))])


def append_garbage(rng, data, other):
    return data + rng.choice([b"\n", b"{}\n", b"\0" * 512, b"garbage\n", bytes(10) + b"\n", b"{",
                              b"x" * 300000 + b"\n", b"\r\n", b" \n"])  # fmt: skip


def append_forged(rng, data, other):
    """A record that fits the chain: its hash is right, but nothing signs it."""
    return data + forged(lines_of(data)[-1], record(99))


def forged(before, members):
    last = json.loads(before)
    body = b'{"seq":%d,"lineage":"%s",%s,"prev":"%s"' % (
        last["seq"] + 1, last["lineage"].encode(), members[1:-1].encode(), last["hash"].encode())
    return body + b',"hash":"%s"}\n' % hashlib.sha256(body).hexdigest().encode()


def delete_line(rng, data, other):
    lines = lines_of(data)
    del lines[rng.randrange(len(lines))]
    return b"".join(lines)


def delete_lines(rng, data, other):
    lines = lines_of(data)
    at = rng.randrange(len(lines))
    del lines[at:at + rng.randrange(2, 9)]
    return b"".join(lines)


def duplicate_line(rng, data, other):
    lines = lines_of(data)
    lines.insert(rng.randrange(len(lines) + 1), rng.choice(lines))
    return b"".join(lines)


def swap_lines(rng, data, other):
    lines = lines_of(data)
    a, b = rng.randrange(len(lines)), rng.randrange(len(lines))
    lines[a], lines[b] = lines[b], lines[a]
    return b"".join(lines)


def foreign_line(rng, data, other):
    lines = lines_of(data)
    at = rng.randrange(len(lines))
    lines[at:at + rng.randrange(2)] = [rng.choice(lines_of(other))]
    return b"".join(lines)


def carriage_returns(rng, data, other):
    lines = lines_of(data)
    at = rng.randrange(len(lines))
    end = rng.choice([at + 1, len(lines)])
    return b"".join([*lines[:at], *(line[:-1] + b"\r\n" for line in lines[at:end]), *lines[end:]])


def hole(rng, data, other):
    at = rng.randrange(len(data))
    size = min(rng.choice([1, 64, 512, 4096]), len(data) - at)
    return data[:at] + bytes(size) + data[at + size:]


def same_meaning(change):
    """A line's JSON says the same (or nearly), in other bytes."""

    def apply(rng, data, other):
        lines = lines_of(data)
        at = rng.randrange(len(lines))
        line = lines[at][:-1]
        new = change(rng, line)
        return b"".join([*lines[:at], new + b"\n", *lines[at + 1:]])

    apply.__name__ = change.__name__
    return apply


def reordered_members(rng, line):
    members = list(json.loads(line).items())
    rng.shuffle(members)
    return json.dumps(dict(members), separators=(",", ":"), ensure_ascii=False).encode()


def white_space(rng, line):
    places = [m.start() for m in re.finditer(rb'[{,:}]', line)]
    at = rng.choice(places) + rng.randrange(2)
    return line[:at] + rng.choice([b" ", b"\t", b"  "]) + line[at:]


def unicode_escape(rng, line):
    places = [m.start() for m in re.finditer(rb"[a-z]", line)]
    at = rng.choice(places)
    return line[:at] + b"\\u%04x" % line[at] + line[at + 1:]


def number_form(rng, line):
    places = list(re.finditer(rb":(\d+)(?=[,}])", line))
    place = rng.choice(places)
    form = rng.choice([b":%s.0", b":%se0", b":%sE+0", b":%s.00"]) % place[1]
    return line[:place.start()] + form + line[place.end():]


def duplicate_key(rng, line):
    member = rng.choice(list(json.loads(line).items()))
    text = json.dumps({member[0]: member[1]}, separators=(",", ":"), ensure_ascii=False)[1:-1]
    place = rng.choice([m.start() for m in re.finditer(rb',"', line)])
    return line[:place] + b"," + text.encode() + line[place:]


def trailing_member(rng, line):
    return line[:-1] + rng.choice([b"", b" ", b',"hash":"%s"' % (b"a" * 64), b',"x":1']) + b"}"


def letter_case(rng, data, other):
    places = [m.start() for m in re.finditer(rb"[A-Za-z]", data)]
    at = rng.choice(places)
    return data[:at] + data[at:at + 1].swapcase() + data[at + 1:]


def rehashed(rng, data, other):
    """A line is changed, removed or added, and all hashes behind it are computed anew."""
    lines = lines_of(data)
    if len(lines) < 3:
        return data
    at = rng.randrange(1, len(lines))
    how = rng.randrange(4)
    if how == 0:
        lines[at] = re.sub(rb'"(request_id|reason)":"', rb'"\1":"z', lines[at], count=1)
    elif how == 1:
        del lines[at]
    elif how == 2:
        lines.insert(at, lines[at])
    else:
        lines[at] = re.sub(rb'"ts":"2026-09', b'"ts":"2026-08', lines[at], count=1)
    end = len(lines) if rng.randrange(2) else rng.randrange(at, len(lines) + 1)
    before = json.loads(lines[at - 1])
    for i in range(at, min(end, len(lines))):
        body, _, rest = lines[i].rpartition(b',"hash":"')
        body = re.sub(rb'^\{"seq":\d+', b'{"seq":%d' % (before["seq"] + 1), body)
        body = re.sub(rb'"prev":"[0-9a-f]{64}"$', b'"prev":"%s"' % before["hash"].encode(), body)
        digest = hashlib.sha256(body).hexdigest()
        lines[i] = body + b',"hash":"' + digest.encode() + rest[64:]
        before = {"seq": before["seq"] + 1, "hash": digest}
    return b"".join(lines)


def signature_swapped(rng, data, other):
    found = re.findall(rb'"signature":"([0-9a-f]{128})"', data)
    old = rng.choice(found)
    new = rng.choice([*re.findall(rb'"signature":"([0-9a-f]{128})"', other), *found])
    return data.replace(old, new, 1)


def signature_removed(rng, data, other):
    found = re.findall(rb',"signature":"[0-9a-f]{128}"', data)
    return data.replace(rng.choice(found), b"", 1)


def signature_added(rng, data, other):
    lines = lines_of(data)
    at = rng.randrange(len(lines))
    lines[at] = lines[at][:-2] + b',"signature":"' + b"ab" * 64 + b'"}\n'
    return b"".join(lines)


def key_replaced(rng, data, other):
    found = re.findall(rb'key":"([0-9a-f]{64})"', data)
    return data.replace(rng.choice(found), b"%064x" % rng.getrandbits(256), 1)


IN_FILE = [flip_bit, flip_bit, flip_bit, set_byte, delete_bytes, insert_bytes, truncate,
           truncate_at_line, append_garbage, append_forged, delete_line, delete_lines,
           duplicate_line, swap_lines, foreign_line, carriage_returns, hole, letter_case, rehashed,
           rehashed, signature_swapped, signature_removed, signature_added, key_replaced,
           *map(same_meaning, [reordered_members, white_space, unicode_escape, number_form,
                               duplicate_key, trailing_member])]  # fmt: skip
