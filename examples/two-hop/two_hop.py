#!/usr/bin/env python3
"""On which continent is Toronto? The tables say Toronto -> Canada and Canada -> North America; the answer takes both.

    python3 examples/two-hop/two_hop.py http://127.0.0.1:8080     asks the service and prints the answers
    python3 examples/two-hop/two_hop.py --request                 prints the request instead

Ends with 1 when an answer is wrong, with 2 when there was none. The standard library is all it needs.

The tokens are embedded with typed codewords for two-fold composition (math.md 4.1). Every row of a table is one token: a type
(1: city -> country, 2: country -> continent), the name it is filed under, and its value. Coordinates come in two blocks, one for each
edge of x1*x2 + x2*x3, and a block holds either "the name I look for" or "my name". main.ts builds the same tensors, byte for byte.
"""

import base64
import csv
import json
import math
import pathlib
import struct
import sys
import urllib.error
import urllib.request
from itertools import combinations
from operator import mul

SEED = 2602
DELTA = 1e-4  # how much of the mass may go to wrong tokens: (1 + delta/2)^2 - 1
HOPS = 2


def read_table(file):
    with open(pathlib.Path(__file__).parent / file, encoding="utf-8", newline="") as lines:
        return [(name, value) for name, value in list(csv.reader(lines))[1:]]


def draw_codewords(count, bits):
    """`count` codewords of +-1. Word i is a hash of seed + (i + 1) * golden ratio, so that any language draws the same."""

    def words():
        state = SEED
        while True:
            state = (state + 0x9E3779B9) & 0xFFFFFFFF
            word = (state ^ (state >> 16)) * 0x85EBCA6B & 0xFFFFFFFF
            word = (word ^ (word >> 13)) * 0xC2B2AE35 & 0xFFFFFFFF
            yield word ^ (word >> 16)

    source = words()
    return [
        [1 if word >> bit & 1 else -1 for word in (next(source) for _ in range(bits // 32)) for bit in range(32)]
        for _ in range(count)
    ]


def tensor(rows):
    """Rows to float32, little-endian, row major."""
    flat = [value for row in rows for value in row]
    data = base64.b64encode(struct.pack(f"<{len(flat)}f", *flat)).decode("ascii")
    return {"shape": [len(rows), len(rows[0])], "dtype": "float32", "base64": data}


class TwoHop:
    """The questions, the right answers, and the tensors of one path(3) head."""

    def __init__(self):
        cities, countries = read_table("cities.csv"), read_table("countries.csv")
        rows = cities + countries
        self.cities = [city for city, _ in cities]
        self.truth = [dict(countries)[country] for _, country in cities]
        self.continents = list(dict.fromkeys(continent for _, continent in countries))
        # What the columns of the output mean: every country, then every continent.
        self.vocabulary = [country for country, _ in countries] + self.continents
        self.tokens = len(rows)

        # The type is part of the name: Singapore the city and Singapore the country have different codewords.
        bits = 8 * math.ceil(math.log2(self.tokens))
        names = [(1, city) for city, _ in cities] + [(2, country) for country, _ in countries]
        codewords = draw_codewords(self.tokens, bits)
        codeword_of = dict(zip(names, codewords))
        self.d = HOPS * bits
        # A codeword's product with itself minus the largest with any other.
        self.gap = bits - max(sum(map(mul, a, b)) for a, b in combinations(codewords, 2))
        self.sigma = math.sqrt((self.d / self.gap) * math.log((self.tokens * HOPS) / DELTA))
        self.wrong_mass_bound = (1 + DELTA / HOPS) ** HOPS - 1

        nothing = [0] * bits

        def block(name):
            return [self.sigma * sign for sign in codeword_of[name]] if name in codeword_of else nothing

        self.tensors = {
            # [cities, d]: "which row is filed under this city?"
            "q1": tensor([block((1, city)) + nothing for city in self.cities]),
            # [tokens, d]: "I am filed under this name" towards x1, "which country is filed under my value?" towards x3
            "q2": tensor([block(name) + block((2, value)) for name, (_, value) in zip(names, rows)]),
            # [tokens, d]: "I am filed under this name" towards x2
            "q3": tensor([nothing + block(name) for name in names]),
            # [tokens, vocabulary]: my value, one-hot
            "v3": tensor([[1 if word == value else 0 for word in self.vocabulary] for _, value in rows]),
        }

    def path_request(self):
        return {"mechanism": "path(3)", "tensors": self.tensors}

    def self_request(self):
        """The same tokens for a head of self-attention: the same queries, the same keys, the same values."""
        q1, q2, v3 = (self.tensors[name] for name in ("q1", "q2", "v3"))
        return {"mechanism": "self", "tensors": {"q1": q1, "q2": q2, "v2": v3}}

    def read_answers(self, response):
        """For each city: the word with the most mass, the continent with the most mass, the mass on the right continent."""
        columns, data = len(self.vocabulary), response["output"]["data"]
        if len(data) != len(self.cities) * columns:
            raise RuntimeError(f"an output of shape {response['output']['shape']}")
        answers = []
        for row, right in enumerate(self.truth):
            mass = dict(zip(self.vocabulary, data[row * columns : (row + 1) * columns]))
            answers.append((max(self.vocabulary, key=mass.get), max(self.continents, key=mass.get), mass[right]))
        return answers


def ask(url, request):
    headers = {"content-type": "application/json"}
    body = json.dumps(request).encode("utf-8")
    try:
        with urllib.request.urlopen(urllib.request.Request(f"{url}/v1/attention", body, headers)) as response:
            return json.load(response)
    except urllib.error.HTTPError as error:
        raise RuntimeError(f"{error.code} {error.read().decode('utf-8')}") from error


def tiny(value):
    """1.2e-5 rather than 1.2e-05."""
    digits, exponent = f"{value:.1e}".split("e")
    return f"{digits}e{int(exponent):+d}"


def print_table(hop, path, alone):
    def line(*cells):
        print("".join(cell.ljust(18) for cell in cells).rstrip())

    line("", "path(3)", "mass", "correct", "self", "mass on the continent")
    for city, right, (word, _, mass), (other, _, other_mass) in zip(hop.cities, hop.truth, path, alone):
        line(city, word, f"{mass:.6f}", "yes" if word == right else f"NO: {right}", other, tiny(other_mass))


def print_summary(hop, path, alone):
    def count(rights):
        return f"{sum(rights)} of {len(hop.cities)}"

    def right(answers, field):
        return count(answer[field] == right for answer, right in zip(answers, hop.truth))

    common = max(hop.continents, key=hop.truth.count)
    wrong, most = max(1 - mass for _, _, mass in path), max(mass for _, _, mass in alone)
    print(
        f"path(3)  {right(path, 0)} right; at most {tiny(wrong)} of the mass on wrong words (bound {tiny(hop.wrong_mass_bound)})"
    )
    print(
        f"self     {right(alone, 0)} right: it names the country; at most {tiny(most)} of the mass on the right continent"
    )
    always = count(continent == common for continent in hop.truth)
    print(f"         {right(alone, 1)} right when only continents count; always saying {common} gets {always}")


def print_timing(name, response):
    plan, timing = response["plan"], response["timing"]
    parts = ", ".join(f"{part} {timing[part + 'Ms']:g}" for part in ("decode", "plan", "queue", "compute", "encode", "total"))
    print(f"{name:<8} {plan['class']}, {plan['algorithm']}, {plan['backend']}; ms: {parts}")


def main(arguments):
    hop = TwoHop()
    if arguments == ["--request"]:
        print(json.dumps(hop.path_request()))
        return 0
    if len(arguments) != 1:
        raise RuntimeError("usage: python3 examples/two-hop/two_hop.py URL | --request")
    url = arguments[0].rstrip("/")
    two_hops, one_hop = ask(url, hop.path_request()), ask(url, hop.self_request())
    path, alone = hop.read_answers(two_hops), hop.read_answers(one_hop)

    word, _, mass = path[hop.cities.index("Toronto")]
    print(f"On which continent is Toronto? {word} (mass {mass:.6f})")
    print(f"{len(hop.cities)} cities, {hop.tokens} tokens, d = {hop.d}, gap = {hop.gap}, sigma = {hop.sigma:.3f}\n")
    print_table(hop, path, alone)
    print()
    print_summary(hop, path, alone)
    print_timing("path(3)", two_hops)
    print_timing("self", one_hop)
    return 0 if all(word == right for (word, _, _), right in zip(path, hop.truth)) else 1


if __name__ == "__main__":
    # Names with accents print anywhere, whatever the terminal's encoding is.
    sys.stdout.reconfigure(encoding="utf-8")
    try:
        status = main(sys.argv[1:])
    except (OSError, RuntimeError, ValueError) as error:
        print(error, file=sys.stderr)
        status = 2
    sys.exit(status)
