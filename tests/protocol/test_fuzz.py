"""Whatever bytes come in: a valid request or an error of the table comes out, and the same in both encodings.

`CHATD_FUZZ=100000` is the long form: so many mutated requests per encoding and kind of mutation.
"""

from __future__ import annotations

import os
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatd_protocol.codec import FORMAT_OF, Format, encode
from chatd_protocol.errors import ERRORS
from chatd_protocol.ops import OPS
from tests.protocol.judge import Outcome, judge
from tests.protocol.mutations import good_requests, mutate_bytes, mutate_value

FORMATS = tuple(FORMAT_OF.values())
COUNT = int(os.environ.get("CHATD_FUZZ", "3000"))
SEED = int(os.environ.get("CHATD_FUZZ_SEED", "1"))
TEXT_MAX = 400


def check(outcome: Outcome) -> None:
    """What holds for every outcome."""
    if not outcome.code:
        assert outcome.op is not None
        assert isinstance(outcome.request, OPS[outcome.op].request)
        encode(str(outcome.request), "msgpack")
        return
    assert outcome.code in ERRORS
    if outcome.code == "invalid":
        assert outcome.re is not None
        assert outcome.path is not None
        assert outcome.path.startswith("$")
    for said in (outcome.path or "", outcome.problem or ""):
        assert len(said) < TEXT_MAX, "an error repeats what was sent without a bound"
        assert said.isprintable()
        assert "regex" not in said
        for fmt in FORMATS:
            encode(said, fmt)


@pytest.mark.parametrize("fmt", FORMATS)
def test_mutated_bytes_make_an_error_or_a_request(fmt: Format) -> None:
    rng = random.Random(f"{SEED} bytes {fmt}")
    payloads = [encode(request, fmt) for request in good_requests()]
    codes: dict[str, int] = {}
    for _ in range(COUNT):
        outcome = judge(mutate_bytes(rng.choice(payloads), rng), fmt)
        check(outcome)
        codes[outcome.code] = codes.get(outcome.code, 0) + 1
    assert set(codes) == {"", "malformed", "invalid", "unknown_op"}, "the mutations reach every outcome"


def test_mutated_values_get_the_same_answer_in_both_encodings() -> None:
    rng = random.Random(f"{SEED} values")
    requests = good_requests()
    codes: dict[str, int] = {}
    for _ in range(COUNT):
        value = mutate_value(rng.choice(requests), rng)
        seen = [judge(encode(value, fmt), fmt) for fmt in FORMATS]
        check(seen[0])
        assert seen[0] == seen[1], value
        codes[seen[0].code] = codes.get(seen[0].code, 0) + 1
    assert set(codes) == {"", "malformed", "invalid", "unknown_op"}, "the mutations reach every outcome"


_LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
)
_KEYS = st.sampled_from(["group", "cid", "body", "text", "users", "heads", "after", "kind"]) | st.text(
    st.characters(exclude_categories=["Cs"]), max_size=10
)
_VALUES = st.recursive(
    _LEAVES, lambda v: st.lists(v, max_size=4) | st.dictionaries(_KEYS, v, max_size=4), max_leaves=12
)


@settings(max_examples=max(300, COUNT // 10), deadline=None)
@given(op=st.sampled_from(sorted(OPS)), data=st.dictionaries(_KEYS, _VALUES, max_size=5))
def test_any_data_for_any_op_gets_the_same_answer_in_both_encodings(op: str, data: dict[str, object]) -> None:
    value = {"id": 1, "op": op, "data": data}
    seen = [judge(encode(value, fmt), fmt) for fmt in FORMATS]
    check(seen[0])
    assert seen[0] == seen[1]


@settings(max_examples=max(300, COUNT // 10), deadline=None)
@given(payload=st.binary(max_size=200))
def test_any_bytes_make_an_error_or_a_request(payload: bytes) -> None:
    for fmt in FORMATS:
        check(judge(payload, fmt))
